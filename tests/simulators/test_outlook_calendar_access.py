"""Tokens, consent, permissions and the control of the Outlook simulator."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.simulators.outlook import OTHER, TECH, Graph, code, event, served_outlook
from worker.simulators.control import Control, ControlError
from worker.simulators.faults import Fault
from worker.simulators.outlook_calendar.simulator import TENANT

CLIENT = {"client_id": "client-id", "client_secret": "client-secret"}
GRAPH = "https://graph.microsoft.com/"
WAY_BACK = "http://127.0.0.1:8000/connect/outlook-calendar/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture(scope="module")
def server() -> Iterator[Graph]:
    with served_outlook() as graph:
        yield graph


@pytest.fixture
def graph(server: Graph) -> Graph:
    server.start_over()
    return server


def token(graph: Graph, tenant: str = "common", **form: str) -> httpx.Response:
    return httpx.post(f"{graph.url}/{tenant}/oauth2/v2.0/token", data={**CLIENT, **form})


def refresh(graph: Graph, value: str = "", **changes: str) -> httpx.Response:
    return token(graph, **{"grant_type": "refresh_token", "refresh_token": value or graph.refresh_token, **changes})


def application(graph: Graph, tenant: str = TENANT, scope: str = f"{GRAPH}.default") -> httpx.Response:
    return token(graph, tenant, grant_type="client_credentials", scope=scope)


def said(answer: httpx.Response) -> tuple[int, str, list[int]]:
    body = answer.json()
    return answer.status_code, body["error"], body["error_codes"]


class TestRefreshing:
    def test_a_refresh_brings_an_access_token_that_works(self, graph: Graph) -> None:
        answer = refresh(graph, scope=f"{GRAPH}Calendars.ReadWrite offline_access openid profile").json()
        assert answer["scope"] == f"{GRAPH}Calendars.ReadWrite openid profile"
        graph.client.headers["authorization"] = f"Bearer {answer['access_token']}"
        assert graph.create().status_code == 201

    def test_each_refresh_brings_a_new_refresh_token_and_the_old_one_stays_good(self, graph: Graph) -> None:
        newer = refresh(graph).json()["refresh_token"]
        newest = refresh(graph, newer).json()["refresh_token"]
        assert len({graph.refresh_token, newer, newest}) == 3
        assert refresh(graph).status_code == refresh(graph, newest).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"refresh_token": "nonsense"}, (400, "invalid_grant", [9002313])),
            ({"client_secret": "wrong"}, (401, "invalid_client", [7000215])),
            ({"client_id": "unknown"}, (400, "unauthorized_client", [700016])),
            ({"grant_type": "password"}, (400, "unsupported_grant_type", [70003])),
            ({"scope": "Mail.Read"}, (400, "invalid_scope", [70011])),
            ({"scope": "User.Read.All"}, (400, "consent_required", [65001])),
        ],
    )
    def test_a_refresh_that_is_not_right_is_refused(self, graph: Graph, changes: dict[str, str], expected: Any) -> None:
        assert said(refresh(graph, **changes)) == expected
        assert graph.simulator.counters()["refreshes"] == 0

    def test_a_revoked_grant_stays_revoked(self, graph: Graph) -> None:
        graph.simulator.revoke(TECH)
        assert said(refresh(graph)) == (400, "invalid_grant", [50173])
        assert code(graph.create()) == (401, "InvalidAuthenticationToken")

    def test_a_refresh_token_expires(self, graph: Graph) -> None:
        graph.simulator.pass_time(91 * 86_400)
        assert said(refresh(graph)) == (400, "invalid_grant", [700082])

    def test_a_user_may_have_to_sign_in_again(self, graph: Graph) -> None:
        graph.simulator.demand(TECH, "interaction_required")
        answer = refresh(graph)
        assert said(answer) == (400, "interaction_required", [50076])
        assert "access_token" in json.loads(answer.json()["claims"])
        graph.simulator.demand(TECH, None)
        assert refresh(graph).status_code == 200

    def test_the_identity_platform_can_be_in_trouble(self, graph: Graph) -> None:
        graph.simulator.faults.add(Fault(operation="token", status=429, reason="throttled"))
        graph.simulator.faults.add(Fault(operation="token", status=401, reason="secret_expired"))
        assert said(refresh(graph)) == (429, "temporarily_unavailable", [90055])
        assert said(refresh(graph)) == (401, "invalid_client", [7000222])
        assert refresh(graph).status_code == 200

    def test_an_access_token_lives_as_long_as_it_says(self, graph: Graph) -> None:
        assert graph.client.get("/me").status_code == 200
        graph.simulator.pass_time(3600)
        answer = graph.client.get("/me")
        assert code(answer) == (401, "InvalidAuthenticationToken")
        assert answer.headers["www-authenticate"].startswith("Bearer")


class TestApplications:
    def test_an_application_acts_for_each_user_of_its_tenant(self, graph: Graph) -> None:
        graph.simulator.add_tenant()
        answer = application(graph).json()
        assert "refresh_token" not in answer
        graph.client.headers["authorization"] = f"Bearer {answer['access_token']}"
        for user in (TECH, OTHER.upper()):
            assert graph.client.post(f"/users/{user}/events", json=event()).status_code == 201
        assert code(graph.client.get("/me/events")) == (400, "BadRequest")

    def test_of_another_tenant_it_knows_nobody(self, graph: Graph) -> None:
        graph.simulator.add_user("guest@elsewhere.example", tenant="99999999-0000-0000-0000-000000000000")
        graph.act_as_application()
        assert code(graph.client.get("/users/guest@elsewhere.example/events")) == (404, "Request_ResourceNotFound")

    def test_only_where_an_administrator_consented_and_only_by_default_scope(self, graph: Graph) -> None:
        assert said(application(graph)) == (400, "unauthorized_client", [700016])
        graph.simulator.add_tenant()
        assert said(application(graph, scope="Calendars.ReadWrite")) == (400, "invalid_scope", [70011])
        assert said(application(graph, "common")) == (400, "invalid_request", [90002])
        assert application(graph).status_code == 200
        graph.simulator.revoke_tenant()
        assert said(application(graph)) == (400, "unauthorized_client", [700016])

    def test_calendars_are_not_profiles(self, graph: Graph) -> None:
        graph.act_as_application()
        assert code(graph.client.get(f"/users/{TECH}")) == (403, "Authorization_RequestDenied")


class TestPermissions:
    def test_a_user_is_known_by_address_and_by_object_id(self, graph: Graph) -> None:
        me = graph.client.get("/me").json()
        assert (me["userPrincipalName"], me["mail"]) == (TECH, TECH)
        assert graph.client.get(f"/users/{me['id']}/events").json()["value"] == []

    def test_another_mailbox_is_closed_until_it_is_shared(self, graph: Graph) -> None:
        path = f"/users/{OTHER}/events"
        assert code(graph.client.get(path)) == (403, "ErrorAccessDenied")
        graph.simulator.share(OTHER, TECH, "read")
        assert graph.client.get(path).status_code == 200
        assert code(graph.client.post(path, json=event())) == (403, "ErrorAccessDenied")
        graph.simulator.share(OTHER, TECH, "write")
        assert graph.client.post(path, json=event()).status_code == 201
        graph.act_as(TECH, "Calendars.ReadWrite")
        assert code(graph.client.get(path)) == (403, "ErrorAccessDenied")

    def test_a_token_to_read_does_not_write(self, graph: Graph) -> None:
        graph.act_as(TECH, "Calendars.Read")
        assert graph.client.get("/me/events").status_code == 200
        assert code(graph.create()) == (403, "ErrorAccessDenied")

    def test_a_user_without_a_mailbox_has_no_calendar(self, graph: Graph) -> None:
        graph.simulator.add_user("boss@example.com", mailbox=False)
        graph.act_as("boss@example.com")
        assert code(graph.create()) == (404, "MailboxNotEnabledForRESTAPI")
        assert graph.client.get("/me").json()["mail"] is None

    def test_calendars_are_listed_with_the_default_one_first(self, graph: Graph) -> None:
        graph.simulator.add_calendar(TECH, "Holidays")
        told = graph.client.get("/me/calendars").json()["value"]
        assert [(one["name"], one["isDefaultCalendar"]) for one in told] == [("Calendar", True), ("Holidays", False)]
        assert graph.client.get("/me/calendar").json()["id"] == told[0]["id"]


class TestConsent:
    QUERY = {  # noqa: RUF012 - never written to
        "client_id": "client-id",
        "response_type": "code",
        "redirect_uri": WAY_BACK,
        "scope": "openid profile offline_access https://graph.microsoft.com/Calendars.ReadWrite",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "login_hint": OTHER,
    }

    def agree(self, graph: Graph, **changes: str) -> dict[str, str]:
        answer = httpx.get(f"{graph.url}/common/oauth2/v2.0/authorize", params={**self.QUERY, **changes})
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def exchange(self, graph: Graph, code: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": WAY_BACK, "code_verifier": VERIFIER}
        return token(graph, **{**form, **changes})

    def test_a_code_is_exchanged_once_and_tells_who_consented(self, graph: Graph) -> None:
        back = self.agree(graph)
        answer = self.exchange(graph, back["code"], client_info="1").json()
        claims = json.loads(base64.urlsafe_b64decode(answer["id_token"].split(".")[1] + "=="))
        assert (back["state"], claims["preferred_username"], claims["tid"]) == ("s", OTHER, TENANT)
        assert json.loads(base64.urlsafe_b64decode(answer["client_info"] + "=="))["uid"] == claims["oid"]
        assert refresh(graph, answer["refresh_token"]).status_code == 200
        assert said(self.exchange(graph, back["code"])) == (400, "invalid_grant", [70000])

    @pytest.mark.parametrize("verifier", ["", "w" * 64, "short"])
    def test_the_verifier_must_be_the_right_one(self, graph: Graph, verifier: str) -> None:
        back = self.agree(graph)
        assert said(self.exchange(graph, back["code"], code_verifier=verifier)) == (400, "invalid_grant", [501481])

    def test_without_offline_access_there_is_no_refresh_token(self, graph: Graph) -> None:
        back = self.agree(graph, scope="openid Calendars.ReadWrite")
        assert "refresh_token" not in self.exchange(graph, back["code"]).json()

    def test_consent_can_be_declined(self, graph: Graph) -> None:
        graph.simulator.set(deny_consent=True)
        back = self.agree(graph)
        assert (back["error"], back["state"]) == ("access_denied", "s")

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "unknown"},
            {"redirect_uri": "http://example.com/back"},
            {"scope": "Mail.Read"},
            {"response_type": "token"},
            {"code_challenge_method": "plain"},
        ],
    )
    def test_a_request_that_is_not_right_leads_nowhere(self, graph: Graph, changes: dict[str, str]) -> None:
        query = {**self.QUERY, **changes}
        assert httpx.get(f"{graph.url}/common/oauth2/v2.0/authorize", params=query).status_code == 400

    def test_a_new_consent_ends_a_demand(self, graph: Graph) -> None:
        graph.simulator.demand(OTHER, "consent_required")
        answer = self.exchange(graph, self.agree(graph)["code"]).json()
        assert refresh(graph, answer["refresh_token"]).status_code == 200


class TestDiscovery:
    def test_the_endpoints_are_on_the_host_that_was_asked_and_encrypted(self, graph: Graph) -> None:
        path = f"{graph.url}/common/v2.0/.well-known/openid-configuration"
        told = httpx.get(path).json()
        host = graph.url.partition("://")[2]
        assert told["token_endpoint"] == f"https://{host}/common/oauth2/v2.0/token"
        assert told["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
        graph.simulator.set(discovery_scheme="http")
        assert httpx.get(path).json()["authorization_endpoint"] == f"{graph.url}/common/oauth2/v2.0/authorize"


class TestControl:
    @pytest.fixture
    def control(self, graph: Graph) -> Iterator[Control]:
        control = Control(graph.url)
        yield control
        control.close()

    def test_another_process_does_what_the_methods_do(self, graph: Graph, control: Control) -> None:
        made = graph.create().json()
        control.call("person_edits", mailbox=TECH, event_id=made["id"], subject="Pump")
        assert [one["subject"] for one in control.call("events", mailbox=TECH)] == ["Pump"]
        assert control.call("counters")["highest"] == {TECH: 1}
        control.call("set", latency=0.01)
        assert control.call("settings_now")["latency"] == 0.01

    def test_every_control_is_a_method(self, graph: Graph) -> None:
        assert {
            name for name in graph.simulator.controls if not callable(getattr(graph.simulator, name, None))
        } == set()

    def test_control_calls_leave_no_trace_and_suffer_no_fault(self, graph: Graph, control: Control) -> None:
        control.add_fault(status=500)
        control.call("counters")
        assert control.journal() == []

    def test_a_call_that_makes_no_sense_is_an_error(self, graph: Graph, control: Control) -> None:
        for method, arguments in (
            ("events", {"mailbox": "nobody@example.com"}),
            ("set", {"unknown": 1}),
            ("explode", {}),
            ("person_creates", {"mailbox": TECH, "start": "2026-12-02", "end": "2026-12-01"}),
        ):
            with pytest.raises(ControlError):
                control.call(method, **arguments)

    def test_reset_forgets_everything(self, graph: Graph, control: Control) -> None:
        graph.create()
        control.call("set", latency=0.01)
        control.reset()
        assert control.call("counters")["writes"] == 0
        assert control.call("settings_now")["latency"] == 0.0
        assert said(refresh(graph)) == (400, "invalid_grant", [9002313])
