"""The Celery application, each setting with its reason."""

from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_shutting_down

from worker import broker
from worker.core.errors import Invalid
from worker.settings import Settings

EVENTS, SYNCS, MAINTENANCE = "events", "syncs", "maintenance"
LETTERBOX = "celery"
"""Celery's own default: where a task lands that somebody sends by name without naming a queue."""

PREFORK, THREADS = "prefork", "threads"

STATUS_CHANGED, SYNC = "visit.status_changed", "integration.sync"
RUN, SWEEP = "visit_sync.run", "visit_sync.sweep"
WATCH, PRUNE = "visit_sync.watch", "visit_sync.prune"

LONGEST_RUN = 3600
"""Seconds. Prefork alone enforces it; the other pools ignore time limits without a word."""


def make_app(settings: Settings, *, pool: str = PREFORK, in_child: Callable[[], None] | None = None) -> Celery:
    """The application of a worker; the caller adds the tasks.

    ``pool`` is ``prefork`` (production) or ``threads`` (one machine). ``in_child`` runs first in each prefork child: it
    disposes of the engine and whatever else must not be shared with the parent.
    """
    app = _application(settings, broker.worker_options())
    app.conf.update(_pool_settings(pool))
    if in_child is not None:
        dispose_in_children(in_child)
    return app


def make_publisher(settings: Settings) -> Celery:
    """The application of who only sends (web, beat, the command line): it never waits for a broker that is away."""
    app = _application(settings, broker.publisher_options())
    app.conf.update(
        # With one, each message sent subscribes to its result first: one more connection and one more wait, for an
        # answer that nobody reads.
        result_backend=None,
        # The sweep is the retry.
        task_publish_retry=False,
        # A broker's death costs one failure for each connection in the pool.
        broker_pool_limit=2,
    )
    return app


def dispose_in_children(callback: Callable[[], None]) -> None:
    """Calls ``callback`` in each prefork child before its first task: connections do not survive a fork."""

    def in_child(**_: object) -> None:
        callback()

    worker_process_init.connect(in_child, weak=False)


def on_shutdown(callback: Callable[[], None]) -> None:
    """Calls ``callback`` when this worker is told to stop: what runs in its threads ends at its next step."""

    def told(**_: object) -> None:
        callback()

    worker_shutting_down.connect(told, weak=False)


def _application(settings: Settings, options: Mapping[str, Any]) -> Celery:
    if settings.redis_url is None:
        raise Invalid("REDIS_URL is missing: start the embedded server first", {"REDIS_URL": "is missing"})
    url = broker.celery_url(settings.redis_url)
    setup_logging.connect(_leave_logging_alone, dispatch_uid="visit_sync.logging")
    app = Celery("visit_sync", broker=url, set_as_current=False)
    app.conf.update(
        **_messages(),
        **_queues(),
        **_results(url),
        **_connection(options),
        **_process(),
    )
    return app


def _messages() -> Mapping[str, Any]:
    return {
        # Arguments are JSON (contract §5); nothing that is unpickled is ever taken.
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        # A fast path only: after a kill the message comes back at once; the claim in the database counts attempts.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # What is fetched ahead is stranded when Redis restarts. For the same reason there is no countdown, no ETA and
        # no retry anywhere: delays are columns.
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": LONGEST_RUN - 60,
        "task_time_limit": LONGEST_RUN,
    }


def _queues() -> Mapping[str, Any]:
    # No global_keyprefix, though it would keep a neighbour's shorter visibility time-out from touching us: anything
    # that shares the broker may send tasks by name to these queues (contract §5), and a prefix would hide them from it.
    names = (EVENTS, SYNCS, MAINTENANCE, LETTERBOX)
    return {
        "task_queues": {name: {"exchange": name, "routing_key": name} for name in names},
        "task_default_queue": EVENTS,
        "task_create_missing_queues": False,
        "task_routes": {
            STATUS_CHANGED: {"queue": EVENTS},
            # Asking for a sync is short, and somebody waits for the answer; what is long is the run that follows.
            SYNC: {"queue": EVENTS},
            RUN: {"queue": SYNCS},
            SWEEP: {"queue": MAINTENANCE},
            PRUNE: {"queue": MAINTENANCE},
            # It asks providers, and may wait for them.
            WATCH: {"queue": SYNCS},
        },
    }


def _leave_logging_alone(**_: object) -> None:
    """Celery configures logging unless somebody takes this signal; logs.py does it, once for all processes."""


def _results(url: str) -> Mapping[str, Any]:
    # The state of all work is in the database. `integration.sync` alone answers its sender (contract §5), so that task
    # says ignore_result=False and the others leave nothing behind.
    retry_policy = {"max_retries": 3, "interval_step": 0.2, "interval_max": 1}
    return {
        "result_backend": url,
        "task_ignore_result": True,
        "result_expires": 3600,
        "redis_socket_timeout": 5,
        "redis_socket_connect_timeout": 3,
        "redis_retry_on_timeout": True,
        "redis_backend_health_check_interval": 30,
        # An answer that cannot be left is given up: the job is in the database, and its sender may look there.
        "result_backend_transport_options": {"retry_policy": retry_policy},
    }


def _connection(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "broker_transport_options": dict(options),
        "broker_connection_retry_on_startup": True,
        # The default gives up after 100 attempts and leaves a worker that does nothing.
        "broker_connection_max_retries": None,
        # True, as Celery 6 will have it, kills a running sync on a blip and strands its message.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _process() -> Mapping[str, Any]:
    return {
        # What a task prints is no log line.
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
        "enable_utc": True,
        "timezone": "UTC",
        # In memory: ticks have no history worth a file, and a file is one more thing that can be broken.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_max_loop_interval": 1,
    }


def _pool_settings(pool: str) -> Mapping[str, Any]:
    if pool == THREADS:
        # One process of 100 MB; no time limits, no soft shutdown (Celery cannot stop a thread). The lease gives safety.
        return {"worker_pool": THREADS, "worker_concurrency": 8}
    return {
        "worker_pool": PREFORK,
        "worker_concurrency": 4,
        # A running sync gets this long to end by itself; with REMAP_SIGTERM=SIGQUIT also when the platform stops us.
        "worker_soft_shutdown_timeout": 20,
        "worker_enable_soft_shutdown_on_idle": True,
        # SDKs grow; a fresh child now and then costs nothing.
        "worker_max_tasks_per_child": 200,
        "worker_max_memory_per_child": 400_000,
    }
