"""Someone asks where a visit stands in every system, and why: answered from the store alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from worker.core.codec import decode
from worker.core.connections import Connection
from worker.core.errors import NotConnected, NotFound
from worker.core.explanation import Explanation, Happening, News, Presence
from worker.core.ports import Manifest
from worker.core.records import CLIENT, INVOICE, JOB, PAYMENT, VISIT, Client, Record, Visit
from worker.core.records import Job as Work
from worker.sync.house import House
from worker.sync.places import Subject, places
from worker.sync.sourcing import FIELDCAMP

T = TypeVar("T")

LONGEST_ID = 255
MOST_PAYMENTS = 100

ITS_SOURCE = ("ITS_SOURCE", "The visit comes from here.")
OTHER_SOURCE = ("OTHER_SOURCE", "The visit does not come from here.")
NEVER_CONNECTED = ("NEVER_CONNECTED", "It was never connected.")
DISCONNECTED = ("DISCONNECTED", "It is not connected any more.")
NO_INVOICES = ("NO_INVOICES", "No invoice names the visit or its job.")


def explain(house: House, account_id: str, visit_id: str) -> Explanation:
    """Where the account's visit stands in each integration, and why; ``visit_id`` is of any source. Nobody outside is
    asked, and nothing is written.

    Raises NotFound for an unknown account or visit, and NotConnected where the visit is unknown because its source is
    not connected.
    """
    if house.store.accounts.get(account_id) is None:
        raise NotFound("There is no such account.")
    record = _visit_record(house, account_id, visit_id)
    subject, client = _subject(house, account_id, record)
    connections = {each.integration: each for each in house.store.connections.of(account_id)}
    numbers = _planned_upto(house, connections)
    explaining = _Explaining(
        house,
        subject,
        _source_of(house, visit_id),
        house.store.jobs.told_of(account_id, _named(subject)),
        house.store.inbox.about(account_id, visit_id, min(numbers.values())) if numbers else [],
        numbers,
    )
    return Explanation(
        visit=_of(Visit, record),
        source=explaining.source,
        deleted=record.deleted,
        changed_at=record.source_time,
        told_at=record.told_at,
        client=client,
        presences=[explaining.presence(name, connections.get(name)) for name in house.manifests],
        events=explaining.events,
        history=explaining.history,
    )


@dataclass(frozen=True, slots=True)
class _Explaining:
    """What is known of the visit. ``numbers`` are those up to which integrations that publish visits have planned."""

    house: House
    subject: Subject
    source: str
    history: Sequence[Happening]
    events: Sequence[News]
    numbers: Mapping[str, int]

    def presence(self, name: str, connection: Connection | None) -> Presence:
        manifest = self.house.manifests[name]
        there = Presence(name, manifest.title, connected=False, remark=self._remark(manifest, connection))
        if connection is None:
            return there
        active = self.house.store.jobs.active(connection.id)
        error = connection.error
        return replace(
            there,
            connected=connection.connected,
            error=(error["code"], error["message"]) if error else None,
            last_synced_at=connection.last_synced_at,
            next_sync_at=connection.next_look_at,
            active_job_id=active.id if active is not None else None,
            news=self._news(name),
            places=() if manifest.source else places(self.house, connection, self.subject, self.history),
        )

    def _remark(self, manifest: Manifest, connection: Connection | None) -> tuple[str, str] | None:
        if manifest.source:
            return ITS_SOURCE if manifest.name == self.source else OTHER_SOURCE
        if connection is None or not connection.connected:
            return NEVER_CONNECTED if connection is None else DISCONNECTED
        return NO_INVOICES if manifest.books and not self.subject.records[INVOICE] else None

    def _news(self, name: str) -> int:
        planned = self.numbers.get(name)
        return 0 if planned is None else sum(event.number > planned for event in self.events)


def _visit_record(house: House, account_id: str, visit_id: str) -> Record:
    """No database is asked for what cannot be an id."""
    is_sane = 0 < len(visit_id) <= LONGEST_ID and visit_id.isprintable()
    known = house.store.records.get_many(account_id, VISIT, [visit_id]) if is_sane else {}
    if visit_id in known:
        return known[visit_id]
    source = _source_of(house, visit_id)
    connection = house.store.connections.find(account_id, source)
    title = house.manifests[source].title
    if connection is None or not connection.connected:
        raise NotConnected(f"There is no such visit, and {title}, where it would come from, is not connected.")
    raise NotFound(f"There is no such visit; {title} has not told of it.")


def _source_of(house: House, visit_id: str) -> str:
    """The source of a visit, by how its id begins."""
    others = (each for each in house.manifests.values() if each.source and each.prefix)
    return next((each.name for each in others if visit_id.startswith(each.prefix)), FIELDCAMP)


def _subject(house: House, account_id: str, record: Record) -> tuple[Subject, Client | None]:
    """The visit with what belongs to it, and whom it is for."""
    records, visit = house.store.records, _of(Visit, record)
    view = records.views(account_id, [record.local_id])[record.local_id]
    jobs = records.get_many(account_id, JOB, [visit.job_id] if visit.job_id else [])
    work = [_of(Work, each) for each in jobs.values()]
    client_id = visit.client_id or next((each.client_id for each in work if each.client_id), None)
    clients = list(records.get_many(account_id, CLIENT, [client_id] if client_id else []).values())
    invoices = _invoices(house, account_id, visit)
    payments = [
        payment
        for invoice in invoices
        for payment in records.naming(account_id, PAYMENT, "invoice_id", invoice.local_id, MOST_PAYMENTS)
    ]
    billed = {CLIENT: clients, INVOICE: invoices, PAYMENT: payments}
    return Subject(account_id, view, {VISIT: [record], **billed}), next(map(_client, clients), None)


def _invoices(house: House, account_id: str, visit: Visit) -> list[Record]:
    """Those that name the visit, and those that name its job, each once."""
    naming = house.store.records.naming
    of_visit = naming(account_id, INVOICE, "visit_id", visit.id)
    of_job = naming(account_id, INVOICE, "job_id", visit.job_id) if visit.job_id else []
    return list({each.local_id: each for each in (*of_visit, *of_job)}.values())


def _named(subject: Subject) -> list[tuple[str, str]]:
    return [(each.kind, each.local_id) for each in chain.from_iterable(subject.records.values())]


def _planned_upto(house: House, connections: Mapping[str, Connection]) -> dict[str, int]:
    """For each live integration that publishes visits, the account's number up to which it has planned them."""
    live = {name: each for name, each in connections.items() if each.connected and _publishes_visits(house, name)}
    return {name: house.store.plans.planned_upto(each.id).get(VISIT, 0) for name, each in live.items()}


def _publishes_visits(house: House, name: str) -> bool:
    manifest = house.manifests[name]
    return not manifest.source and VISIT in manifest.kinds


def _client(record: Record) -> Client:
    return _of(Client, record)


def _of(kind: type[T], record: Record) -> T:
    return decode(kind, {**record.content, "id": record.local_id})
