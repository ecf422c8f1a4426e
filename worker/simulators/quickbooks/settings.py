"""What can be switched on the HTTP side of the QuickBooks simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass
class Settings:
    """Times are in seconds. What a company file does by itself is switched with `add_company`."""

    latency: float = 0.0
    """Taken by each request, while it counts as one of its realm's requests in flight."""
    minute_limit: int | None = 500
    """Requests of a realm in sixty seconds; refused ones count too."""
    batch_minute_limit: int | None = 40
    second_limit: int | None = None
    """Requests of a realm in one second: newer texts of Intuit say 10, older ones speak of `concurrency` alone."""
    concurrency: int | None = 10
    """Requests of a realm in flight at once."""
    request_id_life: float = 86_400.0
    """How long a `requestid` is remembered; after that the same one carries the request out again."""
    faults_replayed: bool = True
    """Whether a `requestid` whose request was refused brings the same refusal again, whatever is sent with it."""
    bad_query_status: Literal[200, 400] = 200
    """How a query that cannot be read is answered: 200 holds a SystemFault."""
    gateway_casing: Literal["lower", "upper"] = "lower"
    """Whether 401, 403 and 429 say `fault` and `error`, or `Fault` and `Error`."""
    expires_in: int = 3600
    """Life of an access token."""
    refresh_life: int = 8_726_400
    """Life of a refresh token since its last use."""
    hard_life: int = 157_680_000
    """Life of all refresh tokens of a consent together."""
    refresh_rotation: Literal["each", "daily"] = "each"
    """Whether each refresh brings a new refresh token, or the first after 24 hours."""
    refresh_grace: float = 86_400.0
    """How long the refresh token before goes on to be good; it brings the current one again."""
    kill_chain_on_concurrent_reuse: bool = False
    """Whether a refresh token that comes twice within `concurrent_seconds` ends the consent."""
    concurrent_seconds: float = 5.0
    deny_consent: bool = False
    consent_realm: str | None = None
    """Which company a person chooses on the consent page; None: the first."""
    webhook_delay: float = 0.05
    """How long changes are gathered for one notification."""
    webhook_waits: Sequence[float] = (10, 20, 30, 300, 1200, 7200, 14_400, 21_600)
    """Waits after a notification that was not answered with 200, times `webhook_scale`; the last one repeats."""
    webhook_scale: float = 0.01
    webhook_timeout: float = 3.0
    lose_notifications: bool = False
