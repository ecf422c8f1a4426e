"""Request bodies: read within limits, decoded strictly."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from worker.core.errors import Invalid

DEEPEST = 64
"""Levels of nesting; FieldCamp's envelopes have a handful."""

BEYOND = 8
"""How many times the limit of a body we read on, unseen, so that its sender gets to read our refusal."""


TOO_LARGE = "The body is larger than {} bytes."


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken in, and how long an answer waits for the store."""

    body_bytes: int = 1024 * 1024
    body_seconds: float = 20.0
    store_seconds: float = 10.0


DEFAULT_LIMITS = Limits()
Body = Callable[[Request], Awaitable[bytes]]
"""A dependency that gives a route its raw body."""


def body_within(limits: Limits) -> Body:
    """The dependency that reads a body within these limits."""

    async def body(request: Request) -> bytes:
        return await read_body(request, limits)

    return body


async def read_body(request: Request, limits: Limits) -> bytes:
    """The raw body, whatever its Content-Length says. Raises HTTPException 413 or 408, and the connection closes."""
    if int(request.headers.get("Content-Length", 0)) > limits.body_bytes * BEYOND:
        raise _refusal(413, TOO_LARGE.format(limits.body_bytes))
    taken, size = bytearray(), 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limits.body_bytes:
                    taken += chunk
                elif size > limits.body_bytes * BEYOND:
                    break
    except TimeoutError:
        if size <= limits.body_bytes:
            raise _refusal(408, "The body did not arrive in time.") from None
    except ClientDisconnect:
        raise _refusal(400, "The connection ended before the body did.") from None
    if size > limits.body_bytes:
        raise _refusal(413, TOO_LARGE.format(limits.body_bytes))
    return bytes(taken)


def _refusal(status: int, sentence: str) -> HTTPException:
    return HTTPException(status, sentence, headers={"Connection": "close"})


def strict_json(raw: bytes) -> Any:
    """The one meaning of a JSON text in UTF-8.

    Raises Invalid for what has none or several: a key that comes twice, NaN, numbers without end, halves of characters,
    or nesting deeper than anybody needs.
    """
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        if raw.count(b"[") + raw.count(b"{") > DEEPEST:
            _check_depth(value)
        if b"\\ud" in raw or b"\\uD" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise _invalid("must be text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise _invalid(f"must be JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _invalid(f"must not be nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        expected = str(error) if isinstance(error, _Unclear) else "must be JSON with numbers of sensible length"
        raise _invalid(expected) from None
    return value


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body, strictly; {} for no body at all, which asks for nothing in particular."""
    given = strict_json(raw) if raw.strip() else {}
    if not isinstance(given, dict):
        raise Invalid("The body must be a JSON object.", {"body": "expected a JSON object"})
    return given


class _Unclear(ValueError):
    """JSON that two readers would understand differently; the message says what is expected."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Unclear("must not name a key twice in one object")
    return value


def _constant(name: str) -> float:
    raise _Unclear(f"must not hold {name}")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Unclear("must not hold a number beyond all bounds")
    return number


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise _Unclear(f"must not be nested deeper than {DEEPEST} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _invalid(expected: str) -> Invalid:
    return Invalid(f"The body {expected}.", {"body": expected})
