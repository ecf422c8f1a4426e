"""Signatures of events: three styles, five minutes, and never anything but Unsigned."""

import base64
import contextlib
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from worker.simulators.fieldcamp.signing import STYLES, signature_headers
from worker.sources.fieldcamp.signature import Unsigned, standard_key, verify

NOW = datetime(2026, 5, 29, 14, 22, 40, 500000, UTC)
UNIX = int(NOW.timestamp())
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLAIN = "a plain sécret"
BODY = '{"id": "evt_1", "note": "né"}'.encode()


def hex_of(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def t_v1(secret: str = WHSEC, unix: int | str = UNIX, body: bytes = BODY) -> str:
    return f"t={unix},v1={hex_of(secret, f'{unix}.'.encode() + body)}"


def refuse(secret: str, headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> None:
    with pytest.raises(Unsigned) as caught:
        verify(secret, headers, body, now)
    assert caught.value.code == "UNAUTHORIZED"
    assert secret not in caught.value.message or not secret


@pytest.mark.parametrize(
    "headers",
    [
        {"X-FieldCamp-Signature": "t=1780064560,v1=3867cf75068e3042668cb619d3056f8ccd07e56f518d321c1d15b2b8845a75c9"},
        {"X-FieldCamp-Signature": "sha256=5cbfba7af01026faead1b1f6aed593aff9eebc883f5cc283cb240268162b8e74"},
        {"X-FieldCamp-Signature": "5cbfba7af01026faead1b1f6aed593aff9eebc883f5cc283cb240268162b8e74"},
        {
            "webhook-id": "msg_1",
            "webhook-timestamp": "1780064560",
            "webhook-signature": "v1,rBZktLRW1DUeVNasgGrIK/n8cWvEqQ2osRKRk120pTw=",
        },
    ],
)
def test_what_openssl_signed_is_accepted(headers: dict[str, str]) -> None:
    """``printf '%s' '1780064560.{}' | openssl dgst -sha256 -hmac top``; the same of ``{}``, ``msg_1.1780064560.{}``."""
    verify("top", headers, b"{}", datetime.fromtimestamp(1780064560, UTC))


@pytest.mark.parametrize("secret", [WHSEC, PLAIN])
@pytest.mark.parametrize("style", STYLES)
def test_each_style_that_the_simulator_signs_is_accepted(style: str, secret: str) -> None:
    headers = signature_headers(style, secret, "evt_1", UNIX, BODY)  # type: ignore[arg-type]
    verify(secret, headers, BODY, NOW)
    verify(secret, {name.upper(): value for name, value in headers.items()}, BODY, NOW)
    refuse(secret, headers, BODY + b" ")
    refuse(secret + "x", headers)
    refuse("", headers)


def test_the_hex_styles_are_keyed_with_the_secret_as_it_is_written() -> None:
    verify(WHSEC, {"X-FieldCamp-Signature": hex_of(WHSEC, BODY)}, BODY, NOW)
    verify(WHSEC, {"X-FieldCamp-Signature": "sha256=" + hex_of(WHSEC, BODY).upper()}, BODY, NOW)
    decoded = hmac.new(base64.b64decode(WHSEC[6:]), BODY, hashlib.sha256).hexdigest()
    refuse(WHSEC, {"X-FieldCamp-Signature": decoded})


def test_one_of_several_signatures_is_enough() -> None:
    old = t_v1("old").partition(",")[2]
    verify(WHSEC, {"X-FieldCamp-Signature": t_v1() + "," + old}, BODY, NOW)
    verify(WHSEC, {"X-FieldCamp-Signature": f"t={UNIX}, {old}, {t_v1().partition(',')[2]}, v0=1"}, BODY, NOW)
    refuse(WHSEC, {"X-FieldCamp-Signature": f"t={UNIX},{old}"})


@pytest.mark.parametrize("style", ["t_v1", "standard_webhooks"])
@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (-299, True), (300, True), (-302, False), (302, False)])
def test_a_timestamp_is_at_most_five_minutes_off(style: str, seconds: int, accepted: bool) -> None:
    headers = signature_headers(style, WHSEC, "evt_1", UNIX, BODY)  # type: ignore[arg-type]
    with contextlib.nullcontext() if accepted else pytest.raises(Unsigned):
        verify(WHSEC, headers, BODY, NOW.replace(microsecond=0) + timedelta(seconds=seconds))


