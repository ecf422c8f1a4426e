"""`POST /webhooks/google-calendar` and its like over real HTTP (contract §4.5)."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.web.house import FakeHouse, served
from worker.core.channels import LIFE, Channel, Receipt, Receiver
from worker.core.connections import Connection
from worker.core.errors import StoreUnavailable
from worker.settings import Settings
from worker.web.app import make_web
from worker.web.bodies import Limits
from worker.web.pushes import push_routes
from worker.wiring import MANIFESTS, Wiring, now

GOOGLE = "/webhooks/google-calendar"


@dataclass
class Office:
    """Takes messages as a test wants it."""

    receipt: Receipt = field(default_factory=lambda: Receipt(200))
    trouble: Exception | None = None
    gate: threading.Event | None = None
    taken: list[tuple[str | None, str | None, bytes]] = field(default_factory=list)

    def take(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Receipt:
        if self.gate is not None:
            self.gate.wait(20)
        if self.trouble is not None:
            raise self.trouble
        self.taken.append((headers.get("X-Signature"), query.get("validationToken"), body))
        return self.receipt


@pytest.fixture
def office() -> Office:
    return Office()


def web(receivers: Mapping[str, Receiver], **how: float) -> Iterator[str]:
    routes = push_routes(receivers, Limits(body_bytes=100), **how)
    with served(make_web(FakeHouse(), more=[routes])) as url:
        yield url


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    yield from web({"one-system": office.take, "another": lambda *_: Receipt(401)}, seconds=0.3)


def test_a_message_reaches_its_receiver_whole(url: str, office: Office) -> None:
    answer = httpx.post(
        f"{url}/webhooks/one-system?validationToken=a%20b", content=b"raw", headers={"x-signature": "s"}
    )
    assert (answer.status_code, answer.text) == (200, "")
    assert office.taken == [("s", "a b", b"raw")]


def test_a_handshake_is_echoed_as_plain_text(url: str, office: Office) -> None:
    office.receipt = Receipt(200, "<b>a b</b>")
    answer = httpx.post(f"{url}/webhooks/one-system")
    assert answer.text == "<b>a b</b>"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_not_verified_is_answered_with_the_envelope(url: str) -> None:
    answer = httpx.post(f"{url}/webhooks/another")
    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"


def test_a_provider_that_pushes_nothing_has_no_door(url: str) -> None:
    assert httpx.post(f"{url}/webhooks/third").status_code == 404
    assert httpx.get(f"{url}/webhooks/one-system").status_code == 405


def test_a_body_over_the_limit_reaches_nobody(url: str, office: Office) -> None:
    answer = httpx.post(f"{url}/webhooks/one-system", content=b"x" * 101)
    assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert office.taken == []


def test_while_the_database_is_away_the_provider_is_asked_to_send_again(url: str, office: Office) -> None:
    office.trouble = StoreUnavailable("The database is away.")
    answer = httpx.post(f"{url}/webhooks/one-system")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0


def test_nobody_waits_longer_than_a_second(url: str, office: Office) -> None:
    office.gate = threading.Event()
    started = time.monotonic()
    answer = httpx.post(f"{url}/webhooks/one-system")
    assert time.monotonic() - started < 1
    assert answer.status_code == 503
    office.gate.set()


def test_the_description_names_each_door(url: str) -> None:
    paths = httpx.get(f"{url}/openapi.json").json()["paths"]
    assert {"/webhooks/one-system", "/webhooks/another"} <= set(paths)
    assert {"200", "401", "413", "503"} <= set(paths["/webhooks/another"]["post"]["responses"])


class TestGoogle:
    """The wiring's own receiver, over a real store."""

    @pytest.fixture
    def wiring(self, tmp_path: Path, sqlite_template: Path) -> Iterator[Wiring]:
        shutil.copy(sqlite_template, tmp_path / "web.db")
        key = Fernet.generate_key().decode()
        wiring = Wiring(Settings(database_url=f"sqlite:///{tmp_path / 'web.db'}", secret_keys=(key,), redis_url=None))
        yield wiring
        wiring.close()

    @pytest.fixture
    def google(self, wiring: Wiring) -> Iterator[str]:
        yield from web(wiring.receivers())

    @pytest.fixture
    def connection(self, wiring: Wiring) -> Connection:
        account = wiring.store.accounts.create("Acme", now())[0]
        grants = {"": {"refresh_token": "x"}}
        return wiring.store.connections.connect(account.id, "google_calendar", {}, grants, now() + timedelta(hours=1))

    @pytest.fixture
    def tell(self, wiring: Wiring, google: str, connection: Connection) -> Callable[..., httpx.Response]:
        store = wiring.store
        turn = store.channels.seize_turn(connection.id, now())
        stream = store.streams.ensure(connection.id, ["primary"])["primary"]
        assert store.channels.begin(turn, stream.id, Channel("channel-1", "hush", "", now() + LIFE), now())

        def tell(**headers: str) -> httpx.Response:
            given = {"Channel-ID": "channel-1", "Channel-Token": "hush", "Resource-State": "exists"}
            given |= {name.replace("_", "-"): value for name, value in headers.items()}
            return httpx.post(f"{google}{GOOGLE}", headers={f"X-Goog-{name}": value for name, value in given.items()})

        return tell

    def due(self, wiring: Wiring, connection: Connection) -> bool:
        found = wiring.store.connections.get(connection.id)
        assert found is not None
        assert found.next_look_at is not None
        return found.next_look_at < now() + timedelta(minutes=1)

    def test_every_provider_that_pushes_has_a_door(self, wiring: Wiring) -> None:
        telling = [manifest for manifest in MANIFESTS.values() if manifest.pushes or manifest.books]
        assert set(wiring.receivers()) == {manifest.slug for manifest in telling}
        assert "google-calendar" in wiring.receivers()

    def test_a_verified_message_has_the_connection_looked_at(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response]
    ) -> None:
        answer = tell()
        assert (answer.status_code, answer.text) == (200, "")
        assert self.due(wiring, connection)

    def test_the_first_message_is_verified_like_any_other(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response]
    ) -> None:
        assert tell(Resource_State="sync").status_code == 200
        assert tell(Resource_State="sync", Channel_Token="guess").status_code == 401
        assert not self.due(wiring, connection)

    @pytest.mark.parametrize(
        "wrong", [{"Channel_Token": "guess"}, {"Channel_ID": "channel-2"}, {"Channel_Token": ""}, {"Channel_ID": ""}]
    )
    def test_what_nobody_of_ours_sent_is_refused_and_told_nothing(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response], wrong: dict[str, str]
    ) -> None:
        answer = tell(**wrong)
        assert answer.status_code == 401
        assert "guess" not in answer.text
        assert not self.due(wiring, connection)
