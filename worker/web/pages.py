"""Pages for people: HTML from templates, with nothing in it that runs or comes from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

TEMPLATES = Environment(
    loader=PackageLoader("worker.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
STYLE = TEMPLATES.get_template("page.css").render()
STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
"""https://www.w3.org/TR/CSP3/#match-element-to-source-list"""


def page(
    template: str,
    heading: str,
    status: int = 200,
    *,
    form_targets: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    **words: object,
) -> HTMLResponse:
    """The page of a template, whose ``words`` are escaped. ``form_targets`` are where its form may lead: sources in
    the words of CSP; without any the page can send no form.
    """
    text = TEMPLATES.get_template(template).render(heading=heading, style=STYLE, **words)
    return HTMLResponse(text, status, {"Content-Security-Policy": _policy(form_targets), **(headers or {})})


def prefers_page(request: Request) -> bool:
    """Whether who asks reads HTML: browsers say so, programs do not."""
    return "text/html" in request.headers.get("Accept", "")


def _policy(form_targets: Sequence[str]) -> str:
    targets = " ".join(form_targets) or "'none'"
    return (
        f"default-src 'none'; style-src '{STYLE_HASH}'; form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
