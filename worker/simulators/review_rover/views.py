"""Visits and contacts as ReviewRover tells them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from worker.simulators.review_rover.kinds import Record
from worker.simulators.review_rover.refusal import invalid
from worker.simulators.review_rover.settings import Settings
from worker.simulators.review_rover.state import Account

USUAL, MOST = 25, 100
LONGEST_NUMBER = 9


def shown_visit(visit: Record) -> Record:
    """With what follows from other fields: `completed`, and `event_date` where nobody gave one."""
    kept = {name: value for name, value in visit.items() if name != "review_requested"}
    event_date = visit["event_date"] or visit["time_scheduled"]
    return {**kept, "event_date": event_date, "completed": visit["time_completed"] is not None}


def single(name: str, record: Record, settings: Settings) -> Record:
    """The body of an answer that has one visit or contact, which is its `name`."""
    if settings.single_answers == "bare":
        return dict(record)
    return {"data" if settings.single_answers == "data" else name: record}


def visits_page(account: Account, query: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """One page of all visits; pages count from the rows as they are now. Refusal with 422 for a wrong parameter."""
    _check_names(query, {"limit", "page"}, settings)
    limit, page = _number(query, "limit", USUAL, MOST), _number(query, "page", 1)
    visits = list(account.visits.values())
    if settings.order == "newest":
        visits.reverse()
    chosen = visits[(page - 1) * limit : page * limit]
    told = {"page": page, "limit": limit, "total": len(visits), "total_pages": math.ceil(len(visits) / limit)}
    below = "data" if settings.visit_lists == "data" else "visits"
    return {below: [shown_visit(visit) for visit in chosen], "pagination": told}


def contacts_found(account: Account, query: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """The contacts with the address in `email`, or all; the oldest 25 at most."""
    _check_names(query, {"email"}, settings)
    found = list(account.contacts.values())
    if "email" in query:
        found = _with_address(found, query["email"], settings)
    return {"has_more": len(found) > USUAL, "data": found[:USUAL]}


def _with_address(contacts: Sequence[Record], address: str, settings: Settings) -> list[Record]:
    if settings.email_match == "exact":
        return [contact for contact in contacts if contact["email"] == address]
    return [contact for contact in contacts if contact["email"].casefold() == address.casefold()]


def _check_names(query: Mapping[str, str], known: set[str], settings: Settings) -> None:
    unknown = query.keys() - known
    if unknown and settings.unknown_names == "refused":
        raise invalid(dict.fromkeys(sorted(unknown), "is not a parameter"))


def _number(query: Mapping[str, str], name: str, usual: int, most: int | None = None) -> int:
    told = query.get(name, str(usual))
    number = int(told) if told.isascii() and told.isdigit() and len(told) <= LONGEST_NUMBER else 0
    if number < 1 or (most is not None and number > most):
        raise invalid({name: "must be a whole number from 1" + (f" to {most}" if most else "")})
    return number
