"""Several calls in one HTTP request, with an answer for each."""

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httplib2
from googleapiclient.errors import BatchError, HttpError

from worker.core.errors import Transient, Uncertain
from worker.http.redaction import redacted
from worker.providers.google_calendar.errors import Refusal, refusal

TRANSPORT = (OSError, http.client.HTTPException, httplib2.error.HttpLib2Error)
UNREADABLE = (BatchError, AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What the library lets out where an answer is not JSON, not multipart or leaves out a part."""

_NO_CONNECTION = (ConnectionRefusedError, httplib2.error.ServerNotFoundError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one call: the JSON of the answer (empty where there is none), or the refusal."""

    body: Mapping[str, Any]
    refusal: Refusal | None = None


def send(service: Any, connection: Any, requests: Sequence[Any]) -> list[Answer]:
    """Carries out requests of the library in one HTTP request: several as a batch, one as it is.

    Never repeats a request; parts that answered 401 are sent once more by the library with a renewed token. Raises
    Transient where nothing was sent, Uncertain where the answer was lost.
    """
    try:
        return _batch(service, connection, requests) if len(requests) > 1 else [_single(connection, requests[0])]
    except TRANSPORT as error:
        if _never_sent(error):
            raise Transient(f"Could not connect to Google: {redacted(error)}") from error
        raise Uncertain(f"Google's answer was lost: {redacted(error) or type(error).__name__}") from error
    except UNREADABLE as error:
        raise Uncertain(f"Google's answer could not be read: {redacted(error)}") from error


def _single(connection: Any, request: Any) -> Answer:
    try:
        return Answer(request.execute(http=connection) or {})
    except HttpError as error:
        return _refused(error)


def _batch(service: Any, connection: Any, requests: Sequence[Any]) -> list[Answer]:
    answers: dict[str, Answer] = {}

    def keep(request_id: str, body: Any, error: HttpError | None) -> None:
        answers[request_id] = Answer(body or {}) if error is None else _refused(error)

    batch = service.new_batch_http_request(callback=keep)
    for index, request in enumerate(requests):
        batch.add(request, request_id=str(index))
    try:
        batch.execute(http=connection)
    except HttpError as error:  # the batch as a whole was refused, and each of its calls with it
        return [_refused(error)] * len(requests)
    return [answers[str(index)] for index in range(len(requests))]


def _refused(error: HttpError) -> Answer:
    status, header = int(error.resp.status), error.resp.get("retry-after")
    return Answer({}, refusal(status, error.content, header, datetime.now(UTC)))


def _never_sent(error: BaseException) -> bool:
    """Whether no connection came about. httplib2 connects a second time when the first connection broke under a
    request; then the error has an HTTPException behind it, and the request may have arrived."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, http.client.HTTPException):
            return False
        cause = cause.__context__
    return isinstance(error, _NO_CONNECTION)
