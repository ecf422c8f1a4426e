"""FieldCamp as a source, against the simulated one over HTTP."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tests.sources.place import (
    KEY,
    NOON,
    NOW,
    OTHER_KEY,
    WINDOW,
    Place,
    failure,
    ids,
    read,
    stamp,
)
from worker.core.codec import decode
from worker.core.documents import Times
from worker.core.edits import Edited, Reschedule, Unschedule
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, Transient, Uncertain
from worker.core.ports import SourcePage
from worker.core.records import CLIENT, JOB, MEMBER, VISIT, Record, Visit, merged
from worker.simulators.faults import Fault
from worker.simulators.server import serve
from worker.sources.fieldcamp.calls import Rate


def moved(visit_id: str, start: datetime = NOON + timedelta(days=1), token: str = "t1") -> Reschedule:
    return Reschedule(visit_id, Times.span(start, start + timedelta(minutes=90)), token)


# Reading


def test_a_full_reading_covers_the_window_in_pages(place: Place) -> None:
    start = NOON.replace(tzinfo=UTC)
    rows = [
        {
            "id": f"vis_{number}",
            "jobId": "job_1",
            "scheduledStart": stamp(start + timedelta(hours=number)),
            "visitStatus": "scheduled",
            "unscheduled": False,
        }
        for number in range(250)
    ]
    place.simulator.load_visits(KEY, rows)
    place.visit(id="vis_old", start=WINDOW.start - timedelta(days=3))
    pages = list(place.open().changes(VISIT, None))
    assert [len(page.records) for page in pages] == [100, 100, 50]
    assert [page.total for page in pages] == [250, 250, 250]
    assert [page.cursor is None for page in pages] == [True, True, False]
    assert (pages[-1].window, pages[-1].everything) == ((WINDOW.start, WINDOW.end), False)
    assert pages[0].window is None


def test_pages_are_read_as_they_are_asked_for(place: Place) -> None:
    place.simulator.load_visits(KEY, [{"id": f"vis_{n}", "scheduledStart": stamp(NOON)} for n in range(150)])
    pages = place.open().changes(VISIT, None)
    assert place.asked("visits.list") == []
    next(pages)
    assert len(place.asked("visits.list")) == 1


def test_a_visit_with_a_date_alone_at_the_edge_of_the_window_is_read(place: Place) -> None:
    first_day = WINDOW.start.date()
    place.visit(id="vis_day", anyTime=True, scheduledStart=first_day.isoformat(), scheduledEnd=None)
    records, _ = read(place.open(), VISIT)
    assert decode(Visit, records[0].content).any_time


def test_a_later_reading_tells_of_what_changed_since(place: Place) -> None:
    updated = stamp(NOW - timedelta(hours=1))
    place.simulator.load_visits(KEY, [{"id": "vis_1", "scheduledStart": stamp(NOON), "updatedAt": updated}])
    source = place.open()
    _, last = read(source, VISIT)
    quiet, same = read(source, VISIT, last.cursor)
    assert (quiet, same.cursor, same.window, same.everything) == ([], last.cursor, None, False)
    place.simulator.change_visit(KEY, "vis_1", notes="Ring twice")
    records, after = read(source, VISIT, last.cursor)
    assert ids(records) == ["vis_1"]
    assert records[0].content["notes"] == "Ring twice"
    assert records[0].source_time == datetime.fromisoformat(place.one("vis_1")["updatedAt"])
    assert after.cursor != last.cursor


def test_what_changed_within_the_last_minute_is_read_again(place: Place) -> None:
    place.visit(id="vis_1")
    source = place.open()
    _, last = read(source, VISIT)
    assert ids(read(source, VISIT, last.cursor)[0]) == ["vis_1"]


@pytest.mark.parametrize("hours", [-5, 5])
def test_nothing_is_missed_while_the_clocks_disagree(place: Place, hours: int) -> None:
    place.simulator.configure(clock_offset_seconds=hours * 3600)
    place.visit(id="vis_1")
    source = place.open()
    _, last = read(source, VISIT)
    place.visit(id="vis_2", start=NOON + timedelta(days=1))
    assert "vis_2" in ids(read(source, VISIT, last.cursor)[0])


def test_where_since_is_not_offered_the_whole_window_is_read_again(place: Place) -> None:
    place.visit(id="vis_1")
    place.visit(id="vis_far", start=NOON + timedelta(days=100))
    source = place.open()
    records, last = read(source, VISIT)
    assert ids(records) == ["vis_1", "vis_far"]
    place.simulator.configure(since_offered=False)
    records, again = read(source, VISIT, last.cursor)
    assert ids(records) == ["vis_1", "vis_far"]
    assert again.window == last.window
    assert json.loads(again.cursor or "") == {"since": None, "offered": False}
    place.simulator.journal.clear()
    assert read(source, VISIT, again.cursor)[1].cursor == again.cursor
    assert not any("since" in query for query in place.asked())


def test_it_must_live_with_a_response_that_has_the_fields_of_the_api_document_and_nothing_else(place: Place) -> None:
    place.simulator.configure(documented_only=True)
    visit_id = place.visit(notes="Gate code 7")
    source = place.open()
    known = Record(VISIT, visit_id, {"id": visit_id, "notes": "Gate code 7"}, NOW - timedelta(hours=1), NOW)
    records, last = read(source, VISIT)
    told = records[0]
    assert set(told.content) == {"id", "job_id", "start", "end", "team", "duration_minutes", "any_time", "status"}
    assert told.source_time == told.told_at
    assert abs((told.told_at or NOW) - datetime.now(UTC)) < timedelta(seconds=20)
    kept = merged(known, told)
    assert kept is not None
    assert kept.content["notes"] == "Gate code 7"
    assert json.loads(last.cursor or "")["offered"] is False
    place.simulator.change_visit(KEY, visit_id, visitStatus="in_transit")
    again, near = read(source, VISIT, last.cursor)
    assert again[0].content["status"] == "in_transit"
    assert near.window is not None
    outcome = source.apply([moved(visit_id)])[0]
    assert isinstance(outcome, Edited)
    assert outcome.record.content["duration_minutes"] == 90
    assert ids(source.look_up(VISIT, [visit_id])) == [visit_id]


def test_an_answer_without_meta_is_the_whole_list(place: Place) -> None:
    place.simulator.configure(without_meta=True)
    place.simulator.load_visits(KEY, [{"id": f"vis_{n}", "scheduledStart": stamp(NOON)} for n in range(150)])
    records, last = read(place.open(), VISIT)
    assert (len(records), last.total, last.window) == (150, None, (WINDOW.start, WINDOW.end))


def test_a_technician_is_read_as_a_team_of_one_and_never_sent(place: Place) -> None:
    place.simulator.configure(technician_id=True)
    visit_id = place.visit()
    source = place.open()
    assert read(source, VISIT)[0][0].content["team"] == ["usr_1"]
    outcome = source.apply([moved(visit_id)])[0]
    assert isinstance(outcome, Edited)
    assert outcome.record.content["team"] == ["usr_1"]


def test_clients_are_read_whole_then_since_with_the_deleted_ones(place: Place) -> None:
    source = place.open()
    records, last = read(source, CLIENT)
    assert (ids(records), last.everything, last.window) == (["cli_1"], True, None)
    place.simulator.remove(KEY, "clients", "cli_1")
    records, _ = read(source, CLIENT, last.cursor)
    assert [(record.local_id, record.deleted) for record in records] == [("cli_1", True)]
    assert all("includeDeleted=true" in query for query in place.asked("clients.list"))


def test_clients_are_read_where_deleted_ones_cannot_be_asked_for(place: Place) -> None:
    place.fault(query="includeDeleted", status=400, times=None)
    source = place.open()
    records, last = read(source, CLIENT)
    assert (ids(records), last.everything) == (["cli_1"], True)
    assert ids(read(source, CLIENT, last.cursor)[0]) == ["cli_1"]
    assert ids(source.look_up(CLIENT, [f"cli_{n}" for n in range(8)])) == ["cli_1"]


def test_jobs_are_read_whole_once_and_left_alone_where_since_is_refused(place: Place) -> None:
    source = place.open()
    records, last = read(source, JOB)
    assert last.everything
    assert records[0].content == {
        "id": "job_1", "number": "JOB-1001", "title": "Boiler", "client_id": "cli_1", "address": "Main 1", "notes": ""
    }  # fmt: skip
    assert json.loads(last.cursor or "")["offered"] is True
    records, refused = read(source, JOB, last.cursor)
    assert (records, refused.everything) == ([], False)
    assert json.loads(refused.cursor or "")["offered"] is False
    place.simulator.journal.clear()
    assert read(source, JOB, refused.cursor) == ([], SourcePage((), refused.cursor))
    assert place.asked() == []


def test_members_are_always_read_whole(place: Place) -> None:
    source = place.open()
    for cursor in (None, read(source, MEMBER)[1].cursor):
        records, last = read(source, MEMBER, cursor)
        assert [record.content["name"] for record in records] == ["Ann Lee", "Bo"]
        assert last.everything
    assert ids(source.look_up(MEMBER, ["usr_2", "usr_9"])) == ["usr_2"]


@pytest.mark.parametrize(
    "cursor", ["", "{}", "no json", '{"since": 5, "offered": true}', '{"since": "x", "offered": true}', "[]"]
)
def test_a_cursor_that_is_none_of_ours_reads_everything(place: Place, cursor: str) -> None:
    assert read(place.open(), VISIT, cursor)[1].window == (WINDOW.start, WINDOW.end)


def test_another_key_sees_another_account(place: Place) -> None:
    visit_id = place.visit()
    other = place.open(OTHER_KEY)
    assert read(other, VISIT)[0] == []
    assert [record.deleted for record in other.look_up(VISIT, [visit_id])] == [True]
    assert isinstance(failure(other.apply([moved(visit_id)])[0]), Rejected)


def test_the_base_url_may_carry_a_path(place: Place) -> None:
    place.visit(id="vis_1")
    mounted = Starlette(routes=[Mount("/fieldcamp", app=place.simulator.app)])
    with serve(mounted) as server:
        for url in (f"{server.url}/fieldcamp", f"{server.url}/fieldcamp/"):
            assert ids(read(place.open(url=url), VISIT)[0]) == ["vis_1"]


# Trouble


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 500, "body": "<html>"},
        {"status": 429},
        {"drop": "before"},
        {"drop": "mid", "reset": True},
        {"status": 200, "body": "not json"},
        {"status": 200, "body": {"success": False, "error": "try later"}},
        {"status": 200, "body": []},
    ],
)
def test_a_read_is_tried_twice_more_and_then_given_up(place: Place, fault: dict[str, Any]) -> None:
    place.visit(id="vis_1")
    place.fault(times=2, **fault)
    source = place.open()
    assert ids(read(source, VISIT)[0]) == ["vis_1"]
    assert place.naps == [1.0, 2.0]
    place.fault(times=3, **fault)
    with pytest.raises(Transient):
        read(source, VISIT)
    assert len(place.asked("visits.list")) == 6


def test_an_answer_without_its_list_is_trouble_and_not_an_empty_list(place: Place) -> None:
    place.fault(status=200, body={"success": True, "data": {}})
    with pytest.raises(Transient):
        read(place.open(), VISIT)


def test_a_long_wait_is_left_to_whoever_looks_again_later(place: Place) -> None:
    place.fault(status=429, headers={"Retry-After": "30"}, times=None)
    with pytest.raises(RateLimited) as caught:
        read(place.open(), VISIT)
    assert caught.value.retry_after == 30
    assert len(place.asked()) == 1


def test_after_a_429_everybody_with_the_key_waits(place: Place) -> None:
    place.fault(status=429, headers={"Retry-After": "30"})
    source = place.open()
    with pytest.raises(RateLimited):
        read(source, VISIT)
    with pytest.raises(RateLimited):
        source.look_up(VISIT, ["vis_1"])
    assert len(place.asked()) == 1


def test_a_short_wait_is_waited_for(place: Place) -> None:
    place.fault(status=429, headers={"Retry-After": "0.2"}, times=2)
    assert ids(read(place.open(), MEMBER)[0]) == ["usr_1", "usr_2"]
    assert place.naps == [0.2, 0.2]


@pytest.mark.parametrize(("rate", "requests"), [(Rate(4, 1e9), 1), (Rate(1e9, 12), 3)])
def test_our_own_limit_keeps_us_below_theirs(place: Place, rate: Rate, requests: int) -> None:
    source = place.open(rate=rate)
    for _ in range(requests):
        read(source, MEMBER)
    with pytest.raises(RateLimited):
        read(source, MEMBER)
    assert isinstance(failure(source.apply([moved("vis_1")])[0]), RateLimited)
    assert (place.naps, len(place.asked())) == ([], requests)


def test_pages_that_fail_midway_leave_no_cursor(place: Place) -> None:
    place.simulator.load_visits(KEY, [{"id": f"vis_{n}", "scheduledStart": stamp(NOON)} for n in range(250)])
    place.fault(query="cursor=", status=500, skip=1, times=None)
    pages = place.open().changes(VISIT, None)
    assert [next(pages).cursor, next(pages).cursor] == [None, None]
    with pytest.raises(Transient):
        next(pages)


@pytest.mark.parametrize("kind", [VISIT, JOB, CLIENT, MEMBER])
def test_a_refused_key_stops_everything(place: Place, kind: str) -> None:
    source = place.open("fc_live_gone")
    with pytest.raises(ConnectionRevoked):
        read(source, kind)
    with pytest.raises(ConnectionRevoked):
        source.look_up(kind, ["x_1"])
    with pytest.raises(ConnectionRevoked):
        source.apply([moved("vis_1")])


@pytest.mark.parametrize("key", [None, "", 5, "fc_live_é", "fc_live_\n"])
def test_a_grant_without_a_usable_key_is_as_good_as_none(place: Place, key: object) -> None:
    with pytest.raises(ConnectionRevoked):
        read(place.open(key), VISIT)
    assert place.asked() == []


def test_a_suspended_account_is_rejected(place: Place) -> None:
    place.simulator.suspend(KEY)
    with pytest.raises(Rejected) as caught:
        read(place.open(), VISIT)
    assert not isinstance(caught.value, Transient)


def test_a_record_that_cannot_be_read_is_left_out_and_no_completeness_is_claimed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"id": "vis_1"}, {"id": "vis_2", "visitStatus": "dreaming", "notes": "private"}, {"id": "vis_3"}]
    place.simulator.load_visits(KEY, [{"scheduledStart": stamp(NOON), **row} for row in rows])
    source = place.open()
    with caplog.at_level(logging.WARNING):
        records, last = read(source, VISIT)
    assert (ids(records), last.window) == (["vis_1", "vis_3"], None)
    assert source.look_up(VISIT, ["vis_2"]) == []
    assert "visitStatus" in caplog.text
    assert "private" not in caplog.text
    assert KEY not in caplog.text


def test_errors_show_no_secrets_and_no_addresses(place: Place) -> None:
    sentence = f"key {KEY} of ann@example.com may not"
    place.fault(status=422, reason=sentence, times=None)
    error = failure(place.open().apply([moved("vis_1")])[0])
    assert "may not" in str(error)
    assert KEY not in str(error)
    assert "ann@" not in str(error)


# Lists of other shapes


def odd_list(answers: Callable[[Request], Any]) -> Starlette:
    async def listed(request: Request) -> Response:
        return Response(json.dumps({"success": True, **answers(request)}), media_type="application/json")

    return Starlette(routes=[Route("/api/v1/{plural}", listed)])


def odd_read(place: Place, answers: Callable[[Request], Any]) -> list[str]:
    with serve(odd_list(answers)) as server:
        return ids(read(place.open(url=server.url), VISIT)[0])


def page_of(number: int) -> dict[str, Any]:
    return {"visits": [{"id": f"vis_{number}"}]}


@pytest.mark.parametrize(
    "meta", [{"hasMore": None, "totalPages": 3}, {"totalPages": 3}, {"nextCursor": None, "totalPages": 3}]
)
def test_pages_go_by_number_where_there_is_no_cursor(place: Place, meta: dict[str, Any]) -> None:
    def answers(request: Request) -> Any:
        return {"data": page_of(int(request.query_params.get("page", "1"))), "meta": meta}

    assert odd_read(place, answers) == ["vis_1", "vis_2", "vis_3"]


def test_an_empty_page_with_a_next_one_is_not_the_end(place: Place) -> None:
    def answers(request: Request) -> Any:
        number = int(request.query_params.get("cursor", "1"))
        meta = {"nextCursor": str(number + 1)} if number < 4 else {"hasMore": False}
        return {"data": {"visits": []} if number in (2, 3) else page_of(number), "meta": meta}

    assert odd_read(place, answers) == ["vis_1", "vis_4"]


@pytest.mark.parametrize("meta", [{"nextCursor": "again"}, {"hasMore": True}, {"totalPages": 9}])
def test_pages_that_go_round_in_circles_are_trouble(place: Place, meta: dict[str, Any]) -> None:
    with pytest.raises(Transient, match="circles"):
        odd_read(place, lambda request: {"data": page_of(1), "meta": meta})


def test_a_since_that_is_read_over_is_not_asked_for_again(place: Place) -> None:
    visits = [{"id": "vis_1", "updatedAt": stamp(NOW - timedelta(days=9))}, {"id": "vis_2", "updatedAt": stamp(NOW)}]
    asked = []

    def answers(request: Request) -> Any:
        asked.append(set(request.query_params))
        return {"data": {"visits": visits}}

    with serve(odd_list(answers)) as server:
        source = place.open(url=server.url)
        cursor: str | None = None
        for _ in range(3):
            cursor = read(source, VISIT, cursor)[1].cursor
    assert asked == [{"limit", "from", "to"}, {"limit", "since"}, {"limit", "from", "to"}]


@pytest.mark.parametrize("data", [[{"id": "vis_1"}], {"visits": [{"id": "vis_1"}, None, 5, {"id": None}]}])
def test_a_bare_list_and_odd_items_are_lived_with(place: Place, data: Any) -> None:
    assert odd_read(place, lambda request: {"data": data, "meta": None}) == ["vis_1"]


# Looking up


def test_a_visit_that_is_no_more_comes_back_as_deleted(place: Place) -> None:
    kept, gone = place.visit(), place.visit(start=NOON + timedelta(hours=3))
    last = place.simulator.delete_visit(KEY, gone)
    records = place.open().look_up(VISIT, [kept, gone, gone])
    assert [(record.local_id, record.deleted) for record in records] == [(kept, False), (gone, True)]
    assert records[1].source_time is not None
    assert records[1].source_time >= datetime.fromisoformat(last["updatedAt"])


def test_a_gateway_s_404_deletes_nothing(place: Place) -> None:
    visit_id = place.visit()
    place.fault(method="GET", status=404, body="<html>no such host</html>")
    with pytest.raises(Transient):
        place.open().look_up(VISIT, [visit_id])


def test_an_id_is_never_read_as_part_of_a_path(place: Place) -> None:
    assert [record.deleted for record in place.open().look_up(VISIT, ["a/b?c=d#e"])] == [True]
    assert place.asked() == [""]


@pytest.mark.parametrize(("count", "singles", "lists"), [(2, 2, 0), (5, 5, 0), (6, 0, 1), (60, 0, 1)])
def test_jobs_are_looked_up_in_as_few_requests_as_there_are(place: Place, count: int, singles: int, lists: int) -> None:
    place.simulator.load(KEY, "jobs", [{"id": f"job_{n}", "clientId": "cli_1"} for n in range(10, 200)])
    wanted = [f"job_{n}" for n in range(10, 10 + count)]
    assert sorted(ids(place.open().look_up(JOB, wanted))) == wanted
    assert (len(place.asked("jobs.get")), len(place.asked("jobs.list"))) == (singles, lists)


@pytest.mark.parametrize("kind", [JOB, CLIENT])
def test_where_the_route_of_one_record_is_missing_the_list_is_read(place: Place, kind: str) -> None:
    place.fault(operation=f"{kind}s.get", status=404, times=None)
    name = {JOB: "job_1", CLIENT: "cli_1"}[kind]
    assert ids(place.open().look_up(kind, [name, "x_9"])) == [name]
    assert len(place.asked()) == 2


def test_a_job_that_is_no_more_is_left_out(place: Place) -> None:
    source = place.open()
    assert ids(source.look_up(JOB, ["job_1", "job_9"])) == ["job_1"]
    assert source.look_up(JOB, ["job_9"]) == []
    assert place.asked("jobs.list") == []


# Writing


def test_a_visit_is_moved(place: Place) -> None:
    visit_id = place.visit()
    outcome = place.open().apply([moved(visit_id)])[0]
    assert isinstance(outcome, Edited)
    start = NOON + timedelta(days=1)
    found = place.one(visit_id)
    assert found["scheduledStart"] == stamp(start)
    assert found["scheduledEnd"] == stamp(start + timedelta(minutes=90))
    assert (found["serviceDuration"], found["anyTime"], found["visitStatus"]) == (90, False, "scheduled")
    assert decode(Visit, outcome.record.content).start == start
    assert outcome.record.source_time == datetime.fromisoformat(found["updatedAt"])
    assert len(place.asked()) == 1


def test_a_visit_is_moved_to_a_whole_day_and_back(place: Place) -> None:
    visit_id, source = place.visit(), place.open()
    day = (NOON + timedelta(days=3)).date()
    whole = source.apply([Reschedule(visit_id, Times.days(day), "t1")])[0]
    assert isinstance(whole, Edited)
    assert decode(Visit, whole.record.content).any_time
    found = place.one(visit_id)
    assert (found["anyTime"], found["scheduledStart"], found["scheduledEnd"]) == (True, day.isoformat(), None)
    assert date.fromisoformat(found["scheduledStart"]) == day
    timed = source.apply([moved(visit_id, token="t2")])[0]
    assert isinstance(timed, Edited)
    assert not decode(Visit, timed.record.content).any_time


def test_a_visit_is_taken_off_the_plan(place: Place) -> None:
    visit_id = place.visit()
    outcome = place.open().apply([Unschedule(visit_id, "t1")])[0]
    assert isinstance(outcome, Edited)
    assert outcome.record.content["status"] == "unscheduled"
    assert place.one(visit_id)["scheduledStart"] is None


def test_a_booked_crew_is_told_as_such_and_the_other_edits_go_on(place: Place) -> None:
    place.visit(id="vis_busy", start=NOON + timedelta(days=1))
    first, second = place.visit(), place.visit(start=NOON + timedelta(hours=2))
    booked, done = place.open().apply([moved(first), moved(second, NOON + timedelta(days=5), "t2")])
    error = failure(booked)
    assert isinstance(error, Rejected)
    assert error.code == "CREW_BOOKED"
    assert isinstance(done, Edited)
    assert place.one(first)["scheduledStart"] == stamp(NOON)


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_is_rejected(place: Place, status: int) -> None:
    visit_id = place.visit()
    place.fault(method="PUT", status=status)
    error = failure(place.open().apply([moved(visit_id)])[0])
    assert isinstance(error, Rejected)
    assert error.code == "SOURCE_REFUSED"
    assert place.naps == []


def test_an_illegal_move_and_a_missing_visit_are_rejected(place: Place) -> None:
    visit_id = place.visit(visitStatus="completed")
    outcomes = place.open().apply([Unschedule(visit_id, "t1"), moved("vis_gone", token="t2")])
    assert [getattr(failure(outcome), "code", None) for outcome in outcomes] == ["SOURCE_REFUSED"] * 2
    assert place.one(visit_id)["visitStatus"] == "completed"


def test_a_failure_inside_a_success_is_the_failure_that_it_is(place: Place) -> None:
    visit_id = place.visit()
    place.fault(method="PUT", status=200, body={"success": False, "error": "no"})
    assert isinstance(failure(place.open().apply([moved(visit_id)])[0]), Rejected)


def test_trouble_with_a_write_is_not_tried_again_here(place: Place) -> None:
    visit_id = place.visit()
    place.fault(method="PUT", status=503, headers={"Retry-After": "2"})
    error = failure(place.open().apply([moved(visit_id)])[0])
    assert type(error) is Transient
    assert error.retry_after == 2
    assert (place.naps, len(place.asked())) == ([], 1)


def test_a_used_up_limit_spares_the_edits_behind(place: Place) -> None:
    first, second = place.visit(), place.visit(start=NOON + timedelta(hours=2))
    place.fault(method="PUT", status=429, headers={"Retry-After": "9"})
    outcomes = place.open().apply([moved(first), moved(second, token="t2")])
    assert [type(failure(outcome)) for outcome in outcomes] == [RateLimited, RateLimited]
    assert len(place.asked()) == 1


@pytest.mark.parametrize(
    ("fault", "error", "replays"),
    [
        ({"drop": "before"}, Uncertain, 0),
        ({"drop": "after"}, Uncertain, 1),
        ({"drop": "mid", "reset": True}, Uncertain, 1),
        ({"status": 500, "carried_out": True}, Transient, 1),
        ({"status": 200, "body": "<html>", "carried_out": True}, Uncertain, 1),
    ],
)
def test_a_lost_answer_is_followed_by_exactly_one_change(
    place: Place, fault: dict[str, Any], error: type, replays: int
) -> None:
    visit_id, source = place.visit(), place.open()
    place.fault(method="PUT", **fault)
    assert type(failure(source.apply([moved(visit_id)])[0])) is error
    outcome = source.apply([moved(visit_id)])[0]
    assert isinstance(outcome, Edited)
    assert decode(Visit, outcome.record.content).start == NOON + timedelta(days=1)
    changes = [event for event in place.simulator.events(KEY) if event["type"] == "visit.updated"]
    assert (len(changes), place.simulator.counters().get("replays", 0)) == (1, replays)


def test_an_answer_given_again_never_hides_what_happened_since(place: Place) -> None:
    place.simulator.configure(documented_only=True)
    visit_id, source = place.visit(), place.open()
    place.fault(method="PUT", drop="after")
    source.apply([moved(visit_id)])
    place.simulator.change_visit(KEY, visit_id, visitStatus="in_transit")
    outcome = source.apply([moved(visit_id)])[0]
    assert isinstance(outcome, Edited)
    assert outcome.record.content["status"] == "in_transit"


def test_an_answer_with_a_visit_that_cannot_be_read_may_have_been_carried_out(place: Place) -> None:
    visit = {"visitStatus": "dreaming", "updatedAt": stamp(NOW)}
    place.fault(method="PUT", status=200, body={"success": True, "data": {"visit": visit}})
    assert type(failure(place.open().apply([moved("vis_1")])[0])) is Uncertain


def test_an_answer_without_the_visit_is_followed_by_a_look(place: Place) -> None:
    visit_id = place.visit()
    place.fault(method="PUT", status=200, body={"success": True, "data": {}}, carried_out=True)
    outcome = place.open().apply([moved(visit_id)])[0]
    assert isinstance(outcome, Edited)
    assert decode(Visit, outcome.record.content).start == NOON + timedelta(days=1)


def test_what_fieldcamp_took_is_no_refusal_whatever_it_answers_after_it(place: Place) -> None:
    """Its documented answer has no `updatedAt`, so the visit is asked for; failing that, the answer itself must do."""
    place.simulator.configure(documented_only=True)
    visit_id = place.visit()
    place.simulator.faults.add(Fault(operation="visits.get", status=404, times=None))
    times = Times.span(NOON + timedelta(hours=3), NOON + timedelta(hours=4))
    [outcome] = place.open().apply([Reschedule(visit_id, times, "token-1")])
    assert isinstance(outcome, Edited)
    assert datetime.fromisoformat(outcome.record.content["start"]) == times.start
