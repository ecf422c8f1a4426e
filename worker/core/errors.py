"""What can go wrong, named after what to do about it.

::

    SyncError
    ├── Transient            look again later
    │   ├── RateLimited      look again later, and so does everybody who shares the limit
    │   ├── Uncertain        the answer was lost: look the object up by key before sending again
    │   └── StoreUnavailable the database is away: nothing was accepted (503)
    ├── CursorExpired        read everything
    ├── VersionConflict      somebody wrote in between: look again now
    ├── Gone                 the object is no more: publish under a new key
    ├── Rejected             do not offer this content again, tell someone
    ├── ConnectionRevoked    stop until somebody reconnects
    ├── NotConnected         nothing to sync with
    ├── SyncInProgress       another sync holds the lock (409)
    ├── MassChangeHeld       too much would go at once: change nothing
    ├── NotFound             nothing of that name for this account (404)
    ├── KeyReused            the idempotency key came before, with another body (409)
    ├── FeedExpired          older than what is kept: start again from the oldest (410)
    ├── LeaseLost            another worker took over: write nothing more
    └── Invalid              a caller's mistake: says which field and what was expected

Anything else is a bug: the job fails loudly and lets go of its lock.
"""

from collections.abc import Mapping


class SyncError(Exception):
    """Something a sync can meet; ``code`` is the stable word for it in records, jobs and answers."""

    code = "SYNC_FAILED"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Transient(SyncError):
    """Passing trouble at the other side. ``retry_after`` is in seconds, None where it did not say."""

    code = "TEMPORARILY_UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: float | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class RateLimited(Transient):
    """The other side's limit is used up; it holds for everybody who shares the limit."""

    code = "PROVIDER_RATE_LIMITED"


class Uncertain(Transient):
    """The request left and its answer was lost: it may have been carried out."""

    code = "OUTCOME_UNKNOWN"


class StoreUnavailable(Transient):
    """The database is away, or too busy to answer in time; nothing was written."""

    code = "UNAVAILABLE"


class CursorExpired(SyncError):
    """The provider no longer knows the cursor: read everything, then find out what is absent."""

    code = "PROVIDER_CURSOR_EXPIRED"


class VersionConflict(SyncError):
    """The object changed since it was seen; deciding again needs a fresh look."""

    code = "CHANGED_MEANWHILE"


class Gone(SyncError):
    """The object was deleted at the provider and its key is used up there."""

    code = "DELETED_AT_PROVIDER"


class Rejected(SyncError):
    """The provider refuses this content for good; it is offered again only when it has changed."""

    code = "REJECTED"


class ListingShort(Rejected):
    """The source did not show all that it has, so that what it lacks cannot be told."""

    code = "LISTING_SHORT"


class ConnectionRevoked(SyncError):
    """The grant was revoked or has expired; only a person can mend that."""

    code = "INTEGRATION_NOT_CONNECTED"


class NotConnected(SyncError):
    """There is no connection, or it was disconnected."""

    code = "INTEGRATION_NOT_CONNECTED"


class SyncInProgress(SyncError):
    """A sync of this integration is queued or running already."""

    code = "SYNC_IN_PROGRESS"

    def __init__(self, active_job_id: str, status_code: int = 409) -> None:
        super().__init__(f"A sync of this integration is already queued or running: {active_job_id}")
        self.active_job_id = active_job_id
        self.status_code = status_code
        # A broker's result carries the name and the arguments alone, and whoever reads it may not have this class.
        self.args = (active_job_id, status_code)

    def __str__(self) -> str:
        return self.message


class MassChangeHeld(SyncError):
    """A pass would take away too large a part of what is published; nothing was changed."""

    code = "MASS_CHANGE_HELD"
    WOULD_REMOVE = "This sync would remove {removals} of {published} published objects"

    def __init__(self, removals: int, published: int, found: str = WOULD_REMOVE) -> None:
        super().__init__(
            f"{found.format(removals=removals, published=published)}, so nothing was changed. "
            "If that is right, start it again with confirm_mass_change (visit-sync sync … --confirm-mass-change)."
        )
        self.removals = removals
        self.published = published


class NotFound(SyncError):
    """There is no such job, record or integration for this account."""

    code = "NOT_FOUND"


class KeyReused(SyncError):
    """An idempotency key names one request; this one differs from the first that came with it."""

    code = "IDEMPOTENCY_KEY_REUSED"


class FeedExpired(SyncError):
    """What a caller asks for is older than what is kept."""

    code = "CURSOR_EXPIRED"


class LeaseLost(SyncError):
    """The job's lease ran out and its fence was raised: this worker no longer holds it."""

    code = "LEASE_LOST"


class Invalid(SyncError):
    """A caller's mistake. ``details`` maps each field to what was expected of it."""

    code = "VALIDATION_ERROR"

    def __init__(self, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})
