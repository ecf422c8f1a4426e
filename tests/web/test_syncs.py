"""Asking for a sync: the order of checks, and one sync for one request (contract §4.1)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.sync.memory import START
from tests.sync.small_house import GOOGLE, ONE
from tests.web.office import API, STATUS, SYNC, Office, refused
from worker.core.documents import Times
from worker.core.jobs import ACTIVE
from worker.store.replies import KEPT

DESCRIPTOR = {"job_id", "integration", "mode", "status", "created_at"}


def test_a_sync_is_queued_and_named(office: Office) -> None:
    answer = office.trigger({"mode": "full"})
    body = answer.json()
    assert set(body) == DESCRIPTOR
    assert body | {"job_id": "", "created_at": ""} == {
        "job_id": "",
        "integration": "google_calendar",
        "mode": "full",
        "status": "queued",
        "created_at": "",
    }
    assert body["job_id"].startswith("syn_")
    assert len(body["job_id"]) == 30
    assert body["created_at"].endswith("Z")


def test_no_body_at_all_asks_for_an_incremental_sync(office: Office) -> None:
    answer = office.client.post(SYNC)
    assert answer.status_code == 202
    assert answer.json()["mode"] == "incremental"


def test_a_second_sync_is_refused_and_told_which_one_runs(office: Office) -> None:
    first = office.trigger().json()["job_id"]
    answer = office.trigger(status=409)
    assert refused(answer, 409, "SYNC_IN_PROGRESS")["details"] == {"active_job_id": first}
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mode": "fast"}, "mode"),
        ({"mode": None}, "mode"),
        ({"mode": 1}, "mode"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"dry_run": 1}, "dry_run"),
        ({"confirm_mass_change": "true"}, "confirm_mass_change"),
        ({"scope": "invoices"}, "scope"),
        ({"speed": 1}, "speed"),
    ],
)
def test_a_body_that_is_not_as_described_is_refused_by_the_fields_name(
    office: Office, body: dict[str, Any], field: str
) -> None:
    answer = office.client.post(SYNC, json=body)
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == [field]
    assert office.small.store.jobs.active(office.small.connection.id) is None


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b"1", b'{"mode":"full","mode":"full"}', b"\xff{}", b'{"a":NaN}']
)
def test_a_body_that_is_no_object_is_refused(office: Office, body: bytes) -> None:
    refused(office.client.post(SYNC, content=body), 400, "VALIDATION_ERROR")


def test_each_wrong_field_is_named(office: Office) -> None:
    answer = office.client.post(SYNC, json={"mode": "x", "colour": "red", "dry_run": 3})
    assert set(refused(answer, 400, "VALIDATION_ERROR")["details"]) == {"mode", "colour", "dry_run"}


def test_a_body_over_a_mebibyte_is_refused(office: Office) -> None:
    answer = office.client.post(SYNC, content=b" " * (1024 * 1024 + 1))
    refused(answer, 413, "PAYLOAD_TOO_LARGE")


def test_what_is_not_connected_cannot_be_synced(office: Office) -> None:
    office.small.store.connections.disconnect(office.small.account_id, GOOGLE, office.small.clock)
    refused(office.client.post(SYNC, json={}), 400, "INTEGRATION_NOT_CONNECTED")
    refused(office.client.get(SYNC), 400, "INTEGRATION_NOT_CONNECTED")


def test_an_integration_that_there_is_not_is_not_found(office: Office) -> None:
    refused(office.client.post(f"{API}/carrier-pigeon/sync", json={}), 404, "NOT_FOUND")
    refused(office.client.post(f"{API}/google_calendar/sync", json={}), 404, "NOT_FOUND")


# The order of checks: key, scope, quota, body, idempotency, connection, lock. Each request fails in two ways at least.


def test_the_key_is_checked_before_the_scope_and_the_body(office: Office) -> None:
    refused(office.caller(None).post(SYNC, content=b"{"), 401, "UNAUTHORIZED")
    refused(office.caller("vs_live_unknown").post(SYNC, content=b"{"), 401, "UNAUTHORIZED")


def test_the_scope_is_checked_before_the_body(office: Office) -> None:
    reader = office.caller(office.new_key("sync:read"))
    refused(reader.post(SYNC, content=b"{"), 403, "FORBIDDEN")
    assert reader.get(SYNC).status_code == 200
    writer = office.caller(office.new_key("sync:write"))
    refused(writer.get(SYNC, params={"limit": 0}), 403, "FORBIDDEN")


def test_the_body_is_checked_before_the_idempotency_key(office: Office) -> None:
    office.trigger(key="one")
    answer = office.client.post(SYNC, json={"mode": "fast"}, headers={"Idempotency-Key": "one"})
    refused(answer, 400, "VALIDATION_ERROR")


def test_the_idempotency_key_is_checked_before_the_connection(office: Office) -> None:
    first = office.trigger(key="one")
    office.small.store.connections.disconnect(office.small.account_id, GOOGLE, office.small.clock)
    assert office.trigger(key="one").content == first.content
    answer = office.client.post(SYNC, json={"mode": "full"}, headers={"Idempotency-Key": "one"})
    refused(answer, 409, "IDEMPOTENCY_KEY_REUSED")


def test_the_connection_is_checked_before_the_lock(office: Office) -> None:
    office.trigger()
    office.small.store.connections.revoke(office.small.connection.id, "revoked", office.small.clock)
    refused(office.client.post(SYNC, json={}), 400, "INTEGRATION_NOT_CONNECTED")


# Idempotency


def test_the_same_request_again_gets_the_first_answer_word_for_word(office: Office) -> None:
    first = office.trigger({"mode": "full"}, key="one")
    office.run(first.json()["job_id"])
    again = office.trigger({"mode": "full"}, key="one")
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert [job["job_id"] for job in office.get(f"{API}/jobs", integration=GOOGLE)["jobs"]] == [first.json()["job_id"]]


def test_a_replay_passes_no_lock_while_the_sync_runs(office: Office) -> None:
    first = office.trigger(key="one")
    assert office.trigger(key="one").content == first.content


def test_a_new_key_never_bypasses_the_lock(office: Office) -> None:
    office.trigger(key="one")
    refused(office.trigger(key="two", status=409), 409, "SYNC_IN_PROGRESS")


def test_the_same_key_with_another_body_is_refused(office: Office) -> None:
    office.trigger({"mode": "full"}, key="one")
    refused(office.trigger({"mode": "incremental"}, key="one", status=409), 409, "IDEMPOTENCY_KEY_REUSED")


def test_the_order_and_the_blanks_of_a_body_make_no_other_body(office: Office) -> None:
    one, other = b'{"mode":"full","dry_run":true}', b'{ "dry_run": true, "mode": "full" }'
    answers = [office.client.post(SYNC, content=body, headers={"Idempotency-Key": "one"}) for body in (one, other)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


def test_a_refused_request_does_not_use_its_key_up(office: Office) -> None:
    holder = office.trigger().json()["job_id"]
    office.trigger({"mode": "full"}, key="one", status=409)
    office.client.post(SYNC, json={"mode": "fast"}, headers={"Idempotency-Key": "one"})
    office.run(holder)
    taken = office.trigger({"mode": "incremental"}, key="one")
    assert "Idempotency-Replayed" not in taken.headers


def test_a_key_is_free_again_after_a_day(office: Office) -> None:
    first = office.trigger(key="one").json()["job_id"]
    office.run(first)
    office.small.tick((KEPT - timedelta(minutes=1)).total_seconds())
    assert office.trigger(key="one").json()["job_id"] == first
    office.small.tick(120)
    assert office.trigger({"mode": "full"}, key="one").json()["job_id"] != first


def test_keys_of_accounts_and_of_integrations_are_apart(office: Office) -> None:
    mine = office.trigger(key="one").json()["job_id"]
    neighbours = office.neighbour().post(SYNC, json={}, headers={"Idempotency-Key": "one"})
    source = office.client.post(f"{API}/fieldcamp/sync", json={}, headers={"Idempotency-Key": "one"})
    assert len({mine, neighbours.json()["job_id"], source.json()["job_id"]}) == 3


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_one_to_255_characters(office: Office, key: str) -> None:
    answer = office.client.post(SYNC, json={}, headers={"Idempotency-Key": key})
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["Idempotency-Key"]


def test_two_different_keys_in_one_request_are_refused_by_name(office: Office) -> None:
    answer = office.client.post(SYNC, headers=[("Idempotency-Key", "one"), ("Idempotency-Key", "two")])
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["Idempotency-Key"]
    assert office.small.store.jobs.active(office.small.connection.id) is None


def test_the_same_key_twice_in_one_request_is_one(office: Office) -> None:
    answers = [office.client.post(SYNC, headers=[("Idempotency-Key", "one")] * times) for times in (2, 1)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


def test_identical_requests_at_the_same_moment_start_one_sync(office: Office) -> None:
    def ask(_: int) -> httpx.Response:
        return office.client.post(SYNC, json={"mode": "full"}, headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1


# What a sync may be asked to do


def test_a_dry_run_plans_and_writes_nothing(office: Office) -> None:
    office.small.arrive("vis_1")
    before = office.get(STATUS)
    assert before["pending_events"] == 1
    job_id = office.synced({"dry_run": True})
    records = office.get(f"{API}/jobs/{job_id}/records")["records"]
    assert [(record["local_id"], record["outcome"]) for record in records] == [("vis_1", "created")]
    assert office.get(f"{API}/jobs/{job_id}")["counts"]["pushed"] == 0
    assert office.small.calendars.writes == 0
    after = office.get(STATUS)
    assert after["pending_events"] == 1
    assert after["next_scheduled_sync_at"] == before["next_scheduled_sync_at"], "what was due before is due still"


def test_a_dry_run_shows_what_a_persons_move_would_do_and_does_not_do_it(office: Office) -> None:
    office.small.arrive("vis_1")
    office.synced()
    visit, writes = office.small.source.visits["vis_1"], office.small.calendars.writes
    [remote_id] = office.small.calendars.live(ONE)
    moved = START + timedelta(hours=3)
    office.small.calendars.person_moves(ONE, remote_id, Times.span(moved, moved + timedelta(hours=1)))
    job_id = office.synced({"dry_run": True})
    records = office.get(f"{API}/jobs/{job_id}/records")["records"]
    assert [(record["local_id"], record["outcome"]) for record in records] == [("vis_1", "updated")]
    assert office.get(f"{API}/jobs/{job_id}")["counts"]["pushed"] == 0
    assert (office.small.source.visits["vis_1"], office.small.calendars.writes) == (visit, writes)
    office.synced()
    assert office.small.source.visits["vis_1"].start == moved
    office.small.assert_agreement()


def test_a_held_mass_change_goes_through_when_it_is_confirmed(office: Office) -> None:
    for number in range(12):
        office.small.arrive(f"vis_{number}")
    office.synced()
    for number in range(8):
        office.small.source.visits.pop(f"vis_{number}")
    held = office.get(f"{API}/jobs/{office.synced({'mode': 'full'})}")
    assert (held["status"], held["error"]["code"]) == ("failed", "MASS_CHANGE_HELD")
    let_through = office.get(f"{API}/jobs/{office.synced({'mode': 'full', 'confirm_mass_change': True})}")
    assert let_through["status"] == "succeeded"
    assert let_through["records"]["visits"]["deleted"] == 8


def test_the_database_away_is_503_and_nothing_was_accepted(office: Office) -> None:
    office.small.store.dispose()
    office.small.path.rename(office.small.path.with_suffix(".away"))
    office.small.path.mkdir()
    answer = office.client.post(SYNC, json={}, headers={"Idempotency-Key": "one"})
    refused(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    office.small.path.rmdir()
    office.small.path.with_suffix(".away").rename(office.small.path)
    active = office.small.store.jobs.active(office.small.connection.id)
    assert active is None or active.status not in ACTIVE
    assert office.trigger(key="one").headers.get("Idempotency-Replayed") is None
