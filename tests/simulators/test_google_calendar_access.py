"""Tokens, roles, push channels and the control of the Google Calendar simulator."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request as Transport
from google.oauth2 import service_account
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.google import OTHER, TECH, Google, event, reason, served_google
from worker.simulators.control import Control, ControlError
from worker.simulators.server import serve

CLIENT = {"client_id": "client-id", "client_secret": "client-secret"}
SCOPE = "https://www.googleapis.com/auth/calendar"


@pytest.fixture(scope="module")
def server() -> Iterator[Google]:
    with served_google() as google:
        yield google


@pytest.fixture
def google(server: Google) -> Google:
    server.start_over()
    return server


def token(google: Google, **form: str) -> httpx.Response:
    return google.client.post("/token", data=form)


def refresh(google: Google, **changes: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": google.refresh_token, **CLIENT, **changes}
    return token(google, **form)


class TestRefreshing:
    def test_a_refresh_brings_an_access_token_that_works(self, google: Google) -> None:
        answer = refresh(google).json()
        assert answer.keys() == {"access_token", "expires_in", "scope", "token_type"}
        google.client.headers["authorization"] = f"Bearer {answer['access_token']}"
        assert google.list().status_code == 200
        assert google.simulator.counters()["refreshes"] == 1

    @pytest.mark.parametrize(
        ("changes", "status", "error"),
        [
            ({"client_id": "unknown"}, 401, "invalid_client"),
            ({"client_secret": "wrong"}, 401, "invalid_client"),
            ({"refresh_token": "unknown"}, 400, "invalid_grant"),
            ({"refresh_token": ""}, 400, "invalid_request"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ],
    )
    def test_a_refresh_that_is_not_right_is_refused(
        self, google: Google, changes: dict[str, str], status: int, error: str
    ) -> None:
        answer = refresh(google, **changes)
        assert (answer.status_code, answer.json()["error"]) == (status, error)

    def test_a_revoked_grant_stays_revoked(self, google: Google) -> None:
        google.simulator.revoke(TECH)
        answer = refresh(google)
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "Token has been expired or revoked.",
        }
        assert reason(google.list()) == (401, "authError")

    def test_revoking_a_token_ends_its_grant(self, google: Google) -> None:
        access = refresh(google).json()["access_token"]
        assert google.client.post("/revoke", data={"token": google.refresh_token}).status_code == 200
        assert google.client.post("/revoke", data={"token": google.refresh_token}).status_code == 400
        google.client.headers["authorization"] = f"Bearer {access}"
        assert google.list().status_code == 401
        assert refresh(google).json()["error"] == "invalid_grant"

    def test_a_refresh_token_can_rotate(self, google: Google) -> None:
        google.simulator.set(rotate_refresh_tokens=True)
        new = refresh(google).json()["refresh_token"]
        assert refresh(google).json()["error"] == "invalid_grant"
        assert refresh(google, refresh_token=new).status_code == 200

    def test_an_access_token_lives_as_long_as_it_says(self, google: Google) -> None:
        google.simulator.set(expires_in=60)
        answer = refresh(google).json()
        assert answer["expires_in"] == 60
        google.client.headers["authorization"] = f"Bearer {answer['access_token']}"
        google.simulator.pass_time(61)
        assert reason(google.list()) == (401, "authError")

    def test_no_token_is_no_access(self, google: Google) -> None:
        del google.client.headers["authorization"]
        assert reason(google.list()) == (401, "authError")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def account(google: Google, key: rsa.RSAPrivateKey, subject: str | None, scope: str = SCOPE) -> Any:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    info = {"client_email": "robot@project", "private_key": private.decode(), "token_uri": f"{google.url}/token"}
    made = service_account.Credentials.from_service_account_info(info, scopes=[scope])  # type: ignore[no-untyped-call]
    return made.with_subject(subject) if subject else made


def public(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


class TestServiceAccounts:
    def test_a_service_account_acts_for_a_user(self, google: Google, key: rsa.RSAPrivateKey) -> None:
        google.simulator.add_service_account("robot@project", public(key), [TECH])
        credentials = account(google, key, TECH)
        credentials.refresh(Transport())
        google.client.headers["authorization"] = f"Bearer {credentials.token}"
        answer = google.insert("abcde", attendees=[{"email": OTHER}])
        assert answer.json()["creator"] == {"email": TECH}
        assert google.simulator.counters()["assertions"] == 1

    def test_its_users_share_one_quota_unless_named(self, google: Google, key: rsa.RSAPrivateKey) -> None:
        google.simulator.add_service_account("robot@project", public(key))
        google.simulator.set(user_limit=1)
        statuses = []
        for user, params in ((TECH, {}), (OTHER, {}), (OTHER, {"quotaUser": OTHER})):
            credentials = account(google, key, user)
            credentials.refresh(Transport())
            google.client.headers["authorization"] = f"Bearer {credentials.token}"
            statuses.append(google.list(**params).status_code)
        assert statuses == [200, 403, 200]

    def test_without_delegation_it_is_refused(self, google: Google, key: rsa.RSAPrivateKey) -> None:
        google.simulator.add_service_account("robot@project", public(key), [OTHER])
        with pytest.raises(RefreshError, match="unauthorized_client"):
            account(google, key, TECH).refresh(Transport())

    def test_for_an_unknown_user_it_is_refused(self, google: Google, key: rsa.RSAPrivateKey) -> None:
        google.simulator.add_service_account("robot@project", public(key))
        with pytest.raises(RefreshError, match="Invalid email or User ID"):
            account(google, key, "nobody@example.com").refresh(Transport())

    def test_an_unknown_account_or_another_key_is_refused(self, google: Google, key: rsa.RSAPrivateKey) -> None:
        with pytest.raises(RefreshError, match="account not found"):
            account(google, key, TECH).refresh(Transport())
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        google.simulator.add_service_account("robot@project", public(other))
        with pytest.raises(RefreshError, match="Invalid JWT Signature"):
            account(google, key, TECH).refresh(Transport())

    @pytest.mark.parametrize("assertion", ["", "nonsense", "a.b.c"])
    def test_an_assertion_that_is_none_is_refused(self, google: Google, assertion: str) -> None:
        grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assert token(google, grant_type=grant_type, assertion=assertion).status_code == 400


def claims_of(id_token: str) -> dict[str, Any]:
    payload = id_token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


class TestConsent:
    VERIFIER = "verifier-of-at-least-forty-three-characters-xyz"

    def consent(self, google: Google, **changes: str) -> dict[str, str]:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.VERIFIER.encode()).digest()).decode().rstrip("=")
        query = {
            "client_id": "client-id",
            "redirect_uri": "http://localhost/callback",
            "response_type": "code",
            "scope": SCOPE,
            "state": "s 1",
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        answer = google.client.get("/o/oauth2/v2/auth", params=query)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def exchange(self, google: Google, code: str, verifier: str = VERIFIER) -> httpx.Response:
        redirect_uri = "http://localhost/callback"
        return token(
            google,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
            **CLIENT,
        )

    def test_a_code_is_exchanged_once_for_a_refresh_token(self, google: Google) -> None:
        back = self.consent(google, login_hint=OTHER)
        assert back["state"] == "s 1"
        answer = self.exchange(google, back["code"]).json()
        assert refresh(google, refresh_token=answer["refresh_token"]).status_code == 200
        google.client.headers["authorization"] = f"Bearer {answer['access_token']}"
        assert google.client.get("/calendar/v3/calendars/primary").json()["id"] == OTHER
        assert self.exchange(google, back["code"]).json()["error"] == "invalid_grant"

    def test_the_verifier_must_be_the_right_one(self, google: Google) -> None:
        assert self.exchange(google, self.consent(google)["code"], "wrong").json()["error"] == "invalid_grant"

    def test_a_second_consent_without_prompt_brings_no_refresh_token(self, google: Google) -> None:
        answer = self.exchange(google, self.consent(google, prompt="")["code"]).json()
        assert "refresh_token" not in answer

    def refused(self, google: Google, **changes: str) -> str:
        """The error that stays on Google's own page."""
        query = {"client_id": "client-id", "redirect_uri": "http://localhost/callback", "response_type": "code"}
        answer = google.client.get("/o/oauth2/v2/auth", params={**query, "scope": SCOPE, **changes})
        assert "location" not in answer.headers
        return str(answer.json()["error"])

    def test_an_id_token_tells_who_consented(self, google: Google) -> None:
        back = self.consent(google, login_hint=OTHER, scope=f"{SCOPE} openid email")
        answer = self.exchange(google, back["code"]).json()
        claims = claims_of(answer["id_token"])
        assert (claims["iss"], claims["aud"]) == ("https://accounts.google.com", "client-id")
        assert (claims["email"], claims["sub"].isdigit()) == (OTHER, True)
        again = refresh(google, refresh_token=answer["refresh_token"]).json()
        assert claims_of(again["id_token"])["sub"] == claims["sub"]
        hinted = self.consent(google, login_hint=claims["sub"], scope=f"{SCOPE} openid")
        other = claims_of(self.exchange(google, hinted["code"]).json()["id_token"])
        assert other["sub"] == claims["sub"]
        assert "email" not in other

    def test_without_openid_nobody_is_named(self, google: Google) -> None:
        assert "id_token" not in self.exchange(google, self.consent(google)["code"]).json()

    def test_a_box_may_stay_empty_but_not_that_of_signing_in(self, google: Google) -> None:
        google.simulator.set(unticked=[f"{SCOPE}.events", "openid"])
        back = self.consent(google, scope=f"{SCOPE}.events openid email")
        assert back["scope"] == "https://www.googleapis.com/auth/userinfo.email openid"
        answer = self.exchange(google, back["code"]).json()
        assert answer["scope"] == back["scope"]
        google.client.headers["authorization"] = f"Bearer {answer['access_token']}"
        assert reason(google.list()) == (403, "insufficientPermissions")

    def test_the_way_back_is_one_that_the_client_registered(self, google: Google) -> None:
        google.simulator.add_client("client-id", "client-secret", ["http://localhost/other"])
        assert self.refused(google) == "redirect_uri_mismatch"
        google.simulator.add_client("client-id", "client-secret", ["http://localhost/callback"])
        assert self.consent(google)["code"]

    @pytest.mark.parametrize("way_back", ["http://example.com/callback", "ftp://localhost/", "callback"])
    def test_the_way_back_is_encrypted_unless_it_stays_on_the_machine(self, google: Google, way_back: str) -> None:
        assert self.refused(google, redirect_uri=way_back) == "redirect_uri_mismatch"
        assert self.consent(google, redirect_uri="https://example.com/callback")["code"]

    def test_a_scope_that_there_is_none_of_is_refused(self, google: Google) -> None:
        assert self.refused(google, scope=f"{SCOPE} calendars") == "invalid_scope"

    @pytest.mark.parametrize("form", [{}, {"code_verifier": "x" * 42}, {"code_verifier": "x" * 43}])
    def test_a_code_with_a_challenge_wants_the_verifier(self, google: Google, form: dict[str, str]) -> None:
        known = {"grant_type": "authorization_code", "redirect_uri": "http://localhost/callback", **CLIENT}
        answer = token(google, code=self.consent(google)["code"], **known, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    def test_a_verifier_that_is_too_short_is_none(self, google: Google) -> None:
        short = "x" * 42
        made = base64.urlsafe_b64encode(hashlib.sha256(short.encode()).digest()).decode().rstrip("=")
        back = self.consent(google, code_challenge=made)
        assert self.exchange(google, back["code"], short).json()["error"] == "invalid_grant"

    def test_the_exchange_names_the_same_way_back(self, google: Google) -> None:
        code = self.consent(google)["code"]
        known = {"grant_type": "authorization_code", "code_verifier": self.VERIFIER, **CLIENT}
        assert token(google, code=code, redirect_uri="http://localhost/", **known).json()["error"] == (
            "redirect_uri_mismatch"
        )

    def test_consent_can_be_denied(self, google: Google) -> None:
        google.simulator.set(deny_consent=True)
        assert self.consent(google) == {"error": "access_denied", "state": "s 1"}


class TestRoles:
    def test_a_calendar_out_of_sight_is_not_found(self, google: Google) -> None:
        assert reason(google.events("GET", calendar=OTHER)) == (404, "notFound")
        assert reason(google.events("GET", calendar="unknown")) == (404, "notFound")

    def test_a_reader_reads_and_a_writer_writes(self, google: Google) -> None:
        google.simulator.share(OTHER, TECH, "reader")
        assert google.events("GET", calendar=OTHER).json()["accessRole"] == "reader"
        assert reason(google.events("POST", calendar=OTHER, json=event())) == (403, "requiredAccessLevel")
        google.simulator.share(OTHER, TECH, "writer")
        assert google.events("POST", calendar=OTHER, json=event()).status_code == 200
        google.simulator.share(OTHER, TECH, None)
        assert google.events("GET", calendar=OTHER).status_code == 404

    def test_the_list_of_calendars_tells_roles(self, google: Google) -> None:
        google.simulator.share(OTHER, TECH, "reader")
        items = google.client.get("/calendar/v3/users/me/calendarList").json()["items"]
        assert [(item["id"], item["accessRole"], item.get("primary")) for item in items] == [
            (TECH, "owner", True),
            (OTHER, "reader", None),
        ]

    def test_a_token_to_read_does_not_write(self, google: Google) -> None:
        reading = google.simulator.access_token(TECH, [f"{SCOPE}.events.readonly"])
        google.client.headers["authorization"] = f"Bearer {reading}"
        assert google.list().status_code == 200
        assert reason(google.insert("abcde")) == (403, "insufficientPermissions")


class Receiver:
    """Takes notifications; answers with `statuses` in turn, then 204."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.taken: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        self.app = Starlette(routes=[Route("/push", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        with self._lock:
            self.taken.append(dict(request.headers))
            self.bodies.append(body)
            return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

    def states(self) -> list[str]:
        return [headers["x-goog-resource-state"] for headers in self.taken]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serve(receiver.app) as served:
        receiver.address = f"{served.url}/push"  # type: ignore[attr-defined]
        yield receiver


def watch(google: Google, receiver: Any, channel_id: str = "channel-1", **fields: Any) -> httpx.Response:
    body = {"id": channel_id, "type": "web_hook", "address": receiver.address, "token": "secret", **fields}
    return google.events("POST", "/watch", json=body)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 3
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


class TestPush:
    def test_the_sync_message_comes_before_the_answer_and_has_no_body(self, google: Google, receiver: Receiver) -> None:
        channel = watch(google, receiver).json()
        assert receiver.states() == ["sync"]
        assert receiver.bodies == [b""]
        headers = receiver.taken[0]
        assert headers["x-goog-channel-id"] == channel["id"] == "channel-1"
        assert headers["x-goog-channel-token"] == "secret"
        assert headers["x-goog-message-number"] == "1"
        assert headers["x-goog-resource-id"] == channel["resourceId"]
        assert headers["x-goog-channel-expiration"].endswith("GMT")
        assert 604_700 < int(channel["expiration"]) / 1000 - time.time() < 604_900

    def test_a_change_of_the_calendar_is_told_and_of_another_is_not(self, google: Google, receiver: Receiver) -> None:
        watch(google, receiver)
        google.simulator.person_creates(OTHER, start="2026-12-01", end="2026-12-02")
        google.simulator.person_creates(TECH, start="2026-12-01", end="2026-12-02")
        assert eventually(lambda: receiver.states() == ["sync", "exists"])
        assert receiver.taken[1]["x-goog-message-number"] == "2"

    def test_a_receiver_in_trouble_is_told_again_and_one_that_refuses_is_not(
        self, google: Google, receiver: Receiver
    ) -> None:
        google.simulator.set(push_backoff=0.01)
        receiver.statuses = [204, 503, 500, 204]
        watch(google, receiver)
        google.insert("abcde")
        assert eventually(lambda: receiver.states() == ["sync", "exists", "exists", "exists"])
        receiver.statuses = [404]
        google.insert("abcdf")
        assert eventually(lambda: len(google.simulator.notifications()) == 5)
        time.sleep(0.05)
        assert len(receiver.taken) == 5

    def test_a_stopped_or_expired_channel_is_silent(self, google: Google, receiver: Receiver) -> None:
        channel = watch(google, receiver).json()
        wrong = google.client.post("/calendar/v3/channels/stop", json={"id": channel["id"], "resourceId": "x"})
        assert wrong.status_code == 404
        stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
        assert google.client.post("/calendar/v3/channels/stop", json=stop).status_code == 204
        watch(google, receiver, "channel-2", params={"ttl": "60"})
        google.simulator.pass_time(61)
        google.simulator.person_creates(TECH, start="2026-12-01", end="2026-12-02")
        assert google.simulator.channels() == []
        time.sleep(0.05)
        assert receiver.states() == ["sync", "sync"]

    def test_a_channel_may_end_sooner_than_was_asked(self, google: Google, receiver: Receiver) -> None:
        google.simulator.set(longest_channel=60)
        channel = watch(google, receiver).json()
        assert int(channel["expiration"]) / 1000 - time.time() < 61

    def test_notifications_can_be_lost(self, google: Google, receiver: Receiver) -> None:
        watch(google, receiver)
        google.simulator.set(lose_notifications=True)
        google.insert("abcde")
        time.sleep(0.05)
        assert receiver.states() == ["sync"]

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"id": "x" * 65}, "invalid"),
            ({"id": None}, "required"),
            ({"type": "email"}, "invalid"),
            ({"token": "x" * 257}, "invalid"),
            ({"address": "http://example.com/push"}, "push.webhookUrlNotHttps"),
            ({"expiration": 1}, "invalid"),
        ],
    )
    def test_a_channel_that_google_would_not_open_is_refused(
        self, google: Google, receiver: Receiver, fields: dict[str, Any], why: str
    ) -> None:
        assert reason(watch(google, receiver, **{"channel_id": "c", **fields})) == (400, why)
        assert receiver.taken == []

    def test_a_channel_id_is_used_once(self, google: Google, receiver: Receiver) -> None:
        watch(google, receiver)
        assert reason(watch(google, receiver)) == (400, "channelIdNotUnique")


class TestControl:
    @pytest.fixture
    def control(self, google: Google) -> Iterator[Control]:
        control = Control(google.url)
        yield control
        control.close()

    def test_another_process_does_what_the_methods_do(self, google: Google, control: Control) -> None:
        made = control.call("person_creates", calendar=TECH, summary="Dentist", start="2026-12-01", end="2026-12-02")
        control.call("person_edits", calendar=TECH, event_id=made["id"], summary="Doctor")
        assert [one["summary"] for one in control.call("events", calendar=TECH)] == ["Doctor"]
        control.call("person_deletes", calendar=TECH, event_id=made["id"])
        assert control.call("events", calendar=TECH) == []
        assert control.call("counters")["writes"] == 0

    def test_control_calls_leave_no_trace_and_suffer_no_fault(self, google: Google, control: Control) -> None:
        fault = control.add_fault(status=503, times=None)
        google.list()
        assert [(entry["operation"], entry["status"]) for entry in control.journal()] == [("events.list", 503)]
        assert control.call("faults_fired", fault_id=fault) == 1
        control.call("clear_faults")
        control.call("clear_journal")
        assert control.journal() == []

    def test_a_call_that_makes_no_sense_is_an_error(self, google: Google, control: Control) -> None:
        with pytest.raises(ControlError, match="404"):
            control.call("api")
        with pytest.raises(ControlError, match="unknown settings"):
            control.call("set", latencies=1)
        with pytest.raises(ControlError, match="400"):
            control.call("person_deletes", calendar=TECH, event_id="unknown")

    def test_reset_forgets_everything(self, google: Google, control: Control) -> None:
        google.insert("abcde")
        control.call("set", latency=0.5)
        control.reset()
        assert google.list().status_code == 401
        assert control.call("settings_now")["latency"] == 0
        assert set(control.call("counters").values()) == {0}
