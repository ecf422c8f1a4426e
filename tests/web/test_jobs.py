"""Jobs and their records: read, cancelled, tried again (contract §4.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.small_house import FIELDCAMP, GOOGLE, ONE, TWO
from tests.web.office import JOBS, STATUS, Office, refused
from worker.core.errors import Transient
from worker.core.jobs import JobStatus
from worker.descriptors import rfc_3339
from worker.sync.request import look_when_due
from worker.sync.run import run_job

FIELDS = {
    *("job_id", "integration", "mode", "scope", "trigger", "dry_run", "status", "created_at", "started_at"),
    *("finished_at", "attempts", "progress", "counts", "records", "error"),
}
RECORD = {"kind", "local_id", "remote_id", "target", "outcome", "reason", "message", "at"}
UNKNOWN = "syn_01HZX2Q8YV3D1G0N3WJ2P7K9MA"


def with_visits(office: Office, number: int, **fields: Any) -> None:
    for each in range(number):
        office.small.arrive(f"vis_{each}", **fields)


def test_a_job_from_request_to_end(office: Office) -> None:
    with_visits(office, 2)
    job_id = office.trigger({"mode": "full"}).json()["job_id"]
    queued = office.get(f"{JOBS}/{job_id}")
    assert set(queued) == FIELDS
    assert (queued["status"], queued["started_at"], queued["attempts"]) == ("queued", None, 0)
    assert (queued["mode"], queued["scope"], queued["trigger"], queued["dry_run"]) == ("full", None, "api", False)
    office.run(job_id)
    ended = office.get(f"{JOBS}/{job_id}")
    assert (ended["status"], ended["attempts"], ended["error"]) == ("succeeded", 1, None)
    assert ended["progress"] == {"done": 2, "total": 2}
    assert ended["counts"] == {"pulled": 0, "pushed": 2, "skipped": 0, "failed": 0, "conflicts": 0}
    assert ended["records"]["visits"] == {"created": 2, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 0}
    assert ended["finished_at"].endswith("Z")


def test_a_job_that_had_nothing_to_do_says_so_in_numbers(office: Office) -> None:
    for mode in ("incremental", "full"):
        job = office.get(f"{JOBS}/{office.synced({'mode': mode})}")
        assert job["records"] == {"visits": {"created": 0, "updated": 0, "deleted": 0, "unchanged": 0, "failed": 0}}
        assert (job["status"], job["progress"]["done"]) == ("succeeded", 0)


def test_its_records_name_what_became_of_each(office: Office) -> None:
    with_visits(office, 1)
    job_id = office.synced()
    [record] = office.get(f"{JOBS}/{job_id}/records")["records"]
    assert set(record) == RECORD
    assert (record["kind"], record["local_id"], record["target"], record["outcome"]) == (
        "visit",
        "vis_0",
        ONE,
        "created",
    )
    assert record["remote_id"]
    assert record["at"].endswith("Z")


def test_records_are_read_by_pages_and_by_outcome(office: Office) -> None:
    with_visits(office, 5)
    job_id = office.synced()
    found, query = [], {"limit": 2}
    while True:
        page = office.get(f"{JOBS}/{job_id}/records", **query)
        found += [record["local_id"] for record in page["records"]]
        if not page["has_more"]:
            break
        query = {"limit": 2, "cursor": page["next_cursor"]}
    assert page["next_cursor"] is None
    assert sorted(found) == [f"vis_{number}" for number in range(5)]
    assert office.get(f"{JOBS}/{job_id}/records", outcome="failed")["records"] == []
    assert len(office.get(f"{JOBS}/{job_id}/records", outcome="created")["records"]) == 5


def test_jobs_are_listed_newest_first_by_pages(office: Office) -> None:
    made = [office.synced() for _ in range(5)]
    found, query = [], {"limit": 2, "integration": GOOGLE}
    while True:
        page = office.get(JOBS, **query)
        found += [job["job_id"] for job in page["jobs"]]
        if not page["has_more"]:
            break
        query = {"limit": 2, "integration": GOOGLE, "cursor": page["next_cursor"]}
    assert found == made[::-1]


def test_jobs_are_narrowed_by_integration_and_status(office: Office) -> None:
    office.synced()
    queued = office.trigger().json()["job_id"]
    assert [job["job_id"] for job in office.get(JOBS, status="queued")["jobs"]] == [queued]
    assert {job["integration"] for job in office.get(JOBS, integration=FIELDCAMP)["jobs"]} == {FIELDCAMP}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"integration": "google-calendar"}, "integration"),
        ({"status": "done"}, "status"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"page": "2"}, "page"),
    ],
)
def test_a_query_that_is_not_as_described_is_refused_by_the_fields_name(
    office: Office, query: dict[str, str], field: str
) -> None:
    answer = office.client.get(JOBS, params=query)
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == [field]


@pytest.mark.parametrize("job_id", [UNKNOWN, "syn_1", "1", "%00", "..%2f..", "syn_" + "é" * 26])
def test_a_job_that_there_is_not_is_not_found(office: Office, job_id: str) -> None:
    for path in (job_id, f"{job_id}/records"):
        refused(office.client.get(f"{JOBS}/{path}"), 404, "NOT_FOUND")
    for order in ("cancel", "retry"):
        refused(office.client.post(f"{JOBS}/{job_id}/{order}"), 404, "NOT_FOUND")


def test_another_accounts_job_is_not_there(office: Office) -> None:
    job_id = office.trigger().json()["job_id"]
    neighbour = office.neighbour()
    assert neighbour.get(JOBS).json()["jobs"] == []
    for path in (job_id, f"{job_id}/records"):
        refused(neighbour.get(f"{JOBS}/{path}"), 404, "NOT_FOUND")
    for order in ("cancel", "retry"):
        refused(neighbour.post(f"{JOBS}/{job_id}/{order}"), 404, "NOT_FOUND")
    assert office.get(f"{JOBS}/{job_id}")["status"] == "queued"


def test_another_jobs_cursor_is_refused(office: Office) -> None:
    with_visits(office, 2)
    one = office.synced()
    cursor = office.get(f"{JOBS}/{one}/records", limit=1)["next_cursor"]
    other = office.synced()
    refused(office.client.get(f"{JOBS}/{other}/records", params={"cursor": cursor}), 400, "VALIDATION_ERROR")


def test_orders_need_the_scope_to_write(office: Office) -> None:
    job_id = office.trigger().json()["job_id"]
    reader = office.caller(office.new_key("sync:read"))
    for order in ("cancel", "retry"):
        refused(reader.post(f"{JOBS}/{job_id}/{order}"), 403, "FORBIDDEN")
    assert reader.get(f"{JOBS}/{job_id}").status_code == 200


@pytest.mark.parametrize("order", ["cancel", "retry"])
@pytest.mark.parametrize(
    ("body", "field"),
    [(b'{"force": true}', "force"), (b"[]", "body"), (b"null", "body"), (b"{", "body"), (b'{"a":1,"a":1}', "body")],
)
def test_an_order_that_says_more_than_there_is_to_say_is_refused(
    office: Office, order: str, body: bytes, field: str
) -> None:
    job_id = office.trigger().json()["job_id"]
    answer = office.client.post(f"{JOBS}/{job_id}/{order}", content=body)
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == [field]
    assert office.get(f"{JOBS}/{job_id}")["status"] == "queued"


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b" { } "])
def test_an_order_needs_no_body_and_takes_an_empty_one(office: Office, body: bytes) -> None:
    with_visits(office, 1)
    office.small.calendars.refuse_titles.add("Visit")
    retried = office.client.post(f"{JOBS}/{office.synced()}/retry", content=body)
    assert retried.status_code == 202
    cancelled = office.client.post(f"{JOBS}/{retried.json()['job_id']}/cancel", content=body)
    assert cancelled.json()["status"] == "cancelled"


# Cancel


def test_a_queued_job_is_cancelled_at_once_and_frees_the_lock(office: Office) -> None:
    job_id = office.trigger().json()["job_id"]
    answer = office.client.post(f"{JOBS}/{job_id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["finished_at"] is not None
    assert office.run(job_id).attempts == 0
    office.trigger()


def test_a_running_job_ends_between_batches_and_keeps_what_was_done(office: Office) -> None:
    with_visits(office, 9)
    job_id = office.trigger().json()["job_id"]

    def cancel() -> None:
        assert office.client.post(f"{JOBS}/{job_id}/cancel").json()["status"] == "running"

    office.small.calendars.after_apply.append(cancel)
    assert office.run(job_id).status is JobStatus.CANCELLED
    job = office.get(f"{JOBS}/{job_id}")
    assert job["counts"]["pushed"] == 3, "one batch of the small house"
    assert job["progress"] == {"done": 3, "total": 9}
    cadence = rfc_3339(office.small.clock + office.small.house.cadence)
    assert office.get(STATUS)["next_scheduled_sync_at"] == cadence, "who cancels wants quiet"
    assert len(office.get(f"{JOBS}/{job_id}/records")["records"]) == 3
    office.synced()
    office.small.assert_agreement()


def test_an_ended_job_stays_as_it_ended(office: Office) -> None:
    job_id = office.synced()
    before = office.get(f"{JOBS}/{job_id}")
    assert office.client.post(f"{JOBS}/{job_id}/cancel").json() == before


# Retry


def test_a_retry_looks_at_the_failed_records_alone(office: Office) -> None:
    with_visits(office, 2)
    office.small.calendars.refuse_titles.add("Visit")
    failed = office.synced()
    assert office.get(f"{JOBS}/{failed}")["status"] == "partial"
    office.small.calendars.refuse_titles.clear()
    office.small.arrive("vis_9")
    due = rfc_3339(office.small.clock + office.small.house.debounce)
    answer = office.client.post(f"{JOBS}/{failed}/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    job_id = answer.json()["job_id"]
    office.run(job_id)
    job = office.get(f"{JOBS}/{job_id}")
    assert (job["trigger"], job["status"]) == ("retry", "succeeded")
    records = office.get(f"{JOBS}/{job_id}/records")["records"]
    assert {(record["local_id"], record["outcome"]) for record in records} == {
        ("vis_0", "created"),
        ("vis_1", "created"),
    }
    assert office.get(STATUS)["next_scheduled_sync_at"] == due, (
        "vis_9 came before the retry and was none of its business"
    )
    assert set(office.small.calendars.ours(ONE)) == {"vis_0", "vis_1"}
    office.small.tick(2)
    look_when_due(office.small.house)
    active = office.small.store.jobs.active(office.small.connection.id)
    assert active is not None
    office.run(active.id)
    office.small.assert_agreement()


def test_what_is_refused_again_is_offered_once_in_a_retry(office: Office) -> None:
    with_visits(office, 1)
    office.small.calendars.refuse_titles.add("Visit")
    failed = office.synced()
    before = office.small.calendars.writes
    job_id = office.client.post(f"{JOBS}/{failed}/retry").json()["job_id"]
    office.small.tick()
    assert office.run(job_id).status is JobStatus.PARTIAL
    assert office.small.calendars.writes == before + 1
    office.synced()
    assert office.small.calendars.writes == before + 1


def test_a_retry_of_a_calendar_that_could_not_be_read_looks_at_all_of_it(office: Office) -> None:
    office.small.arrive("vis_1", team=("usr_2",))
    office.small.calendars.unreadable.add(TWO)
    failed = office.synced()
    office.small.calendars.unreadable.clear()
    job_id = office.client.post(f"{JOBS}/{failed}/retry").json()["job_id"]
    office.run(job_id)
    office.small.assert_agreement()


def test_a_job_in_which_nothing_failed_cannot_be_tried_again(office: Office) -> None:
    answer = office.client.post(f"{JOBS}/{office.synced()}/retry")
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["job_id"]


def test_a_retry_passes_the_same_lock(office: Office) -> None:
    with_visits(office, 1)

    def away() -> None:
        raise Transient("away")

    office.small.calendars.before_apply.append(away)
    failed = office.synced()
    active = office.trigger().json()["job_id"]
    answer = office.client.post(f"{JOBS}/{failed}/retry")
    assert refused(answer, 409, "SYNC_IN_PROGRESS")["details"] == {"active_job_id": active}
    run_job(office.small.house, active, "test")
