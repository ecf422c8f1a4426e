"""What OpenAPI says of the sync API's answers, with the examples of the contract (§4)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from worker.core.jobs import OUTCOMES, JobStatus, Mode, Trigger
from worker.web.examples import EVENT, JOB_ID, MATCH_ID

Moment = Annotated[datetime, Field(examples=["2026-05-29T14:21:08Z"], json_schema_extra={"pattern": "Z$"})]
Outcome = Literal["created", "updated", "deleted", "unchanged", "failed", "conflict", "held"]
assert Outcome.__args__ == OUTCOMES  # type: ignore[attr-defined]  # Literal takes no variables
TELLING = r"^(visit\.(created|updated|status_changed|deleted)$|(client|item|invoice|payment|tax)\.)"
"""Types of events that tell of a record."""

RECORD: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 255}},
}
TOLD: dict[str, Any] = {
    "if": {"properties": {"type": {"pattern": TELLING}}},
    "then": {"properties": {"data": {"required": ["object"], "properties": {"object": RECORD}}}},
}
Cursor = Annotated[str | None, Field(description="Goes on from here; null where there is nothing more.")]


class Shape(BaseModel):
    """An answer: all that is named is there, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """Whatever went wrong: a sentence for people, a stable word for programs, and where it is."""

    success: Literal[False]
    error: str = Field(examples=["A sync of this integration is already queued or running."])
    code: str = Field(examples=["SYNC_IN_PROGRESS"])
    details: dict[str, Any] = Field(examples=[{"active_job_id": JOB_ID}])


class JobDescriptor(Shape):
    """A sync that was asked for."""

    job_id: str = Field(examples=[JOB_ID], pattern="^syn_[0-9A-HJKMNP-TV-Z]{26}$")
    integration: str = Field(examples=["google_calendar"])
    mode: Mode
    status: JobStatus
    created_at: Moment


class Progress(Shape):
    done: int = Field(ge=0, examples=[420])
    total: int = Field(ge=0, examples=[1000])


class Counts(Shape):
    pulled: int = Field(ge=0, description="Provider changes taken in.", examples=[12])
    pushed: int = Field(ge=0, description="Writes that the provider accepted.", examples=[40])
    skipped: int = Field(ge=0, description="Looked at and already right.", examples=[948])
    failed: int = Field(ge=0, description="Not done, each with a record.", examples=[0])
    conflicts: int = Field(ge=0, description="Decided between two sides, each with a record.", examples=[1])


class JobError(Shape):
    code: str = Field(examples=["MASS_CHANGE_HELD"])
    message: str


class JobShape(JobDescriptor):
    """A sync, from request to end."""

    model_config = ConfigDict(title="Job")
    scope: str | None
    trigger: Trigger
    dry_run: bool
    started_at: Moment | None
    finished_at: Moment | None
    attempts: int = Field(ge=0)
    progress: Progress
    counts: Counts
    records: dict[str, dict[Outcome, int]] = Field(
        description="Outcomes by kind of record.",
        examples=[{"visits": {"created": 10, "updated": 25, "deleted": 5, "unchanged": 948, "failed": 0}}],
    )
    error: JobError | None


class JobPage(Shape):
    """Jobs, the newest first."""

    jobs: list[JobShape]
    next_cursor: Cursor
    has_more: bool


class RecordShape(Shape):
    """What became of one record in one sync."""

    model_config = ConfigDict(title="Record")
    kind: str = Field(examples=["visit"])
    local_id: str = Field(examples=["vis_1"])
    remote_id: str | None
    target: str | None = Field(examples=["tech1@example.com"])
    outcome: Outcome
    reason: str | None
    message: str | None
    at: Moment | None


class RecordPage(Shape):
    """Records of a job, the oldest first."""

    records: list[RecordShape]
    next_cursor: Cursor
    has_more: bool


class ChangedEvent(Shape):
    """An event as it was seen; one that was deleted has lost its title and times."""

    summary: str | None
    start: str | None = Field(description="An instant, or a date for an all-day event.")
    end: str | None
    status: str = Field(examples=["confirmed"])


class Change(Shape):
    action: Literal["created", "updated", "deleted"]
    changed_at: Moment | None
    seen_at: Moment
    job_id: str = Field(examples=[JOB_ID])


