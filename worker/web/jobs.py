"""Jobs and their records: to read, to cancel, to try again (contract §4.4)."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import JSONResponse, Response

from worker.core.errors import NotFound
from worker.core.jobs import JobStatus
from worker.descriptors import job_descriptor, job_json, record_json
from worker.sync.house import House
from worker.sync.jobs import cancel, job_of, retry
from worker.web.bodies import Body, json_object
from worker.web.cursors import Cursors
from worker.web.doors import Doors
from worker.web.examples import JOB_ID
from worker.web.keys import Caller
from worker.web.openapi import answers, body_of, job_links
from worker.web.patience import in_time
from worker.web.questions import Nothing, Order, RecordsQuestion, asked, jobs_question
from worker.web.schemas import JobDescriptor, JobPage, JobShape, RecordPage

NAMED_LIKE_A_JOB = re.compile(r"syn_[0-9A-Z]{26}", re.ASCII)
JobId = Annotated[str, Path(description="`syn_` and a ULID.", examples=[JOB_ID])]


def job_routes(house: House, doors: Doors, body: Body) -> APIRouter:
    """What can be asked of jobs; another account's are not there."""
    router = APIRouter(prefix="/api/v1/integrations/jobs", tags=["jobs"])
    _add_list(router, house, doors)
    _add_one(router, house, doors)
    _add_records(router, house, doors)
    _add_orders(router, house, doors, body)
    return router


def _add_list(router: APIRouter, house: House, doors: Doors) -> None:
    question: Any = jobs_question(tuple(house.manifests))
    cursors = Cursors(house.store.cursors, "jobs")

    @router.get(
        "",
        operation_id="jobs",
        summary="Jobs, the newest first",
        responses=answers(200, JobPage, 400, 401, 403, 404, 429, 503),
    )
    @in_time
    def jobs(caller: Annotated[Caller, Depends(doors.read)], wanted: Annotated[question, Query()]) -> Response:
        """Jobs, the newest first."""
        status = JobStatus(wanted.status) if wanted.status else None
        before = cursors.last(caller.account_id, wanted.cursor, None)
        found = house.store.jobs.listed(caller.account_id, wanted.integration, status, wanted.limit + 1, before)
        page, has_more = found[: wanted.limit], len(found) > wanted.limit
        next_cursor = cursors.after(caller.account_id, page[-1].id if page else None, has_more=has_more)
        return JSONResponse(
            {"jobs": [job_json(job, house.manifests) for job in page], "next_cursor": next_cursor, "has_more": has_more}
        )


def _add_one(router: APIRouter, house: House, doors: Doors) -> None:
    @router.get(
        "/{job_id}",
        operation_id="job",
        summary="One job",
        responses=answers(200, JobShape, 400, 401, 403, 404, 429, 503, links=job_links()),
    )
    @in_time
    def job(caller: Annotated[Caller, Depends(doors.read)], job_id: JobId, _: Annotated[Nothing, Query()]) -> Response:
        """One job: its status, progress and counts."""
        return JSONResponse(job_json(job_of(house, caller.account_id, _sane(job_id)), house.manifests))


def _add_records(router: APIRouter, house: House, doors: Doors) -> None:
    @router.get(
        "/{job_id}/records",
        operation_id="records",
        summary="What became of each record",
        responses=answers(200, RecordPage, 400, 401, 403, 404, 429, 503),
    )
    @in_time
    def records(
        caller: Annotated[Caller, Depends(doors.read)],
        job_id: JobId,
        wanted: Annotated[RecordsQuestion, Query()],
    ) -> Response:
        """What became of each record, the oldest first; a full sync counts what was right already, and lists the
        rest."""
        known = job_of(house, caller.account_id, _sane(job_id))
        cursors = Cursors(house.store.cursors, f"records:{known.id}")
        after = cursors.last(caller.account_id, wanted.cursor, 0)
        found = house.store.jobs.records(known.id, wanted.outcome, after, wanted.limit + 1)
        page, has_more = found[: wanted.limit], len(found) > wanted.limit
        next_cursor = cursors.after(caller.account_id, page[-1][0] if page else None, has_more=has_more)
        listed = [record_json(record) for _, record in page]
        return JSONResponse({"records": listed, "next_cursor": next_cursor, "has_more": has_more})


def _add_orders(router: APIRouter, house: House, doors: Doors, body: Body) -> None:
    @router.post(
        "/{job_id}/cancel",
        operation_id="cancel",
        summary="Cancel a job",
        responses=answers(200, JobShape, 400, 401, 403, 404, 408, 413, 429, 503),
        openapi_extra=body_of(Order),
    )
    @in_time
    def cancel_job(
        caller: Annotated[Caller, Depends(doors.write)],
        raw: Annotated[bytes, Depends(body)],
        job_id: JobId,
        _: Annotated[Nothing, Query()],
    ) -> Response:
        """Ends a queued job at once and a running one between two batches; what was done stays done and recorded. An
        ended one stays as it is."""
        asked(Order, json_object(raw))
        return JSONResponse(job_json(cancel(house, caller.account_id, _sane(job_id)), house.manifests))

    @router.post(
        "/{job_id}/retry",
        operation_id="retry",
        summary="Try again what failed",
        status_code=202,
        responses=answers(202, JobDescriptor, 400, 401, 403, 404, 408, 409, 413, 429, 503, links=job_links()),
        openapi_extra=body_of(Order),
    )
    @in_time
    def retry_job(
        caller: Annotated[Caller, Depends(doors.write)],
        raw: Annotated[bytes, Depends(body)],
        job_id: JobId,
        _: Annotated[Nothing, Query()],
    ) -> Response:
        """Queues a new job for the records that failed in this one, and for no others."""
        asked(Order, json_object(raw))
        return JSONResponse(job_descriptor(retry(house, caller.account_id, _sane(job_id))), 202)


def _sane(job_id: str) -> str:
    """The id, where it is one: no database is asked for anything else."""
    if not NAMED_LIKE_A_JOB.fullmatch(job_id):
        raise NotFound("There is no such job.")
    return job_id
