"""The simulated FieldCamp keeps the rules of the real one, over HTTP on the loopback."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.routing import Mount

from worker.simulators.control import Control, ControlError
from worker.simulators.faults import Fault
from worker.simulators.fieldcamp import FieldCampSimulator
from worker.simulators.server import serve

KEY = "fc_live_acme"
OTHER_KEY = "fc_live_other"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NINE, TEN, ELEVEN, NOON = (f"2026-06-01T{hour:02}:00:00.000Z" for hour in (9, 10, 11, 12))
STATES = ("unscheduled", "scheduled", "in_transit", "arrived", "in_progress", "paused", "completed", "cancelled")
LEGAL = {
    ("unscheduled", "scheduled"),
    ("scheduled", "unscheduled"),
    ("scheduled", "in_transit"),
    ("in_transit", "arrived"),
    ("arrived", "in_progress"),
    ("in_progress", "paused"),
    ("paused", "in_progress"),
    ("in_progress", "completed"),
    ("paused", "completed"),
    *((state, "cancelled") for state in STATES if state not in ("completed", "cancelled")),
    *((state, state) for state in STATES),
}
_numbers = itertools.count()


@dataclass
class Api:
    """One who calls the API with a key."""

    http: httpx.Client
    key: str = KEY

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.http.get(f"/api/v1{path}", params=params, headers=self._headers())

    def post(self, path: str, body: Any, idempotency_key: str | None = None) -> httpx.Response:
        return self._write("POST", path, body, idempotency_key)

    def put(self, path: str, body: Any, idempotency_key: str | None = None) -> httpx.Response:
        return self._write("PUT", path, body, idempotency_key)

    def delete(self, path: str, idempotency_key: str | None = None) -> httpx.Response:
        return self._write("DELETE", path, None, idempotency_key)

    def _write(self, method: str, path: str, body: Any, idempotency_key: str | None) -> httpx.Response:
        headers = self._headers() | {"Idempotency-Key": idempotency_key or f"key-{next(_numbers)}"}
        return self.http.request(method, f"/api/v1{path}", content=json.dumps(body), headers=headers)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "X-API-Key": self.key}


@dataclass
class Receiver:
    """A subscriber that answers with the statuses on order, then 202, and keeps what came."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[FieldCampSimulator, httpx.Client]]:
    simulator = FieldCampSimulator(
        rate_limit_per_minute=None, rate_limit_per_day=None, webhook_retry_seconds=(0.01, 0.01, 0.01), webhook_threads=1
    )
    with serve(simulator.app) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=5) as client:
        yield simulator, client
    simulator.close()


@pytest.fixture
def simulator(shared: tuple[FieldCampSimulator, httpx.Client]) -> FieldCampSimulator:
    simulator = shared[0]
    simulator.reset()
    simulator.add_account(KEY)
    simulator.add_team_member(KEY, "usr_1", firstName="Ann", email="ann@example.com")
    simulator.add_team_member(KEY, "usr_2", firstName="Bob")
    simulator.add_client(KEY, id="cli_1", firstName="Eve", lastName="Hill", email="eve@example.com")
    simulator.add_job(KEY, id="job_1", clientId="cli_1", title="Boiler")
    simulator.add_job(KEY, id="job_2", clientId="cli_1", title="Roof")
    return simulator


@pytest.fixture
def http(shared: tuple[FieldCampSimulator, httpx.Client], simulator: FieldCampSimulator) -> httpx.Client:
    return shared[1]


@pytest.fixture
def api(http: httpx.Client) -> Api:
    return Api(http)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()


def new_visit(**fields: Any) -> dict[str, Any]:
    return {"jobId": "job_1", "scheduledStart": NINE, "scheduledEnd": TEN, "teamId": ["usr_1"], **fields}


