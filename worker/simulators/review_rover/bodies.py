"""The fields of a request's body."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from worker.simulators.review_rover.refusal import Refusal, error_body
from worker.simulators.review_rover.settings import Settings

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def fields_of(content_type: str, body: bytes, settings: Settings) -> dict[str, Any]:
    """The fields by name, text where the body is a form; Refusal with 422 for a body of another kind."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON and settings.json_bodies:
        return _from_json(body)
    if kind == FORM:
        return _from_form(body)
    raise _unreadable(f"The body must be {FORM}")


def _from_form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError as error:
        raise _unreadable("The body is not a form") from error
    return dict(pairs)


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise _unreadable("The body is not JSON") from error
    if not isinstance(content, dict):
        raise _unreadable("The body is not a JSON object")
    return content


def _unreadable(sentence: str) -> Refusal:
    return Refusal(422, error_body(422, sentence))