class CalendarChange(Change):
    """A change that somebody made in a calendar; without ``visit_id`` it is none of ours: blocked time."""

    visit_id: str | None = Field(examples=["vis_1"])
    event_id: str
    calendar: str = Field(examples=["tech1@example.com"])
    event: ChangedEvent


class VisitChange(Change):
    """A change that somebody made of a visit where it comes from, shown as an event. ``event_id`` is its name there."""

    visit_id: str = Field(examples=["sell:4711"])
    event_id: str = Field(examples=["4711"])
    calendar: str | None = Field(description="Null: it is on no calendar there.", examples=[None])
    event: ChangedEvent


class BooksChange(Change):
    """A change that somebody made in the books."""

    entity: str = Field(examples=["invoices"])
    local_id: str | None = Field(examples=["inv_1"])
    remote_id: str = Field(examples=["1042"])


class ChangePage(Shape):
    """Changes that others made, the oldest first. ``next_cursor`` is always there: asking with it gives each change
    exactly once, in order, also while syncs run.
    """

    integration: str
    next_cursor: str
    has_more: bool


class CalendarChanges(ChangePage):
    changes: list[CalendarChange]


class VisitChanges(ChangePage):
    changes: list[VisitChange]


class BooksChanges(ChangePage):
    changes: list[BooksChange]


class Candidate(Shape):
    """One that may be it. ``evidence``: in what both agree."""

    remote_id: str = Field(examples=["58"])
    name: str
    email: str | None
    phone: str | None
    active: bool = Field(description="Whether the books still use it; an inactive one that is accepted is used again.")
    evidence: list[Literal["email", "name", "phone"]]


class MatchShape(Shape):
    """A record that may be in the books already: it waits for a person to say which of the candidates it is, or that
    it is none of them.
    """

    model_config = ConfigDict(title="Match")
    match_id: str = Field(examples=[MATCH_ID], pattern="^mat_[0-9A-HJKMNP-TV-Z]{26}$")
    kind: str = Field(examples=["client"])
    local_id: str = Field(examples=["cli_1"])
    name: str
    email: str | None
    phone: str | None
    candidates: list[Candidate] = Field(description="The likeliest first.")
    created_at: Moment


class MatchPage(Shape):
    """Open questions, the oldest first."""

    matches: list[MatchShape]
    next_cursor: Cursor
    has_more: bool


class MatchAnswer(Shape):
    """What a person said; it counts from the next sync on, unless they say something else before."""

    match_id: str = Field(examples=[MATCH_ID])
    kind: str = Field(examples=["client"])
    local_id: str = Field(examples=["cli_1"])
    accepted: str | None = Field(
        description="The id in the books of the one that it is; null: none of them, so that a new one is made."
    )


class StatusError(BaseModel):
    """What is wrong now; ``record`` is there where it is wrong with one record."""

    code: str
    message: str
    since: Moment | None
    record: str | None = Field(default=None, examples=["vis_1"])


class LastJob(Shape):
    job_id: str = Field(examples=[JOB_ID])
    status: JobStatus
    counts: Counts


class Status(Shape):
    """Where an integration stands."""

    integration: str = Field(examples=["google_calendar"])
    connected: bool
    last_synced_at: Moment | None
    next_scheduled_sync_at: Moment | None
    active_job_id: str | None
    errors: list[StatusError]
    direction: Literal["bidirectional", "push", "pull"]
    last_job: LastJob | None
    pending_events: int = Field(ge=0)
    conflicts: int = Field(ge=0)
    needs_attention: int = Field(ge=0)


class Statuses(Shape):
    """Every integration there is."""

    integrations: list[Status]


class Envelope(BaseModel):
    """What FieldCamp tells of one change. `data.object` is the record as it is now, `data.previous_attributes` what was
    different before. Visits must have the state and times that there are; other types are stored and ignored.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EVENT], **TOLD})

    id: str = Field(min_length=1, max_length=255)
    type: str = Field(min_length=1, max_length=100)
    created_at: datetime
    data: dict[str, Any]


class Received(Shape):
    """``duplicate`` says that this event had come before, and that nothing was done."""

    received: Literal[True]
    event_id: str = Field(examples=["evt_01HZX9V0Q7K6F3JNYG6Q8E1P2A"])
    duplicate: bool


class Alive(Shape):
    status: Literal["ok"]


class Ready(Shape):
    status: Literal["ok"]
    checks: dict[str, Literal["ok"]]
