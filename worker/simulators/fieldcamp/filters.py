"""What the query parameters of a list select."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from worker.simulators.fieldcamp import instants
from worker.simulators.fieldcamp.kinds import CLIENT, STATES, VISIT, Kind
from worker.simulators.fieldcamp.refusal import invalid
from worker.simulators.fieldcamp.table import Record

Predicate = Callable[[Record], bool]
Query = Mapping[str, Sequence[str]]
"""Each parameter with its values, in the order given."""

SEARCHED = ("name", "firstName", "lastName", "companyName", "email")


def predicates(kind: Kind, query: Query) -> list[Predicate]:
    """What a record must satisfy; Refused with 400 for a value that is none."""
    found = [_FILTERS.get((kind.name, name), _equals)(name, query[name]) for name in query if name in kind.filters]
    chosen = [predicate for predicate in found if predicate is not None]
    if kind is CLIENT and "includeDeleted" not in query:
        chosen.append(_not_deleted)
    return chosen


def since(query: Query) -> str | None:
    return _instant("since", query["since"][-1]) if "since" in query else None


def _equals(name: str, values: Sequence[str]) -> Predicate:
    wanted = set(values)
    return lambda record: record.get(name) in wanted


def _ignored(name: str, values: Sequence[str]) -> None:
    return None


def _status(name: str, values: Sequence[str]) -> Predicate:
    wanted = set(_split(values))
    unknown = sorted(wanted.difference(STATES))
    if unknown:
        raise invalid(f"visitStatus: {unknown[0]!r} is not a state of a visit")
    return lambda visit: visit.get("visitStatus") in wanted


def _team(name: str, values: Sequence[str]) -> Predicate:
    wanted = set(_split(values))
    return lambda visit: not wanted.isdisjoint(visit.get("teamId") or ())


def _from(name: str, values: Sequence[str]) -> Predicate:
    start = _instant_or_date(name, values[-1])
    return lambda visit: (visit.get("scheduledStart") or "") >= start


def _to(name: str, values: Sequence[str]) -> Predicate:
    """Up to and not including an instant; a date is included to its end."""
    given = _instant_or_date(name, values[-1])
    end = instants.day_after(given) if instants.is_date(given) else given
    return lambda visit: bool(visit.get("scheduledStart")) and visit["scheduledStart"] < end


def _search(name: str, values: Sequence[str]) -> Predicate:
    wanted = values[-1].casefold()
    return lambda client: any(wanted in (client.get(field) or "").casefold() for field in SEARCHED)


def _deleted_too(name: str, values: Sequence[str]) -> Predicate | None:
    if values[-1] not in ("true", "false"):
        raise invalid("includeDeleted: must be true or false")
    return None if values[-1] == "true" else _not_deleted


def _not_deleted(record: Record) -> bool:
    return not record.get("isDeleted")


def _split(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",")]


def _instant_or_date(name: str, value: str) -> str:
    return value if instants.is_date(value) else _instant(name, value)


def _instant(name: str, value: str) -> str:
    try:
        return instants.instant(value)
    except ValueError as error:
        raise invalid(f"{name}: {error}") from error


_FILTERS: Mapping[tuple[str, str], Callable[[str, Sequence[str]], Predicate | None]] = {
    (VISIT.name, "visitStatus"): _status,
    (VISIT.name, "teamId"): _team,
    (VISIT.name, "from"): _from,
    (VISIT.name, "to"): _to,
    (CLIENT.name, "search"): _search,
    (CLIENT.name, "includeDeleted"): _deleted_too,
    **{(name, "since"): _ignored for name in ("visit", "client", "invoice", "payment")},
}
