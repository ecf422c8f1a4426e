"""The browser behind a request: where it reaches us, what it keeps for us, and what its forms say."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from worker.web.keys import SANE, presented_keys

COOKIE = "visit-sync-consent"
HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?", re.ASCII)
SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
OURS = frozenset({"same-origin", "none"})
"""What a browser says of our own page: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header"""


class Hostless(Exception):
    """The browser does not say at which address it reaches us."""


def base_of(request: Request, public_url: str | None) -> str:
    """Where the browser reaches us, without a trailing slash. Raises Hostless."""
    if public_url is not None:
        return public_url
    host = request.headers.get("Host", "")
    if not HOST.fullmatch(host):
        raise Hostless
    return f"{request.url.scheme}://{host}"


def kept_secret(request: Request, base: str) -> str | None:
    """The secret that this browser keeps for a sign-in; None where it has none, or one that is not ours."""
    secret = request.cookies.get(_cookie(base), "")
    return secret if SECRET.fullmatch(secret) else None


def keep_secret(response: Response, base: str, secret: str, seconds: float) -> None:
    """Has the browser keep the secret and bring it back, also from another site's page, but to us alone."""
    # With ``__Host-`` no other host of the domain can set it, and so have its own flow ended here:
    # https://www.rfc-editor.org/rfc/rfc6265bis#section-4.1.3
    response.set_cookie(
        _cookie(base),
        secret,
        max_age=int(seconds),
        path="/",
        secure=_is_secure(base),
        httponly=True,
        samesite="lax",
    )


def comes_from_us(request: Request, public_url: str | None) -> bool:
    """Whether a form comes from a page of ours, as far as the browser tells; what tells nothing is no browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in OURS
    origin = request.headers.get("Origin")
    hosts = {request.headers.get("Host"), urlsplit(public_url or "").netloc} - {"", None}
    return origin is None or origin.partition("://")[2] in hosts


def form_of(body: bytes) -> Mapping[str, str]:
    """The fields of an ``application/x-www-form-urlencoded`` body; {} for anything else."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
    except ValueError:
        return {}


def presented_key(request: Request) -> str:
    """The API key in the headers, '' for none or for two that differ."""
    keys = presented_keys(request)
    return keys.pop() if len(keys) == 1 else ""


def sane_key(key: str) -> str | None:
    """The key as people paste it, without the space around it; None for what cannot be one."""
    key = key.strip()
    return key if SANE.fullmatch(key) else None


def _cookie(base: str) -> str:
    return f"__Host-{COOKIE}" if _is_secure(base) else COOKIE


def _is_secure(base: str) -> bool:
    return base.startswith("https:")
