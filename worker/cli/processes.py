"""``visit-sync up``, ``web``, ``worker``, ``beat`` and ``simulators``: what runs long."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from schedules import beat as ticking
from worker import broker, settings, supervisor
from worker.app import EVENTS, LETTERBOX, MAINTENANCE, PREFORK, SYNCS, THREADS, make_app, on_shutdown
from worker.child import Command
from worker.cli.speech import say
from worker.embedded import EmbeddedRedis, shared
from worker.settings import Settings
from worker.simulators.town import Town, variables
from worker.tasks import add_tasks
from worker.web.server import serve
from worker.web.site import make_site
from worker.wiring import Wiring

SHORT = ",".join((EVENTS, MAINTENANCE, LETTERBOX))
QUEUES = f"{SYNCS},{SHORT}"


def add_to(app: typer.Typer) -> None:
    for command in (up, web, worker, beat, simulators):
        app.command(command.__name__)(command)


def up() -> None:
    """Run web, worker and scheduler on this machine, with an embedded Redis unless REDIS_URL names one."""
    chosen = settings.load()
    supervisor.up(plan(chosen))


def plan(chosen: Settings) -> supervisor.Plan:
    """What ``up`` keeps running."""
    return supervisor.Plan(chosen.data_dir, commands(), chosen.redis_url, migrate=lambda: _migrate(chosen))


def commands() -> list[Command]:
    """The processes of one machine. Syncs may wait for a limit; what is short has a worker of its own, or eight waiting
    syncs would stop the sweep."""
    visit_sync = (sys.executable, "-m", "worker.cli")
    return [
        Command("web", (*visit_sync, "web")),
        Command("worker", (*visit_sync, "worker", "--queues", SYNCS)),
        Command("events", (*visit_sync, "worker", "--queues", SHORT, "--concurrency", "2", "--pool", THREADS)),
        Command("beat", (*visit_sync, "beat")),
    ]


def web() -> None:
    """Serve HTTP on HOST and PORT: the sync API, webhooks, /docs, health."""
    with _running() as wiring:
        serve(make_site(wiring), wiring.settings.host, wiring.settings.port)


def worker(
    queues: Annotated[str, typer.Option(help="Which queues to serve, with commas between them.")] = QUEUES,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Tasks at once: 4 processes or 8 threads.")] = None,
    pool: Annotated[str, typer.Option(help="prefork or threads; default: threads with SQLite, else prefork.")] = "",
) -> None:
    """Run syncs and events from the queues."""
    with _running() as wiring:
        chosen_pool = pool or (THREADS if wiring.settings.is_sqlite else PREFORK)
        app = make_app(wiring.settings, pool=chosen_pool, in_child=wiring.forked)
        add_tasks(app, lambda: wiring.house)
        on_shutdown(wiring.stopping.set)
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
        wanted = ["--concurrency", str(concurrency)] if concurrency else []
        app.worker_main(["--quiet", "worker", "--queues", queues, "--pool", chosen_pool, *quiet, *wanted])


def beat() -> None:
    """Tick: every second the sweep, and whatever else the timetable says. Two beats do no harm."""
    with _running() as wiring:
        ticking.run(wiring.settings)


def simulators(
    port: Annotated[int, typer.Option(help="Where they listen; 0 takes a free one.")] = 9100,
    host: Annotated[str, typer.Option(help="The address they listen at.")] = "127.0.0.1",
) -> None:
    """Run the simulated providers alone, and print the variables that point at them."""
    town = Town()
    served = town.serve(host, port)
    for name, value in variables(served.url).items():
        say(f"export {name}={value}")
    say(f"# The simulated providers are open on {served.url}; stop them with Ctrl-C.")
    sys.stdout.flush()
    told = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: told.set())
    told.wait()
    served.stop()
    town.close()


@contextmanager
def _running() -> Iterator[Wiring]:
    """The parts of a long-running process, with a broker: the one that is named, the one that somebody runs for this
    database, or one of our own."""
    chosen = settings.load()
    own: EmbeddedRedis | None = None
    if chosen.redis_url is None:
        addresses, own = shared(chosen.data_dir)
        chosen = chosen.with_redis(addresses.broker)
    if chosen.is_sqlite:
        _migrate(chosen)
    wiring = Wiring(chosen)
    try:
        assert wiring.redis is not None
        broker.check_policy(wiring.redis)
        yield wiring
    finally:
        wiring.close()
        if own is not None:
            own.stop()


def _migrate(chosen: Settings) -> None:
    wiring = Wiring(chosen)
    try:
        wiring.store.upgrade()
    finally:
        wiring.close()
