"""What FieldCamp asks of one who writes through the API, beyond a well-formed record."""

from __future__ import annotations

from typing import Any

from worker.simulators.fieldcamp import visits
from worker.simulators.fieldcamp.account import Account
from worker.simulators.fieldcamp.desk import Guard
from worker.simulators.fieldcamp.kinds import VISIT, Kind
from worker.simulators.fieldcamp.money_kinds import KINDS
from worker.simulators.fieldcamp.refusal import conflict, invalid
from worker.simulators.fieldcamp.table import Record

BOOKED_BY = ("scheduledStart", "scheduledEnd", "serviceDuration", "teamId", "anyTime")


def api_guard(*, overlap_refused: bool) -> Guard:
    """References must exist, states move as allowed, and with `overlap_refused` no team is booked twice."""

    def guard(account: Account, kind: Kind, before: Record | None, after: Record) -> None:
        _check_references(account, kind, before, after)
        if kind is VISIT:
            _check_state(before, after)
            if overlap_refused and _books(before, after):
                _check_free(account, after)

    return guard


def _check_references(account: Account, kind: Kind, before: Record | None, after: Record) -> None:
    for name, target in (kind.references or {}).items():
        if before is not None and before.get(name) == after[name]:
            continue
        for record_id in _ids(after[name]):
            if record_id not in account.table(KINDS[target]):
                raise invalid(f"{name}: there is no {target} {record_id}")


def _ids(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _check_state(before: Record | None, after: Record) -> None:
    if before is None:
        visits.check_first(after["visitStatus"])
    else:
        visits.check_move(before["visitStatus"], after["visitStatus"])


def _books(before: Record | None, after: Record) -> bool:
    """Whether the write takes time of the team that the visit did not take before."""
    if before is None or before["visitStatus"] not in visits.ACTIVE:
        return True
    return any(before[name] != after[name] for name in BOOKED_BY)


def _check_free(account: Account, visit: Record) -> None:
    clash = account.bookings.clash(visit)
    if clash is not None:
        raise conflict(f"team member {clash[0]} is already booked for visit {clash[1]} at that time")
