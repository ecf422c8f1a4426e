"""Documents as Graph's JSON and back, whatever Outlook makes of them in between."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.suite import VISIT, key
from worker.core.documents import CalendarEvent, Times
from worker.core.visits import CALENDAR
from worker.providers.outlook_calendar.bodies import html_of, text_of
from worker.providers.outlook_calendar.keys import key_of, says_whose, transaction_id
from worker.providers.outlook_calendar.mapping import CATEGORIES, change, changed_event, document, new_event
from worker.providers.outlook_calendar.zones import iana
from worker.simulators.outlook_calendar.bodies import from_text, rewritten

TEXT = 'Bring ladder <5 m> & "gloves"\n\nJob 7\n  indented\n\ttabbed  twice\nhttps://fieldcamp.example/v/1?a=1&b=2'
OUTLOOK_DESKTOP = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><title>x</title><style>p {color: red}</style></head>'
    '<body lang="EN-US"><div class="WordSection1"><p class="MsoNormal">Bring ladder<o:p></o:p></p>\r\n'
    '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\r\n<p class="MsoNormal">Job <b>7</b><o:p></o:p></p></div></body></html>'
)


def shown(document: CalendarEvent, **fields: Any) -> dict[str, Any]:
    """An event as Graph tells it after we wrote it."""
    body = new_event("acc_1", "primary", key(1), document)
    return {"id": "AAMk=", "@odata.etag": 'W/"1"', **body, **fields}


class TestBodies:
    @pytest.mark.parametrize("text", [TEXT, "one line", "a\n\n\nb", "", "nbsp\u00a0kept", "x  y   z", "<script>"])
    def test_lines_survive_what_outlook_makes_of_the_html(self, text: str) -> None:
        """Lesson 23."""
        once = rewritten(html_of(text))
        for content in (html_of(text), once, rewritten(once)):
            assert text_of({"contentType": "html", "content": content}) == text

    @given(st.text(st.sampled_from("ab \t\n<>&\u00a0é\"'"), max_size=40))
    def test_no_text_comes_back_as_another(self, text: str) -> None:
        wanted = replace(VISIT, description=text)
        html = rewritten(html_of(wanted.description))
        assert replace(VISIT, description=text_of({"contentType": "html", "content": html})) == wanted

    def test_what_a_persons_outlook_rewrites_has_the_same_lines(self) -> None:
        assert replace(VISIT, description=text_of({"contentType": "HTML", "content": OUTLOOK_DESKTOP})) == replace(
            VISIT, description="Bring ladder\n\nJob 7"
        )

    def test_a_body_of_plain_text_is_read_too(self) -> None:
        assert text_of({"contentType": "text", "content": "a\r\nb  c"}) == "a\r\nb  c"
        html = from_text("a\n\nb")
        assert replace(VISIT, description=text_of({"contentType": "html", "content": html})).description == "a\n\nb"
        assert text_of({}) == ""


class TestZones:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Eastern Standard Time", "America/New_York"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("India Standard Time", "Asia/Calcutta"),
            ("America/New_York", "America/New_York"),
            ("UTC", "UTC"),
            ("tzone://Microsoft/Custom", "UTC"),
            ("Customized Time Zone", "UTC"),
            ("../etc/passwd", "UTC"),
            ("", "UTC"),
            (None, "UTC"),
        ],
    )
    def test_both_kinds_of_names_are_known(self, name: str | None, expected: str) -> None:
        assert iana(name) == expected

    def test_a_visit_keeps_its_local_time_across_a_change_of_the_clocks(self) -> None:
        """Lesson 20: nine o'clock is sent as nine o'clock, in the connection's zone."""
        for day, hour in ((datetime(2026, 3, 7, tzinfo=UTC), 14), (datetime(2026, 3, 9, tzinfo=UTC), 13)):
            start = day.replace(hour=hour)
            body = changed_event(VISIT.moved_to(Times.span(start, start + timedelta(hours=1))))
            assert body["start"] == {"dateTime": f"{day:%Y-%m-%d}T09:00:00", "timeZone": "America/New_York"}

    def test_an_hour_that_comes_twice_is_sent_in_utc(self) -> None:
        for hour in (5, 6):
            start = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
            body = changed_event(VISIT.moved_to(Times.span(start, start + timedelta(hours=3))))
            assert body["start"] == {"dateTime": f"2026-11-01T0{hour}:30:00", "timeZone": "UTC"}
            assert body["end"]["timeZone"] == "UTC"


