"""Events of the Outlook simulator: what it takes, what it tells, and listings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.outlook import TECH, Graph, code, event, served_outlook

NEW_YORK, BERLIN = "Eastern Standard Time", "Europe/Berlin"


@pytest.fixture(scope="module")
def server() -> Iterator[Graph]:
    with served_outlook() as graph:
        yield graph


@pytest.fixture
def graph(server: Graph) -> Graph:
    server.start_over()
    return server


class TestEvents:
    def test_an_event_is_made_read_changed_and_deleted(self, graph: Graph) -> None:
        made = graph.create(subject="Boiler")
        told = made.json()
        assert made.status_code == 201
        changed = graph.patch(told["id"], subject="Pump").json()
        assert (changed["subject"], changed["start"]) == ("Pump", told["start"])
        assert graph.get(told["id"]).json() == changed
        assert graph.delete(told["id"]).status_code == 204
        assert code(graph.get(told["id"])) == code(graph.delete(told["id"])) == (404, "ErrorItemNotFound")

    def test_each_write_changes_the_version(self, graph: Graph) -> None:
        made = graph.create().json()
        again = graph.patch(made["id"], subject="Boiler").json()
        assert made["@odata.etag"] == f'W/"{made["changeKey"]}"'
        assert again["changeKey"] != made["changeKey"]

    def test_a_write_guarded_by_an_old_version_is_refused_and_changes_nothing(self, graph: Graph) -> None:
        made = graph.create().json()
        seen = {"if-match": made["@odata.etag"]}
        assert graph.patch(made["id"], seen, subject="Pump").status_code == 200
        assert code(graph.patch(made["id"], seen, subject="Fan")) == (412, "ErrorIrresolvableConflict")
        assert code(graph.delete(made["id"], headers=seen)) == (412, "ErrorIrresolvableConflict")
        assert graph.get(made["id"]).json()["subject"] == "Pump"

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"sumary": "misspelt"}, "RequestBodyRead"),
            ({"showAs": "opaque"}, "RequestBodyRead"),
            ({"isAllDay": "yes"}, "RequestBodyRead"),
            ({"categories": "Visit"}, "RequestBodyRead"),
            ({"location": {"name": "Here"}}, "RequestBodyRead"),
            ({"body": {"contentType": "markdown", "content": "x"}}, "RequestBodyRead"),
            ({"subject": "x" * 256}, "ErrorPropertyValidationFailure"),
            ({"changeKey": "mine"}, "ErrorPropertyValidationFailure"),
            ({"attendees": [{"emailAddress": {"name": "nobody"}}]}, "ErrorPropertyValidationFailure"),
            ({"singleValueExtendedProperties": [{"id": "Visit", "value": "1"}]}, "ErrorInvalidProperty"),
        ],
    )
    def test_a_body_that_graph_does_not_know_is_refused(self, graph: Graph, fields: dict[str, Any], why: str) -> None:
        assert code(graph.create(**fields)) == (400, why)
        assert graph.simulator.counters()["writes"] == 0

    def test_a_body_must_say_that_it_is_json(self, graph: Graph) -> None:
        answer = graph.client.post("/me/events", content=json.dumps(event()))
        assert answer.status_code == 415

    def test_html_comes_back_rewritten(self, graph: Graph) -> None:
        given = "<P onclick='x()'>Boiler &amp; pump<br/>Gate 4&nbsp;B</P><script>alert(1)</script>\n<!-- note -->"
        told = graph.create(body={"contentType": "HTML", "content": given}).json()
        assert told["body"]["contentType"] == "html"
        assert told["body"]["content"].startswith("<html><head>\r\n<meta")
        assert "<p>Boiler &amp; pump<br>Gate 4\xa0B</p>" in told["body"]["content"]
        assert not any(gone in told["body"]["content"] for gone in ("onclick", "script", "alert", "note"))
        assert told["bodyPreview"] == "Boiler & pump\r\nGate 4\xa0B"

    def test_what_was_rewritten_once_stays_as_it_is(self, graph: Graph) -> None:
        told = graph.create(body={"contentType": "html", "content": "<p>Boiler</p>"}).json()
        assert graph.patch(told["id"], body=told["body"]).json()["body"] == told["body"]

    def test_a_plain_text_comes_back_as_html_or_as_text_where_that_is_preferred(self, graph: Graph) -> None:
        made = graph.create(body={"contentType": "text", "content": "Gate <4>\nRing"}).json()
        assert "Gate &lt;4&gt;<br>\r\nRing" in made["body"]["content"]
        told = graph.get(made["id"], headers={"prefer": 'outlook.body-content-type="text"'}).json()
        assert told["body"] == {"contentType": "text", "content": "Gate <4>\r\nRing"}

    def test_a_location_takes_the_place_of_all_locations(self, graph: Graph) -> None:
        made = graph.create(locations=[{"displayName": "Here"}, {"displayName": "There"}]).json()
        assert made["location"]["displayName"] == "Here; There"
        changed = graph.patch(made["id"], location={"displayName": "Yard"}).json()
        assert changed["locations"] == [changed["location"]]
        assert changed["location"]["uniqueId"] == "Yard"

    def test_guests_are_told_by_mail_of_what_is_made_changed_and_deleted(self, graph: Graph) -> None:
        guests = [{"emailAddress": {"address": f"{name}@example.com"}, "type": "required"} for name in ("a", "b")]
        made = graph.create(attendees=guests).json()
        graph.patch(made["id"], subject="Pump")
        graph.patch(made["id"], attendees=guests[:1])
        graph.delete(made["id"])
        assert graph.simulator.counters()["mails"] == 2 + 2 + 1 + 1

    def test_without_guests_nobody_gets_a_mail(self, graph: Graph) -> None:
        made = graph.create().json()
        graph.patch(made["id"], subject="Pump")
        graph.delete(made["id"])
        assert graph.simulator.counters()["mails"] == 0

    def test_each_answer_names_itself_and_repeats_the_name_that_the_caller_gave(self, graph: Graph) -> None:
        answer = graph.get("nonsense", headers={"client-request-id": "mine"})
        inner = answer.json()["error"]["innerError"]
        assert answer.headers["request-id"] == inner["request-id"]
        assert answer.headers["client-request-id"] == inner["client-request-id"] == "mine"


class TestTimes:
    def test_times_are_told_in_utc_with_seven_digits_and_no_offset(self, graph: Graph) -> None:
        told = graph.create().json()
        assert told["start"] == {"dateTime": "2026-12-01T14:00:00.0000000", "timeZone": "UTC"}

    def test_times_are_told_in_the_zone_that_is_preferred(self, graph: Graph) -> None:
        made = graph.create().json()
        answer = graph.get(made["id"], headers={"prefer": 'outlook.timezone="W. Europe Standard Time"'})
        zone = "W. Europe Standard Time"
        assert answer.json()["end"] == {"dateTime": "2026-12-01T16:00:00.0000000", "timeZone": zone}
        assert "outlook.timezone" in answer.headers["preference-applied"]
        wrong = graph.get(made["id"], headers={"prefer": 'outlook.timezone="Mars"'})
        assert code(wrong) == (400, "TimeZoneNotSupportedException")

    def test_a_zone_comes_back_by_its_windows_name_unless_it_is_set_otherwise(self, graph: Graph) -> None:
        made = graph.create().json()
        assert made["originalStartTimeZone"] == NEW_YORK
        graph.simulator.set(zones_come_back="as_sent")
        assert graph.get(made["id"]).json()["originalStartTimeZone"] == "America/New_York"

    def test_windows_zones_are_taken_too(self, graph: Graph) -> None:
        start = {"dateTime": "2026-07-01T09:00:00", "timeZone": NEW_YORK}
        made = graph.create(start=start, end={"dateTime": "2026-07-01T16:00:00", "timeZone": BERLIN}).json()
        assert (made["start"]["dateTime"][11:16], made["end"]["dateTime"][11:16]) == ("13:00", "14:00")
        assert code(graph.create(start=start, end=start | {"timeZone": "Mars"})) == (
            400,
            "TimeZoneNotSupportedException",
        )

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (None, {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"}),
            ({"dateTime": "2026-12-01T10:00:00Z", "timeZone": "UTC"}, {"dateTime": "2026-12-02", "timeZone": "UTC"}),
            ({"dateTime": "2026-12-01T10:00:00"}, {"dateTime": "2026-12-01T11:00:00"}),
            ({"dateTime": "2026-12-01T10:00", "timeZone": "UTC"}, {"dateTime": "2026-12-01T09:59", "timeZone": "UTC"}),
            ({"date": "2026-12-01"}, {"date": "2026-12-02"}),
            ({"dateTime": "2026-02-30T10:00", "timeZone": "UTC"}, {"dateTime": "2026-03-30T10:00", "timeZone": "UTC"}),
        ],
    )
    def test_times_that_make_no_sense_are_refused(self, graph: Graph, start: Any, end: Any) -> None:
        assert graph.create(start=start, end=end).status_code == 400
        assert graph.simulator.counters()["writes"] == 0

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (("2026-12-01T00:00:00", NEW_YORK), ("2026-12-01T12:00:00", NEW_YORK)),
            (("2026-12-01T08:00:00", NEW_YORK), ("2026-12-02T08:00:00", NEW_YORK)),
            (("2026-12-01T00:00:00", NEW_YORK), ("2026-12-02T00:00:00", BERLIN)),
            (("2026-12-01T00:00:00", NEW_YORK), ("2026-12-01T00:00:00", NEW_YORK)),
        ],
    )
    def test_an_all_day_event_runs_from_midnight_to_midnight_of_one_zone(
        self, graph: Graph, start: tuple[str, str], end: tuple[str, str]
    ) -> None:
        sides = {name: {"dateTime": at, "timeZone": zone} for name, (at, zone) in (("start", start), ("end", end))}
        assert code(graph.create(isAllDay=True, **sides)) == (400, "ErrorPropertyValidationFailure")

    def test_an_all_day_event_stays_on_its_day_in_every_zone(self, graph: Graph) -> None:
        sides = {
            name: {"dateTime": f"2026-12-0{day}T00:00:00", "timeZone": NEW_YORK}
            for name, day in (("start", 1), ("end", 2))
        }
        made = graph.create(isAllDay=True, **sides).json()
        told = graph.get(made["id"], headers={"prefer": f'outlook.timezone="{BERLIN}"'}).json()
        assert told["start"] == {"dateTime": "2026-12-01T00:00:00.0000000", "timeZone": BERLIN}
        assert made["end"]["dateTime"] == "2026-12-02T00:00:00.0000000"

    def test_to_and_from_all_day_start_and_end_come_along(self, graph: Graph) -> None:
        made = graph.create().json()
        sides = {
            name: {"dateTime": f"2026-12-0{day}T00:00:00", "timeZone": NEW_YORK}
            for name, day in (("start", 1), ("end", 2))
        }
        assert code(graph.patch(made["id"], isAllDay=True)) == (400, "ErrorPropertyValidationFailure")
        assert graph.patch(made["id"], isAllDay=True, **sides).status_code == 200
        assert graph.patch(made["id"], start=sides["start"]).status_code == 400


class TestListings:
    def test_a_listing_has_pages_and_each_event_once(self, graph: Graph) -> None:
        graph.simulator.load(TECH, [event(subject=str(number)) for number in range(23)])
        page, subjects = graph.client.get("/me/events", params={"$select": "subject"}).json(), []
        while True:
            subjects += [one["subject"] for one in page["value"]]
            if "@odata.nextLink" not in page:
                break
            page = graph.client.get(page["@odata.nextLink"]).json()
        assert subjects == [str(number) for number in range(23)]

    def test_what_is_deleted_is_listed_no_more(self, graph: Graph) -> None:
        graph.delete(graph.create().json()["id"])
        assert graph.client.get("/me/events").json()["value"] == []

    def test_select_tells_what_it_names_and_refuses_what_there_is_not(self, graph: Graph) -> None:
        graph.create()
        told = graph.client.get("/me/events", params={"$select": "subject", "$top": "1"}).json()["value"]
        assert [one.keys() for one in told] == [{"@odata.etag", "id", "subject"}]
        assert code(graph.client.get("/me/events", params={"$select": "title"})) == (400, "BadRequest")
        assert code(graph.client.get("/me/events", params={"$top": "1001"})) == (400, "ErrorInvalidUrlQuery")
        assert code(graph.client.get("/me/events", params={"top": "1"})) == (400, "ErrorInvalidUrlQuery")

    def test_the_view_of_a_window_shows_each_day_of_a_series(self, graph: Graph) -> None:
        graph.simulator.person_creates(
            TECH,
            subject="Stand-up",
            start="2026-12-07T09:00:00-05:00",
            end="2026-12-07T09:15:00-05:00",
            recurrence={
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "thursday"]},
                "range": {"type": "endDate", "startDate": "2026-12-07", "endDate": "2026-12-31"},
            },
        )
        window = {"startDateTime": "2026-12-10T00:00:00", "endDateTime": "2026-12-18T00:00:00"}
        told = graph.client.get("/me/calendarView", params=window).json()["value"]
        assert [(one["start"]["dateTime"][:10], one["type"]) for one in told] == [
            ("2026-12-10", "occurrence"),
            ("2026-12-14", "occurrence"),
            ("2026-12-17", "occurrence"),
        ]
        assert [one["type"] for one in graph.client.get("/me/events").json()["value"]] == ["seriesMaster"]
        assert graph.get(told[0]["id"]).json()["subject"] == "Stand-up"

    def test_a_path_that_there_is_not_is_refused(self, graph: Graph) -> None:
        assert code(graph.client.get("/me/evnts")) == (400, "BadRequest")
        assert code(graph.client.get("/me/events/delta")) == (400, "ErrorInvalidRequest")


class TestPeople:
    def test_a_person_moves_an_event_and_outlook_writes_it_in_the_zone_of_the_mailbox(self, graph: Graph) -> None:
        graph.simulator.set(zones_come_back="as_sent")
        made = graph.create().json()
        graph.simulator.person_moves(TECH, made["id"], "2026-12-02T14:00:00Z", "2026-12-02T15:00:00Z")
        told = graph.get(made["id"]).json()
        assert (told["start"]["dateTime"], told["originalStartTimeZone"]) == ("2026-12-02T14:00:00.0000000", NEW_YORK)
        assert told["changeKey"] != made["changeKey"]

    def test_a_person_makes_a_whole_day(self, graph: Graph) -> None:
        made = graph.simulator.person_creates(TECH, subject="Off", start="2026-12-01", end="2026-12-02")
        assert (made["isAllDay"], made["start"]["dateTime"]) == (True, "2026-12-01T00:00:00.0000000")

    def test_nobody_deletes_what_is_not_there(self, graph: Graph) -> None:
        made = graph.create().json()
        graph.simulator.person_deletes(TECH, made["id"])
        with pytest.raises(LookupError):
            graph.simulator.person_deletes(TECH, made["id"])
        assert graph.simulator.events(TECH) == []
