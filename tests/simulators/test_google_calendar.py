"""Events and listings of the Google Calendar simulator: every rule that a provider may rely on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.simulators.google import OTHER, TECH, Google, event, reason, served_google


@pytest.fixture(scope="module")
def server() -> Iterator[Google]:
    with served_google() as google:
        yield google


@pytest.fixture
def google(server: Google) -> Google:
    server.start_over()
    return server


def refusal(request: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught:
        request.execute()
    return caught.value.status_code, caught.value.error_details[0]["reason"]


class TestThroughGooglesOwnClient:
    @pytest.fixture
    def service(self, google: Google) -> Iterator[Any]:
        with google.service() as service:
            yield service

    def test_an_event_is_inserted_read_changed_and_deleted(self, service: Any) -> None:
        events = service.events()
        made = events.insert(calendarId="primary", body=event(id="abcde"), sendUpdates="none").execute()
        assert made["status"] == "confirmed"
        changed = events.patch(calendarId="primary", eventId="abcde", body={"summary": "Pump"}).execute()
        assert (changed["summary"], changed["etag"] != made["etag"]) == ("Pump", True)
        assert events.list(calendarId="primary").execute()["items"] == [changed]
        assert events.delete(calendarId="primary", eventId="abcde").execute() == ""

    def test_refusals_are_errors_with_their_reason(self, google: Google, service: Any) -> None:
        events = service.events()
        google.insert("abcde")
        duplicate = events.insert(calendarId="primary", body=event(id="abcde"))
        stale = events.update(calendarId="primary", eventId="abcde", body=event())
        stale.headers["If-Match"] = '"old"'
        delete = events.delete(calendarId="primary", eventId="abcde")
        expired = events.list(calendarId="primary", syncToken=google.sync_token())
        google.simulator.expire_sync_tokens()
        assert refusal(duplicate) == (409, "duplicate")
        assert refusal(stale) == (412, "conditionNotMet")
        delete.execute()
        assert refusal(delete) == (410, "deleted")
        assert refusal(expired) == (410, "fullSyncRequired")

    def test_a_get_too_long_for_a_url_is_sent_as_a_post(self, google: Google, service: Any) -> None:
        google.insert("abcde", description="x" * 3000)
        listed = service.events().list(calendarId="primary", q="x" * 3000).execute()
        assert [item["id"] for item in listed["items"]] == ["abcde"]
        assert google.simulator.counters()["writes"] == 1
        assert [entry.operation for entry in google.simulator.journal.entries()] == ["events.insert", "events.list"]

    def test_an_access_token_that_expired_is_refreshed_once(self, google: Google, service: Any) -> None:
        service.events().list(calendarId="primary").execute()
        google.simulator.expire_access_tokens()
        service.events().list(calendarId="primary").execute()
        assert google.simulator.counters()["refreshes"] == 1


class TestIds:
    @pytest.mark.parametrize("bad", ["abcd", "ABCDE", "abc-de", "wxyz1", "a" * 1025, "abcde\n"])
    def test_an_id_outside_base32hex_is_refused(self, google: Google, bad: str) -> None:
        assert reason(google.insert(bad)) == (400, "invalid")

    def test_google_chooses_an_id_where_none_is_given(self, google: Google) -> None:
        made = google.events("POST", json=event()).json()
        assert google.events("GET", f"/{made['id']}").json() == made

    def test_the_id_of_a_deleted_event_cannot_be_used_again(self, google: Google) -> None:
        google.insert("abcde")
        assert google.events("DELETE", "/abcde").status_code == 204
        assert reason(google.insert("abcde")) == (409, "duplicate")
        assert google.simulator.events(TECH) == []

    def test_id_and_icaluid_are_not_given_together(self, google: Google) -> None:
        assert reason(google.insert("abcde", iCalUID="x@y")) == (400, "invalid")


class TestTimes:
    def test_an_instant_comes_back_in_the_offset_of_the_calendar(self, google: Google) -> None:
        made = google.insert("abcde").json()
        assert made["start"] == {"dateTime": "2026-12-01T09:00:00-05:00", "timeZone": "America/New_York"}

    def test_a_listing_in_another_zone_renders_the_same_instant(self, google: Google) -> None:
        google.insert("abcde")
        item = google.list(timeZone="Europe/Berlin").json()["items"][0]
        assert item["start"]["dateTime"] == "2026-12-01T15:00:00+01:00"
        assert reason(google.list(timeZone="Mars/Olympus")) == (400, "invalid")

    @pytest.mark.parametrize(
        ("start", "end", "why"),
        [
            (None, {"date": "2026-12-02"}, "required"),
            ({"date": "2026-12-01"}, None, "required"),
            ({}, {"date": "2026-12-02"}, "required"),
            ({"date": "2026-12-01"}, {"dateTime": "2026-12-02T10:00:00Z"}, "invalid"),
            ({"date": "2026-12-01", "dateTime": "2026-12-01T10:00:00Z"}, {"date": "2026-12-02"}, "invalid"),
            ({"date": "2026-12-01"}, {"date": "2026-12-01"}, "timeRangeEmpty"),
            ({"dateTime": "2026-12-01T10:00:00Z"}, {"dateTime": "2026-12-01T10:00:00Z"}, "timeRangeEmpty"),
            ({"dateTime": "2026-12-01T10:00:00+01:00"}, {"dateTime": "2026-12-01T09:00:00Z"}, "timeRangeEmpty"),
            ({"dateTime": "2026-12-01T10:00:00"}, {"dateTime": "2026-12-01T11:00:00"}, "invalid"),
            ({"dateTime": "2026-12-01T10:00:00Z", "timeZone": "EST5"}, {"dateTime": "2026-12-02T10:00:00Z"}, "invalid"),
            ({"date": "2026-02-30"}, {"date": "2026-03-02"}, "invalid"),
            ({"date": "2026-12-01", "zone": "x"}, {"date": "2026-12-02"}, "invalid"),
        ],
    )
    def test_times_that_make_no_sense_are_refused(self, google: Google, start: Any, end: Any, why: str) -> None:
        assert reason(google.insert("abcde", start=start, end=end)) == (400, why)
        assert google.simulator.counters()["writes"] == 0

    def test_a_local_time_is_read_in_its_own_zone(self, google: Google) -> None:
        berlin = "Europe/Berlin"
        start = {"dateTime": "2026-07-01T10:00:00", "timeZone": berlin}
        made = google.insert("abcde", start=start, end={"dateTime": "2026-07-01T11:00:00.5", "timeZone": berlin}).json()
        assert made["start"] == {"dateTime": "2026-07-01T04:00:00-04:00", "timeZone": berlin}

    def test_an_all_day_event_ends_on_the_day_after(self, google: Google) -> None:
        google.insert("abcde", start={"date": "2026-12-01"}, end={"date": "2026-12-02"})
        assert google.list(timeMin="2026-12-02T00:00:00-05:00").json()["items"] == []
        assert len(google.list(timeMin="2026-12-01T23:59:59-05:00").json()["items"]) == 1

    def test_a_recurring_event_needs_a_time_zone(self, google: Google) -> None:
        times = {"start": {"dateTime": "2026-12-01T10:00:00Z"}, "end": {"dateTime": "2026-12-01T11:00:00Z"}}
        assert reason(google.insert("abcde", recurrence=["RRULE:FREQ=DAILY"], **times)) == (400, "required")


class TestBodies:
    @pytest.mark.parametrize(
        "fields",
        [
            {"sumary": "misspelt"},
            {"colorId": "12"},
            {"colorId": 5},
            {"transparency": "busy"},
            {"visibility": "secret"},
            {"status": "done"},
            {"status": "cancelled"},
            {"summary": 5},
            {"attendees": [{"name": "x"}]},
            {"attendees": [{"email": "nobody"}]},
            {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 40_321}]}},
            {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}] * 6}},
            {"source": {"url": "ftp://x"}},
            {"extendedProperties": {"private": {"visit": 5}}},
            {"extendedProperties": {"private": {f"k{n}": "v" for n in range(301)}}},
            {"extendedProperties": {"private": {f"k{n}": "v" * 1000 for n in range(33)}}},
        ],
    )
    def test_a_body_that_google_would_not_take_is_refused(self, google: Google, fields: dict[str, Any]) -> None:
        assert google.insert("abcde", **fields).status_code == 400
        assert google.simulator.events(TECH) == []

    def test_long_keys_vanish_and_long_values_are_cut_silently(self, google: Google) -> None:
        private = {"k" * 44: "v" * 1025, "k" * 45: "lost"}
        made = google.insert("abcde", extendedProperties={"private": private}).json()
        assert made["extendedProperties"] == {"private": {"k" * 44: "v" * 1024}}

    def test_nulls_are_as_good_as_nothing(self, google: Google) -> None:
        nulls = {"colorId": None, "reminders": None, "extendedProperties": {"private": None}, "attendees": None}
        assert not google.insert("abcde", **nulls).json().keys() & {"colorId", "extendedProperties", "attendees"}

    def test_defaults_are_not_told(self, google: Google) -> None:
        made = google.insert("abcde", transparency="opaque", visibility="default", location="").json()
        assert not made.keys() & {"transparency", "visibility", "location"}

    def test_what_was_read_can_be_written_back(self, google: Google) -> None:
        made = google.insert("abcde", colorId="11", extendedProperties={"private": {"visit": "1"}}).json()
        again = google.events("PUT", "/abcde", json=made).json()
        assert again["etag"] != made["etag"]
        assert {**again, "etag": 0, "updated": 0} == {**made, "etag": 0, "updated": 0}

    def test_put_loses_what_is_left_out(self, google: Google) -> None:
        google.insert("abcde", description="old", extendedProperties={"private": {"visit": "1"}})
        changed = google.events("PUT", "/abcde", json=event()).json()
        assert not changed.keys() & {"description", "extendedProperties"}

    def test_patch_merges_objects_and_null_removes(self, google: Google) -> None:
        google.insert("abcde", description="old", extendedProperties={"private": {"one": "1", "two": "2"}})
        patch = {"description": None, "extendedProperties": {"private": {"one": None, "three": "3"}}}
        changed = google.events("PATCH", "/abcde", json=patch).json()
        assert "description" not in changed
        assert changed["extendedProperties"] == {"private": {"two": "2", "three": "3"}}

    def test_a_patch_to_all_day_needs_null_for_the_time(self, google: Google) -> None:
        google.insert("abcde")
        bare = {"start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}}
        assert reason(google.events("PATCH", "/abcde", json=bare)) == (400, "invalid")
        full = {side: {**value, "dateTime": None, "timeZone": None} for side, value in bare.items()}
        assert google.events("PATCH", "/abcde", json=full).json()["start"] == {"date": "2026-12-01"}

    def test_reminders_do_not_touch_updated(self, google: Google) -> None:
        made = google.insert("abcde").json()
        time.sleep(0.002)
        quiet = google.events("PATCH", "/abcde", json={"reminders": {"useDefault": False}}).json()
        assert (quiet["updated"], quiet["etag"] != made["etag"]) == (made["updated"], True)
        loud = google.events("PATCH", "/abcde", json={"summary": "new"}).json()
        assert loud["updated"] > made["updated"]

    def test_unknown_query_parameters_are_refused(self, google: Google) -> None:
        assert google.events("POST", params={"sendUpdate": "none"}, json=event()).status_code == 400
        assert google.events("POST", params={"sendUpdates": "nobody"}, json=event()).status_code == 400

    def test_a_body_that_is_no_json_is_refused(self, google: Google) -> None:
        assert reason(google.events("POST", content=b"{")) == (400, "parseError")


class TestPreconditions:
    def test_a_stale_etag_changes_nothing(self, google: Google) -> None:
        old = google.insert("abcde").json()["etag"]
        new = google.events("PATCH", "/abcde", json={"summary": "new"}, headers={"If-Match": old}).json()["etag"]
        for method, body in (("PATCH", {"summary": "x"}), ("PUT", event()), ("DELETE", None)):
            assert reason(google.events(method, "/abcde", json=body, headers={"If-Match": old})) == (
                412,
                "conditionNotMet",
            )
        assert google.events("DELETE", "/abcde", headers={"If-Match": new}).status_code == 204
        assert google.simulator.counters()["writes"] == 3

    def test_an_unchanged_event_is_not_sent_again(self, google: Google) -> None:
        etag = google.insert("abcde").headers["etag"]
        answer = google.events("GET", "/abcde", headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content) == (304, b"")
        google.simulator.person_edits(TECH, "abcde", summary="new")
        assert google.events("GET", "/abcde", headers={"If-None-Match": etag}).status_code == 200


class TestDeletion:
    def test_get_answers_a_deleted_event_as_cancelled(self, google: Google) -> None:
        google.insert("abcde")
        google.simulator.person_deletes(TECH, "abcde")
        answer = google.events("GET", "/abcde")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert reason(google.events("GET", "/fffff")) == (404, "notFound")

    def test_deleting_twice_is_gone_and_deleting_the_unknown_not_found(self, google: Google) -> None:
        google.insert("abcde")
        assert google.events("DELETE", "/abcde").content == b""
        assert reason(google.events("DELETE", "/abcde")) == (410, "deleted")
        assert reason(google.events("DELETE", "/fffff")) == (404, "notFound")

    def test_a_deleted_event_comes_back_only_with_status_confirmed(self, google: Google) -> None:
        google.insert("abcde")
        google.events("DELETE", "/abcde")
        assert google.events("PUT", "/abcde", json=event()).json()["status"] == "cancelled"
        assert google.events("PUT", "/abcde", json=event(status="confirmed")).json()["status"] == "confirmed"
        assert len(google.list().json()["items"]) == 1
        google.events("DELETE", "/abcde")
        google.simulator.set(undelete_forbidden=True)
        assert reason(google.events("PUT", "/abcde", json=event(status="confirmed"))) == (403, "forbidden")

    def test_full_listings_have_no_tombstones_unless_asked(self, google: Google) -> None:
        google.insert("abcde")
        google.events("DELETE", "/abcde")
        assert google.list().json()["items"] == []
        shown = google.list(showDeleted="true").json()["items"]
        assert [(item["id"], item["status"]) for item in shown] == [("abcde", "cancelled")]
        assert shown[0].keys() == {"kind", "etag", "id", "status"}


class TestPages:
    def test_a_page_holds_250_events_by_default_and_2500_at_most(self, google: Google) -> None:
        google.simulator.load(TECH, (event(summary=str(number)) for number in range(2600)))
        assert len(google.list().json()["items"]) == 250
        first = google.list(maxResults=9999).json()
        assert (len(first["items"]), "nextSyncToken" in first) == (2500, False)
        last = google.list(maxResults=9999, pageToken=first["nextPageToken"]).json()
        assert (len(last["items"]), "nextPageToken" in last) == (100, False)
        assert "nextSyncToken" in last
        assert google.list(maxResults=0).status_code == 400

    def test_empty_pages_can_have_a_next_page(self, google: Google) -> None:
        google.insert("abcde")
        google.insert("abcdf")
        google.simulator.set(empty_pages=True)
        pages, params = [], {"maxResults": "1"}
        while "nextSyncToken" not in (page := google.list(**params).json()):
            pages.append([item["id"] for item in page["items"]])
            params["pageToken"] = page["nextPageToken"]
        assert pages == [[], ["abcde"], []]
        assert [item["id"] for item in page["items"]] == ["abcdf"]

    def test_a_page_token_belongs_to_its_listing(self, google: Google) -> None:
        google.insert("abcde")
        google.insert("abcdf")
        token = google.list(maxResults=1).json()["nextPageToken"]
        assert reason(google.list(maxResults=1, pageToken=token, q="x")) == (400, "invalid")
        assert reason(google.list(pageToken=token[:-1] + "x")) == (400, "invalid")
        assert google.events("GET", calendar=OTHER, params={"pageToken": token}).status_code == 404

    def test_what_changes_while_paging_is_in_the_next_listing(self, google: Google) -> None:
        for event_id in ("aaaa1", "aaaa2", "aaaa3"):
            google.insert(event_id)
        first = google.list(maxResults=2).json()
        google.simulator.person_edits(TECH, "aaaa1", summary="late")
        google.simulator.person_deletes(TECH, "aaaa3")
        last = google.list(maxResults=2, pageToken=first["nextPageToken"]).json()
        changes = google.list(syncToken=last["nextSyncToken"]).json()["items"]
        assert last["items"] == []
        assert [(item["id"], item["status"]) for item in changes] == [("aaaa1", "confirmed"), ("aaaa3", "cancelled")]

    def test_partial_responses_hold_what_was_asked_for(self, google: Google) -> None:
        google.insert("abcde")
        page = google.list(fields="nextSyncToken,items(id,start/dateTime)").json()
        assert page.keys() == {"nextSyncToken", "items"}
        assert page["items"] == [{"id": "abcde", "start": {"dateTime": "2026-12-01T09:00:00-05:00"}}]
        assert google.list(fields="items(id").status_code == 400


class TestSelection:
    def test_time_min_is_on_the_end_and_time_max_on_the_start_both_exclusive(self, google: Google) -> None:
        google.insert("abcde")

        def found(**bounds: str) -> bool:
            return bool(google.list(**bounds).json()["items"])

        assert found(timeMin="2026-12-01T14:59:59Z")
        assert not found(timeMin="2026-12-01T15:00:00Z")
        assert found(timeMax="2026-12-01T14:00:01Z")
        assert not found(timeMax="2026-12-01T14:00:00Z")
        assert found(timeMin="2026-12-01T14:30:00Z", timeMax="2026-12-01T14:31:00Z")

    @pytest.mark.parametrize(
        "params",
        [
            {"timeMin": "2026-12-01T00:00:00"},
            {"timeMin": "2026-12-01"},
            {"timeMin": "2026-12-02T00:00:00Z", "timeMax": "2026-12-01T00:00:00Z"},
            {"orderBy": "startTime"},
            {"orderBy": "summary", "singleEvents": "true"},
            {"singleEvents": "yes"},
            {"privateExtendedProperty": "visit"},
            {"eventTypes": "party"},
            {"timemin": "2026-12-01T00:00:00Z"},
        ],
    )
    def test_parameters_that_make_no_sense_are_refused(self, google: Google, params: dict[str, str]) -> None:
        assert google.list(**params).status_code == 400

    def test_listings_are_ordered_by_start_or_update_over_pages(self, google: Google) -> None:
        for event_id, day in (("aaaa1", "2026-12-03"), ("aaaa2", "2026-12-01"), ("aaaa3", "2026-12-02")):
            google.events("POST", json=event(day, id=event_id))

        def order(**params: str) -> list[str]:
            first = google.list(maxResults="2", **params).json()
            last = google.list(maxResults="2", pageToken=first["nextPageToken"], **params).json()
            return [item["id"] for item in first["items"] + last["items"]]

        assert order() == ["aaaa1", "aaaa2", "aaaa3"]
        assert order(orderBy="startTime", singleEvents="true") == ["aaaa2", "aaaa3", "aaaa1"]

    def test_events_are_found_by_private_property_and_by_text(self, google: Google) -> None:
        google.insert("abcde", extendedProperties={"private": {"visit": "vis_1"}})
        google.insert("abcdf", summary="Chimney")
        one = google.list(privateExtendedProperty="visit=vis_1").json()
        assert [item["id"] for item in one["items"]] == ["abcde"]
        assert [item["id"] for item in google.list(q="chimney").json()["items"]] == ["abcdf"]

    def test_updated_min_tells_of_deletions_and_must_not_be_too_old(self, google: Google) -> None:
        google.insert("abcde")
        google.events("DELETE", "/abcde")
        now = datetime.now(UTC)
        recent = google.list(updatedMin=(now - timedelta(hours=1)).isoformat()).json()["items"]
        assert [item["status"] for item in recent] == ["cancelled"]
        old = google.list(updatedMin=(now - timedelta(days=40)).isoformat())
        assert reason(old) == (410, "updatedMinTooLongAgo")


class TestSyncTokens:
    def test_an_incremental_listing_tells_changes_and_bare_tombstones(self, google: Google) -> None:
        google.insert("abcde")
        google.insert("abcdf")
        token = google.sync_token()
        google.simulator.person_moves(TECH, "abcde", "2026-12-05T14:00:00Z", "2026-12-05T15:00:00Z")
        google.simulator.person_deletes(TECH, "abcdf")
        made = google.simulator.person_creates(TECH, start="2026-12-24", end="2026-12-25", summary="Off")
        changes = google.list(syncToken=token).json()
        assert [item["id"] for item in changes["items"]] == ["abcde", "abcdf", made["id"]]
        assert changes["items"][1].keys() == {"kind", "etag", "id", "status"}
        assert google.list(syncToken=changes["nextSyncToken"]).json()["items"] == []

    def test_an_incremental_listing_has_pages_too(self, google: Google) -> None:
        token = google.sync_token()
        for event_id in ("aaaa1", "aaaa2", "aaaa3"):
            google.insert(event_id)
        first = google.list(syncToken=token, maxResults=2).json()
        assert "nextSyncToken" not in first
        assert reason(google.list(maxResults=2, pageToken=first["nextPageToken"])) == (400, "invalid")
        last = google.list(syncToken=token, maxResults=2, pageToken=first["nextPageToken"]).json()
        assert [item["id"] for item in first["items"] + last["items"]] == ["aaaa1", "aaaa2", "aaaa3"]
        assert google.list(syncToken=last["nextSyncToken"]).json()["items"] == []

    def test_the_same_token_can_be_used_again(self, google: Google) -> None:
        token = google.sync_token()
        google.insert("abcde")
        assert google.list(syncToken=token).json()["items"] == google.list(syncToken=token).json()["items"] != []

    @pytest.mark.parametrize(
        "forbidden",
        [
            {"timeMin": "2026-12-01T00:00:00Z"},
            {"timeMax": "2026-12-01T00:00:00Z"},
            {"updatedMin": "2026-11-20T00:00:00Z"},
            {"orderBy": "updated"},
            {"q": "x"},
            {"iCalUID": "x"},
            {"privateExtendedProperty": "a=b"},
            {"sharedExtendedProperty": "a=b"},
            {"showDeleted": "false"},
        ],
    )
    def test_a_sync_token_refuses_what_it_must_not_be_combined_with(
        self, google: Google, forbidden: dict[str, str]
    ) -> None:
        assert reason(google.list(syncToken=google.sync_token(), **forbidden)) == (400, "badRequest")

    def test_a_sync_token_is_bound_to_its_parameters_and_calendar(self, google: Google) -> None:
        token = google.sync_token(singleEvents="true")
        assert google.list(syncToken=token, singleEvents="true", maxResults=5).status_code == 200
        assert reason(google.list(syncToken=token)) == (400, "invalid")
        assert reason(google.list(syncToken="nonsense", singleEvents="true")) == (400, "invalid")
        google.simulator.add_calendar("second", TECH)
        second = google.events("GET", calendar="second", params={"syncToken": token, "singleEvents": "true"})
        assert reason(second) == (400, "invalid")

    @pytest.mark.parametrize("params", [{"orderBy": "updated"}, {"q": "x"}, {"privateExtendedProperty": "a=b"}])
    def test_ordered_and_filtered_listings_give_no_sync_token(self, google: Google, params: dict[str, str]) -> None:
        assert not google.list(**params).json().keys() & {"nextSyncToken", "nextPageToken"}

    def test_the_window_of_the_first_listing_is_carried_by_the_token(self, google: Google) -> None:
        google.insert("abcde")
        token = google.sync_token(timeMin="2026-12-01T00:00:00Z", timeMax="2026-12-31T00:00:00Z")
        google.events("POST", json=event("2027-03-01", id="fffff"))
        assert google.list(syncToken=token).json()["items"] == []
        google.simulator.person_moves(TECH, "abcde", "2027-05-01T14:00:00Z", "2027-05-01T15:00:00Z")
        assert [item["id"] for item in google.list(syncToken=token).json()["items"]] == ["abcde"]
        google.simulator.set(left_window="hidden")
        assert google.list(syncToken=token).json()["items"] == []

    def test_expired_tokens_ask_for_a_full_sync_which_tells_no_deletions(self, google: Google) -> None:
        google.insert("abcde")
        token = google.sync_token()
        google.simulator.person_deletes(TECH, "abcde")
        google.simulator.expire_sync_tokens(TECH)
        assert reason(google.list(syncToken=token)) == (410, "fullSyncRequired")
        full = google.list().json()
        assert full["items"] == []
        assert google.list(syncToken=full["nextSyncToken"]).status_code == 200


class TestMoreWaysToWrite:
    def test_a_moved_event_leaves_a_cancelled_stub(self, google: Google) -> None:
        google.simulator.add_calendar("second", TECH)
        google.insert("abcde")
        answer = google.events("POST", "/abcde/move", params={"destination": "second"})
        assert answer.json()["id"] == "abcde"
        assert google.simulator.events(TECH, include_deleted=True)[0]["status"] == "cancelled"
        back = google.events("POST", "/abcde/move", calendar="second", params={"destination": "primary"})
        assert (back.status_code, len(google.simulator.events(TECH))) == (200, 1)
        assert google.events("POST", "/abcde/move", params={"destination": "unknown"}).status_code == 404

    def test_an_import_needs_an_icaluid_and_replaces_its_earlier_copy(self, google: Google) -> None:
        assert reason(google.events("POST", "/import", json=event())) == (400, "required")
        first = google.events("POST", "/import", json=event(iCalUID="a@b")).json()
        second = google.events("POST", "/import", json=event(iCalUID="a@b", summary="again")).json()
        assert (first["id"], second["summary"]) == (second["id"], "again")

    def test_mails_are_counted_and_none_is_sent_without_guests_or_leave(self, google: Google) -> None:
        guests = [{"email": TECH}, {"email": "boss@example.com"}, {"email": "client@else.where"}]
        google.events("POST", params={"sendUpdates": "all"}, json=event())
        google.events("POST", params={"sendUpdates": "none"}, json=event(attendees=guests))
        assert google.simulator.counters()["mails"] == 0
        google.events("POST", params={"sendUpdates": "externalOnly"}, json=event(attendees=guests))
        assert google.simulator.counters()["mails"] == 1
        google.events("POST", params={"sendUpdates": "all"}, json=event(attendees=guests))
        assert google.simulator.counters()["mails"] == 3
        assert google.simulator.counters()["without_send_updates"] == 0


class TestSpeed:
    def test_a_big_calendar_is_listed_in_pages_and_a_change_is_found_at_once(self, google: Google) -> None:
        google.simulator.load(TECH, (event() for _ in range(20_000)))
        began, count = time.monotonic(), 0
        params = {"maxResults": "2500", "fields": "items/id,nextPageToken,nextSyncToken"}
        while "nextSyncToken" not in (page := google.list(**params).json()):
            count += len(page["items"])
            params["pageToken"] = page["nextPageToken"]
        assert count + len(page["items"]) == 20_000
        assert time.monotonic() - began < 2
        google.insert("abcde")
        began = time.monotonic()
        changes = google.list(syncToken=page["nextSyncToken"]).json()["items"]
        assert [item["id"] for item in changes] == ["abcde"]
        assert time.monotonic() - began < 0.2