class TestEvents:
    def test_a_new_event_says_all_that_we_show_and_invites_nobody(self) -> None:
        assert new_event("acc_1", "Primary ", key(1), VISIT) == {
            "subject": "Ada Lovelace – Boiler",
            "body": {
                "contentType": "html",
                "content": "<div>Job 7</div><div>https://fieldcamp.example/v/1</div>",
            },
            "location": {"displayName": "1 Main St"},
            "start": {"dateTime": "2026-06-01T09:00:00", "timeZone": "America/New_York"},
            "end": {"dateTime": "2026-06-01T10:00:00", "timeZone": "America/New_York"},
            "isAllDay": False,
            "showAs": "busy",
            "categories": [],
            "transactionId": transaction_id("acc_1", "primary", key(1)),
            "singleValueExtendedProperties": [
                {"id": "String {6f1c0a52-3f0e-4c53-9a4e-5d2b8c7e91d4} Name VisitSyncKey", "value": "vis_1.0"},
                {"id": "String {6f1c0a52-3f0e-4c53-9a4e-5d2b8c7e91d4} Name VisitSyncAccount", "value": "acc_1"},
            ],
        }

    def test_what_is_empty_is_emptied_by_a_change(self) -> None:
        body = changed_event(CalendarEvent("", VISIT.times, busy=False))
        assert (body["body"]["content"], body["location"], body["categories"]) == ("", {"displayName": ""}, [])
        assert body["showAs"] == "free"
        assert not body.keys() & {"transactionId", "attendees", "singleValueExtendedProperties"}

    def test_whole_days_go_from_midnight_to_midnight_in_one_zone_and_come_back_as_dates(self) -> None:
        wanted = VISIT.moved_to(Times.days(date(2026, 3, 8), date(2026, 3, 10)))
        event = shown(wanted)
        assert event["start"] == {"dateTime": "2026-03-08T00:00:00", "timeZone": "America/New_York"}
        assert event["end"] == {"dateTime": "2026-03-10T00:00:00", "timeZone": "America/New_York"}
        told = {name: {**event[name], "dateTime": f"{event[name]['dateTime']}.0000000"} for name in ("start", "end")}
        for zone in ("UTC", "Pacific Standard Time"):
            sides = {name: {**side, "timeZone": zone} for name, side in told.items()}
            back = document({**event, **sides})
            assert back is not None
            assert back.fingerprint() == wanted.fingerprint()

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (("2026-06-01T13:00:00.0000000", "UTC"), ("2026-06-01T14:00:00.0000000", "UTC")),
            (("2026-06-01T09:00:00.0000000", "Eastern Standard Time"), ("2026-06-01T14:00:00", "UTC")),
            (("2026-06-01T18:30:00", "India Standard Time"), ("2026-06-01T10:00:00-04:00", "ignored")),
        ],
    )
    def test_instants_are_the_same_in_whatever_zone_they_are_told(
        self, start: tuple[str, str], end: tuple[str, str]
    ) -> None:
        """Lesson 22."""
        sides = {name: {"dateTime": side[0], "timeZone": side[1]} for name, side in (("start", start), ("end", end))}
        back = document(shown(VISIT, **sides, originalStartTimeZone="Eastern Standard Time"))
        assert back is not None
        assert back.fingerprint() == VISIT.fingerprint()
        assert back.time_zone == "America/New_York"

    def test_every_state_with_a_colour_of_its_own_has_a_category(self) -> None:
        states = {effect.colour for effect in CALENDAR.values() if effect is not None and effect.colour}
        assert states == set(CATEGORIES)
        for state in states:
            back = document(shown(replace(VISIT, colour=state)))
            assert back is not None
            assert back.colour == state

    def test_a_persons_own_category_is_not_taken_for_an_edit(self) -> None:
        back = document(shown(VISIT, categories=["Urgent"]))
        assert back is not None
        assert back.fingerprint() == VISIT.fingerprint()

    @pytest.mark.parametrize(
        ("told", "busy"),
        [
            ("busy", True),
            ("tentative", True),
            ("oof", True),
            ("workingElsewhere", True),
            ("unknown", True),
            ("free", False),
        ],
    )
    def test_only_free_is_free(self, told: str, busy: bool) -> None:
        back = document(shown(VISIT, showAs=told))
        assert back is not None
        assert back.busy is busy

    def test_a_change_shows_the_event_as_the_feed_does(self) -> None:
        event = shown(VISIT, lastModifiedDateTime="2026-05-29T14:03:00.1234567Z")
        told = change("acc_1", "primary", event)
        assert told is not None
        assert (told.remote_id, told.version, told.key) == ("AAMk=", 'W/"1"', key(1))
        assert told.changed_at is not None
        assert told.changed_at.replace(microsecond=0) == datetime(2026, 5, 29, 14, 3, tzinfo=UTC)
        assert told.shown == {
            "summary": "Ada Lovelace – Boiler",
            "start": "2026-06-01T13:00:00Z",
            "end": "2026-06-01T14:00:00Z",
            "status": "confirmed",
        }

    def test_an_event_without_times_is_no_change(self) -> None:
        assert change("acc_1", "primary", {"id": "x", "type": "exception"}) is None

    def test_a_location_longer_than_outlook_takes_is_cut(self) -> None:
        assert len(changed_event(replace(VISIT, location="x" * 400))["location"]["displayName"]) == 255


class TestKeys:
    def test_a_transaction_tells_its_key_and_nobody_elses(self) -> None:
        event = {"transactionId": transaction_id("acc_1", "tech1@example.com", key(1, 2))}
        assert key_of("acc_1", "Tech1@Example.com", event) == key(1, 2)
        assert key_of("acc_2", "tech1@example.com", event) is None
        assert key_of("acc_1", "tech2@example.com", event) is None

    @pytest.mark.parametrize(
        "said", [None, "", "visit-sync", "visit-sync..vis_1.0", "5d2b8c7e", "visit-sync.00.vis_1.0"]
    )
    def test_any_other_transaction_is_not_ours(self, said: str | None) -> None:
        assert key_of("acc_1", "primary", {"transactionId": said}) is None
        assert key_of("acc_1", "primary", {}) is None

    @pytest.mark.parametrize(
        ("item", "says"),
        [
            ({}, False),
            ({"type": "singleInstance", "isOrganizer": True}, False),
            ({"type": "singleInstance", "transactionId": None}, True),
            ({"type": "occurrence"}, True),
            ({"type": "seriesMaster"}, True),
            ({"type": "singleInstance", "isOrganizer": False}, True),
        ],
    )
    def test_what_cannot_be_ours_needs_no_look(self, item: dict[str, Any], says: bool) -> None:
        assert says_whose(item) is says
