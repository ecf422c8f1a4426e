"""`visit-sync explain`."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.cli.office import Office
from tests.cli.shell import Said
from worker.cli.explain import in_words
from worker.core import books
from worker.core.documents import CalendarEvent, Document, ReviewVisit, Times
from worker.demo.company import API_KEY

GOOGLE = "google_calendar"
FIELDS = {
    "visit", "deleted", "source", "changed_at", "told_at", "client", "integrations", "pending_events", "history",
}  # fmt: skip
SYSTEM_FIELDS = {
    "integration", "connected", "remark", "error", "last_synced_at", "next_scheduled_sync_at", "active_job_id",
    "pending_events", "places",
}  # fmt: skip
PLACE_FIELDS = {
    "kind", "local_id", "target", "remote_id", "state", "agrees", "reason", "message", "shown", "wanted", "written_at",
    "conflict",
}  # fmt: skip
AT = datetime(2026, 5, 29, 8, tzinfo=UTC)


def explain(office: Office, visit_id: str, *options: str) -> Said:
    return office.shell("explain", visit_id, "--account", office.account_id, *options)


def add_visit(office: Office) -> str:
    """A new visit at FieldCamp, known here and shown on its calendar; its id."""
    told = office.company.next_visit(len(office.town.fieldcamp.visits(API_KEY)))
    office.town.fieldcamp.load_visits(API_KEY, [told])
    assert office.shell("sync", GOOGLE, "--account", office.account_id, "--wait").status == 0
    return str(told["id"])


def test_a_visit_is_explained_as_json(office: Office) -> None:
    visit_id = add_visit(office)
    asked = office.town.google.counters()
    done = explain(office, visit_id, "--json")
    assert done.status == 0, done.err
    assert office.town.google.counters() == asked, "nobody is asked"
    told = done.json
    assert set(told) == FIELDS
    assert (told["visit"]["id"], told["visit"]["status"], told["source"]) == (visit_id, "scheduled", "fieldcamp")
    assert (told["deleted"], told["pending_events"]) == (False, [])
    systems = {each["integration"]: each for each in told["integrations"]}
    assert set(systems) == {
        "fieldcamp", GOOGLE, "outlook_calendar", "quickbooks", "review_rover", "zendesk_sell",
    }  # fmt: skip
    assert all(set(each) == SYSTEM_FIELDS for each in systems.values())
    assert systems["fieldcamp"]["remark"]["code"] == "ITS_SOURCE"
    remarks = [systems[name]["remark"]["code"] for name in ("outlook_calendar", "quickbooks", "review_rover")]
    assert set(remarks) <= {"NEVER_CONNECTED", "DISCONNECTED"}
    [place] = systems[GOOGLE]["places"]
    assert set(place) == PLACE_FIELDS
    assert (place["state"], place["agrees"], place["reason"]) == ("shown", True, None)
    assert (place["shown"]["type"], place["wanted"]) == ("calendar_event", None)
    [created] = [each for each in told["history"] if each["outcome"] == "created"]
    assert (created["integration"], created["remote_id"]) == (GOOGLE, place["remote_id"])
    assert created["at"] == place["written_at"]


def test_a_visit_is_explained_on_a_page(office: Office) -> None:
    visit_id = add_visit(office)
    done = explain(office, visit_id)
    assert done.status == 0, done.err
    for words in (
        visit_id,
        "scheduled",
        "Google Calendar",
        "It shows what is wanted.",
        "It was never connected.",
        "syn_",
    ):
        assert words in done.out
    assert "visit-sync sync SYSTEM" not in done.out, "nothing is to be done"


def test_what_is_not_up_to_date_is_told_with_what_to_do(office: Office) -> None:
    visit_id = add_visit(office)
    office.town.fieldcamp.change_visit(API_KEY, visit_id, visitStatus="cancelled")
    office.shell("sync", "fieldcamp", "--account", office.account_id, "--wait")
    done = explain(office, visit_id)
    assert done.status == 0, done.err
    for words in ("cancelled", "to_remove", "CANCELLED", "visit-sync sync SYSTEM --wait"):
        assert words in done.out


def test_an_unknown_account_is_a_mistake(office: Office) -> None:
    done = office.shell("explain", "vis_0", "--account", "acc_nobody")
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert "acc_nobody" in done.err


def test_an_unknown_visit_is_one_line_and_exits_with_1(office: Office) -> None:
    done = explain(office, "vis_nowhere", "--json")
    assert done.status == 1
    assert done.is_one_line_of_complaint()
    assert "no such visit" in done.err


@pytest.mark.parametrize("visit_id", ["vis_0", "sell:1"])
def test_a_visit_whose_source_is_not_connected_exits_with_4(office: Office, visit_id: str) -> None:
    alone = office.shell("account", "create", "Nobody's", "--json").json["account_id"]
    done = office.shell("explain", visit_id, "--account", alone)
    assert done.status == 4
    assert done.is_one_line_of_complaint()
    assert "not connected" in done.err


def test_a_visit_has_to_be_named(office: Office) -> None:
    done = office.shell("explain")
    assert done.status == 2
    assert "visit-sync explain --help" in done.err


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, None),
        (
            CalendarEvent("Boiler", Times.span(AT, AT + timedelta(hours=1))),
            "Boiler, 2026-05-29T08:00:00Z to 2026-05-29T09:00:00Z",
        ),
        (CalendarEvent("Boiler", Times.days(date(2026, 5, 29))), "Boiler, 2026-05-29"),
        (ReviewVisit("ada@example.com", completed=AT), "completed 2026-05-29T08:00:00Z, paid 0.00"),
        (ReviewVisit("ada@example.com", scheduled=AT, cancelled=AT), "cancelled 2026-05-29T08:00:00Z, paid 0.00"),
        (ReviewVisit("ada@example.com"), "sent, paid 0.00"),
        (books.Invoice("58", "INV-7", total=Decimal("12.50")), "INV-7 over 12.50"),
        (books.Invoice("58", total=Decimal("12.50")), "invoice over 12.50"),
        (books.Payment("58", Decimal(40)), "40.00 paid"),
        (books.Customer("Ada Lovelace"), "Ada Lovelace"),
    ],
)
def test_what_is_shown_is_told_in_a_few_words(document: Document | None, words: str | None) -> None:
    assert in_words(document) == words
