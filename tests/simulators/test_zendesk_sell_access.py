"""The simulated Zendesk Sell lets in, refuses and fails as the real one, over HTTP on the loopback."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.simulators.zendesk_sell import ACCOUNT, VISITS, Sell, refused
from worker.simulators.control import Control, ControlError
from worker.simulators.faults import Fault
from worker.simulators.town import Town, variables
from worker.simulators.zendesk_sell import ZendeskSellSimulator

NINE = "2026-06-01T09:00:00Z"


class TestRefusals:
    @pytest.mark.parametrize(
        "params",
        [
            {"page": 0},
            {"page": 101},
            {"page": "two"},
            {"per_page": 0},
            {"per_page": 101},
            {"sort_by": "updated_at"},
            {"sort_by": "id:down"},
            {"sort_by": "id:"},
            {"sort_by": "id:asc"},
            {"creator_id": "me"},
            {"outcome_id": ""},
            {"resource_type": "deal"},
            {"resource_id": 5},
            {"resource_type": "lead", "resource_id": "x"},
            {"rep_location_verification_status": "lost"},
            {"creator_id": [1, 2]},
        ],
    )
    def test_a_wrong_value_is_refused_and_named(self, sell: Sell, params: dict[str, Any]) -> None:
        answer = sell.get(**params)
        assert refused(answer) == (400, "invalid_param")
        details = answer.json()["errors"][0]["error"]["details"]
        assert details.split()[0] in params

    def test_a_parameter_that_there_is_not_is_refused_or_by_its_switch_ignored(self, sell: Sell) -> None:
        visit = sell.add()
        answer = sell.get(updated_since=NINE)
        assert refused(answer) == (422, "unknown")
        error = answer.json()["errors"][0]["error"]
        assert (error["resource"], error["field"]) == ("visit", "updated_since")
        sell.simulator.configure(unknown_parameters="ignored")
        assert sell.ids(updated_since=NINE) == [visit]

    def test_a_type_alone_is_taken_or_by_its_switch_refused(self, sell: Sell) -> None:
        assert sell.get(resource_type="lead").status_code == 200
        sell.simulator.configure(resource_type_alone=False)
        assert refused(sell.get(resource_type="lead")) == (400, "invalid_param")
        assert sell.get(resource_type="lead", resource_id=1).status_code == 200

    def test_who_does_not_say_its_name_is_refused_before_anything_else(self, sell: Sell) -> None:
        sell.act_with("unknown")
        nameless = sell.client.build_request("GET", VISITS)
        del nameless.headers["user-agent"]
        assert refused(sell.client.send(nameless)) == (400, "invalid_user_agent")
        assert refused(sell.client.get(VISITS, headers={"user-agent": ""})) == (400, "invalid_user_agent")

    @pytest.mark.parametrize("accept", ["", "*/*", "text/html"])
    def test_who_does_not_accept_json_is_refused(self, sell: Sell, accept: str) -> None:
        assert refused(sell.client.get(VISITS, headers={"accept": accept})) == (400, "invalid_header")

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer nobody", "Token {token}", "{token}", "bearer {token}"])
    def test_who_has_no_token_is_refused(self, sell: Sell, value: str) -> None:
        headers = {"authorization": value.format(token=sell.token).strip()}
        assert refused(sell.client.get(VISITS, headers=headers)) == (401, "unauthorized")

    def test_a_revoked_token_is_refused_and_the_accounts_other_one_goes_on(self, sell: Sell) -> None:
        second = sell.simulator.issue_token(ACCOUNT)
        sell.simulator.revoke_token(sell.token)
        assert refused(sell.get()) == (401, "unauthorized")
        sell.act_with(second)
        assert sell.get().status_code == 200

    def test_a_token_without_the_scope_read_is_refused(self, sell: Sell) -> None:
        sell.act_with(sell.simulator.issue_token(ACCOUNT, scopes=["profile"]))
        assert refused(sell.get()) == (403, "insufficient_scope")

    @pytest.mark.parametrize("path", ["/v2/visits/1", "/v2/visits/", "/v2/contacts", "/v3/visits", "/"])
    def test_there_is_nothing_but_the_listing(self, sell: Sell, path: str) -> None:
        sell.add()
        assert refused(sell.get(path)) == (404, "not_found")

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_nothing_can_be_written(self, sell: Sell, method: str) -> None:
        visit = sell.add()
        assert refused(sell.client.request(method, VISITS)) == (404, "incorrect_path")
        assert sell.ids() == [visit]


class TestTheLimit:
    def test_the_eleventh_request_in_a_second_is_refused_without_a_hint(self, sell: Sell) -> None:
        sell.simulator.configure(rate_limit_per_second=10)
        answers = [sell.get() for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert refused(answers[-1]) == (429, "rate_limit_exceeded")
        assert not [name for name in answers[-1].headers if "retry" in name or "rate" in name]

    def test_it_is_the_tokens_own_and_passes_with_the_second(self, sell: Sell) -> None:
        sell.simulator.configure(rate_limit_per_second=1)
        assert [sell.get().status_code for _ in range(2)] == [200, 429]
        sell.act_with(sell.other_token)
        assert sell.get().status_code == 200
        sell.act_with(sell.token)
        time.sleep(1.05)
        assert sell.get().status_code == 200

    def test_it_is_ten_from_the_start(self) -> None:
        assert ZendeskSellSimulator().settings()["rate_limit_per_second"] == 10


class TestFaultsAndControl:
    @pytest.mark.parametrize(
        ("status", "code"), [(401, "unauthorized"), (429, "rate_limit_exceeded"), (500, "server_error")]
    )
    def test_an_ordered_refusal_has_the_body_of_a_real_one(self, sell: Sell, status: int, code: str) -> None:
        sell.simulator.faults.add(Fault(operation="visits.list", status=status))
        body = sell.get().json()
        assert body["errors"][0]["error"]["code"] == code
        assert sell.get().status_code == 200

    def test_a_gateway_answers_in_html(self, sell: Sell) -> None:
        sell.simulator.faults.add(Fault(status=502, body="<html>Bad Gateway</html>"))
        answer = sell.get()
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")

    def test_an_answer_can_be_lost_or_late(self, sell: Sell) -> None:
        sell.simulator.faults.add(Fault(drop="after"))
        with pytest.raises(httpx.TransportError):
            sell.get()
        sell.simulator.configure(latency_seconds=0.2)
        started = time.monotonic()
        assert sell.get().status_code == 200
        assert time.monotonic() - started >= 0.2

    def test_the_journal_names_listings_and_tells_no_token(self, sell: Sell) -> None:
        sell.get(sort_by="id:desc")
        sell.client.post(VISITS)
        first, second = sell.simulator.journal.entries()
        assert (first.operation, first.query, first.status) == ("visits.list", "sort_by=id%3Adesc", 200)
        assert (second.operation, second.method, second.status) == ("", "POST", 404)
        assert sell.token not in repr(first)

    def test_everything_answers_over_http(self, sell: Sell) -> None:
        control = Control(sell.url)
        token = control.call("add_account", account="third")
        visit = control.call("add_visit", account="third", creator_id=9)
        sell.act_with(token)
        assert sell.ids(creator_id=9) == [visit["id"]]
        control.call("configure", rate_limit_per_second=0)
        assert sell.get().status_code == 429
        with pytest.raises(ControlError, match="kindness"):
            control.call("configure", kindness=1)
        control.reset()
        assert control.call("settings")["rate_limit_per_second"] == 10
        assert control.journal() == []
        assert refused(sell.get()) == (401, "unauthorized")
        control.close()

    def test_the_town_serves_it_where_the_variable_points(self) -> None:
        town = Town()
        token = town.zendesk_sell.add_account(ACCOUNT)
        town.zendesk_sell.load(ACCOUNT, 2)
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        with town.serve() as served, httpx.Client(headers=headers) as client:
            url = f"{variables(served.url)['ZENDESK_SELL_BASE_URL']}/v2/visits"
            links = client.get(url, params={"per_page": 1}).json()["meta"]["links"]
            assert links["next_page"].startswith(f"{url}?page=2&")
            assert client.get(links["next_page"]).json()["items"][0]["data"]["id"] == 2
            assert client.get(served.url).json()["zendesk_sell"] == "/zendesk-sell"
        town.close()
