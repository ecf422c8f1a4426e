"""calendarView/delta of the Outlook simulator: windows, rounds, pages, what is removed, links that expire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.outlook import IMMUTABLE, TECH, WINDOW, Graph, code, event, served_outlook

SERIES: dict[str, Any] = {
    "subject": "Stand-up",
    "start": "2026-12-07T09:00:00-05:00",
    "end": "2026-12-07T09:15:00-05:00",
    "recurrence": {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-12-07", "numberOfOccurrences": 4},
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Graph]:
    with served_outlook() as graph:
        yield graph


@pytest.fixture
def graph(server: Graph) -> Graph:
    server.start_over()
    return server


def subjects(items: list[dict[str, Any]]) -> list[str]:
    return [item["subject"] for item in items if "subject" in item]


def removed(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["id"], item["@removed"]["reason"]) for item in items if "@removed" in item]


class TestRounds:
    def test_the_first_round_tells_all_that_touches_the_window(self, graph: Graph) -> None:
        for day in ("2026-10-31", "2026-11-01", "2027-01-31", "2027-02-01"):
            graph.simulator.load(TECH, [event(day, subject=day)])
        items, _ = graph.round()
        assert subjects(items) == ["2026-11-01", "2027-01-31"]

    def test_a_later_round_tells_what_changed_and_nothing_else(self, graph: Graph) -> None:
        first, _ = (graph.create(subject=name).json()["id"] for name in ("one", "two"))
        _, link = graph.round()
        graph.patch(first, subject="changed")
        items, link = graph.round(link)
        assert subjects(items) == ["changed"]
        assert graph.round(link)[0] == []

    def test_what_changes_while_a_round_runs_comes_with_the_next(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(25)])
        page = graph.delta().json()
        first = page["value"][0]["id"]
        graph.patch(first, subject="changed")
        items, link = graph.round(page["@odata.nextLink"])
        assert subjects(items) == [str(number) for number in range(10, 25)]
        assert subjects(graph.round(link)[0]) == ["changed"]

    def test_what_is_made_while_the_first_round_runs_comes_with_the_second_alone(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(11)])
        page = graph.delta().json()
        graph.create(subject="late")
        items, link = graph.round(page["@odata.nextLink"])
        assert subjects(items) == ["10"]
        assert subjects(graph.round(link)[0]) == ["late"]

    def test_items_are_whole_but_for_extended_properties(self, graph: Graph) -> None:
        key = "String {3a1f4a5e-0c8b-4b6d-9a1e-5d2f6c7b8a90} Name Visit"
        made = graph.create(singleValueExtendedProperties=[{"id": key, "value": "1"}], transactionId="t").json()
        told = graph.round()[0][0]
        assert told.pop("@odata.type") == "#microsoft.graph.event"
        made.pop("@odata.context")
        assert told == made
        graph.simulator.set(transaction_in_delta=False)
        assert "transactionId" not in graph.round()[0][0]

    def test_ids_are_of_the_kind_that_is_preferred(self, graph: Graph) -> None:
        graph.create()
        items, link = graph.round(prefer=IMMUTABLE)
        immutable = graph.simulator.events(TECH)[0]["id"]
        assert items[0]["id"] == immutable
        graph.simulator.person_edits(TECH, immutable, subject="Pump")
        assert graph.round(link)[0][0]["id"] != immutable
        assert graph.round(link, prefer=IMMUTABLE)[0][0]["id"] == immutable

    def test_delta_may_know_of_a_change_late_and_never_skips_it(self, graph: Graph) -> None:
        made = graph.create().json()
        _, link = graph.round()
        graph.simulator.set(delta_lag=30.0)
        graph.patch(made["id"], subject="Pump")
        items, link = graph.round(link)
        assert items == []
        graph.simulator.pass_time(31)
        assert subjects(graph.round(link)[0]) == ["Pump"]

    def test_another_calendar_has_rounds_of_its_own(self, graph: Graph) -> None:
        holidays = graph.simulator.add_calendar(TECH, "Holidays")
        graph.create()
        path = f"/me/calendars/{holidays}/calendarView/delta"
        link = graph.client.get(path, params=WINDOW).json()["@odata.deltaLink"]
        graph.simulator.person_refiles(TECH, graph.simulator.events(TECH)[0]["id"], holidays)
        assert subjects(graph.round(link)[0]) == ["Boiler"]


class TestPages:
    def test_the_size_of_a_page_is_a_preference(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(7)])
        answer = graph.delta(prefer="odata.maxpagesize=3")
        assert len(answer.json()["value"]) == 3
        assert answer.headers["preference-applied"].startswith("odata.track-changes")
        assert subjects(graph.round(prefer="odata.maxpagesize=3")[0]) == [str(number) for number in range(7)]

    def test_links_are_whole_and_on_the_host_that_was_asked(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(11)])
        page = graph.delta().json()
        assert page["@odata.nextLink"].startswith(f"{graph.url}/v1.0/me/calendarView/delta?$skiptoken=")
        assert graph.round()[1].startswith(f"{graph.url}/v1.0/me/calendarView/delta?$deltatoken=")

    def test_pages_can_be_empty_and_go_on(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(15)])
        graph.simulator.set(empty_pages=True)
        page = graph.delta().json()
        assert page["value"] == []
        assert "@odata.nextLink" in page
        assert subjects(graph.round()[0]) == [str(number) for number in range(15)]

    def test_items_can_come_twice_and_changes_again(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(12)])
        graph.simulator.set(repeat_items=True)
        items, link = graph.round()
        assert subjects(items) == [*(str(number) for number in range(10)), "9", "10", "11"]
        graph.simulator.set(replays=2, repeat_items=False)
        assert subjects(graph.round(link)[0]) == ["10", "11"]

    @pytest.mark.parametrize("name", ["$select", "$filter", "$expand", "$orderby", "$search", "$top"])
    def test_query_options_are_refused(self, graph: Graph, name: str) -> None:
        assert code(graph.delta(**{name: "subject"})) == (400, "ErrorInvalidUrlQuery")

    @pytest.mark.parametrize(
        ("window", "why"),
        [
            ({"startDateTime": ""}, "ErrorInvalidParameter"),
            ({"endDateTime": "2026-10-01T00:00:00Z"}, "ErrorInvalidParameter"),
            ({"endDateTime": "soon"}, "ErrorInvalidParameter"),
            ({"endDateTime": "2036-01-01T00:00:00Z"}, "ErrorCalendarViewRangeTooBig"),
        ],
    )
    def test_a_window_that_makes_no_sense_is_refused(self, graph: Graph, window: dict[str, str], why: str) -> None:
        assert code(graph.delta(**window)) == (400, why)

    def test_a_token_that_was_changed_or_is_of_another_calendar_is_refused(self, graph: Graph) -> None:
        _, link = graph.round()
        token = link.partition("=")[2]
        assert code(graph.delta(link[:-2])) == (400, "BadRequest")
        holidays = graph.simulator.add_calendar(TECH, "Holidays")
        other = f"/me/calendars/{holidays}/calendarView/delta?$deltatoken={token}"
        assert code(graph.client.get(other)) == (400, "BadRequest")


class TestRemoved:
    def test_a_deleted_event_is_removed_also_where_nobody_knew_it(self, graph: Graph) -> None:
        known = graph.create().json()["id"]
        _, link = graph.round()
        unknown = graph.create(subject="short-lived").json()["id"]
        graph.delete(known)
        graph.delete(unknown)
        assert removed(graph.round(link)[0]) == [(known, "deleted"), (unknown, "deleted")]

    def test_a_change_outside_the_window_looks_like_a_deletion(self, graph: Graph) -> None:
        _, link = graph.round()
        graph.simulator.load(TECH, [event("2028-01-01")])
        items, _ = graph.round(link)
        assert [reason for _, reason in removed(items)] == ["deleted"]
        assert graph.get(items[0]["id"]).status_code == 200
        graph.simulator.set(outside_reason="changed")
        assert [reason for _, reason in removed(graph.round(link)[0])] == ["changed"]
        graph.simulator.set(tell_outside=False)
        assert graph.round(link)[0] == []

    def test_an_event_leaves_the_window_and_comes_back(self, graph: Graph) -> None:
        made = graph.create().json()["id"]
        _, link = graph.round()
        graph.simulator.person_moves(TECH, made, "2028-01-01T10:00:00Z", "2028-01-01T11:00:00Z")
        items, link = graph.round(link)
        assert removed(items) == [(made, "deleted")]
        graph.simulator.person_moves(TECH, made, "2026-12-01T10:00:00Z", "2026-12-01T11:00:00Z")
        assert subjects(graph.round(link)[0]) == ["Boiler"]


class TestSeries:
    def test_a_series_comes_whole_and_its_days_come_thin(self, graph: Graph) -> None:
        graph.simulator.person_creates(TECH, **SERIES)
        series, *days = graph.round()[0]
        assert (series["type"], series["subject"], len(days)) == ("seriesMaster", "Stand-up", 4)
        assert {frozenset(day) for day in days} == {
            frozenset(("@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"))
        }
        assert {day["seriesMasterId"] for day in days} == {series["id"]}
        assert [day["start"]["dateTime"][8:10] for day in days] == ["07", "08", "09", "10"]

    @pytest.mark.parametrize(
        ("pattern", "days"),
        [
            ({"type": "daily", "interval": 3}, ["07", "10", "13", "16"]),
            ({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "friday"]}, ["07", "11", "21", "25"]),
        ],
    )
    def test_a_series_may_skip_days_and_weeks(self, graph: Graph, pattern: dict[str, Any], days: list[str]) -> None:
        repeated = {"pattern": pattern, "range": SERIES["recurrence"]["range"]}
        graph.simulator.person_creates(TECH, **{**SERIES, "recurrence": repeated})
        _, *told = graph.round()[0]
        assert [day["start"]["dateTime"][8:10] for day in told] == days

    def test_a_day_that_is_deleted_is_not_always_told(self, graph: Graph) -> None:
        graph.simulator.person_creates(TECH, **SERIES)
        items, link = graph.round()
        graph.simulator.person_deletes(TECH, items[2]["id"])
        assert [one["id"] for one in graph.round(link)[0]] == [items[at]["id"] for at in (0, 1, 3, 4)]
        assert code(graph.get(items[2]["id"])) == (404, "ErrorItemNotFound")
        graph.simulator.set(deleted_occurrences_told=True)
        assert removed(graph.round(link)[0]) == [(items[2]["id"], "deleted")]

    def test_a_series_is_deleted_with_its_days(self, graph: Graph) -> None:
        graph.simulator.person_creates(TECH, **SERIES)
        items, link = graph.round()
        graph.simulator.person_deletes(TECH, items[0]["id"])
        assert removed(graph.round(link)[0]) == [(item["id"], "deleted") for item in items]

    def test_a_series_keeps_its_hour_across_a_change_of_the_clocks(self, graph: Graph) -> None:
        start = {"start": "2027-03-12T09:00:00-05:00", "end": "2027-03-12T10:00:00-05:00"}
        graph.simulator.person_creates(TECH, **{**SERIES, **start})
        window = {"startDateTime": "2027-03-01T00:00:00Z", "endDateTime": "2027-04-01T00:00:00Z"}
        _, *days = graph.round(**window)[0]
        assert [day["start"]["dateTime"][11:16] for day in days] == ["14:00", "14:00", "13:00", "13:00"]


class TestExpiry:
    @pytest.mark.parametrize(
        ("status", "why"), [(410, "SyncStateNotFound"), (410, "syncStateNotFound"), (400, "resyncRequired")]
    )
    def test_links_expire_in_several_spellings(self, graph: Graph, status: int, why: str) -> None:
        _, link = graph.round()
        graph.simulator.set(expired_status=status, expired_code=why)
        graph.simulator.expire_delta_links(TECH)
        answer = graph.delta(link)
        assert code(answer) == (status, why)
        assert "location" not in answer.headers

    def test_a_next_link_expires_too(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event() for _ in range(11)])
        page = graph.delta().json()
        graph.simulator.expire_delta_links()
        assert code(graph.delta(page["@odata.nextLink"])) == (410, "SyncStateNotFound")

    def test_the_answer_may_say_where_a_new_round_over_the_same_window_begins(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(), event("2028-01-01", subject="far")])
        _, link = graph.round()
        graph.simulator.set(expired_location=True)
        graph.simulator.expire_delta_links()
        location = graph.delta(link).headers["location"]
        assert location.endswith("%24deltatoken=")
        items, link = graph.round(location)
        assert subjects(items) == ["Boiler"]
        assert graph.round(link)[0] == []
