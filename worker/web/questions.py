"""What callers of the sync API may ask: queries, headers and bodies, and nothing that is not named."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic import ValidationError as Faults

from worker.core.errors import Invalid
from worker.core.jobs import JobStatus
from worker.core.ports import Manifest
from worker.descriptors import moment
from worker.sync.matches import LONGEST_REMOTE_ID
from worker.sync.request import ALL
from worker.web.schemas import Outcome

LONGEST_CURSOR = 2000
LONGEST_KEY = 255
MOST = 500
"""Entries of one answer."""

WHOLE = "expected a whole number"
EXPECTED: Mapping[str, str] = {
    "bool_type": "expected true or false",
    "enum": "expected {expected}",
    "extra_forbidden": "is not known here; leave it out",
    "greater_than_equal": "expected {ge} or more",
    "int_from_float": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_type": WHOLE,
    "less_than_equal": "expected {le} or less",
    "literal_error": "expected {expected}",
    "missing": "is missing",
    "string_too_long": "expected at most {max_length} characters",
    "string_too_short": "expected at least {min_length} character",
    "string_type": "expected text",
    "value_error": "{error}",
}
"""What was expected, for each fault that our questions can have:
https://docs.pydantic.dev/latest/errors/validation_errors/"""

CursorParam = Annotated[str | None, Field(max_length=LONGEST_CURSOR, description="`next_cursor` of the answer before.")]
Limit = Annotated[int, Field(ge=1, le=MOST, description="Entries of one answer.")]
Since = Annotated[
    datetime | None,
    BeforeValidator(lambda text: moment(text) if isinstance(text, str) else text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Question(BaseModel):
    """Whatever is not named here is refused by name."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Question):
    """A request without any parameter."""


class Order(Question):
    """Nothing is to be said: `{}`, or no body at all."""


class FeedQuestion(Question):
    since: Since = Field(None, description="Starts with what was seen then; without it with the oldest kept, 30 days.")
    cursor: CursorParam = None
    limit: Limit = 100


class RecordsQuestion(Question):
    outcome: Outcome | None = None
    cursor: CursorParam = None
    limit: Limit = 100


class JobsQuestion(Question):
    """``integration`` is narrowed to those that there are by ``jobs_question``."""

    integration: str | None = None
    status: JobStatus | None = None
    cursor: CursorParam = None
    limit: Limit = 50


class MatchesQuestion(Question):
    cursor: CursorParam = None
    limit: Limit = 100


class AcceptQuestion(Question):
    """Which one it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    remote_id: str = Field(
        min_length=1, max_length=LONGEST_REMOTE_ID, description="Its id in the books.", examples=["58"]
    )


class SyncQuestion(Question):
    """What the sync is to do."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mode: Literal["incremental", "full"] = Field("incremental", description="`full` reads and compares everything.")
    dry_run: bool = Field(False, description="Plans and writes nothing; the job's records show what would be done.")
    confirm_mass_change: bool = Field(False, description="Lets through what was held as `MASS_CHANGE_HELD`.")


def jobs_question(names: tuple[str, ...]) -> type[JobsQuestion]:
    """The query of the list of jobs, for these integrations."""
    one: Any = (Literal[names] | None, None)
    return create_model("JobsQuestion", __base__=JobsQuestion, integration=one)


def sync_question(manifest: Manifest) -> type[SyncQuestion]:
    """The body of a request for a sync: with a ``scope`` where the integration has several."""
    if not manifest.scopes:
        return SyncQuestion
    scope: Any = (Literal[(ALL, *manifest.scopes)], Field(ALL, description="Which part, with what it depends on."))
    return create_model(f"SyncQuestion_{manifest.name}", __base__=SyncQuestion, scope=scope)


def asked(model: type[Question], given: Mapping[str, Any]) -> Any:
    """The question in what was given. Raises Invalid that names each field and what was expected of it."""
    try:
        return model.model_validate(given)
    except Faults as faults:
        raise refusal(faults.errors(include_url=False)) from None


def refusal(faults: list[Any]) -> Invalid:
    """The faults by field, in words."""
    details = {_field(fault): _expected(fault) for fault in faults}
    name, expected = next(iter(details.items()))
    return Invalid(f"{name}: {expected}", details)


def _field(fault: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in fault["loc"]) or "body"


def _expected(fault: Mapping[str, Any]) -> str:
    known = EXPECTED.get(fault["type"])
    if known is None:
        return str(fault["msg"]).replace("Input should be", "expected")
    return known.format(**fault.get("ctx", {}))
