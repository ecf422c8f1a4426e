"""What the use cases need of the rest, put together in ``wiring``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.core.connections import Connection
from worker.core.ports import Manifest, Provider, Source
from worker.store import Store


@dataclass(frozen=True, slots=True)
class House:
    """The store, the doors to the outside, the clock and the times that the operator set.

    ``open_provider`` and ``open_source`` make an instance for one connection, or for an account at a source;
    ``open_source`` gives None where that is not connected. ``ring`` wakes a worker for a job: best effort, it never
    fails and never waits long. ``stopping`` says that this process is to end: a run gives its job back at its next
    step. ``pages`` is the address of FieldCamp's own pages, for links; ``public_url`` is where providers reach us, None
    where they do not. ``now`` is in UTC; ``chance`` is a number in [0, 1) that spreads connections apart.
    """

    store: Store
    manifests: Mapping[str, Manifest]
    open_provider: Callable[[Connection], Provider]
    open_source: Callable[[str, str], Source | None]
    ring: Callable[[str], None]
    now: Callable[[], datetime]
    chance: Callable[[], float]
    cadence: timedelta
    debounce: timedelta
    lease: timedelta
    stopping: Callable[[], bool] = lambda: False
    pages: str = ""
    public_url: str | None = None
