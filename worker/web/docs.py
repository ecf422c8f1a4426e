"""`/docs`: the API's description to read and to try, without asking any other host."""

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

PAGE, FILES, DESCRIPTION = "/docs", "/docs/files", "/openapi.json"
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def add_docs(app: FastAPI) -> None:
    """Adds the page and its files, which come from the `fastapi-offline` package."""
    page = get_swagger_ui_html(
        openapi_url=DESCRIPTION,
        title=f"{app.title}: the API",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{FILES}/favicon.png",
        swagger_ui_parameters={"tryItOutEnabled": True, "defaultModelsExpandDepth": -1},
    )
    html = bytes(page.body).decode()
    policy = {"Content-Security-Policy": _policy(html)}

    @app.get(PAGE, include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(html, headers=policy)

    app.mount(FILES, StaticFiles(packages=[("fastapi_offline", "static")]), name="docs")


def _policy(html: str) -> str:
    """Our own files, and the one script that the page holds."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in INLINE.findall(html)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
