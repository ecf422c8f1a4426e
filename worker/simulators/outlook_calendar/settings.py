"""What can be switched on the Outlook simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Settings:
    """Times are in seconds unless a name says otherwise."""

    latency: float = 0.0
    """Taken by each call, alone or inside a batch, while it counts as one of its mailbox's requests in flight."""
    mailbox_limit: int | None = 10_000
    """Calls in ten minutes for one app and mailbox; refused ones count too."""
    mailbox_concurrency: int | None = 4
    """Calls in flight at once for one app and mailbox."""
    batch_parallel: int = 4
    """How many calls of a batch run at once, whatever their mailboxes."""
    batch_limit: int = 20
    retry_after: int | None = None
    """What `Retry-After` says when the limit of ten minutes is used up; None: the time until there is room again."""
    concurrency_retry_after: int | None = 1
    """What `Retry-After` says when too many are in flight; None: the header is missing."""
    other_ids: Literal["refused", "accepted"] = "refused"
    """Whether an id of the kind that was not asked for with `Prefer: IdType` is found all the same."""
    duplicate_answer: Literal["201", "200", "409"] = "201"
    """What a second POST with the same `transactionId` gets: the first event, or `ErrorDuplicateTransactionId`."""
    transaction_life: float = 3600.0
    """How long a `transactionId` is remembered; after that the same one makes a second event."""
    transactions_of_deleted: bool = False
    """Whether the `transactionId` of a deleted event is still taken, and always answered 409."""
    transaction_in_delta: bool = True
    """Whether delta tells `transactionId`."""
    zones_come_back: Literal["windows", "as_sent"] = "windows"
    """How `originalStartTimeZone` names a zone that was sent by its IANA name."""
    page_cap: int = 1000
    """The longest page of a listing or of delta, whatever was asked for."""
    empty_pages: bool = False
    """Every other page of delta, the first included, is empty and has a next link."""
    repeat_items: bool = False
    """Each page of delta but the first begins with the last item of the page before."""
    replays: int = 0
    """So many changes of the round before come again with each round of delta."""
    delta_lag: float = 0.0
    """How long a change takes until delta knows of it."""
    tell_outside: bool = True
    """Whether delta tells of changed events outside its window, as `@removed`."""
    outside_reason: Literal["deleted", "changed"] = "deleted"
    """The reason given for those; both are seen."""
    deleted_occurrences_told: bool = False
    """Whether delta tells of a single deleted occurrence of a series on its own."""
    expired_status: int = 410
    expired_code: str = "SyncStateNotFound"
    """Also seen: `syncStateNotFound`, `resyncRequired`, `SyncStateInvalid`, with 400, 404 or 410."""
    expired_location: bool = False
    """Whether the answer to an expired link has a `Location` where a new round begins."""
    expires_in: int = 3599
    """Life of an access token."""
    refresh_life: float = 90 * 86_400.0
    """Life of each refresh token since it was issued."""
    discovery_scheme: Literal["https", "http"] = "https"
    """The scheme of the endpoints in the discovery document; msal takes https only."""
    deny_consent: bool = False
    consent_user: str | None = None
    """Who gives consent in the browser flow; None: the `login_hint`, else the first user."""
    unticked: list[str] = field(default_factory=list)
    """Scopes that are not granted although they were asked for."""
    longest_subscription_minutes: int = 10_080
    handshake_timeout: float = 10.0
    notice_timeout: float = 3.0
    """How long a receiver may take to answer a notification."""
    push_backoff: float = 0.1
    """Wait before a notification is sent again to a receiver that failed; doubles each time."""
    push_attempts: int = 5
    lose_notifications: bool = False
    """Notifications of changes are not sent."""
