"""One sync of a source itself: read what it tells, and have every other connection look at what is new."""

from collections.abc import Mapping, Sequence

from worker.core.errors import SyncError
from worker.core.jobs import Counts, Job, Lease, Progress, Trigger
from worker.core.ports import Manifest
from worker.sync.heartbeat import Heartbeat
from worker.sync.house import House
from worker.sync.ledger import failed_record
from worker.sync.sourcing import sourced
from worker.sync.taking import Comparing, Keeping, Taking
from worker.sync.telling import Telling


def pull_alone(house: House, job: Job, lease: Lease, heart: Heartbeat) -> Sequence[SyncError]:
    """Read the source of ``job``, and say page by page how far that is and what it changed; what a worker that died
    over it read is news as well.

    What others changed at a source that is only ever read goes into its change feed; FieldCamp's is empty, for it tells
    of changes by events. A dry run stores no record and no cursor, and makes nothing due. Returns what keeps lists that
    were read from being everything, each with its record. Raises what kept the source from being read to its end.
    """
    telling = _telling(house, job, lease)
    taking = _taking(house, job, lease, telling)
    with sourced(house, job, lease, heart, name=job.integration, taking=taking) as sourcing:
        changed = sourcing.pull()
    if changed or job.counts.pulled:
        others = [name for name, manifest in house.manifests.items() if not manifest.source]
        house.store.connections.poke(job.account_id, others, house.now(), Trigger.EVENT)
    if sourcing.trouble is not None:
        raise sourcing.trouble
    short, at = sourcing.shortfalls, house.now()
    told = ((kind, each.code, each.message) for kind, each in short.items())
    records = tuple(failed_record(kind, None, code, message, at, kind="stream") for kind, code, message in told)
    house.store.jobs.progress(lease, Progress(total=telling.done, counts=Counts(failed=len(short)), records=records))
    return list(short.values())


def _taking(house: House, job: Job, lease: Lease, telling: Telling) -> Taking:
    if job.request.dry_run:
        return Comparing(house.store, job, lease, telling)
    return Keeping(house.store, job, lease, house.now, telling)


def _telling(house: House, job: Job, lease: Lease) -> Telling:
    """Another worker may have died over this job: it is read once more, and what was told of its records stands."""
    manifest = house.manifests[job.integration]
    if job.attempts == 1:
        return Telling(manifest, house.now)
    house.store.jobs.recount(lease)
    return Telling(manifest, house.now, _recorded(house, job, manifest))


def _recorded(house: House, job: Job, manifest: Manifest) -> Mapping[str, frozenset[str]]:
    return {kind: house.store.jobs.recorded(job.id, kind) for kind in manifest.reads}
