"""Users and their calendars: https://learn.microsoft.com/graph/api/resources/calendar."""

from __future__ import annotations

from typing import Any

from worker.simulators.outlook_calendar.calls import Answer
from worker.simulators.outlook_calendar.requests import Request
from worker.simulators.outlook_calendar.state import Calendar


def get_user(request: Request) -> Answer:
    owner = request.mailbox
    told: dict[str, Any] = {
        "@odata.context": f"{request.call.base}/v1.0/$metadata#users/$entity",
        "businessPhones": [],
        "displayName": owner.name,
        "givenName": None,
        "jobTitle": None,
        "mail": owner.address if owner.enabled else None,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": None,
        "userPrincipalName": owner.address,
        "id": owner.id,
    }
    return request.answer(200, told)


def get_calendar(request: Request) -> Answer:
    context = f"{request.call.base}/v1.0/$metadata#users('{request.mailbox.id}')/calendars/$entity"
    return request.answer(200, {"@odata.context": context, **_about(request, request.calendar())})


def list_calendars(request: Request) -> Answer:
    """All of them, on one page."""
    context = f"{request.call.base}/v1.0/$metadata#users('{request.mailbox.id}')/calendars"
    value = [_about(request, calendar) for calendar in request.mailbox.calendars.values()]
    return request.answer(200, {"@odata.context": context, "value": value})


def _about(request: Request, calendar: Calendar) -> dict[str, Any]:
    owner = request.mailbox
    mine = request.token.user in (None, owner.id)
    return {
        "id": calendar.id,
        "name": calendar.name,
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": calendar is owner.calendar,
        "changeKey": f"DwAAABYAAAB{calendar.epoch:04d}",
        "canShare": mine,
        "canViewPrivateItems": mine,
        "canEdit": mine or owner.delegates.get(str(request.token.user)) == "write",
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": True,
        "isRemovable": calendar is not owner.calendar,
        "owner": {"name": owner.name, "address": owner.address},
    }
