"""What QuickBooks answers when it says no: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from worker.simulators.quickbooks.instants import told

Json = dict[str, Any]

INACTIVE = (
    "Something you're trying to use has been made inactive. Check the fields with accounts, customers, items,"
    " vendors or employees."
)


class Refused(Exception):
    """A request that is not carried out: HTTP `status`, Intuit's `code`, `message`, `detail` and `element` at fault.

    `type` is ValidationFault, SystemFault, AuthenticationFault or AuthorizationFault.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        detail: str,
        element: str | None = None,
        *,
        type: str = "ValidationFault",
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.element = element
        self.type = type

    def fault(self) -> Json:
        """The inside of `Fault`, as it also stands in the answer to an item of a batch."""
        error = {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element or ""}
        return {"Error": [error], "type": self.type}

    def body(self, now: datetime) -> Json:
        """The whole body of the answer."""
        return {"Fault": self.fault(), "time": told(now, milliseconds=True)}


def missing(element: str) -> Refused:
    message = "Required param missing, need to supply the required value for the API"
    return Refused(400, "2020", message, f"Required parameter {element} is missing in the request", element)


def unreadable(detail: str) -> Refused:
    message = "Request has invalid or unsupported property"
    return Refused(400, "2010", message, f"Property Name:{detail} specified is unsupported or invalid")


def unknown_field(name: str, where: str) -> Refused:
    return unreadable(
        f'Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{where}), not marked as ignorable'
    )


def invalid(element: str, detail: str) -> Refused:
    return Refused(400, "2030", "Invalid value", f"{element}: {detail}", element)


def wrong_length(element: str, longest: int, length: int) -> Refused:
    message = "String length is either shorter or longer than supported by specification"
    detail = (
        f"String length specified does not match the supported length. Min:0 Max:{longest} supported."
        f" Supplied length:{length}"
    )
    return Refused(400, "2050", message, detail, element)


def wrong_choice(element: str, value: str) -> Refused:
    return Refused(400, "2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", element)


def not_found() -> Refused:
    """An object that is not there, and one that was made inactive, are told apart by nothing."""
    return Refused(400, "610", "Object Not Found", f"Object Not Found : {INACTIVE}")


def no_such_reference(element: str, object_id: str) -> Refused:
    detail = f"Invalid Reference Id : {element} element id {object_id} not found"
    return Refused(400, "2500", "Invalid Reference Id", detail, element)


def business(detail: str, element: str | None = None) -> Refused:
    message = "A business validation error has occurred while processing your request"
    return Refused(400, "6000", message, f"Business Validation Error: {detail}", element)


def stale(who: str) -> Refused:
    detail = (
        f"Stale Object Error : You and {who} were working on this at the same time."
        f" {who} finished before you did, so your work was not saved."
    )
    return Refused(400, "5010", "Stale Object Error", detail)


def name_taken(detail: str, object_id: str) -> Refused:
    told_id = f" Id={object_id}" if object_id else ""
    return Refused(400, "6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {detail}{told_id}")


def number_taken(number: str, kind: str, object_id: str) -> Refused:
    detail = (
        "Duplicate Document Number Error : You must specify a different number. This number has already been used."
        f" DocNumber={number} is assigned to TxnType={kind} with TxnId={object_id}"
    )
    return Refused(400, "6140", "Duplicate Document Number Error", detail)


def wrong_amount() -> Refused:
    return Refused(
        400,
        "6070",
        "Amount calculation incorrect in the request",
        "Amount calculation incorrect in the request : Amount is not equal to UnitPrice * Qty. Supplied value:",
        "Amount",
    )


def unsupported(operation: str) -> Refused:
    return Refused(400, "500", "Unsupported Operation", f"Operation {operation} is not supported.")


def unparsed(detail: str) -> Refused:
    return Refused(400, "4000", "Error parsing query", f"QueryParserError: {detail}")


def invalid_query(detail: str) -> Refused:
    return Refused(400, "4001", "Invalid query", f"QueryValidationError: {detail}")
