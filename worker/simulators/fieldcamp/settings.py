"""How a simulated FieldCamp behaves where the real one differs between tenants, versions and days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """The switches of the simulator; change them with `FieldCampSimulator.configure(name=value)`.

    documented_only: visits show the fields of the vendor's pages alone, and `since` is refused on visits.
    since_offered: False refuses `since` on every list. without_meta: lists come whole and without `meta`.
    technician_id: visits show `technicianId`, the first of the team or null, in place of `teamId`.
    rate_limit_per_minute, rate_limit_per_day: requests per key, None for no limit. retry_after_offered: False leaves
    `Retry-After` out of a 429. latency_seconds: added to each API request. clock_offset_seconds: how far FieldCamp's
    clock is ahead of ours. idempotency_hours: how long an `Idempotency-Key` is remembered. overlap_refused: False lets
    the API book a team twice. currency: of invoices that name none. webhooks: False loses events, nothing is sent.
    webhook_order: in which order waiting deliveries leave. webhook_copies: how often each event is sent, 2 for every
    event twice. webhook_delay_seconds: shortest and longest wait before the first attempt. webhook_retry_seconds: the
    waits before the second and each further attempt. webhook_timeout_seconds: how long one attempt may take.
    webhook_threads: deliveries under way at the same time; with 1 and no retries events come in order. api_version: as
    events name it. seed: of the random order and waits.
    """

    documented_only: bool = False
    since_offered: bool = True
    without_meta: bool = False
    technician_id: bool = False
    rate_limit_per_minute: int | None = 100
    rate_limit_per_day: int | None = 10_000
    retry_after_offered: bool = True
    latency_seconds: float = 0.0
    clock_offset_seconds: float = 0.0
    idempotency_hours: float = 24.0
    overlap_refused: bool = True
    currency: str = "USD"
    webhooks: bool = True
    webhook_order: Literal["oldest", "newest", "random"] = "oldest"
    webhook_copies: int = 1
    webhook_delay_seconds: tuple[float, float] = (0.0, 0.0)
    webhook_retry_seconds: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    webhook_timeout_seconds: float = 15.0
    webhook_threads: int = 4
    api_version: str = "2024-10-01"
    seed: int = 0
