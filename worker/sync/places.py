"""Where a visit, and what belongs to it, stands on the streams of one connection: decided as a sync would, and left
at that."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from worker.core import posting, sales
from worker.core.absences import DELETED_AT_SOURCE, Absence
from worker.core.arrivals import ORIGIN
from worker.core.codec import decode
from worker.core.connections import Connection
from worker.core.explanation import Happening, Place
from worker.core.fates import Fate, State, conflict_of, fate
from worker.core.jobs import CREATED, UPDATED, Job, JobRequest, JobStatus, Lease, Trigger
from worker.core.links import Link
from worker.core.ports import Create, Manifest, Stream, Update
from worker.core.preferences import calendar_preferences
from worker.core.projections import NO_TEAM, VisitView, absence
from worker.core.records import INVOICE, PAYMENT, VISIT, Record
from worker.core.reviews import review_preferences, unasked
from worker.sync.choice import AskingNobody, Choice
from worker.sync.drafting import drafting_for, with_retired
from worker.sync.house import House
from worker.sync.review_drafting import told_before

NOT_USED = Absence("CALENDAR_NOT_USED", "The settings name this calendar no more.")
LEFT = Fate(
    State.UNKNOWN, "NOT_CONNECTED", "Nobody looks there; what is there is left as it is until it is reconnected."
)
NO_LEASE = Lease("", 0)
"""With it nothing can be written by mistake: the store refuses it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A visit as the calendars see it (``view``, None for a deleted one), and the ``records`` that belong to it, by
    kind: itself, its client, invoices and payments."""

    account_id: str
    view: VisitView | None
    records: Mapping[str, Sequence[Record]]

    def of(self, manifest: Manifest) -> Iterator[tuple[str, Sequence[Record]]]:
        """The kinds that an integration publishes, each with what there is of it."""
        return ((kind, self.records[kind]) for kind in manifest.kinds if self.records.get(kind))


def places(house: House, connection: Connection, subject: Subject, history: Sequence[Happening]) -> list[Place]:
    """Where the records stand there, a retired calendar included; the provider is not asked."""
    if not connection.connected:
        return _left(house, connection, subject, history)
    return _Placing(house, connection, subject, history).places()


def _left(house: House, connection: Connection, subject: Subject, history: Sequence[Happening]) -> list[Place]:
    """What is there of a connection that nobody looks after."""
    found = []
    for kind, records in subject.of(house.manifests[connection.integration]):
        links = house.store.plans.links_of(connection.id, [record.local_id for record in records], kind)
        for link in (link for some in links.values() for link in some if link.published):
            at = _written_at(history, connection, kind, link.local_id, link.stream)
            place = Place(kind, link.local_id, link.stream, LEFT, link.remote_id, link.shown, written_at=at)
            found.append(place)
    return found


@dataclass(frozen=True, slots=True)
class _Placing:
    """Has the connection's own drafting decide, and says what that means."""

    house: House
    connection: Connection
    subject: Subject
    history: Sequence[Happening]

    @property
    def _manifest(self) -> Manifest:
        return self.house.manifests[self.connection.integration]

    def places(self) -> list[Place]:
        streams = self._streams()
        found = []
        for kind, records in self.subject.of(self._manifest):
            its = {name: stream for name, stream in streams.items() if stream.kind == kind}
            found += self._of_kind(kind, records, its)
        return found + (self._nowhere(streams, found) if self._manifest.calendar else [])

    def _streams(self) -> dict[str, Stream]:
        with closing(self.house.open_provider(self.connection)) as provider:
            live = {stream.name: stream for stream in provider.streams()}
        return with_retired(live, self.house.store.streams.all(self.connection.id))

    def _of_kind(self, kind: str, records: Sequence[Record], streams: Mapping[str, Stream]) -> list[Place]:
        job = _dry_job(self.house, self.connection)
        drafting = drafting_for(self.house, job, NO_LEASE, self.connection, AskingNobody())
        known = {record.local_id: record for record in records}
        chosen = drafting.choose(kind, list(known), streams)
        return [
            self._place(streams[choice.stream], choice, known[local_id])
            for local_id, choices in chosen.items()
            for choice in choices
        ]

    def _place(self, stream: Stream, choice: Choice, record: Record) -> Place:
        before, decision = choice.before, choice.decision
        link, operation = decision.link or before, decision.operation
        wanted = operation.document if isinstance(operation, Create | Update) else None
        its_fate = fate(before, decision, self._absence(stream, record, before))
        return Place(
            stream.kind,
            choice.local_id,
            stream.target,
            its_fate,
            remote_id=_remote_id(link, record, its_fate),
            shown=link.shown if link is not None and link.published else None,
            wanted=wanted,
            written_at=_written_at(self.history, self.connection, stream.kind, choice.local_id, stream.target),
            conflict=conflict_of(decision),
        )

    def _absence(self, stream: Stream, record: Record, link: Link | None) -> Absence | None:
        """Why nothing of the record is wanted there, by the rules that the drafting goes by."""
        if self._manifest.books:
            return _unposted(record)
        if self._manifest.reviews:
            how = review_preferences(self.connection.settings)
            return unasked(self.subject.view, how, told_before(link))
        if not stream.live:
            return NOT_USED
        return absence(self.subject.view, stream.team, self._time_zone)

    @property
    def _time_zone(self) -> str:
        return calendar_preferences(self.connection.settings).time_zone

    def _nowhere(self, streams: Mapping[str, Stream], found: Sequence[Place]) -> list[Place]:
        """What no calendar says of the visit: why it is on none, and who of its team has none."""
        [record] = self.subject.records[VISIT]
        view = self.subject.view
        why = absence(view, None, self._time_zone)
        if view is None or why is not None:
            return [] if found else [_nowhere(record, why or DELETED_AT_SOURCE)]
        live = [stream.team for stream in streams.values() if stream.live]
        if None in live:
            return []
        if not view.visit.team:
            return [_nowhere(record, NO_TEAM)]
        served = {member for team in live for member in team or ()}
        return [_nowhere(record, self._without(member)) for member in view.visit.team if member not in served]

    def _without(self, member: str) -> Absence:
        return Absence("NO_CALENDAR", f"{member} has no calendar in {self._manifest.title}.")