def test_the_timestamp_is_signed_too() -> None:
    refuse(WHSEC, {"X-FieldCamp-Signature": t_v1().replace(f"t={UNIX}", f"t={UNIX + 1}")})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "t=,v1=",
        f"t={UNIX}",
        f"t={UNIX}.5,v1=00",
        "t=-1,v1=",
        "v1=" + "0" * 64,
        "é" * 64,
        "0" * 63,
        ",,=,",
    ],
)
def test_a_malformed_header_is_unsigned(header: str) -> None:
    refuse(WHSEC, {"X-FieldCamp-Signature": header})


def test_a_request_without_a_signature_is_unsigned() -> None:
    refuse(WHSEC, {})
    refuse(WHSEC, {"webhook-id": "evt_1", "webhook-timestamp": str(UNIX)})


@pytest.mark.parametrize("secret", [WHSEC, PLAIN])
def test_standard_webhooks_skips_what_it_cannot_read_before_the_right_signature(secret: str) -> None:
    right = Webhook(standard_key(secret)).sign("msg_1", datetime.fromtimestamp(UNIX, UTC), BODY.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(UNIX)}
    for before in ("", "v1a,AAAA ", "v1 ", "v1,a,b ", "v1,! ", "\ud800 "):
        verify(secret, {**headers, "webhook-signature": before + right}, BODY, NOW)
    for wrong in ("v1,", "v2," + right[3:], "v1,é", right[3:]):
        refuse(secret, {**headers, "webhook-signature": wrong})
    refuse(secret, {**headers, "webhook-id": "msg_2", "webhook-signature": right})


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_AAEC", b"\x00\x01\x02"),
        ("whsec_AAE", b"\x00\x01"),
        ("whsec_not base64!", b"whsec_not base64!"),
        ("AAEC", b"AAEC"),
    ],
)
def test_only_base64_behind_the_prefix_is_decoded(secret: str, key: bytes) -> None:
    assert standard_key(secret) == key


def test_a_body_that_is_no_text_cannot_be_a_standard_webhook() -> None:
    headers = {"webhook-id": "m", "webhook-timestamp": str(UNIX), "webhook-signature": "v1,AAAA"}
    refuse(WHSEC, headers, b"\xff\xfe")


TEXT = st.text(st.characters(), max_size=40)
NAMES = st.sampled_from(["X-FieldCamp-Signature", "webhook-id", "webhook-timestamp", "webhook-signature"]) | TEXT
VALUES = TEXT | st.sampled_from([str(UNIX), f"t={UNIX},v1=" + "0" * 64, "v1,AAAA", "sha256=" + "a" * 64, "9" * 5000])


@settings(max_examples=300, deadline=None)
@given(TEXT | st.just(WHSEC), st.dictionaries(NAMES, VALUES, max_size=5), st.binary(max_size=20))
def test_whatever_comes_in_is_unsigned_and_nothing_else(secret: str, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Unsigned):
        verify(secret, headers, body, NOW)


@settings(max_examples=100, deadline=None)
@given(TEXT.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text) and text != "whsec_" and text))
def test_any_secret_verifies_what_it_signed(secret: str) -> None:
    verify(secret, {"X-FieldCamp-Signature": t_v1(secret)}, BODY, NOW)
    with pytest.raises(Unsigned):
        verify(secret, {"X-FieldCamp-Signature": t_v1(secret + "x")}, BODY, NOW)
