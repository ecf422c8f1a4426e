"""What ``/openapi.json`` says, and that it is true."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from worker.http.client import user_agent
from worker.web.answers import CODES
from worker.web.examples import SHOWN
from worker.web.schemas import Problem

VERSION = user_agent().partition("/")[2]
DESCRIPTION = """
Keeps FieldCamp visits, calendars and books in agreement. Each call under `/api/` carries
`Authorization: Bearer <key>` or `X-API-Key: <key>`. Errors have one shape everywhere; times are RFC 3339 in UTC.
"""
WORDS: Mapping[int, str] = {
    200: "As asked.",
    202: "Accepted.",
    400: "Not as described, or the integration is not connected.",
    401: "The key, or the signature, is missing, unknown or revoked.",
    403: "The key lacks the scope.",
    404: "There is no such thing for this account.",
    408: "The body did not arrive in time.",
    409: "A sync is queued or running already, or the Idempotency-Key came with another body.",
    410: "Older than what is kept; start again without it.",
    413: "Over 1 MiB.",
    429: "The key's quota is used up.",
    503: "The database, or something else that is needed, is away; nothing was accepted.",
}
SEVERAL: Mapping[int, str] = {
    400: "`VALIDATION_ERROR`, `INTEGRATION_NOT_CONNECTED`",
    409: "`SYNC_IN_PROGRESS` (`Retry-After`, `details.active_job_id`), `IDEMPOTENCY_KEY_REUSED`",
    410: "`CURSOR_EXPIRED`",
}
"""Codes, where a status has others than its own."""

RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


def answers(
    status: int, model: type[BaseModel], *problems: int, links: Mapping[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    """The answers of a route: the good one, and each way in which it can be refused."""
    good: dict[str, Any] = {"model": model, "description": WORDS[status]}
    if links:
        good["links"] = dict(links)
    return {status: good, **refusals(*problems)}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ways in which a request can be refused."""
    return {status: _refusal(status) for status in statuses}


def _refusal(status: int) -> dict[str, Any]:
    codes = SEVERAL.get(status) or f"`{CODES[status]}`"
    told: dict[str, Any] = {"model": Problem, "description": f"{WORDS[status]} {codes}"}
    return {**told, "headers": RETRY_AFTER} if status in (429, 503) else told


def job_links() -> dict[str, Any]:
    """Where a job leads that an answer names."""
    named = {"job_id": "$response.body#/job_id"}
    return {name: {"operationId": name, "parameters": named} for name in ("job", "records", "cancel", "retry")}


def page_link(operation: str) -> dict[str, Any]:
    """Where a page goes on that always names a cursor."""
    return {"next": {"operationId": operation, "parameters": {"cursor": "$response.body#/next_cursor"}}}


def body_of(model: type[BaseModel], *, required: bool = False) -> dict[str, Any]:
    """The request body that a route reads by itself, strictly."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> None:
    """Has the app serve its description without what FastAPI adds and we never answer."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(
                title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, tags=app.openapi_tags
            )
            app.openapi_schema = _truthful(told)
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]


def _truthful(told: dict[str, Any]) -> dict[str, Any]:
    shared = told.setdefault("components", {}).setdefault("schemas", {})
    for path in told["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)  # ours are 400
            shared.update(_taken_out(operation.get("requestBody", {})))
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
    for name in ("HTTPValidationError", "ValidationError"):
        shared.pop(name, None)
    # Put in last: FastAPI would leave each null out of them.
    for name in SHOWN.keys() & shared.keys():
        shared[name]["examples"] = [SHOWN[name]]
    return told


def _taken_out(body: dict[str, Any]) -> dict[str, Any]:
    """The schemas that a body's schema brings along: a description keeps them in one place for all."""
    brought: dict[str, Any] = {}
    for content in body.get("content", {}).values():
        brought.update(content["schema"].pop("$defs", {}))
    return brought


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or it is not: it is never null."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**choices[0], **rest}
