"""What can be switched on the ReviewRover simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """Change them with `ReviewRoverSimulator.configure(name=value)`."""

    json_bodies: bool = False
    """Whether a body may be JSON; a form is taken always."""
    second_external_id: Literal["refused", "created"] = "refused"
    """What a second visit with the same `external_id` gets: 422, or a place beside the first."""
    second_email: Literal["created", "refused"] = "created"
    """What a second contact with the same address gets."""
    email_match: Literal["exact", "any_case"] = "exact"
    """How contacts are found by their address."""
    read_only_fields: Literal["refused", "ignored"] = "refused"
    unknown_names: Literal["refused", "ignored"] = "refused"
    """Of fields in a body and of parameters of a list."""
    order: Literal["newest", "oldest"] = "newest"
    """Which visits a list begins with; with the newest first, a new one moves all others down."""
    single_answers: Literal["bare", "data", "named"] = "bare"
    """Whether one visit or contact stands alone in its answer, or below `data` or its name."""
    visit_lists: Literal["data", "named"] = "data"
    """Where the rows of a list of visits stand."""
    rate_limit_per_minute: int | None = None
    """Requests of a token, None for no limit: the pages name none."""
    retry_after_offered: bool = True
    latency_seconds: float = 0.0
    """Added to each request."""
