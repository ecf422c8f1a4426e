"""A simulated FieldCamp on the loopback, and how tests of its source reach it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.core.ports import EditOutcome, Failed, Source, SourcePage, Window
from worker.core.records import Record
from worker.http.limits import Limits
from worker.simulators.faults import Fault
from worker.simulators.fieldcamp import FieldCampSimulator
from worker.sources.fieldcamp.account import FieldCamp
from worker.sources.fieldcamp.calls import Rate

KEY, OTHER_KEY = "fc_live_acme", "fc_live_other"
NOW = datetime.now(UTC).replace(microsecond=0)
NOON = NOW.replace(hour=12, minute=0, second=0) + timedelta(days=2)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0)
WINDOW = Window(MIDNIGHT - timedelta(days=30), MIDNIGHT + timedelta(days=365))


class Key:
    """A grant that holds an API key."""

    def __init__(self, api_key: object = KEY) -> None:
        self.api_key = api_key

    def read(self) -> Mapping[str, Any]:
        return {"api_key": self.api_key}

    def renew(self, stale: str | None, refresh: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Mapping[str, Any]:
        raise AssertionError("an API key is never renewed")


@dataclass
class Place:
    """A simulated FieldCamp with one account, and how to reach it; ``naps`` are the waits that were asked for."""

    simulator: FieldCampSimulator
    url: str
    naps: list[float]
    opened: list[FieldCamp]

    def open(self, key: object = KEY, url: str | None = None, **options: Any) -> FieldCamp:
        options = {"rate": Rate(1e9, 1e9), "sleep": self.naps.append, **options}
        source = FieldCamp(url or self.url, Key(key), Limits(), "acc_1", lambda: datetime.now(UTC), WINDOW, **options)
        self.opened.append(source)
        return source

    def visit(self, **fields: Any) -> str:
        start = fields.pop("start", NOON)
        times = {"scheduledStart": stamp(start), "scheduledEnd": stamp(start + timedelta(hours=1))}
        return str(self.simulator.add_visit(KEY, **{"jobId": "job_1", "teamId": ["usr_1"], **times, **fields})["id"])

    def fault(self, **fields: Any) -> None:
        self.simulator.faults.add(Fault(**fields))

    def one(self, visit_id: str) -> dict[str, Any]:
        return next(visit for visit in self.simulator.visits(KEY) if visit["id"] == visit_id)

    def asked(self, operation: str | None = None) -> list[str]:
        return [entry.query for entry in self.simulator.journal.entries(operation)]


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(source: Source, kind: str, cursor: str | None = None) -> tuple[list[Record], SourcePage]:
    """All records of a reading, and its last page; the pages before it promise nothing."""
    *before, last = source.changes(kind, cursor)
    for page in before:
        assert (page.cursor, page.window, page.everything) == (None, None, False)
    assert last.cursor is not None
    return [record for page in (*before, last) for record in page.records], last


def ids(records: Sequence[Record]) -> list[str]:
    return [record.local_id for record in records]


def failure(outcome: EditOutcome) -> Exception:
    assert isinstance(outcome, Failed)
    return outcome.error
