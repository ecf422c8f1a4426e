"""What the source last told us: visits with the jobs, clients and team members they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from worker.core.visits import FINAL, VisitStatus

VISIT, JOB, CLIENT, MEMBER = "visit", "job", "client", "member"
ITEM, INVOICE, PAYMENT, TAX = "item", "invoice", "payment", "tax"


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose records they are: local ids begin with ``prefix``, or, where that is empty, with none of the ``others``."""

    prefix: str = ""
    others: tuple[str, ...] = ()


def plural(kind: str) -> str:
    """What several records of a kind are called."""
    return kind + ("es" if kind.endswith("x") else "s")


@dataclass(frozen=True, slots=True)
class Visit:
    """A technician at a site. Instants are UTC; ``duration_minutes`` stands in where there is no end.

    ``final_since`` is our note of when it came to be completed or cancelled, for a source that does not say it.

    ``origin`` is the source of a visit that is not FieldCamp's: it has a ``subject`` and a ``place`` of its own, in
    place of a job and a client, and nothing goes back to where it came from.
    """

    id: str
    status: VisitStatus = VisitStatus.SCHEDULED
    job_id: str | None = None
    client_id: str | None = None
    team: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    duration_minutes: int | None = None
    any_time: bool = False
    notes: str = ""
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    final_since: datetime | None = None
    origin: str = ""
    subject: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """The work that a visit belongs to."""

    id: str
    number: str = ""
    title: str = ""
    client_id: str | None = None
    address: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A place in its parts."""

    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Whom the work is for; ``name`` is the one that people use, ``address`` where the work is, ``billing`` where the
    bill goes.
    """

    id: str
    name: str = ""
    given: str = ""
    family: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    billing: Address | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the team."""

    id: str
    name: str = ""
    email: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """One thing as the source told it.

    ``content`` holds JSON values under the field names of the kind's dataclass, and only the fields that the source
    named. ``source_time`` is when the source says it became so; ``told_at`` (of the event, or of the read) settles
    equal times. ``number`` is its place in the account's order of commits, 0 before it is stored.
    """

    kind: str
    local_id: str
    content: Mapping[str, Any] = field(default_factory=dict)
    source_time: datetime | None = None
    told_at: datetime | None = None
    deleted: bool = False
    number: int = 0

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        """The (kind, local id) of the records that this one is shown with: a change there changes what we publish of
        this. An invoice is looked at again when its visit moves on, or its job where it names no visit, and a payment
        when its invoice is changed or void.
        """
        if self.kind == INVOICE:
            return _named(VISIT, self.content.get("visit_id")) or _named(JOB, self.content.get("job_id"))
        if self.kind == PAYMENT:
            return _named(INVOICE, self.content.get("invoice_id"))
        if self.kind not in (VISIT, JOB):
            return frozenset()
        named = ((JOB, self.content.get("job_id")), (CLIENT, self.content.get("client_id")))
        return frozenset((kind, local_id) for kind, local_id in named if local_id)


def _named(kind: str, local_id: str | None) -> frozenset[tuple[str, str]]:
    return frozenset({(kind, local_id)}) if local_id else frozenset()


def is_stale(known: Record, told: Record) -> bool:
    """Whether ``told`` is older than what is known, and so never overwrites it."""
    if known.source_time is None or told.source_time is None:
        return False
    if told.source_time != known.source_time:
        return told.source_time < known.source_time
    return known.told_at is not None and told.told_at is not None and told.told_at < known.told_at


def leaves_final_state(known: Record, told: Record) -> bool:
    """Whether ``told`` takes a visit out of ``completed`` or ``cancelled`` without being newer: recorded, not
    applied.
    """
    before, after = known.content.get("status"), told.content.get("status")
    if known.kind != VISIT or before not in FINAL or after in (None, before):
        return False
    return known.source_time is not None and (told.source_time is None or told.source_time <= known.source_time)


def merged(known: Record | None, told: Record) -> Record | None:
    """What to keep after ``told``: fields it does not name stay as they were. None where it must not be applied."""
    if known is None:
        noted = _final_since(None, told)
        return replace(told, content={**told.content, **noted}) if noted else told
    if is_stale(known, told) or leaves_final_state(known, told):
        return None
    content = {**known.content, **told.content, **_final_since(known, told)}
    return Record(known.kind, known.local_id, content, told.source_time, told.told_at, told.deleted, known.number)


def _final_since(known: Record | None, told: Record) -> dict[str, Any]:
    """The note of when a visit came to its end: once for each time, and the earlier of its last change and its planned
    end where nobody saw it happen.
    """
    status, moment = told.content.get("status"), told.source_time or told.told_at
    if told.kind != VISIT or status not in FINAL or moment is None:
        return {}
    if known is not None and known.content.get("status") == status:
        return {name: known.content[name] for name in ("final_since",) if name in known.content}
    if "final_since" in told.content:
        return {}
    planned = told.content.get("end") or told.content.get("start")
    if known is None and planned:
        moment = min(moment, _instant(planned))
    return {"final_since": moment.isoformat()}


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def same_meaning(known: Record | None, told: Record) -> bool:
    """Whether ``told`` changes nothing that anybody could see."""
    return known is not None and known.deleted == told.deleted and dict(known.content) == dict(told.content)