def _nowhere(record: Record, why: Absence) -> Place:
    return Place(record.kind, record.local_id, None, Fate(State.ABSENT, why.code, why.message))


def _unposted(record: Record) -> Absence | None:
    if record.deleted:
        return DELETED_AT_SOURCE
    told = _money(record)
    return None if told is None else posting.unposted(told)


def _money(record: Record) -> sales.Invoice | sales.Payment | None:
    kinds: dict[str, type[sales.Invoice] | type[sales.Payment]] = {INVOICE: sales.Invoice, PAYMENT: sales.Payment}
    kind = kinds.get(record.kind)
    return None if kind is None else decode(kind, {**record.content, "id": record.local_id})


def _remote_id(link: Link | None, record: Record, its_fate: Fate) -> str | None:
    """A payment that came from the books is there without a link of ours."""
    if its_fate.code == posting.FROM_THE_BOOKS.code:
        return str(record.content["external_id"]).removeprefix(ORIGIN).partition(":")[0]
    return link.remote_id if link is not None else None


def _written_at(
    history: Sequence[Happening], connection: Connection, kind: str, local_id: str, target: str
) -> datetime | None:
    """When the newest of these syncs wrote it."""
    place = (connection.integration, kind, local_id, target)
    wrote = (each for each in history if not each.dry_run and each.record.outcome in (CREATED, UPDATED))
    return next((each.record.at for each in wrote if _place_of(each) == place), None)


def _place_of(each: Happening) -> tuple[str, str, str, str | None]:
    return (each.integration, each.record.kind, each.record.local_id, each.record.target)


def _dry_job(house: House, connection: Connection) -> Job:
    """A job that is in no database, for decisions that nobody carries out."""
    request = JobRequest(trigger=Trigger.CLI, dry_run=True)
    where = (connection.account_id, connection.id, connection.integration)
    return Job("", *where, request, JobStatus.RUNNING, house.now())
