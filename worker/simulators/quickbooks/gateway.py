"""What Intuit's gateway answers before a company file is asked, and the bodies of ordered faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from worker.simulators.quickbooks.oauth import OAUTH_ERRORS, oauth_body
from worker.simulators.quickbooks.refusal import Refused

Casing = Literal["lower", "upper"]
XML = "application/xml;charset=UTF-8"


@dataclass(frozen=True)
class Said:
    """The HTTP status, the words and the type of the gateway's answer with a code."""

    status: int
    message: str
    detail: str | None
    type: str


GATEWAY = {
    "3200": Said(401, "message=AuthenticationFailed; errorCode=003200; statusCode=401", None, "AUTHENTICATION"),
    "3100": Said(403, "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", None, "SERVICE"),
    "3001": Said(
        429,
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "The request limit was reached. Try again later",
        "SERVICE",
    ),
}
USUAL = {401: "3200", 403: "3100", 429: "3001"}
VALIDATION = "ValidationFault"
STANDARD = {
    "120": ("Authorization Failure", "User is not authorized.", "AuthorizationFault"),
    "500": ("Unsupported Operation", "Operation is not supported.", VALIDATION),
    "610": (
        "Object Not Found",
        "Object Not Found : Something you're trying to use has been made inactive.",
        VALIDATION,
    ),
    "5010": (
        "Stale Object Error",
        "Stale Object Error : You and someone else were working on this at the same time. "
        "They finished before you did, so your work was not saved.",
        VALIDATION,
    ),
    "6000": (
        "A business validation error has occurred while processing your request",
        "Business Validation Error",
        VALIDATION,
    ),
    "6190": (
        "Subscription period has ended or canceled or there was a billing problem",
        "Subscription ended",
        VALIDATION,
    ),
    "10000": ("An application error has occurred while processing your request", "System Failure Error", "SystemFault"),
}
HTML = "<html><head><title>{0}</title></head><body><center><h1>{0} Service Unavailable</h1></center></body></html>"


class Turned(Exception):
    """A request that the gateway turns away, by its code in `GATEWAY`."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(GATEWAY[code].message)
        self.code = code
        self.detail = detail

    @property
    def status(self) -> int:
        return GATEWAY[self.code].status

    def body(self, now: float, casing: Casing) -> dict[str, Any]:
        return gateway_body(self.code, now, casing, self.detail)


def gateway_body(code: str, now: float, casing: Casing = "lower", detail: str | None = None) -> dict[str, Any]:
    """The gateway's JSON, in either casing; `now` is in seconds since the epoch."""
    said = GATEWAY[code]
    told = detail or said.detail
    if casing == "upper":
        error = {"Message": said.message, "Detail": told, "code": code}
        return {"Fault": {"Error": [error], "type": said.type}, "time": int(now * 1000)}
    lower = {"message": said.message, "detail": told, "code": code, "element": None}
    fault = {"error": [lower], "type": said.type}
    if code == "3001":
        return {"fault": {**fault, "error": [{name: one for name, one in lower.items() if name != "element"}]}}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": fault,
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(now * 1000),
        "status": None,
        "cdcresponse": [],
    }


def fault_body(status: int, reason: str | None, now: float, casing: Casing) -> Any:
    """The body of an ordered fault.

    `reason` is a code: of the gateway ("3001", "3200", "3100"), of a company file ("6000", "5010", "10000"; also with
    status 200), or an OAuth error ("invalid_grant"). Without one it is what is usual for the status, HTML from 500 on.
    """
    if reason in OAUTH_ERRORS:
        return oauth_body(str(reason))
    code = reason or USUAL.get(status)
    if code is None and status >= 500:
        return HTML.format(status)
    if code in GATEWAY:
        return gateway_body(str(code), now, casing)
    return {"Fault": standard_fault(code or "6000")}


def standard_fault(code: str) -> dict[str, Any]:
    """The inside of `Fault`, as a company file would say it."""
    message, detail, kind = STANDARD.get(code, (f"Error {code}", f"Error {code}", VALIDATION))
    return Refused(400, code, message, detail, type=kind).fault()


def xml_fault(code: str, message: str, time: str) -> str:
    """A fault for those who did not ask for JSON."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time={quoteattr(time)}>'
        f'<Fault type="ValidationFault"><Error code={quoteattr(code)}><Message>{escape(message)}</Message></Error>'
        "</Fault></IntuitResponse>"
    )
