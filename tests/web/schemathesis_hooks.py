"""What schemathesis is told of our API: how events are signed, and which refusals no schema can foretell."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

import requests
import schemathesis

SECRET, MET = os.environ["WEBHOOK_SECRET"], Path(os.environ["STATUSES_MET"])
SIGNATURES = {"x-fieldcamp-signature", "webhook-signature"}
OF_EVENTS = ("id", "type", "created_at", "data.object")


class Signed(requests.auth.AuthBase):
    """Signs an event, unless it came with a signature of its own."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if not SIGNATURES & {name.lower() for name in request.headers}:
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            request.headers["X-FieldCamp-Signature"] = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return request


schemathesis.auth.set_from_requests(Signed()).apply_to(path="/webhooks/fieldcamp/{account_id}")


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Notes what was met, for the test to see that it was everything."""
    with MET.open("a") as met:
        met.write(f"{_operation(case)} {response.status_code}\n")


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Drops the refusal of what is like its schema where something decides that no schema can say."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    return not _is_foreseen(_operation(case), response.status_code, response.json())


def _operation(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


def _is_foreseen(operation: str, status: int, answer: Any) -> bool:
    """A cursor is text, but only ours open; a moment may be older than what is kept; a job may have nothing to retry,
    and books may not hold what is named;
    what an event must tell depends on the states and times of visits."""
    named = set(answer["details"])
    match operation.partition("_")[0], status:
        case ("changes", 410):
            return bool(answer["code"] == "CURSOR_EXPIRED")
        case ("changes" | "jobs" | "records" | "matches", 400):
            return named == {"cursor"}
        case ("accept", 400):
            return named == {"remote_id"}
        case ("retry", 400):
            return named == {"job_id"}
        case ("take", 400):
            return all(name.startswith(OF_EVENTS) for name in named)
    return False
