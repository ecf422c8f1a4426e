"""``visit-sync sync``, ``jobs`` and ``job``."""

import time
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from worker.cli.opening import account_of, opened
from worker.cli.speech import fail, say, say_json, table
from worker.core.errors import Invalid
from worker.core.jobs import ACTIVE, UNCHANGED, Job, JobRecord, JobRequest, JobStatus, Mode, Trigger
from worker.descriptors import job_descriptor, job_json, record_json, rfc_3339
from worker.sync.request import request_sync
from worker.wiring import MANIFESTS, Wiring

POLL = 0.2
HINT_AFTER = 10.0
PAGE = 500
Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="The account; not needed if there is one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("jobs")(jobs)
    app.command("job")(job)


def sync(
    integration: Annotated[str, typer.Argument(help="google_calendar …")],
    account: Account = None,
    mode: Annotated[Mode, typer.Option(help="full reads and compares everything.")] = Mode.INCREMENTAL,
    scope: Annotated[str | None, typer.Option(help="QuickBooks: all, customers, items, invoices …")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    confirm_mass_change: Annotated[bool, typer.Option(help="Let through what the guard held.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress, and end with the counts.")] = False,
    as_json: Json = False,
) -> None:
    """Ask for a sync. Exit status: 0 succeeded, 1 failed, 3 one is running already, 4 not connected."""
    wanted = JobRequest(mode, scope, Trigger.CLI, dry_run=dry_run, confirm_mass_change=confirm_mass_change)
    with opened() as wiring:
        queued = request_sync(wiring.house, account_of(wiring, account).id, integration, wanted)
        if not wait:
            say_json(job_descriptor(queued)) if as_json else say(f"{queued.id} is queued: visit-sync job {queued.id}")
            return
        ended = _wait(wiring, queued)
        if as_json:
            say_json(job_json(ended, MANIFESTS))
        else:
            _show(ended, [record for record in _records(wiring, ended.id) if record.outcome != UNCHANGED])
    if ended.status is not JobStatus.SUCCEEDED:
        raise typer.Exit(1)


def jobs(
    account: Account = None,
    integration: Annotated[str | None, typer.Option(help="Only of this integration.")] = None,
    status: Annotated[JobStatus | None, typer.Option(help="Only with this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """List syncs, newest first."""
    with opened() as wiring:
        chosen = account_of(wiring, account).id if account is not None else None
        found = wiring.store.jobs.listed(chosen, integration, status, limit)
    if as_json:
        say_json([job_json(each, MANIFESTS) for each in found])
        return
    columns = ("job", "integration", "trigger", "mode", "status", "pulled", "pushed", "skipped", "failed", "created")
    table(columns, [_row(each) for each in found])


def job(job_id: Annotated[str, typer.Argument(metavar="JOB_ID")], as_json: Json = False) -> None:
    """Show one sync with its records."""
    with opened() as wiring:
        found = wiring.store.jobs.get(job_id)
        if found is None:
            raise Invalid(f"JOB_ID: there is no job {job_id}", {"job_id": "unknown"})
        records = list(_records(wiring, job_id))
    if as_json:
        say_json({**job_json(found, MANIFESTS), "details": [record_json(record) for record in records]})
        return
    _show(found, records)


def _records(wiring: Wiring, job_id: str) -> Iterator[JobRecord]:
    """All of a job's records, page by page."""
    after = 0
    while page := wiring.store.jobs.records(job_id, after=after, limit=PAGE):
        yield from (record for _, record in page)
        after = page[-1][0]


def _wait(wiring: Wiring, queued: Job) -> Job:
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    started, hinted = time.monotonic(), False
    with shown:
        bar = shown.add_task(f"{queued.integration} queued", total=None)
        while True:
            current = wiring.store.jobs.get(queued.id)
            assert current is not None, "jobs stay"
            if current.status not in ACTIVE:
                return current
            words = f"{current.integration} {current.status}"
            shown.update(bar, description=words, completed=current.done, total=current.total or None)
            if current.status is JobStatus.QUEUED and not hinted and time.monotonic() - started > HINT_AFTER:
                fail("no worker has taken the job yet; is one running? Start everything with: visit-sync up")
                hinted = True
            time.sleep(POLL)


def _row(each: Job) -> tuple[object, ...]:
    counts = each.counts
    created = rfc_3339(each.created_at)
    numbers = (counts.pulled, counts.pushed, counts.skipped, counts.failed)
    return (each.id, each.integration, each.request.trigger, each.request.mode, each.status, *numbers, created)


def _show(found: Job, records: list[JobRecord]) -> None:
    table(("", ""), _facts(found), title=found.id)
    if records:
        rows = [(r.outcome, r.kind, r.local_id, r.target, r.reason, r.message) for r in records]
        table(("outcome", "kind", "id", "where", "reason", "message"), rows)


def _facts(found: Job) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("integration", found.integration),
        ("status", found.status),
        ("mode", f"{found.request.mode}{', dry run' if found.request.dry_run else ''}"),
        ("trigger", found.request.trigger),
        ("created", rfc_3339(found.created_at)),
        ("started", rfc_3339(found.started_at)),
        ("finished", rfc_3339(found.finished_at)),
        ("attempts", found.attempts),
        ("progress", f"{found.done} of {found.total}"),
    ]
    facts += [(name, getattr(found.counts, name)) for name in ("pulled", "pushed", "skipped", "failed", "conflicts")]
    if found.error:
        facts.append(("error", f"{found.error.get('code')}: {found.error.get('message')}"))
    return facts
