"""What each kind of setting accepts: text in, value out, a ValueError that says what was expected.

No message repeats the text: it may be a secret in the wrong place.
"""

import math
import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from cryptography.fernet import Fernet

T = TypeVar("T")

LONGEST = 366 * 24 * 3600
"""A year and a day, in seconds: more than that is a slip of the keyboard."""

MAKE_A_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
KEYS_MISSING = f"is missing: it is required with PostgreSQL; make a key with: {MAKE_A_KEY}"
UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")


def optional(parse: Callable[[str], T]) -> Callable[[str | None], T | None]:
    """The same, where nothing and the empty text both mean "not set"."""
    return lambda given: parse(given) if given else None


def text(given: str) -> str:
    if UNPRINTABLE.search(given):
        raise ValueError("must be printable text without blanks")
    return given


def host(given: str) -> str:
    if not given or UNPRINTABLE.search(given) or "/" in given:
        raise ValueError("must be the name or address of an interface, such as 127.0.0.1")
    return given


def port(given: str | int) -> int:
    """0 takes any free port."""
    if not re.fullmatch(r"[0-9]{1,5}", str(given)) or int(given) > 65535:
        raise ValueError("must be a whole number from 1 to 65535")
    return int(given)


def seconds(given: str | float) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= LONGEST:
        raise ValueError("must be a number of seconds")
    return number


def positive_seconds(given: str | float) -> float:
    number = seconds(given)
    if number == 0:
        raise ValueError("must be a positive number of seconds")
    return number


def http_url(given: str) -> str:
    """Without the trailing slash."""
    parts = _split(given)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be a URL without a user, a query or a fragment")
    return given.rstrip("/")


def authority_url(given: str) -> str:
    url = http_url(given)
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("must be an https:// URL: plain http is accepted for a loopback host only")
    return url


def database_url(given: str) -> str:
    """As SQLAlchemy takes it: ``postgresql+psycopg://`` or ``sqlite:///`` with the path of a file."""
    parts = _split(given, blanks=True)
    if parts is not None and parts.scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        return given.replace(f"{given.partition('://')[0]}://", "postgresql+psycopg://", 1)
    if parts is not None and parts.scheme == "sqlite":
        return _sqlite_url(given, parts)
    raise ValueError("must be a postgresql:// or sqlite:/// URL")


def _sqlite_url(given: str, parts: SplitResult) -> str:
    path = parts.path.removeprefix("/")
    if parts.netloc or not path or path.startswith((":memory:", "file:")) or path.endswith("/"):
        raise ValueError("must name a file, as in sqlite:///visit-sync.db: several processes share it")
    return given


def redis_url(given: str) -> str:
    """``redis://``, ``rediss://`` that verifies the certificate, or ``unix:///path/to.sock`` (also as ``redis+socket://``)."""
    parts = _split(given)
    if parts is None or parts.scheme not in ("redis", "rediss", "unix", "redis+socket"):
        raise ValueError("must be a redis://, rediss:// or unix:// URL")
    if parts.scheme in ("unix", "redis+socket"):
        if parts.hostname or not parts.path.strip("/"):
            raise ValueError("must name a socket, as in unix:///run/redis/redis.sock")
        return given
    if parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError("must end in the number of a database, as in redis://localhost:6379/0")
    return _verified(parts) if parts.scheme == "rediss" else given


def _verified(parts: SplitResult) -> str:
    # Celery, unlike redis-py, does not verify a certificate unless it is told to.
    query = dict(parse_qsl(parts.query))
    query.setdefault("ssl_cert_reqs", "required")
    return urlunsplit(parts._replace(query=urlencode(query)))


def fernet_keys(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Comma-separated; the first encrypts, all decrypt. The empty text is no keys at all."""
    if isinstance(given, tuple):
        return given
    keys = [key.strip() for key in given.split(",")] if given.strip() else []
    for place, key in enumerate(keys, start=1):
        if not _is_fernet_key(key):
            raise ValueError(
                f"must be comma-separated Fernet keys, number {place} is none; make one with: {MAKE_A_KEY}"
            )
    return tuple(keys)


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return len(key) == 44


def _split(given: str, *, blanks: bool = False) -> SplitResult | None:
    if UNPRINTABLE.search(given.replace(" ", "_") if blanks else given):
        return None
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
