"""How an integration stands (contract §4.3)."""

from __future__ import annotations

from datetime import timedelta

from tests.sync.small_house import FIELDCAMP, GOOGLE, ONE
from tests.web.office import API, STATUS, Office, refused
from worker.core.errors import ConnectionRevoked, Transient
from worker.descriptors import rfc_3339

FIELDS = {
    "integration",
    "connected",
    "last_synced_at",
    "next_scheduled_sync_at",
    "active_job_id",
    "errors",
    "direction",
    "last_job",
    "pending_events",
    "conflicts",
    "needs_attention",
}


def test_a_connected_integration_that_was_synced(office: Office) -> None:
    job = office.small.sync()
    status = office.get(STATUS)
    assert set(status) == FIELDS
    assert status["connected"] is True
    assert status["direction"] == "bidirectional"
    assert status["last_synced_at"] == rfc_3339(office.small.clock)
    assert status["next_scheduled_sync_at"] == rfc_3339(office.small.clock + timedelta(minutes=30))
    assert status["last_job"] == {
        "job_id": job.id,
        "status": "succeeded",
        "counts": {"pulled": 0, "pushed": 0, "skipped": 0, "failed": 0, "conflicts": 0},
    }
    assert status["errors"] == []
    assert (status["pending_events"], status["conflicts"], status["needs_attention"]) == (0, 0, 0)


def test_every_integration_is_listed(office: Office) -> None:
    listed = office.get(API)["integrations"]
    assert [status["integration"] for status in listed] == [GOOGLE, FIELDCAMP]
    assert listed[0] == office.get(STATUS)


def test_what_was_never_connected_is_told_as_such(office: Office) -> None:
    _, key, _ = office.small.store.accounts.create("Newcomer", office.small.clock)
    status = office.caller(key).get(STATUS).json()
    assert set(status) == FIELDS
    assert status["connected"] is False
    assert (status["last_job"], status["last_synced_at"], status["errors"]) == (None, None, [])


def test_the_active_job_is_named_while_it_is_queued_and_no_longer(office: Office) -> None:
    job_id = office.trigger().json()["job_id"]
    assert office.get(STATUS)["active_job_id"] == job_id
    office.run(job_id)
    assert office.get(STATUS)["active_job_id"] is None
    assert office.get(STATUS)["last_job"]["job_id"] == job_id


def test_events_are_pending_until_a_sync_has_dealt_with_them(office: Office) -> None:
    office.small.sync()
    office.small.arrive("vis_1")
    office.small.arrive("vis_2")
    office.small.arrive("vis_2", notes="Ring twice")
    assert office.get(STATUS)["pending_events"] == 3
    assert office.get(f"{API}/fieldcamp/status")["pending_events"] == 0
    office.small.sync()
    assert office.get(STATUS)["pending_events"] == 0


def test_an_error_stands_since_it_began_and_goes_with_its_cause(office: Office) -> None:
    office.small.sync()

    def away() -> None:
        raise Transient("Google is away", code="GOOGLE_AWAY")

    office.small.arrive("vis_1")
    office.small.tick(60)
    office.small.calendars.before_apply.append(away)
    office.small.sync()
    first = {"code": "GOOGLE_AWAY", "message": "Google is away", "since": rfc_3339(office.small.clock)}
    assert office.get(STATUS)["errors"] == [first]
    office.small.tick(60)
    office.small.calendars.before_apply.append(away)
    office.small.sync()
    assert office.get(STATUS)["errors"] == [first]
    office.small.sync()
    assert office.get(STATUS)["errors"] == []
    office.small.assert_agreement()


def test_a_calendar_that_cannot_be_read_is_an_error_until_it_can(office: Office) -> None:
    office.small.sync()
    office.small.calendars.unreadable.add(ONE)
    office.small.sync()
    since = rfc_3339(office.small.clock)
    office.small.tick(60)
    office.small.sync()
    [error] = office.get(STATUS)["errors"]
    assert (error["code"], error["since"]) == ("notFound", since)
    office.small.calendars.unreadable.clear()
    office.small.sync()
    assert office.get(STATUS)["errors"] == []


