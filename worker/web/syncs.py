"""Asking for syncs, following what others changed, and how integrations stand (contract §4.1 to §4.3)."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from worker.core.errors import Invalid
from worker.core.jobs import Job, JobRequest, Mode, Once, Trigger
from worker.core.ports import Manifest
from worker.core.texts import fingerprint_of
from worker.descriptors import job_descriptor
from worker.sync.feed import begin, read
from worker.sync.house import House
from worker.sync.request import Answer, request_once, request_sync
from worker.sync.standing import standing
from worker.web.bodies import Body, json_object
from worker.web.cursors import Cursors
from worker.web.doors import Doors
from worker.web.keys import Caller
from worker.web.openapi import answers, body_of, job_links, page_link
from worker.web.patience import in_time
from worker.web.questions import LONGEST_KEY, FeedQuestion, Nothing, SyncQuestion, asked, sync_question
from worker.web.schemas import (
    BooksChanges,
    CalendarChanges,
    ChangePage,
    JobDescriptor,
    Status,
    Statuses,
    VisitChanges,
)
from worker.web.shapes import change_json, status_json

REPLAYED = "Idempotency-Replayed"
KEY_HEADER = "Idempotency-Key"
KeyHeader = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        min_length=1,
        max_length=LONGEST_KEY,
        description="The same key with the same body within 24 hours gets the first answer again and starts nothing.",
    ),
]


def sync_routes(house: House, doors: Doors, body: Body) -> APIRouter:
    """The routes of every integration, made from its manifest."""
    router = APIRouter(prefix="/api/v1/integrations", tags=["syncs"])
    _add_statuses(router, house, doors)
    for manifest in house.manifests.values():
        _add_trigger(router, house, doors, body, manifest)
        _add_changes(router, house, doors, manifest)
        _add_status(router, house, doors, manifest)
    return router


def _add_trigger(router: APIRouter, house: House, doors: Doors, body: Body, manifest: Manifest) -> None:
    question = sync_question(manifest)

    @router.post(
        f"/{manifest.slug}/sync",
        operation_id=f"sync_{manifest.name}",
        status_code=202,
        summary=f"Ask for a sync with {manifest.title}",
        responses=answers(202, JobDescriptor, 400, 401, 403, 408, 409, 413, 429, 503, links=job_links()),
        openapi_extra=body_of(question),
    )
    @in_time
    def trigger(
        caller: Annotated[Caller, Depends(doors.write)],
        raw: Annotated[bytes, Depends(body)],
        _: Annotated[Nothing, Query()],
        key: Annotated[str | None, Depends(_one_key)],
    ) -> Response:
        """Queues a sync, if none is queued or running."""
        given = json_object(raw)
        wanted = _request(asked(question, given))
        if key is None:
            answer = Answer(_text(request_sync(house, caller.account_id, manifest.name, wanted)))
        else:
            once = Once(key, fingerprint_of(given), _text)
            answer = request_once(house, caller.account_id, manifest.name, wanted, once)
        headers = {REPLAYED: "true"} if answer.replayed else {}
        return Response(answer.body, 202, headers, "application/json")


async def _one_key(request: Request, key: KeyHeader = None) -> str | None:
    """The request's idempotency key; the same one twice is one."""
    if len(set(request.headers.getlist(KEY_HEADER))) > 1:
        raise Invalid(f"{KEY_HEADER}: expected one key", {KEY_HEADER: "expected one key; two different ones came"})
    return key


def _request(question: SyncQuestion) -> JobRequest:
    return JobRequest(
        Mode(question.mode),
        getattr(question, "scope", None),
        Trigger.API,
        dry_run=question.dry_run,
        confirm_mass_change=question.confirm_mass_change,
    )


def _text(job: Job) -> str:
    return json.dumps(job_descriptor(job))


def _add_changes(router: APIRouter, house: House, doors: Doors, manifest: Manifest) -> None:
    shape = _page_of_changes(manifest)
    cursors = Cursors(house.store.cursors, f"changes:{manifest.name}")

    @router.get(
        f"/{manifest.slug}/sync",
        operation_id=f"changes_{manifest.name}",
        summary=f"What others changed in {manifest.title}",
        responses=answers(200, shape, 400, 401, 403, 404, 410, 429, 503, links=page_link(f"changes_{manifest.name}")),
    )
    @in_time
    def changes(caller: Annotated[Caller, Depends(doors.read)], question: Annotated[FeedQuestion, Query()]) -> Response:
        """As syncs saw it, the oldest first; our own writes are not among it. Go on with `next_cursor`: it stays valid
        when there is nothing more, and gives each change exactly once."""
        if question.cursor is None:
            place = begin(house, question.since)
        else:
            place = cursors.place(caller.account_id, question.cursor)
        reading = read(house, caller.account_id, manifest.name, place, question.limit)
        return JSONResponse(
            {
                "integration": manifest.name,
                "changes": [change_json(change, manifest) for change in reading.changes],
                "next_cursor": cursors.of_place(caller.account_id, reading.place),
                "has_more": reading.has_more,
            }
        )


def _page_of_changes(manifest: Manifest) -> type[ChangePage]:
    if manifest.calendar:
        return CalendarChanges
    return VisitChanges if manifest.pulled else BooksChanges


def _add_status(router: APIRouter, house: House, doors: Doors, manifest: Manifest) -> None:
    @router.get(
        f"/{manifest.slug}/status",
        operation_id=f"status_{manifest.name}",
        summary=f"How {manifest.title} stands",
        responses=answers(200, Status, 400, 401, 403, 429, 503),
    )
    @in_time
    def status(caller: Annotated[Caller, Depends(doors.read)], _: Annotated[Nothing, Query()]) -> Response:
        """Whether it is connected, when it was and will be synced, and what is wrong now."""
        return JSONResponse(status_json(standing(house, caller.account_id, manifest.name)))


def _add_statuses(router: APIRouter, house: House, doors: Doors) -> None:
    @router.get(
        "",
        operation_id="statuses",
        summary="How each integration stands",
        responses=answers(200, Statuses, 400, 401, 403, 429, 503),
    )
    @in_time
    def statuses(caller: Annotated[Caller, Depends(doors.read)], _: Annotated[Nothing, Query()]) -> Response:
        """How each integration stands."""
        all_of_them = [standing(house, caller.account_id, name) for name in house.manifests]
        return JSONResponse({"integrations": [status_json(each) for each in all_of_them]})
