"""What is one account's is not there for another's key, nor for another's webhook secret."""

from typing import Any

import httpx
import pytest

from tests.system.api import API, JOBS, STATUS, SYNC, Site, Tenant, deliver, found, refused
from worker.core.connections import FeedEntry
from worker.core.jobs import Counts, Ending, JobRecord, JobRequest, JobStatus, Progress
from worker.core.observation import Observed
from worker.store.tables import changes, connections, events, jobs, records, replies
from worker.wiring import now

SECRET_WORDS = "Dentist, second floor"
KEPT = (changes, connections, events, jobs, records, replies)


@pytest.fixture
def done(tenant: Tenant) -> str:
    """A sync that saw three private appointments and failed with three visits; its id."""
    store, connection = tenant.store, tenant.connection
    claimed = store.jobs.claim(store.jobs.request(connection, JobRequest(), now()).id, "somebody", 60, now())
    assert claimed is not None
    job, lease = claimed
    stream = store.streams.ensure(connection.id, ["primary"])["primary"]
    shown = {"summary": SECRET_WORDS}
    feed = tuple(FeedEntry("created", f"r-{n}", "1", changed_at=now(), shown=shown) for n in range(3))
    store.observations.save(lease, job, stream, Observed(feed=feed), target="me@x", now=now())
    failed = tuple(JobRecord("visit", f"vis_{n}", "failed", message=SECRET_WORDS, at=now()) for n in range(3))
    store.jobs.progress(lease, Progress(counts=Counts(failed=3), records=failed))
    store.jobs.finish(lease, Ending(JobStatus.PARTIAL), now())
    return job.id


def test_another_accounts_job_and_records_are_not_there(tenant: Tenant, neighbour: Tenant, done: str) -> None:
    running = tenant.queued()
    before = kept(tenant)
    for job_id in (done, running):
        for method, path in (("GET", ""), ("GET", "/records"), ("POST", "/cancel"), ("POST", "/retry")):
            answer = neighbour.client.request(method, f"{JOBS}/{job_id}{path}")
            assert refused(answer, 404, "NOT_FOUND") == {}
            assert job_id not in answer.text
    assert kept(tenant) == before
    assert found(tenant.client, f"{JOBS}/{running}")["status"] == "queued"


def test_what_is_listed_is_the_accounts_own(tenant: Tenant, neighbour: Tenant, done: str) -> None:
    assert found(neighbour.client, JOBS)["jobs"] == []
    assert found(neighbour.client, SYNC)["changes"] == []
    assert found(neighbour.client, STATUS)["last_job"] is None
    assert done not in neighbour.client.get(API).text
    assert [job["job_id"] for job in found(tenant.client, JOBS)["jobs"]] == [done]
    assert len(found(tenant.client, SYNC)["changes"]) == 3
    assert SECRET_WORDS in tenant.client.get(f"{JOBS}/{done}/records").text


def test_another_accounts_cursors_lead_nowhere(tenant: Tenant, neighbour: Tenant, done: str) -> None:
    tenant.queued()
    for path in (SYNC, JOBS):
        cursor = found(tenant.client, path, limit=1)["next_cursor"]
        answer = neighbour.client.get(path, params={"cursor": cursor})
        refused(answer, 404, "NOT_FOUND")
        assert tenant.client.get(path, params={"cursor": cursor}).status_code == 200
    listing = f"{JOBS}/{done}/records"
    cursor = found(tenant.client, listing, limit=1)["next_cursor"]
    refused(neighbour.client.get(listing, params={"cursor": cursor}), 404, "NOT_FOUND")


def test_another_accounts_lock_and_keys_are_not_felt(tenant: Tenant, neighbour: Tenant) -> None:
    first = tenant.ask(0, "the same key", mode="full")
    second = neighbour.ask(1, "the same key", mode="incremental")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["job_id"] != second.json()["job_id"]
    assert tenant.job_ids() == [first.json()["job_id"]]


def test_another_accounts_connection_cannot_be_used(site: Site, tenant: Tenant) -> None:
    _, key, _ = tenant.store.accounts.create("Not connected", now())
    stranger = httpx.Client(base_url=site.urls[1], headers={"X-API-Key": key})
    before = kept(tenant)
    with stranger:
        refused(stranger.post(SYNC), 400, "INTEGRATION_NOT_CONNECTED")
        refused(stranger.get(SYNC), 400, "INTEGRATION_NOT_CONNECTED")
        assert found(stranger, STATUS)["connected"] is False
    assert kept(tenant) == before


def test_an_event_for_another_accounts_path_is_refused_and_not_stored(tenant: Tenant, neighbour: Tenant) -> None:
    before = kept(tenant)
    answers = [
        deliver(neighbour.client, path, neighbour.secret, envelope("evt_smuggled"))
        for path in (tenant.account_id, "acc_nobody")
    ]
    for answer in answers:
        refused(answer, 401, "UNAUTHORIZED")
    assert answers[0].content == answers[1].content
    assert kept(tenant) == before
    assert deliver(tenant.client, tenant.account_id, tenant.secret, envelope("evt_smuggled")).status_code == 202
    assert deliver(neighbour.client, neighbour.account_id, neighbour.secret, envelope("evt_smuggled")).json() == {
        "received": True,
        "event_id": "evt_smuggled",
        "duplicate": False,
    }


def test_without_a_key_nothing_is_there(site: Site, tenant: Tenant, done: str) -> None:
    before = kept(tenant)
    with httpx.Client(base_url=site.urls[0]) as nobody:
        for path in (API, SYNC, STATUS, JOBS, f"{JOBS}/{done}", f"{JOBS}/{done}/records"):
            refused(nobody.get(path), 401, "UNAUTHORIZED")
        for path in (SYNC, f"{JOBS}/{done}/cancel", f"{JOBS}/{done}/retry"):
            refused(nobody.post(path), 401, "UNAUTHORIZED")
    assert kept(tenant) == before


def envelope(event_id: str) -> dict[str, Any]:
    visit: dict[str, Any] = {"id": "vis_1", "jobId": "job_1", "visitStatus": "unscheduled", "unscheduled": True}
    visit |= {"serviceDuration": 60, "anyTime": False, "teamId": ["usr_1"], "updatedAt": "2026-05-29T14:22:31.000Z"}
    told = {"id": event_id, "type": "visit.updated", "created_at": "2026-05-29T14:22:31.812Z"}
    return {**told, "api_version": "2024-10-01", "data": {"object": visit}}


def kept(tenant: Tenant) -> list[dict[str, Any]]:
    """All that the account has; when its jobs were rung for is noted a moment later."""
    rows = [row for table in KEPT for row in tenant.system.rows(table, table.c.account_id == tenant.account_id)]
    return [{name: value for name, value in row.items() if name != "rang_at"} for row in rows]
