"""Someone asks for a sync: the 409 lives here."""

from dataclasses import dataclass, replace

from worker.core.connections import Connection
from worker.core.errors import Invalid, KeyReused, NotConnected, SyncInProgress
from worker.core.jobs import Job, JobRequest, Once, Reply, Trigger
from worker.sync.house import House

ALL = "all"


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of an answer; ``replayed`` says that it is the first one again, and that nothing was started."""

    body: str
    replayed: bool = False


def request_sync(house: House, account_id: str, integration: str, wanted: JobRequest) -> Job:
    """Queue a sync and ring for it.

    Raises Invalid (no such integration or scope), NotConnected, and SyncInProgress with the id of the job that holds
    the lock.
    """
    connection = connected(house, account_id, integration)
    job = house.store.jobs.request(connection, scoped(house, integration, wanted), house.now())
    house.ring(job.id)
    return job


def request_once(house: House, account_id: str, integration: str, wanted: JobRequest, once: Once) -> Answer:
    """As ``request_sync``, for a caller who may ask again: the same key gets the first answer, word for word.

    A known key passes neither the connection nor the lock, for it starts nothing; a refused request does not use its
    key up. Raises KeyReused where the key came with something else to ask for.
    """
    first = house.store.replies.find(account_id, integration, once.key, house.now())
    if first is not None:
        return _again(first, once)
    connection = connected(house, account_id, integration)
    made = house.store.jobs.request_once(connection, scoped(house, integration, wanted), once, house.now())
    if isinstance(made, Reply):  # the same request, a moment earlier
        return _again(made, once)
    house.ring(made.id)
    return Answer(once.answer(made))


def _again(first: Reply, once: Once) -> Answer:
    if first.fingerprint != once.fingerprint:
        raise KeyReused("This Idempotency-Key came before with another body; take a new key for a new request.")
    return Answer(first.body, replayed=True)


def scoped(house: House, integration: str, wanted: JobRequest) -> JobRequest:
    """The request with its scope, which is None where the integration has none. Raises Invalid."""
    scopes = house.manifests[integration].scopes
    if not scopes and wanted.scope is not None:
        raise Invalid(f"scope: {integration} has none", {"scope": "leave it out"})
    scope = wanted.scope or (ALL if scopes else None)
    if scope is not None and scope not in (ALL, *scopes):
        known = ", ".join((ALL, *scopes))
        raise Invalid(f"scope: expected one of {known}", {"scope": f"expected one of {known}"})
    return replace(wanted, scope=scope)


def connected(house: House, account_id: str, integration: str) -> Connection:
    """The account's live connection at the integration; raises Invalid or NotConnected."""
    manifest = house.manifests.get(integration)
    if manifest is None:
        known = ", ".join(house.manifests)
        raise Invalid(f"integration: expected one of {known}", {"integration": f"expected one of {known}"})
    connection = house.store.connections.find(account_id, integration)
    if connection is None or not connection.connected:
        raise NotConnected(f"{integration} is not connected for this account; connect it first.")
    return connection


def look_when_due(house: House, limit: int = 100) -> int:
    """Queue a sync for each connection whose time has come; how many were queued. Safe with any number of callers."""
    queued = 0
    for connection in house.store.connections.due(house.now(), limit):
        wanted = JobRequest(trigger=Trigger(connection.look_trigger or Trigger.SCHEDULE))
        try:
            job = house.store.jobs.request(connection, wanted, house.now())
        except SyncInProgress:
            continue  # another sweep, or a person, was quicker
        house.ring(job.id)
        queued += 1
    return queued
