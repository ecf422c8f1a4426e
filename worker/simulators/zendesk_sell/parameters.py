"""What a listing may be asked: https://developer.zendesk.com/api-reference/sales-crm/resources/visits/."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from worker.simulators.zendesk_sell.refusal import invalid, unknown
from worker.simulators.zendesk_sell.settings import Settings
from worker.simulators.zendesk_sell.visits import RESOURCE_TYPES, STATUSES

MOST_PAGES = 100
MOST_PER_PAGE = 100
USUAL_PER_PAGE = 25
ORDERS = ("id", "visited_at")
LONGEST_NUMBER = 18
Value = str | int


@dataclass(frozen=True)
class Asked:
    """One page of the visits whose fields are as in `filters`, sorted by `order`."""

    page: int
    per_page: int
    order: str
    descending: bool
    filters: tuple[tuple[str, Value], ...]


def asked(query: Sequence[tuple[str, str]], settings: Settings) -> Asked:
    """What the query's names and values mean; Refusal with 400 for a wrong value, 422 for an unknown name."""
    given = _once(query)
    _check_names(given, settings)
    filters = tuple((name, FILTERS[name](name, given[name])) for name in sorted(given) if name in FILTERS)
    _check_resource(given, settings)
    order, descending = _order(given.get("sort_by", "id"))
    return Asked(
        page=_number("page", given.get("page", "1"), MOST_PAGES),
        per_page=_number("per_page", given.get("per_page", str(USUAL_PER_PAGE)), MOST_PER_PAGE),
        order=order,
        descending=descending,
        filters=filters,
    )


def _once(query: Sequence[tuple[str, str]]) -> dict[str, str]:
    given = dict(query)
    for name in given:
        if sum(1 for other, _ in query if other == name) > 1:
            raise invalid(name, "may be given once")
    return given


def _check_names(given: Mapping[str, str], settings: Settings) -> None:
    for name in given:
        if name not in KNOWN and settings.unknown_parameters == "refused":
            raise unknown(name)


def _check_resource(given: Mapping[str, str], settings: Settings) -> None:
    if "resource_id" in given and "resource_type" not in given:
        raise invalid("resource_id", "needs resource_type")
    if "resource_type" in given and "resource_id" not in given and not settings.resource_type_alone:
        raise invalid("resource_type", "needs resource_id")


def _order(text: str) -> tuple[str, bool]:
    name, colon, direction = text.partition(":")
    if name not in ORDERS or (colon and direction != "desc"):
        raise invalid("sort_by", f"must be {' or '.join(ORDERS)}, with :desc or nothing behind it")
    return name, bool(colon)


def _number(name: str, text: str, most: int | None = None) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0
    if number < 1 or (most is not None and number > most):
        raise invalid(name, "must be a whole number from 1" + (f" to {most}" if most else ""))
    return number


def _one_of(choices: tuple[str, ...]) -> Callable[[str, str], Value]:
    def read(name: str, text: str) -> str:
        if text not in choices:
            raise invalid(name, f"must be one of {', '.join(choices)}")
        return text

    return read


FILTERS: Mapping[str, Callable[[str, str], Value]] = MappingProxyType(
    {
        "outcome_id": _number,
        "creator_id": _number,
        "resource_type": _one_of(RESOURCE_TYPES),
        "resource_id": _number,
        "rep_location_verification_status": _one_of(STATUSES),
    }
)
KNOWN = {"page", "per_page", "sort_by", *FILTERS}
