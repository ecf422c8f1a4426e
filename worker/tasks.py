"""Celery's tasks: doorbells of at most ten lines."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import Reject

from worker.app import PRUNE, RUN, STATUS_CHANGED, SWEEP, SYNC, WATCH
from worker.core.errors import Invalid, SyncError, Transient
from worker.core.jobs import JobRequest, Mode, Trigger
from worker.descriptors import job_descriptor
from worker.logs import bound
from worker.sources.fieldcamp.events import parse_event
from worker.sync.house import House
from worker.sync.prune import prune
from worker.sync.receive import receive_events
from worker.sync.request import request_sync
from worker.sync.run import run_job
from worker.sync.sweep import sweep
from worker.sync.watch import see_to_channels

PATIENCE = 1.0
"""Seconds before an event that cannot be stored is given back to the broker."""

log = structlog.get_logger(__name__)


def add_tasks(app: Celery, house: Callable[[], House]) -> None:
    """Give the application its tasks (contract §5); ``house`` is made on demand, in the process that runs them."""

    @app.task(name=STATUS_CHANGED)
    def status_changed(account_id: str, event: Mapping[str, Any]) -> None:
        """An event whose sender was verified by the caller; one that cannot be read is told to the log."""
        try:
            receive_events(house(), [parse_event(event, account_id)])
        except Invalid as error:
            log.warning("event.refused", account_id=account_id, problem=error.message)
        except Transient as error:  # the database is away, and the sender is gone: the broker keeps the event
            time.sleep(PATIENCE)
            raise Reject(error, requeue=True) from error

    @app.task(name=SYNC, ignore_result=False, throws=(SyncError,))
    def integration_sync(
        account_id: str, integration: str, mode: str = "incremental", scope: str | None = None, dry_run: bool = False
    ) -> dict[str, Any]:
        """Ask for a sync: the job's descriptor, or SyncInProgress with the id of the active one."""
        wanted = JobRequest(_mode(mode), scope, Trigger.API, dry_run=_flag("dry_run", dry_run))
        return job_descriptor(request_sync(house(), account_id, integration, wanted))

    @app.task(name=RUN)
    def run(job_id: str) -> None:
        """One sync; the second delivery of the same message finds nothing to take."""
        with bound(job=job_id):
            log.info("job.taken")
            status = run_job(house(), job_id, f"{socket.gethostname()}:{os.getpid()}")
            log.info("job.left", status=status or "not ours")

    @app.task(name=SWEEP)
    def sweep_up() -> None:
        """Every second: nothing is ever lost with a message."""
        sweep(house())

    @app.task(name=PRUNE)
    def tidy_up() -> None:
        """Every hour: what is kept for a time goes when that is over."""
        prune(house())

    @app.task(name=WATCH)
    def watch() -> None:
        """Every minute: providers that can tell of changes are asked to, and go on telling."""
        see_to_channels(house())


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"{name}: expected true or false", {name: "expected true or false"})
    return value


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        known = " or ".join(Mode)
        raise Invalid(f"mode: expected {known}", {"mode": f"expected {known}"}) from None
