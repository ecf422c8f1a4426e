"""Intuit's push messages: who signed them, and which companies they are about."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.quickbooks import OTHER_REALM, REALM, Books, served_quickbooks
from worker.core.errors import Invalid
from worker.providers.quickbooks.webhook import SIGNATURE, realms, verified
from worker.simulators.quickbooks.envelopes import Format
from worker.simulators.server import serve

VERIFIER = "a-verifier-token"
LEGACY = {"eventNotifications": [{"realmId": REALM, "dataChangeEvent": {"entities": [{"name": "Invoice", "id": "1"}]}}]}
CLOUD = [{"specversion": "1.0", "type": "qbo.invoice.created.v1", "intuitentityid": "1", "intuitaccountid": REALM}]


def signed(body: bytes, verifier: str = VERIFIER) -> str:
    return base64.b64encode(hmac.new(verifier.encode(), body, hashlib.sha256).digest()).decode()


def test_what_was_signed_with_the_verifier_is_intuits() -> None:
    body = json.dumps(LEGACY).encode()
    assert verified(body, signed(body), VERIFIER)
    assert verified(body, f" {signed(body)}\n", VERIFIER)
    assert verified(b"", signed(b""), VERIFIER)


@pytest.mark.parametrize(
    "signature", [None, "", "x", "====", "%%%", "ü", "\udcff", "a" * 10_000, signed(b"{}", "other")]
)
def test_what_was_not_is_nobodys(signature: str | None) -> None:
    assert not verified(b"{}", signature, VERIFIER)


def test_a_changed_body_and_another_form_of_the_digest_do_not_pass() -> None:
    assert not verified(b"{ }", signed(b"{}"), VERIFIER)
    assert not verified(b"{}", base64.b64decode(signed(b"{}")).hex(), VERIFIER)
    assert not verified(b"{}", signed(b"{}").rstrip("="), VERIFIER)


def test_without_a_verifier_nothing_is_verified() -> None:
    assert not verified(b"{}", signed(b"{}", ""), "")


@pytest.mark.parametrize("body", [LEGACY, CLOUD])
def test_both_formats_name_their_company(body: object) -> None:
    assert realms(json.dumps(body).encode()) == {REALM}


def test_one_message_may_be_about_several_companies() -> None:
    legacy = {"eventNotifications": [{"realmId": realm} for realm in (REALM, OTHER_REALM, REALM)]}
    cloud = [{"intuitaccountid": realm, "type": "qbo.unheardof.v9"} for realm in (REALM, OTHER_REALM)]
    for body in (legacy, cloud):
        assert realms(json.dumps(body).encode()) == {REALM, OTHER_REALM}


@pytest.mark.parametrize("body", [[], {"eventNotifications": []}])
def test_an_empty_message_is_about_none(body: object) -> None:
    assert realms(json.dumps(body).encode()) == frozenset()


@pytest.mark.parametrize("nameless", [None, 7, "x", [], {}, {"realmId": None}, {"realmId": "../1"}, {"realmId": "٣"}])
def test_what_names_no_company_does_not_hide_the_others(nameless: object) -> None:
    legacy = {"eventNotifications": [nameless, {"realmId": REALM}]}
    cloud = [nameless, {"intuitaccountid": REALM}]
    assert realms(json.dumps(legacy).encode()) == realms(json.dumps(cloud).encode()) == {REALM}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"7", b'"x"', b"{}", b'{"eventNotifications": {}}', b"{", b"\xff\xfe\x00", b"[" * 100_000]
)
def test_anything_else_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        realms(body)
    assert set(refused.value.details) == {"body"}


@pytest.fixture
def books() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.mark.parametrize("form", ["legacy", "cloudevents"])
def test_what_the_simulator_sends_is_understood(books: Books, form: Format) -> None:
    heard: list[tuple[bytes, str]] = []

    async def take(request: Request) -> Response:
        heard.append((await request.body(), request.headers[SIGNATURE]))
        return Response()

    with serve(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as served:
        books.simulator.subscribe(f"{served.url}/hook", VERIFIER, form)
        books.customer()
        assert books.simulator.wait_until_delivered()
    body, signature = heard[0]
    assert verified(body, signature, VERIFIER)
    assert realms(body) == {REALM}
