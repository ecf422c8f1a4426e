"""The simulated ReviewRover lets in, refuses and fails as the real one, over HTTP on the loopback."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.simulators.review_rover import ACCOUNT, CONTACTS, FORM, VISITS, Rover, errors
from worker.simulators.control import Control, ControlError
from worker.simulators.faults import Fault
from worker.simulators.town import Town, variables

NINE = "2026-06-01T09:00:00.000Z"


class TestWhatIsRefused:
    def test_a_contact_is_needed_and_must_exist(self, rover: Rover) -> None:
        assert errors(rover.post()) == {"contact_id": ["can't be blank"]}
        assert errors(rover.post(contact_id=" ")) == {"contact_id": ["can't be blank"]}
        assert errors(rover.post(contact_id="cont_0")) == {"contact_id": ["does not exist"]}
        rover.create(external_id="vis_1")
        assert errors(rover.put("vis_1", contact_id="")) == {"contact_id": ["can't be blank"]}
        assert errors(rover.put("vis_1", contact_id="cont_0")) == {"contact_id": ["does not exist"]}

    def test_an_external_id_is_taken_once(self, rover: Rover) -> None:
        rover.create(external_id="vis_1")
        rover.create(external_id="vis_2")
        taken = {"external_id": ["has already been taken"]}
        assert errors(rover.post(contact_id=rover.contact, external_id="vis_1")) == taken
        assert errors(rover.put("vis_2", external_id="vis_1")) == taken
        assert rover.put("vis_2", external_id="vis_2").status_code == 200
        assert rover.page()["pagination"]["total"] == 2

    def test_a_second_one_stands_beside_the_first_by_its_switch(self, rover: Rover) -> None:
        rover.simulator.configure(second_external_id="created")
        first, second = rover.create(external_id="vis_1"), rover.create(external_id="vis_1")
        assert rover.get("vis_1").json() == first
        rover.delete("vis_1")
        assert rover.get("vis_1").json() == second

    def test_an_external_id_that_changed_leaves_its_old_name(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1")
        rover.put("vis_1", external_id="vis_2")
        assert rover.get("vis_1").status_code == 404
        assert rover.get("vis_2").json()["id"] == made["id"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("time_scheduled", "tomorrow"),
            ("time_scheduled", "2026-06-01"),
            ("time_completed", "2026-06-01T09:00:00"),
            ("date_cancelled", "2026-06-31"),
            ("event_date", "soon"),
            ("amount_collected", "1.005"),
            ("amount_collected", "-1"),
            ("amount_collected", "1e3"),
            ("amount_collected", "$5"),
            ("amount_collected", "10000000000"),
            ("external_id", "x" * 256),
            ("id", "7"),
            ("completed", "true"),
            ("created_at", NINE),
            ("updated_at", NINE),
            ("colour", "red"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_written(self, rover: Rover, name: str, value: str) -> None:
        assert errors(rover.post(contact_id=rover.contact, **{name: value})).keys() == {name}
        assert rover.page()["data"] == []
        made = rover.create(external_id="vis_1")
        assert errors(rover.put("vis_1", **{name: value, "date_cancelled": "x"})).keys() == {name, "date_cancelled"}
        assert rover.get("vis_1").json() == made

    def test_read_only_and_unknown_fields_are_passed_over_by_their_switches(self, rover: Rover) -> None:
        rover.simulator.configure(read_only_fields="ignored", unknown_names="ignored")
        made = rover.create(external_id="vis_1", id="7", completed="true", colour="red")
        assert made["id"] != 7
        assert made["completed"] is False
        assert "colour" not in made
        assert rover.client.get(VISITS, params={"colour": "red"}).status_code == 200

    def test_a_body_is_a_form_and_json_by_its_switch(self, rover: Rover) -> None:
        body = {"contact_id": rover.contact, "external_id": "vis_1", "amount_collected": 12.3, "time_completed": None}
        refused = rover.client.post(VISITS, json=body)
        told = {"error": "The body must be application/x-www-form-urlencoded"}
        assert (refused.status_code, refused.json()) == (422, told)
        plain = {"content-type": "text/plain"}
        assert rover.client.post(VISITS, content=f"contact_id={rover.contact}", headers=plain).json() == told
        assert rover.page()["data"] == []
        rover.simulator.configure(json_bodies=True)
        made = rover.client.post(VISITS, json=body).json()
        assert (made["external_id"], made["amount_collected"]) == ("vis_1", "12.30")
        assert rover.put("vis_1", amount_collected="1").json()["amount_collected"] == "1.00"

    @pytest.mark.parametrize("content", [b"contact_id", b"contact_id=%ff&=;"])
    def test_a_body_that_is_no_form_is_refused(self, rover: Rover, content: bytes) -> None:
        answer = rover.client.post(VISITS, content=content, headers=FORM)
        assert (answer.status_code, answer.json()) == (422, {"error": "The body is not a form"})

    @pytest.mark.parametrize("content", [b"{", b"[]"])
    def test_a_body_that_is_no_json_object_is_refused(self, rover: Rover, content: bytes) -> None:
        rover.simulator.configure(json_bodies=True)
        answer = rover.client.post(VISITS, content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json().keys()) == (422, {"error"})

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer nobody", "Token {token}", "{token}", "bearer {token}"])
    def test_who_has_no_token_is_refused(self, rover: Rover, value: str) -> None:
        headers = {"authorization": value.format(token=rover.token).strip()}
        answer = rover.client.post(VISITS, data={"contact_id": rover.contact}, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API token"})
        assert rover.page()["data"] == []

    def test_a_revoked_token_is_refused_and_the_accounts_other_one_goes_on(self, rover: Rover) -> None:
        second = rover.simulator.issue_token(ACCOUNT)
        rover.simulator.revoke_token(rover.token)
        assert rover.client.get(VISITS).status_code == 401
        rover.act_with(second)
        assert rover.client.get(VISITS).status_code == 200

    def test_unknown_paths_and_methods_are_told_as_errors(self, rover: Rover) -> None:
        assert rover.client.get("/v1/reviews").json() == {"error": "Not found"}
        assert rover.client.get("/v1/visits/").status_code == 404
        answer = rover.client.patch(f"{VISITS}/1")
        assert (answer.status_code, answer.json()) == (405, {"error": "Method not allowed"})


class TestFaultsAndControl:
    def test_too_many_requests_of_a_token_are_refused_with_a_hint_that_can_be_left_out(self, rover: Rover) -> None:
        rover.simulator.configure(rate_limit_per_minute=2)
        answers = [rover.client.get(VISITS) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].json() == {"error": "Too many requests"}
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        rover.simulator.configure(retry_after_offered=False)
        assert "retry-after" not in rover.client.get(VISITS).headers
        rover.act_with(rover.other_token)
        assert rover.client.get(VISITS).status_code == 200

    def test_an_answer_can_be_lost_after_the_visit_was_made(self, rover: Rover) -> None:
        rover.simulator.faults.add(Fault(operation="visits.create", drop="after"))
        with pytest.raises(httpx.TransportError):
            rover.post(contact_id=rover.contact, external_id="vis_1", time_completed=NINE)
        assert rover.get("vis_1").status_code == 200
        assert rover.asked() == ["vis_1"]

    def test_a_gateway_answers_in_html_and_an_ordered_refusal_as_a_real_one(self, rover: Rover) -> None:
        rover.simulator.faults.add(Fault(status=503, body="<html>Away</html>"))
        assert rover.client.get(VISITS).headers["content-type"].startswith("text/html")
        rover.simulator.faults.add(Fault(status=429, headers={"Retry-After": "7"}))
        answer = rover.client.get(VISITS)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
        assert answer.json() == {"error": "Too many requests"}

    def test_it_can_be_slow(self, rover: Rover) -> None:
        rover.simulator.configure(latency_seconds=0.2)
        started = time.monotonic()
        assert rover.client.get(VISITS).status_code == 200
        assert time.monotonic() - started >= 0.2

    def test_the_journal_names_each_call_and_tells_no_token(self, rover: Rover) -> None:
        rover.create(external_id="vis_1")
        rover.get("vis_1")
        rover.page()
        rover.put("vis_1", time_completed=NINE)
        rover.delete("vis_1")
        rover.client.get(CONTACTS)
        rover.post(CONTACTS, email="bob@example.com")
        rover.client.get("/v1/reviews")
        names = [f"visits.{name}" for name in ("create", "get", "list", "update", "delete")]
        entries = rover.simulator.journal.entries()
        assert [entry.operation for entry in entries] == [*names, "contacts.list", "contacts.create", ""]
        assert rover.token not in repr(entries)

    def test_everything_answers_over_http(self, rover: Rover) -> None:
        control = Control(rover.url)
        rover.act_with(control.call("add_account", account="third"))
        contact = control.call("add_contact", account="third", email="eve@example.com")["id"]
        control.call("add_visit", account="third", contact_id=contact, external_id="vis_3", time_completed=NINE)
        assert rover.get("vis_3").status_code == 200
        assert [sent["email"] for sent in control.call("review_requests")] == ["eve@example.com"]
        with pytest.raises(ControlError, match="kindness"):
            control.call("configure", kindness=1)
        control.call("configure", json_bodies=True)
        control.reset()
        assert control.call("settings")["json_bodies"] is False
        assert control.call("review_requests") == []
        assert control.journal() == []
        assert rover.get("vis_3").status_code == 401
        control.close()

    def test_the_town_serves_it_where_the_variable_points(self) -> None:
        town = Town()
        token = town.review_rover.add_account(ACCOUNT)
        contact = town.review_rover.add_contact(ACCOUNT, email="ada@example.com")["id"]
        with town.serve() as served, httpx.Client(headers={"authorization": f"Bearer {token}"}) as client:
            url = f"{variables(served.url)['REVIEW_ROVER_BASE_URL']}/v1/visits"
            assert client.post(url, data={"contact_id": contact, "external_id": "vis_1"}).status_code == 201
            assert client.get(f"{url}/vis_1").json()["contact_id"] == contact
            assert client.get(served.url).json()["review_rover"] == "/review-rover"
        assert [entry.operation for entry in town.review_rover.journal.entries()] == ["visits.create", "visits.get"]
        town.close()