def test_a_refused_record_is_an_error_with_its_name_until_it_changes(office: Office) -> None:
    office.small.calendars.refuse_titles.add("Visit")
    office.small.arrive("vis_1")
    office.small.sync()
    refused_at = rfc_3339(office.small.clock)
    status = office.get(STATUS)
    [error] = status["errors"]
    assert (error["record"], error["since"]) == ("vis_1", refused_at)
    assert set(error) == {"code", "message", "since", "record"}
    assert (status["needs_attention"], status["conflicts"]) == (1, 0)
    office.small.tick(60)
    office.small.sync()
    assert office.get(STATUS)["errors"][0]["since"] == refused_at
    office.small.calendars.refuse_titles.clear()
    office.small.arrive("vis_1", notes="Now")
    office.small.sync()
    assert office.get(STATUS)["errors"] == []
    assert office.get(STATUS)["needs_attention"] == 0


def test_a_visit_that_two_calendars_refuse_needs_attention_once(office: Office) -> None:
    office.small.calendars.refuse_titles.add("Visit")
    office.small.arrive("vis_1", team=("usr_1", "usr_2"))
    office.small.sync()
    status = office.get(STATUS)
    assert status["needs_attention"] == 1
    assert [error["record"] for error in status["errors"]] == ["vis_1"]


def test_what_was_disconnected_has_nothing_that_waits_for_anybody(office: Office) -> None:
    office.small.arrive("vis_1")
    office.small.sync()
    for _ in range(3):
        [remote_id] = office.small.calendars.live(ONE)
        office.small.calendars.person_deletes(ONE, remote_id)
        office.small.sync()
    office.small.calendars.refuse_titles.add("Visit")
    office.small.arrive("vis_2")
    office.small.sync()
    before = office.get(STATUS)
    assert (before["conflicts"], before["needs_attention"], bool(before["errors"])) == (1, 2, True)
    office.small.store.connections.disconnect(office.small.account_id, GOOGLE, office.small.clock)
    status = office.get(STATUS)
    assert (status["connected"], status["errors"]) == (False, [])
    assert (status["conflicts"], status["needs_attention"], status["pending_events"]) == (0, 0, 0)


def test_a_refused_record_that_is_no_longer_wanted_is_no_error(office: Office) -> None:
    office.small.calendars.refuse_titles.add("Visit")
    office.small.arrive("vis_1")
    office.small.sync()
    office.small.arrive("vis_1", team=())
    office.small.sync()
    assert office.get(STATUS)["errors"] == []


def test_an_event_that_people_keep_deleting_is_a_conflict(office: Office) -> None:
    office.small.arrive("vis_1")
    office.small.sync()
    for _ in range(3):
        [remote_id] = office.small.calendars.live(ONE)
        office.small.calendars.person_deletes(ONE, remote_id)
        office.small.sync()
    status = office.get(STATUS)
    assert (status["conflicts"], status["needs_attention"]) == (1, 1)


def test_a_revoked_grant_is_not_connected_with_one_error(office: Office) -> None:
    def revoked() -> None:
        raise ConnectionRevoked("Google no longer accepts the grant. Connect again.")

    office.small.arrive("vis_1")
    office.small.calendars.before_apply.append(revoked)
    office.small.sync()
    status = office.get(STATUS)
    assert status["connected"] is False
    assert [error["code"] for error in status["errors"]] == ["INTEGRATION_NOT_CONNECTED"]
    assert status["next_scheduled_sync_at"] is None
    office.small.reconnect()
    office.small.sync()
    assert office.get(STATUS)["errors"] == []


def test_an_unknown_parameter_is_refused_by_name(office: Office) -> None:
    for path in (STATUS, API):
        answer = office.client.get(path, params={"verbose": 1})
        assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["verbose"]
