"""Webhooks of all sorts for hypothesis to draw: events, what is almost one, and signatures that hold or do not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from worker.core.visits import VisitStatus
from worker.simulators.fieldcamp.signing import STYLES, signature_headers
from worker.web.bodies import DEFAULT_LIMITS

LIMIT = DEFAULT_LIMITS.body_bytes
Signed = list[tuple[bytes, bytes]]
Make = Callable[[bytes, str], Signed]
"""Headers for a body and a webhook secret."""


# Signatures


def signed(body: bytes, secret: str, style: Any = "hex", offset: int = 0) -> Signed:
    text = body if style != "standard_webhooks" else body.decode("utf-8", "replace").encode()
    made = signature_headers(style, secret, "evt_1", int(time.time()) + offset, text)
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in made.items()]


def mangled(headers: Signed, at: int, into: bytes) -> Signed:
    name, value = headers[-1]
    place = at % max(len(value), 1)
    return [*headers[:-1], (name, value[:place] + into + value[place + 1 :])]


styles = st.sampled_from(STYLES)
timely = st.integers(-200, 200)
untimely = st.integers(400, 10**9).flatmap(lambda off: st.sampled_from([off, -off]))
BROKEN = [b"", b"t=", b"t=,v1=", b"sha256=", b"t=1,v1=" + b"0" * 64, b"v1,", b"v1,=", b"\xff" * 64, b"0" * 64]
NAMES = [b"X-FieldCamp-Signature", b"webhook-id", b"webhook-timestamp", b"webhook-signature"]
odd_values = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(BROKEN),
    st.integers(-(10**30), 10**30).map(lambda number: f"t={number},v1={'a' * 64}".encode()),
    st.integers(1, 5).map(lambda times: b"v1=" + b"0" * 64 * 10**times),
)
odd_names = st.sampled_from([*NAMES, b"Content-Type", b"X-Request-Id"])
noise = st.lists(st.tuples(odd_names, odd_values), max_size=4)


@st.composite
def good_signatures(draw: Any) -> Make:
    """Signed as it should be, maybe with things around it that do no harm."""
    style, offset, around = draw(styles), draw(timely), draw(st.booleans())

    def make(body: bytes, secret: str) -> Signed:
        is_text = _is_text(body)
        right = signed(body, secret, style if is_text else "sha256", offset)
        return [(b"Content-Type", b"text/plain"), (b"X-Request-Id", b"\xff<script>"), *right] if around else right

    return make


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@st.composite
def bad_signatures(draw: Any) -> Make:
    """Late, early, of somebody else, broken, or made up."""
    kind, style, noisy = draw(st.integers(0, 5)), draw(styles), draw(noise)
    at, offset, off = draw(st.integers(0, 200)), draw(timely), draw(untimely)

    def make(body: bytes, secret: str) -> Signed:
        match kind:
            case 0:
                return signed(body, secret, draw_timed(style), off)
            case 1:
                return signed(body, secret[:-4] + "AAA=", style, offset)
            case 2:
                return signed(body + b" ", secret, style, offset)
            case 3:
                return mangled(signed(body, secret, style, offset), at, b"\xe9")
            case 4:
                return signed(body, secret, style, offset)[1:] + noisy if style == "standard_webhooks" else noisy
        return noisy

    return make


def draw_timed(style: str) -> str:
    """Of the styles, those that name a time."""
    return style if style in ("t_v1", "standard_webhooks") else "t_v1"


@st.composite
def mixed_signatures(draw: Any) -> Make:
    """Right and wrong ones together, some of them twice."""
    good, bad, order = draw(good_signatures()), draw(bad_signatures()), draw(st.booleans())
    return lambda body, secret: [*good(body, secret), *bad(body, secret)][:: 1 if order else -1]


# Bodies


ODD_TEXTS = ["", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202e", "vis_1", "x" * 300, "null", "é" * 256]
odd_texts = st.one_of(
    st.text(st.characters(), max_size=12),
    st.sampled_from(ODD_TEXTS),
)
odd_numbers = st.one_of(
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([2**63, -(2**63) - 1, 10**400, 1e308, -0.0, 60.5]),
)
json_values = st.recursive(
    st.none() | st.booleans() | odd_numbers | odd_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
    max_leaves=6,
)
TIMES = [
    *("2026-05-29T14:22:31.812Z", "2026-05-29T16:22:31+02:00", "2026-05-29t14:22:31z", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-05-29", "2026-05-29T24:00:00Z"),
    *("1900-01-01T00:00:00+23:59", "2026-05-29T14:22:60Z", "2999-12-31T23:59:59.999999Z", "2026-05-29T14:22:31,5Z"),
    "2026-05-29T14:22:31+99:99",
]
STATES = [*VisitStatus, "lost"]
FIELDS: dict[str, list[Any]] = {
    "jobId": ["job_1", "job_2", None],
    "clientId": ["cli_1", "cli_2"],
    "visitStatus": STATES,
    "scheduledStart": TIMES,
    "scheduledEnd": TIMES,
    "teamId": [[], ["usr_1"], ["usr_1", "usr_2", "usr_1"], [""]],
    "technicianId": ["usr_1", None],
    "serviceDuration": [60, 0, 60.0, "60", -1, 10**7],
    "unscheduled": [True, False],
    "anyTime": [True, False],
    "notes": ODD_TEXTS,
    "updatedAt": TIMES,
    "completedAt": TIMES,
    "name": ODD_TEXTS,
    "email": ODD_TEXTS,
    "phoneNumber": ["1", {"countryCode": "1", "number": "2"}, {"number": None}],
    "propertyAddress": ["x", {"street": "Main", "zipCode": 1}, {"street": {}}],
    "isDeleted": [True, False],
}
"""Values that a field may be given: most of them right."""

PAIRS = [(name, value) for name, values in FIELDS.items() for value in values]
NAMED = sorted(FIELDS)
KINDS = ("client", "item", "invoice", "payment", "tax")
TYPES = [f"visit.{verb}" for verb in ("created", "updated", "status_changed", "deleted")]
TYPES += [f"{kind}.{verb}" for kind in KINDS for verb in ("created", "deleted")]
TYPES += ["visit.flown", "crew.moved", "client."]
IDS = [{"id": each, "visitStatus": state} for each in ("vis_1", "vis_2", "cli_1") for state in VisitStatus]
PARTS = ["id", "type", "created_at", "data", "api_version", "x"]


@st.composite
def envelopes(draw: Any) -> Any:
    """An event of any type."""
    named, pairs = draw(st.sampled_from(IDS)), draw(st.lists(st.sampled_from(PAIRS), max_size=4))
    return {
        "id": f"evt_{draw(st.integers(0, 2000))}",
        "type": draw(st.sampled_from(TYPES)),
        "created_at": draw(st.sampled_from(TIMES[:3])),
        "data": {"object": {**named, **dict(pairs)}},
    }


@st.composite
def mutated(draw: Any) -> Any:
    """An event of any type, as it should be or with something in it that is none of its kind."""
    event = draw(envelopes())
    match draw(st.integers(0, 5)):
        case 0:
            event[draw(st.sampled_from(PARTS))] = draw(json_values)
        case 1:
            event["data"]["object"][draw(st.sampled_from(NAMED))] = draw(json_values)
        case 2:
            event["data"]["object"] = draw(json_values)
    return event


def written(event: Any, ascii_only: bool = True) -> bytes:
    return json.dumps(event, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@st.composite
def strange_texts(draw: Any) -> bytes:
    """What is JSON only almost, or in another encoding, or without end."""
    text = written(draw(mutated()), ascii_only=draw(st.booleans()))
    body: bytes = draw(st.sampled_from(STRANGE))(draw, text)
    return body


def _cut(draw: Any, text: bytes) -> bytes:
    return text[: draw(st.integers(0, len(text)))]


def _patched(draw: Any, text: bytes) -> bytes:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.binary(min_size=1, max_size=6)) + text[at:]


def _recoded(draw: Any, text: bytes) -> bytes:
    return text.decode("utf-8", "replace").encode(draw(st.sampled_from(["utf-16", "utf-32", "utf-8-sig"])))


def _with_more(draw: Any, text: bytes) -> bytes:
    """A field more: nested, large, or half of a character."""
    digits = b"9" * draw(st.sampled_from([19, 400, 4300, 4301, 9999]))
    exponent = b"1e%d" % draw(st.integers(0, 999))
    half = b'"\\ud8' + draw(st.sampled_from([b"00", b"00\\udc00", b"0", b""])) + b'"'
    levels = _nested(draw(st.sampled_from([1, 62, 63, 64, 65, 500, 5000])))
    endless = b"[" * draw(st.integers(1, 5000))
    return text[:-1] + b', "more": ' + draw(st.sampled_from([digits, exponent, half, levels, endless])) + b"}"


STRANGE: list[Callable[[Any, bytes], bytes]] = [
    _cut,
    _patched,
    _recoded,
    _with_more,
    lambda _, text: text,
    lambda _, text: text.replace(b'"id"', b'"id": "evt_twice", "id"', 1),
    lambda draw, text: text + draw(st.sampled_from([b"\n\t ", b"\x00", b"{}", b"\xff"])),
    lambda draw, _: draw(st.binary(max_size=200)),
    lambda draw, _: written(draw(json_values)),
]


def _nested(levels: int) -> bytes:
    return b'[{"a":' * (levels // 2) + b"1" + b"}]" * (levels // 2)


@st.composite
def large(draw: Any) -> bytes:
    """Right events around the limit, to the byte."""
    event = draw(envelopes())
    size = LIMIT + draw(st.sampled_from([-100_000, -1, 0, 1, 2, 65536, LIMIT]))
    bare = written({**event, "pad": ""})
    pad = draw(st.sampled_from([b"x", b" ", b"\xc3"]))
    return bare[:-2] + pad * (size - len(bare)) + bare[-2:]
