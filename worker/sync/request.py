"""Someone asks for a sync: the 409 lives here."""

from worker.core.connections import Connection
from worker.core.errors import Invalid, NotConnected, SyncInProgress
from worker.core.jobs import Job, JobRequest, Trigger
from worker.sync.house import House


def request_sync(house: House, account_id: str, integration: str, wanted: JobRequest) -> Job:
    """Queue a sync and ring for it.

    Raises Invalid (no such integration), NotConnected, and SyncInProgress with the id of the job that holds the lock.
    """
    connection = connected(house, account_id, integration)
    job = house.store.jobs.request(connection, wanted, house.now())
    house.ring(job.id)
    return job


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