def created(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    visit: dict[str, Any] = answer.json()["data"]["visit"]
    assert answer.json()["data"]["visitId"] == visit["id"]
    return visit


def refused(answer: httpx.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"success", "error"}
    assert answer.json()["success"] is False
    for word in words:
        assert word in answer.json()["error"]


def order(simulator: FieldCampSimulator, **fault: Any) -> None:
    simulator.faults.add(Fault(**fault))


def ids(answer: httpx.Response, plural: str = "visits") -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return [record["id"] for record in answer.json()["data"][plural]]


def loaded(simulator: FieldCampSimulator, count: int) -> list[str]:
    """Visits of an hour, one a day from 2026-01-01, changed a second apart on 2026-05-01."""
    visits: list[dict[str, Any]] = [
        {
            "id": f"vis_{number:04}",
            "jobId": "job_1",
            "teamId": ["usr_1"],
            "visitStatus": "scheduled",
            "unscheduled": False,
            "scheduledStart": f"2026-01-{number % 28 + 1:02}T{number // 28:02}:00:00.000Z",
            "updatedAt": f"2026-05-01T00:{number // 60:02}:{number % 60:02}.000Z",
        }
        for number in range(count)
    ]
    simulator.load_visits(KEY, visits)
    return [visit["id"] for visit in visits]


class TestKeys:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": f"Bearer {KEY}"},
            {"X-API-Key": KEY},
            {"Authorization": f"Bearer {KEY}", "X-API-Key": "fc_live_unknown"},
            {"Authorization": "Bearer fc_live_unknown", "X-API-Key": KEY},
            {"Authorization": KEY, "X-API-Key": KEY},
        ],
    )
    def test_a_request_needs_the_key_in_both_headers(self, http: httpx.Client, headers: dict[str, str]) -> None:
        refused(http.get("/api/v1/visits", headers=headers), 401, "key")

    def test_a_suspended_account_is_forbidden(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.suspend(KEY)
        refused(api.get("/visits"), 403)

    def test_a_revoked_key_is_unknown_while_the_other_key_of_the_account_works(
        self, simulator: FieldCampSimulator, http: httpx.Client
    ) -> None:
        simulator.add_key(KEY, "fc_live_second")
        simulator.revoke_key(KEY)
        refused(Api(http).get("/visits"), 401)
        assert ids(Api(http, "fc_live_second").get("/team"), "team") == ["usr_1", "usr_2"]

    def test_a_key_of_another_form_opens_no_account(self, simulator: FieldCampSimulator) -> None:
        with pytest.raises(ValueError, match="fc_live_"):
            simulator.add_account("sk_test_1")

    def test_accounts_see_nothing_of_each_other(
        self, simulator: FieldCampSimulator, http: httpx.Client, api: Api
    ) -> None:
        simulator.add_account(OTHER_KEY)
        visit = created(api.post("/visits", new_visit()))
        other = Api(http, OTHER_KEY)
        refused(other.get(f"/visits/{visit['id']}"), 404)
        refused(other.put(f"/visits/{visit['id']}", {"notes": "x"}), 404)
        refused(other.delete(f"/visits/{visit['id']}"), 404)
        assert ids(other.get("/visits")) == []
        refused(other.post("/visits", new_visit()), 400, "job_1")


class TestWrites:
    def test_a_new_visit_shows_all_fields_in_utc(self, api: Api) -> None:
        visit = created(api.post("/visits", new_visit(scheduledStart="2026-06-01T11:00:00+02:00")))
        assert visit == {
            "id": visit["id"],
            "jobId": "job_1",
            "clientId": "cli_1",
            "scheduledStart": NINE,
            "scheduledEnd": TEN,
            "teamId": ["usr_1"],
            "serviceDuration": 60,
            "unscheduled": False,
            "anyTime": False,
            "visitStatus": "scheduled",
            "notes": None,
            "completedAt": None,
            "cancelledAt": None,
            "createdAt": visit["createdAt"],
            "updatedAt": visit["createdAt"],
        }
        assert api.get(f"/visits/{visit['id']}").json() == {"success": True, "data": {"visit": visit}}

    def test_a_visit_without_a_start_waits_unscheduled(self, api: Api) -> None:
        visit = created(api.post("/visits", {"jobId": "job_1"}))
        assert (visit["visitStatus"], visit["unscheduled"], visit["teamId"]) == ("unscheduled", True, [])

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"teamId": "usr_1"}, "teamId"),
            ({"teamId": [1]}, "teamId"),
            ({"teamId": ["usr_9"]}, "usr_9"),
            ({"technicianId": "usr_1"}, "technicianId"),
            ({"colour": "red"}, "colour"),
            ({"id": "vis_1"}, "id"),
            ({"completedAt": NINE}, "completedAt"),
            ({"jobId": "job_9"}, "job_9"),
            ({"jobId": None}, "jobId"),
            ({"unscheduled": True}, "unscheduled"),
            ({"unscheduled": "no"}, "unscheduled"),
            ({"unscheduled": False, "scheduledStart": None, "scheduledEnd": None}, "scheduledStart"),
            ({"unscheduled": False, "scheduledStart": None}, "scheduledStart"),
            ({"visitStatus": "unscheduled"}, "scheduledStart"),
            ({"visitStatus": "completed"}, "completed"),
            ({"visitStatus": "done"}, "visitStatus"),
            ({"anyTime": True}, "scheduledStart"),
            ({"anyTime": True, "scheduledStart": None, "scheduledEnd": None}, "anyTime"),
            ({"anyTime": True, "scheduledStart": "2026-02-30", "scheduledEnd": None}, "scheduledStart"),
            ({"scheduledStart": "2026-06-01"}, "scheduledStart"),
            ({"scheduledStart": "2026-06-01T09:00:00"}, "scheduledStart"),
            ({"scheduledStart": "2026-06-01 09:00Z"}, "scheduledStart"),
            ({"scheduledStart": "2026-06-01T25:00:00Z"}, "scheduledStart"),
            ({"scheduledStart": 1_780_000_000}, "scheduledStart"),
            ({"scheduledEnd": NINE}, "scheduledEnd"),
            ({"serviceDuration": 0}, "serviceDuration"),
            ({"serviceDuration": 1.5}, "serviceDuration"),
            ({"notes": "\ud800"}, "notes"),
        ],
    )
    def test_a_wrong_field_is_refused_by_name(self, api: Api, fields: dict[str, Any], word: str) -> None:
        refused(api.post("/visits", new_visit(**fields)), 400, word)
        assert ids(api.get("/visits")) == []

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"notes": NaN}'])
    def test_a_body_that_is_no_json_object_is_refused(self, http: httpx.Client, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {KEY}", "X-API-Key": KEY, "Idempotency-Key": "k"}
        refused(http.post("/api/v1/visits", content=body, headers=headers), 400, "JSON")

    def test_any_subset_can_be_put(self, api: Api) -> None:
        visit = created(api.post("/visits", new_visit()))
        answer = api.put(f"/visits/{visit['id']}", {"notes": "Ring twice"})
        after = answer.json()["data"]["visit"]
        assert set(answer.json()["data"]) == {"visit"}
        assert after == {**visit, "notes": "Ring twice", "updatedAt": after["updatedAt"]}
        assert after["updatedAt"] >= visit["updatedAt"]

    def test_a_put_that_changes_nothing_leaves_updated_at(self, api: Api) -> None:
        visit = created(api.post("/visits", new_visit()))
        time.sleep(0.002)
        assert api.put(f"/visits/{visit['id']}", {"notes": None}).json()["data"]["visit"] == visit

    def test_any_time_takes_a_day_and_drops_the_end(self, api: Api) -> None:
        visit = created(api.post("/visits", new_visit()))
        fields = {"anyTime": True, "scheduledStart": "2026-06-02"}
        after = api.put(f"/visits/{visit['id']}", fields).json()["data"]["visit"]
        assert (after["scheduledStart"], after["scheduledEnd"], after["anyTime"]) == ("2026-06-02", None, True)
        refused(api.put(f"/visits/{visit['id']}", {"anyTime": False}), 400, "scheduledStart")

    def test_unscheduling_drops_the_times_and_scheduling_needs_them(self, api: Api) -> None:
        path = f"/visits/{created(api.post('/visits', new_visit()))['id']}"
        after = api.put(path, {"unscheduled": True}).json()["data"]["visit"]
        assert (after["visitStatus"], after["scheduledStart"], after["scheduledEnd"]) == ("unscheduled", None, None)
        refused(api.put(path, {"visitStatus": "scheduled"}), 400, "scheduledStart")
        refused(api.put(path, {"scheduledStart": NINE}), 400, "unscheduled")
        refused(api.put(path, {"visitStatus": "scheduled", "unscheduled": True}), 400, "unscheduled")
        again = api.put(path, {"unscheduled": False, "scheduledStart": NINE}).json()["data"]["visit"]
        assert (again["visitStatus"], again["scheduledStart"]) == ("scheduled", NINE)

    def test_a_deleted_visit_leaves_no_trace(self, api: Api) -> None:
        visit_id = created(api.post("/visits", new_visit()))["id"]
        assert api.delete(f"/visits/{visit_id}").status_code == 200
        refused(api.get(f"/visits/{visit_id}"), 404)
        refused(api.put(f"/visits/{visit_id}", {"notes": "x"}), 404)
        refused(api.delete(f"/visits/{visit_id}"), 404)
        assert ids(api.get("/visits")) == []
        created(api.post("/visits", new_visit()))

    def test_what_is_not_there_is_said_in_the_envelope(self, api: Api) -> None:
        refused(api.get("/visits/vis_9"), 404, "vis_9")
        refused(api.get("/nothing"), 404)
        refused(api.post("/team", {}), 405)


class TestMoves:
    @pytest.mark.parametrize("before", STATES)
    @pytest.mark.parametrize("after", STATES)
    def test_the_api_moves_a_visit_only_as_allowed(
        self, simulator: FieldCampSimulator, api: Api, before: str, after: str
    ) -> None:
        times = {} if before == "unscheduled" else {"scheduledStart": NINE}
        simulator.add_visit(KEY, id="vis_1", jobId="job_1", visitStatus=before, **times)
        needed = {"scheduledStart": NINE} if (before, after) == ("unscheduled", "scheduled") else {}
        answer = api.put("/visits/vis_1", {"visitStatus": after, **needed})
        if (before, after) in LEGAL:
            visit = answer.json()["data"]["visit"]
            assert visit["visitStatus"] == after
            assert bool(visit["completedAt"]) == (after == "completed")
            assert bool(visit["cancelledAt"]) == (after == "cancelled")
        else:
            refused(answer, 400)
            assert api.get("/visits/vis_1").json()["data"]["visit"]["visitStatus"] == before

    @pytest.mark.parametrize("ended", ["completed", "cancelled"])
    def test_a_dispatcher_reopens_what_the_api_does_not(
        self, simulator: FieldCampSimulator, api: Api, ended: str
    ) -> None:
        simulator.add_visit(KEY, id="vis_1", jobId="job_1", scheduledStart=NINE, visitStatus=ended)
        refused(api.put("/visits/vis_1", {"visitStatus": "scheduled"}), 400, ended)
        visit = simulator.change_visit(KEY, "vis_1", visitStatus="scheduled")
        assert (visit["visitStatus"], visit["completedAt"], visit["cancelledAt"]) == ("scheduled", None, None)


class TestCollisions:
    def test_a_team_is_not_booked_twice(self, api: Api) -> None:
        created(api.post("/visits", new_visit()))
        refused(api.post("/visits", new_visit(teamId=["usr_2", "usr_1"], scheduledStart=NINE)), 409, "usr_1")

    def test_back_to_back_another_team_any_time_and_unscheduled_are_no_collision(self, api: Api) -> None:
        created(api.post("/visits", new_visit()))
        created(api.post("/visits", new_visit(scheduledStart=TEN, scheduledEnd=ELEVEN)))
        created(api.post("/visits", new_visit(teamId=["usr_2"])))
        created(api.post("/visits", new_visit(anyTime=True, scheduledStart="2026-06-01", scheduledEnd=None)))
        created(api.post("/visits", {"jobId": "job_1", "teamId": ["usr_1"]}))

    @pytest.mark.parametrize("ended", ["completed", "cancelled"])
    def test_an_ended_visit_leaves_its_time_free(self, simulator: FieldCampSimulator, api: Api, ended: str) -> None:
        visit = created(api.post("/visits", new_visit()))
        simulator.change_visit(KEY, visit["id"], visitStatus=ended)
        created(api.post("/visits", new_visit()))

    def test_without_an_end_a_visit_takes_its_service_duration(self, api: Api) -> None:
        created(api.post("/visits", new_visit(scheduledEnd=None, serviceDuration=90)))
        refused(api.post("/visits", new_visit(scheduledStart=TEN, scheduledEnd=ELEVEN)), 409)
        created(api.post("/visits", new_visit(scheduledStart=ELEVEN, scheduledEnd=NOON)))

    def test_moving_or_reassigning_into_a_booked_time_is_refused_and_changes_nothing(self, api: Api) -> None:
        created(api.post("/visits", new_visit()))
        later = created(api.post("/visits", new_visit(scheduledStart=TEN, scheduledEnd=ELEVEN)))
        elsewhere = created(api.post("/visits", new_visit(teamId=["usr_2"])))
        refused(api.put(f"/visits/{later['id']}", {"scheduledStart": NINE}), 409)
        refused(api.put(f"/visits/{elsewhere['id']}", {"teamId": ["usr_1"]}), 409)
        assert api.get(f"/visits/{later['id']}").json()["data"]["visit"] == later

    def test_a_dispatcher_may_book_twice_and_that_visit_can_still_be_worked_on(
        self, simulator: FieldCampSimulator, api: Api
    ) -> None:
        created(api.post("/visits", new_visit()))
        double = simulator.add_visit(KEY, **new_visit())
        answer = api.put(f"/visits/{double['id']}", {"visitStatus": "in_transit"})
        assert answer.json()["data"]["visit"]["visitStatus"] == "in_transit"

    def test_a_visit_over_midnight_collides_on_the_second_day(self, api: Api) -> None:
        night = {"scheduledStart": "2026-06-01T23:00:00Z", "scheduledEnd": "2026-06-02T02:00:00Z"}
        created(api.post("/visits", new_visit(**night)))
        morning = {"scheduledStart": "2026-06-02T01:00:00Z", "scheduledEnd": "2026-06-02T03:00:00Z"}
        refused(api.post("/visits", new_visit(**morning)), 409)


class TestIdempotency:
    def test_the_same_write_again_gets_the_same_answer_and_is_not_done_twice(self, api: Api) -> None:
        first = api.post("/visits", new_visit(), "once")
        second = api.post("/visits", new_visit(), "once")
        assert (second.status_code, second.content) == (first.status_code, first.content)
        assert len(ids(api.get("/visits"))) == 1
        path = f"/visits/{created(first)['id']}"
        assert api.put(path, {"notes": "a"}, "put").content == api.put(path, {"notes": "a"}, "put").content
        assert api.delete(path, "gone").content == api.delete(path, "gone").content
        refused(api.delete(path), 404)

    def test_the_key_with_another_body_or_path_is_a_conflict(self, api: Api) -> None:
        visit = created(api.post("/visits", new_visit(), "once"))
        refused(api.post("/visits", new_visit(notes="x"), "once"), 409, "Idempotency-Key")
        refused(api.put(f"/visits/{visit['id']}", new_visit(), "once"), 409, "Idempotency-Key")

    def test_a_refused_key_is_not_used_up(self, simulator: FieldCampSimulator, api: Api) -> None:
        first = created(api.post("/visits", new_visit()))
        refused(api.post("/visits", new_visit(), "retry"), 409)
        simulator.delete_visit(KEY, first["id"])
        created(api.post("/visits", new_visit(), "retry"))

    def test_a_write_without_a_key_is_refused(self, http: httpx.Client) -> None:
        headers = {"Authorization": f"Bearer {KEY}", "X-API-Key": KEY}
        refused(http.post("/api/v1/visits", json=new_visit(), headers=headers), 400, "Idempotency-Key")

    def test_accounts_do_not_share_keys(self, simulator: FieldCampSimulator, http: httpx.Client) -> None:
        simulator.add_account(OTHER_KEY)
        for key in (KEY, OTHER_KEY):
            assert Api(http, key).post("/clients", {"firstName": key}, "same").status_code == 201


class TestLists:
    def test_pages_by_cursor_give_each_visit_once_in_order(self, simulator: FieldCampSimulator, api: Api) -> None:
        expected = loaded(simulator, 120)
        first = api.get("/visits")
        meta = first.json()["meta"]
        cursor = meta.pop("nextCursor")
        assert meta == {"page": 1, "limit": 50, "total": 120, "totalPages": 3, "hasMore": True}
        seen = ids(first)
        while cursor:
            answer = api.get("/visits", cursor=cursor)
            seen += ids(answer)
            cursor = answer.json()["meta"]["nextCursor"]
        assert seen == expected

    def test_pages_by_number(self, simulator: FieldCampSimulator, api: Api) -> None:
        expected = loaded(simulator, 25)
        pages = [ids(api.get("/visits", limit=10, page=page)) for page in (1, 2, 3, 4)]
        assert pages == [expected[:10], expected[10:20], expected[20:], []]
        assert api.get("/visits", limit=10, page=3).json()["meta"] == {
            "page": 3,
            "limit": 10,
            "total": 25,
            "totalPages": 3,
            "hasMore": False,
            "nextCursor": None,
        }

    def test_a_cursor_loses_nothing_when_earlier_visits_vanish(self, simulator: FieldCampSimulator, api: Api) -> None:
        expected = loaded(simulator, 4)
        cursor = api.get("/visits", limit=2).json()["meta"]["nextCursor"]
        simulator.delete_visit(KEY, expected[0])
        simulator.delete_visit(KEY, expected[1])
        assert ids(api.get("/visits", limit=2, cursor=cursor)) == expected[2:]

    @pytest.mark.parametrize(
        "params",
        [
            {"limit": 101},
            {"limit": 0},
            {"limit": "ten"},
            {"page": 0},
            {"page": 1, "cursor": "WyIiLCAxXQ=="},
            {"cursor": "nonsense"},
            {"since": "yesterday"},
            {"from": "2026-06-01T09:00:00"},
            {"visitStatus": "done"},
            {"technicianId": "usr_1"},
        ],
    )
    def test_a_wrong_parameter_is_refused(self, api: Api, params: dict[str, Any]) -> None:
        refused(api.get("/visits", **params), 400)

    def test_an_unknown_parameter_is_refused_by_name(self, api: Api) -> None:
        refused(api.get("/jobs", since=NINE), 400, "since")
        refused(api.get("/visits", clientId="cli_1"), 400, "clientId")

    def test_visits_are_filtered(self, simulator: FieldCampSimulator, api: Api) -> None:
        add = simulator.add_visit
        add(KEY, id="vis_1", jobId="job_1", teamId=["usr_1"], scheduledStart="2026-06-01T09:00:00Z")
        add(KEY, id="vis_2", jobId="job_2", teamId=["usr_1", "usr_2"], scheduledStart="2026-06-02T23:30:00Z")
        add(KEY, id="vis_3", jobId="job_2", anyTime=True, scheduledStart="2026-06-03")
        add(KEY, id="vis_4", jobId="job_1")
        simulator.change_visit(KEY, "vis_1", visitStatus="completed")
        assert ids(api.get("/visits", visitStatus="completed,unscheduled")) == ["vis_1", "vis_4"]
        assert ids(api.get("/visits", visitStatus=["completed", "unscheduled"])) == ["vis_1", "vis_4"]
        assert ids(api.get("/visits", teamId="usr_2")) == ["vis_2"]
        assert ids(api.get("/visits", jobId="job_2")) == ["vis_2", "vis_3"]
        assert ids(api.get("/visits", **{"from": "2026-06-02T00:00:00Z"})) == ["vis_2", "vis_3"]
        assert ids(api.get("/visits", **{"from": "2026-06-01", "to": "2026-06-02"})) == ["vis_1", "vis_2"]
        assert ids(api.get("/visits", to="2026-06-01T09:00:00Z")) == []
        assert ids(api.get("/visits", jobId="job_2", teamId="usr_1")) == ["vis_2"]

    def test_since_lists_what_changed_then_or_later_in_the_order_of_change(
        self, simulator: FieldCampSimulator, api: Api
    ) -> None:
        loaded(simulator, 5)
        assert ids(api.get("/visits", since="2026-05-01T00:00:03Z")) == ["vis_0003", "vis_0004"]
        simulator.change_visit(KEY, "vis_0000", notes="x")
        changed = ["vis_0003", "vis_0004", "vis_0000"]
        assert ids(api.get("/visits", since="2026-05-01T00:00:03Z")) == changed
        first = api.get("/visits", since="2026-05-01T02:00:03+02:00", limit=2)
        cursor = first.json()["meta"]["nextCursor"]
        assert ids(first) + ids(api.get("/visits", since="2026-05-01T02:00:03+02:00", cursor=cursor)) == changed
        refused(api.get("/visits", cursor=cursor), 400, "cursor")

    def test_clients_are_searched_and_deleted_softly(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.add_client(KEY, id="cli_2", companyName="Hillside Ltd", stage="lead")
        assert ids(api.get("/clients", search="hill"), "clients") == ["cli_1", "cli_2"]
        assert ids(api.get("/clients", stage="lead"), "clients") == ["cli_2"]
        assert api.delete("/clients/cli_2").status_code == 200
        assert ids(api.get("/clients"), "clients") == ["cli_1"]
        assert ids(api.get("/clients", includeDeleted="true"), "clients") == ["cli_1", "cli_2"]
        client = api.get("/clients/cli_2").json()["data"]["client"]
        assert (client["name"], client["isDeleted"], bool(client["deletedAt"])) == ("Hillside Ltd", True, True)

    def test_jobs_and_team_show_the_fields_that_are_known_and_no_others(self, api: Api) -> None:
        job = api.get("/jobs/job_1").json()["data"]["job"]
        names = {"id", "jobNumber", "title", "clientId", "jobAddress", "notes", "timezone", "jobStatus"}
        assert set(job) == names
        member = api.get("/team").json()["data"]["team"][0]
        assert set(member) == {"id", "firstName", "lastName", "email", "role", "isActive"}

    def test_incremental_lists_of_100_000_visits_are_quick(self, simulator: FieldCampSimulator, api: Api) -> None:
        start = {"scheduledStart": NINE, "visitStatus": "scheduled", "unscheduled": False, "updatedAt": NINE}
        simulator.load_visits(KEY, [{"id": f"vis_{number}", **start} for number in range(100_000)])
        simulator.change_visit(KEY, "vis_5", notes="x")
        begin = time.perf_counter()
        for _ in range(20):
            assert ids(api.get("/visits", since=NOON)) == ["vis_5"]
        assert (time.perf_counter() - begin) / 20 < 0.05


class TestSettings:
    def test_documented_only_shows_the_documented_fields_and_refuses_since(
        self, simulator: FieldCampSimulator, api: Api
    ) -> None:
        simulator.configure(documented_only=True)
        visit = created(api.post("/visits", new_visit()))
        assert list(visit) == [
            "id",
            "jobId",
            "scheduledStart",
            "scheduledEnd",
            "teamId",
            "serviceDuration",
            "unscheduled",
            "anyTime",
            "visitStatus",
            "createdAt",
        ]
        assert api.get("/visits").json()["data"]["visits"] == [visit]
        refused(api.get("/visits", since=NINE), 400, "since")
        assert ids(api.get("/clients", since=NINE), "clients") == ["cli_1"]

    def test_since_can_be_missing_altogether(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.configure(since_offered=False)
        refused(api.get("/clients", since=NINE), 400, "since")

    def test_without_meta_lists_come_whole(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.configure(without_meta=True)
        expected = loaded(simulator, 120)
        answer = api.get("/visits", limit=10)
        assert ids(answer) == expected
        assert "meta" not in answer.json()

    def test_older_answers_show_a_technician(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.configure(technician_id=True)
        visit = created(api.post("/visits", new_visit(teamId=["usr_2", "usr_1"])))
        assert visit["technicianId"] == "usr_2"
        assert "teamId" not in visit
        assert created(api.post("/visits", {"jobId": "job_1"}))["technicianId"] is None

    def test_the_limit_of_a_minute_answers_429_with_retry_after(
        self, simulator: FieldCampSimulator, http: httpx.Client, api: Api
    ) -> None:
        simulator.add_account(OTHER_KEY)
        simulator.configure(rate_limit_per_minute=2)
        assert [api.get("/team").status_code for _ in range(3)] == [200, 200, 429]
        answer = api.get("/team")
        refused(answer, 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert Api(http, OTHER_KEY).get("/team").status_code == 200
        simulator.configure(retry_after_offered=False)
        assert "Retry-After" not in api.get("/team").headers

    def test_the_limit_of_a_day_answers_429(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.configure(rate_limit_per_day=1)
        assert [api.get("/team").status_code for _ in range(2)] == [200, 429]
        assert int(api.get("/team").headers["Retry-After"]) > 3600

    def test_the_published_limits_hold_unless_raised(self) -> None:
        simulator = FieldCampSimulator()
        assert simulator.settings()["rate_limit_per_minute"] == 100
        assert simulator.settings()["rate_limit_per_day"] == 10_000

    def test_latency_does_not_queue_requests(self, simulator: FieldCampSimulator, api: Api) -> None:
        simulator.configure(latency_seconds=0.15)
        begin = time.perf_counter()
        threads = [threading.Thread(target=api.get, args=("/team",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.15 <= time.perf_counter() - begin < 0.5

    def test_the_app_works_under_a_prefix(self, simulator: FieldCampSimulator) -> None:
        app = Starlette(routes=[Mount("/fieldcamp", app=simulator.app)])
        with serve(app) as server, httpx.Client(base_url=f"{server.url}/fieldcamp", trust_env=False) as client:
            assert ids(Api(client).get("/team"), "team") == ["usr_1", "usr_2"]
            assert client.post("/_control/counters").json()["requests.team.list"] == 1


class TestFaults:
    def test_dropped_before_nothing_is_written_and_after_it_is(self, simulator: FieldCampSimulator, api: Api) -> None:
        order(simulator, operation="visits.create", drop="before")
        with pytest.raises(httpx.RemoteProtocolError):
            api.post("/visits", new_visit(), "once")
        assert simulator.visits(KEY) == []
        order(simulator, operation="visits.create", drop="after")
        with pytest.raises(httpx.RemoteProtocolError):
            api.post("/visits", new_visit(), "once")
        [visit] = simulator.visits(KEY)
        assert created(api.post("/visits", new_visit(), "once"))["id"] == visit["id"]
        assert len(simulator.visits(KEY)) == 1

    def test_a_fault_answers_in_the_envelope_and_is_in_the_journal(
        self, simulator: FieldCampSimulator, http: httpx.Client, api: Api
    ) -> None:
        simulator.add_visit(KEY, id="vis_journal", jobId="job_1")
        order(simulator, path="^/api/v1/visits/vis_journal$", status=503, headers={"Retry-After": "1"})
        answer = api.get("/visits/vis_journal")
        refused(answer, 503)
        assert answer.headers["Retry-After"] == "1"
        assert api.get("/visits/vis_journal").status_code == 200
        journal = http.get("/_control/journal").json()
        seen = [(entry["operation"], entry["status"]) for entry in journal if entry["path"].endswith("/vis_journal")]
        assert seen == [("visits.get", 503), ("visits.get", 200)]


class TestEvents:
    def hear(self, simulator: FieldCampSimulator, receiver: Receiver, style: Any = "t_v1") -> None:
        simulator.subscribe(KEY, receiver.url, SECRET, style)

    def test_each_change_through_api_or_control_is_told(
        self, simulator: FieldCampSimulator, api: Api, receiver: Receiver
    ) -> None:
        self.hear(simulator, receiver)
        visit = created(api.post("/visits", new_visit()))
        api.put(f"/visits/{visit['id']}", {"notes": "x"})
        api.put(f"/visits/{visit['id']}", {"notes": "x"})
        simulator.change_visit(KEY, visit["id"], visitStatus="in_transit")
        api.delete(f"/visits/{visit['id']}")
        api.put("/clients/cli_1", {"lastName": "Dale"})
        api.put("/jobs/job_1", {"jobStatus": "done"})
        assert simulator.wait_until_delivered(5)
        assert receiver.types() == [
            "visit.created",
            "visit.updated",
            "visit.status_changed",
            "visit.deleted",
            "client.updated",
            "job.status_changed",
        ]
        update, move = receiver.events()[1:3]
        assert update["data"]["previous_attributes"] == {"notes": None}
        assert move["data"]["previous_attributes"] == {"visitStatus": "scheduled"}
        assert move["data"]["object"]["visitStatus"] == "in_transit"
        assert move["api_version"] == "2024-10-01"
        assert set(move) == {"id", "type", "created_at", "api_version", "data"}
        assert "previous_attributes" not in receiver.events()[0]["data"]
        assert receiver.got[0][0]["x-fieldcamp-delivery-id"] == receiver.events()[0]["id"]
        assert receiver.events()[0]["id"].startswith("evt_")

    def test_a_refused_write_tells_nothing(self, simulator: FieldCampSimulator, api: Api, receiver: Receiver) -> None:
        self.hear(simulator, receiver)
        refused(api.post("/visits", new_visit(colour="red")), 400)
        created(api.post("/visits", new_visit(), "once"))
        created(api.post("/visits", new_visit(), "once"))
        assert simulator.wait_until_delivered(5)
        assert receiver.types() == ["visit.created"]

    def test_signatures_of_each_style_verify(self, simulator: FieldCampSimulator, receiver: Receiver) -> None:
        for style in ("t_v1", "sha256", "hex", "standard_webhooks"):
            simulator.unsubscribe(KEY)
            self.hear(simulator, receiver, style)
            simulator.add_visit(KEY, jobId="job_1", notes="Zürich")
            assert simulator.wait_until_delivered(5)
        stamped, prefixed, bare, standard = receiver.got
        unix, _, signature = stamped[0]["x-fieldcamp-signature"].removeprefix("t=").partition(",v1=")
        assert signature == hmac.new(SECRET.encode(), f"{unix}.".encode() + stamped[1], hashlib.sha256).hexdigest()
        assert abs(int(unix) - time.time()) < 60
        by_hand = hmac.new(SECRET.encode(), prefixed[1], hashlib.sha256).hexdigest()
        assert prefixed[0]["x-fieldcamp-signature"] == f"sha256={by_hand}"
        by_hand = hmac.new(SECRET.encode(), bare[1], hashlib.sha256).hexdigest()
        assert bare[0]["x-fieldcamp-signature"] == by_hand
        assert Webhook(SECRET).verify(standard[1], standard[0])["id"] == standard[0]["webhook-id"]

    def test_a_secret_that_cannot_sign_is_refused(self, simulator: FieldCampSimulator) -> None:
        with pytest.raises(ValueError, match="padding"):
            simulator.subscribe(KEY, "http://127.0.0.1:1/hook", "whsec_abc", "standard_webhooks")

    def test_a_failed_delivery_is_tried_again_until_it_is_taken(
        self, simulator: FieldCampSimulator, receiver: Receiver
    ) -> None:
        self.hear(simulator, receiver)
        receiver.statuses = [503, 500]
        simulator.add_visit(KEY, jobId="job_1")
        assert simulator.wait_until_delivered(5)
        [delivery] = simulator.deliveries()
        assert (delivery["state"], delivery["attempts"], delivery["statuses"]) == ("delivered", 3, [503, 500, 202])
        assert len({event["id"] for event in receiver.events()}) == 1

    def test_a_delivery_that_nobody_takes_is_given_up(self, simulator: FieldCampSimulator) -> None:
        simulator.subscribe(KEY, "http://127.0.0.1:1/hook", SECRET)
        simulator.add_visit(KEY, jobId="job_1")
        assert simulator.wait_until_delivered(5)
        [delivery] = simulator.deliveries()
        assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("failed", 4, None)
        assert "ConnectError" in delivery["error"]

    def test_events_can_come_twice_late_or_in_another_order(
        self, simulator: FieldCampSimulator, receiver: Receiver
    ) -> None:
        self.hear(simulator, receiver)
        simulator.configure(webhook_copies=2, webhook_order="newest")
        simulator.pause_deliveries()
        for notes in "ab":
            simulator.add_visit(KEY, jobId="job_1", notes=notes)
        time.sleep(0.02)
        assert receiver.got == []
        simulator.resume_deliveries()
        assert simulator.wait_until_delivered(5)
        assert [event["data"]["object"]["notes"] for event in receiver.events()] == ["b", "b", "a", "a"]
        simulator.configure(webhook_copies=1, webhook_delay_seconds=(0.05, 0.06))
        begin = time.perf_counter()
        simulator.add_visit(KEY, jobId="job_1")
        assert simulator.wait_until_delivered(5)
        assert time.perf_counter() - begin >= 0.05

    def test_events_can_be_lost_repeated_and_invented(self, simulator: FieldCampSimulator, receiver: Receiver) -> None:
        self.hear(simulator, receiver)
        simulator.configure(webhooks=False)
        simulator.add_visit(KEY, jobId="job_1")
        simulator.configure(webhooks=True)
        invented = simulator.emit(KEY, "visit.exploded", {"id": "vis_1"})
        assert simulator.redeliver(invented["id"]) == 1
        assert simulator.wait_until_delivered(5)
        assert receiver.types() == ["visit.exploded", "visit.exploded"]
        assert [event["type"] for event in simulator.events(KEY)][-2:] == ["visit.created", "visit.exploded"]

    def test_a_slow_subscriber_does_not_hold_up_answers_and_a_burst_arrives(
        self, simulator: FieldCampSimulator, api: Api, receiver: Receiver
    ) -> None:
        self.hear(simulator, receiver)
        simulator.configure(webhook_threads=4)
        begin = time.perf_counter()
        for _ in range(500):
            simulator.add_visit(KEY, jobId="job_1")
        assert time.perf_counter() - begin < 1
        assert simulator.wait_until_delivered(5)
        assert len({event["id"] for event in receiver.events()}) == 500


class TestBooks:
    def invoice(self, api: Api) -> dict[str, Any]:
        tax = api.post("/taxes", {"name": "VAT", "rate": 0.2}).json()["data"]["taxId"]
        item = api.post("/items", {"name": "Hour", "price": 33.335}).json()["data"]["item"]
        lines = [
            {"itemId": item["id"], "quantity": 3, "taxIds": [tax], "markup": {"type": "percentage", "value": 10}},
            {"name": "Parts", "price": 9.99, "discount": {"type": "fixed", "value": 0.99}},
        ]
        body = {"clientId": "cli_1", "lineItems": lines, "discount": {"type": "percentage", "value": 5}}
        answer = api.post("/invoices", body)
        assert answer.status_code == 201, answer.text
        invoice: dict[str, Any] = answer.json()["data"]["invoice"]
        return invoice

    def test_an_invoice_adds_up_in_cents(self, api: Api) -> None:
        invoice = self.invoice(api)
        assert [line["total"] for line in invoice["lineItems"]] == [110.02, 9]
        names = ("subTotal", "markupTotal", "discountTotal", "taxTotal", "total", "amountPaid", "balanceDue", "status")
        assert [invoice[name] for name in names] == [119.02, 0, 5.95, 20.9, 133.97, 0, 133.97, "unpaid"]

    def test_payments_pay_the_invoice_and_it_is_told_once(self, simulator: FieldCampSimulator, api: Api) -> None:
        invoice = self.invoice(api)
        path = f"/invoices/{invoice['id']}"
        api.post("/payments", {"invoiceId": invoice["id"], "amount": 100, "externalId": "qbo_1"})
        assert api.get(path).json()["data"]["invoice"]["status"] == "partial"
        last = api.post("/payments", {"invoiceId": invoice["id"], "amount": 33.97}).json()["data"]["payment"]
        paid = api.get(path).json()["data"]["invoice"]
        assert (paid["status"], paid["amountPaid"], paid["balanceDue"]) == ("paid", 133.97, 0)
        assert [event["type"] for event in simulator.events(KEY)].count("invoice.paid") == 1
        assert ids(api.get("/payments", externalId="qbo_1"), "payments") != [last["id"]]
        assert ids(api.get("/invoices", status="paid", clientId="cli_1"), "invoices") == [invoice["id"]]
        api.delete(f"/payments/{last['id']}")
        assert api.get(path).json()["data"]["invoice"]["status"] == "partial"

    def test_a_void_invoice_stays_void(self, api: Api) -> None:
        path = f"/invoices/{self.invoice(api)['id']}"
        void = api.put(path, {"status": "void"}).json()["data"]["invoice"]
        assert void["voidedAt"]
        refused(api.put(path, {"notes": "x"}), 400, "void")
        refused(api.post("/payments", {"invoiceId": void["id"], "amount": 1}), 400, "void")
        refused(api.post("/invoices", {"clientId": "cli_1", "lineItems": [], "total": 5}), 400, "total")

    @pytest.mark.parametrize("amount", [0, -1, 0.004, 1e300, "5", True])
    def test_a_payment_must_be_an_amount_of_money(self, api: Api, amount: Any) -> None:
        invoice = self.invoice(api)
        refused(api.post("/payments", {"invoiceId": invoice["id"], "amount": amount}), 400, "amount")


class TestControl:
    @pytest.fixture
    def control(self, http: httpx.Client) -> Iterator[Control]:
        control = Control(str(http.base_url))
        yield control
        control.close()

    def test_every_method_answers_over_http_without_a_key(self, control: Control) -> None:
        control.call("add_account", api_key=OTHER_KEY)
        control.call("configure", rate_limit_per_minute=0)
        control.add_fault(status=500, times=None)
        visit = control.call("add_visit", api_key=OTHER_KEY, id="vis_1", scheduledStart=NINE)
        assert visit["visitStatus"] == "scheduled"
        assert control.call("change_visit", api_key=OTHER_KEY, visit_id="vis_1", notes="x")["notes"] == "x"
        assert [each["id"] for each in control.call("visits", api_key=OTHER_KEY)] == ["vis_1"]
        assert not [entry for entry in control.journal() if entry["path"].startswith("/_control")]
        control.reset()
        with pytest.raises(ControlError, match=OTHER_KEY):
            control.call("visits", api_key=OTHER_KEY)

    @pytest.mark.parametrize("method", ["nothing", "_account", "close"])
    def test_what_is_no_control_method_is_refused(self, control: Control, method: str) -> None:
        with pytest.raises(ControlError, match=method):
            control.call(method)

    @pytest.mark.parametrize("method", ["add_account", "configure"])
    def test_wrong_arguments_are_refused(self, control: Control, method: str) -> None:
        with pytest.raises(ControlError, match=r"400.*colour"):
            control.call(method, colour="red")

    def test_a_field_that_visits_do_not_have_is_refused(self, control: Control) -> None:
        with pytest.raises(ControlError, match=r"400.*colour"):
            control.call("add_visit", api_key=KEY, colour="red")
