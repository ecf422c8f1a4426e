"""What can be switched on the Google Calendar simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Settings:
    """Times are in seconds. The rate limits are off by default; Google's are said to be 600 and 10,000."""

    latency: float = 0.0
    """Added to each HTTP request, a batch being one."""
    user_limit: int | None = None
    """Units a minute for one user of this project."""
    project_limit: int | None = None
    """Units a minute for the whole project."""
    rate_answer: Literal["alternate", "403", "429"] = "alternate"
    batch_limit: int = 50
    """Parts in a batch; Google's own figure is unclear, between 50 and 1000."""
    batch_conflict_every: int | None = None
    """Each nth write to the same calendar in one batch answers 409 `conflict`, undone."""
    page_cap: int = 2500
    """The longest page, whatever `maxResults` asks for."""
    empty_pages: bool = False
    """Every other page of a listing, the first included, is empty and has a next page token."""
    left_window: Literal["told", "hidden"] = "told"
    """Whether an incremental listing tells of events that moved out of the token's timeMin and timeMax."""
    updated_min_days: float = 28.0
    """An `updatedMin` before this many days answers 410."""
    undelete_forbidden: bool = False
    """Writing `status: confirmed` to a deleted event answers 403, as some report."""
    expires_in: int = 3599
    """Life of an access token."""
    rotate_refresh_tokens: bool = False
    """Each refresh brings a new refresh token; the old one dies."""
    deny_consent: bool = False
    consent_user: str | None = None
    """Who gives consent in the browser flow; None: the `login_hint`, else the first user."""
    unticked: list[str] = field(default_factory=list)
    """Scopes whose boxes stay empty on the consent page."""
    push_backoff: float = 0.1
    """Wait before a notification is sent again after 500, 502, 503 or 504; doubles each time."""
    push_attempts: int = 5
    longest_channel: float | None = None
    """Channels end after so long, whatever was asked for; the answer's `expiration` says so."""
    lose_notifications: bool = False
    """Notifications of changes are not sent; Google does not promise them."""
