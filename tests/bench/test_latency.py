"""How long from an event to the calendar?"""

import time
from collections.abc import Iterator
from statistics import quantiles
from threading import Lock

import pytest

from tests.bench.table import show
from worker.demo import stage as staging
from worker.demo.company import API_KEY, TECHNICIANS, calendar
from worker.demo.stage import Stage
from worker.settings import Settings

pytestmark = pytest.mark.bench

DEBOUNCE = "2"
"""Seconds: the default of SYNC_DEBOUNCE_SECONDS."""

RATES = ((1, 12), (10, 80), (100, 600))
"""Events a second, and how many; six hundred new events are within what Google lets twelve users do at once."""

PORT = 18_923


class Arrivals:
    """When each visit's event was first seen at Google."""

    def __init__(self, stage: Stage) -> None:
        self._google = stage.town.google
        self._lock = Lock()
        self._read = {calendar(number): 0 for number in range(TECHNICIANS)}
        self.at: dict[str, float] = {}
        self._google.world.watchers.append(self._note)

    def _note(self, calendar_id: str) -> None:
        now = time.perf_counter()
        known = self._google.world.calendars[calendar_id]
        with self._lock:
            for event_id in known.log[self._read[calendar_id] :]:
                key = known.events[event_id].event.get("extendedProperties", {}).get("private", {})
                self.at.setdefault(key.get("visitSyncKey", "").rpartition(".")[0], now)
            self._read[calendar_id] = len(known.log)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("DEBOUNCE", DEBOUNCE), ("CADENCE", "1800"), ("LEASE", "60")):
            patch.setattr(staging, name, value)
        with staging.set_up(Settings(), PORT, visits=60) as found:
            found.open_account()
            found.wait_until("the first sync", lambda: any(job.counts.pushed for job in found.jobs()))
            found.wait_until("quiet", found.is_quiet)
            yield found


def test_events_reach_the_calendar_soon(stage: Stage) -> None:
    """Compares the time from an event's POST to its visit on the simulated Google calendar at 1, 10 and 100 events a
    second, through real web, worker and beat processes (SQLite, Redis), with the default debounce of 2 seconds.

    Debounce and the sweep's tick of a second are the floor; what matters is that a hundred times the load does not
    take a hundred times as long, for one sync takes in whatever came before it.
    """
    arrivals, number, rows = Arrivals(stage), 60, []
    for rate, count in RATES:
        syncs, sent = len(stage.jobs()), {}
        begun = time.perf_counter()
        for turn in range(count):
            visit = stage.company.next_visit(number)
            time.sleep(max(0.0, begun + turn / rate - time.perf_counter()))
            sent[visit["id"]] = time.perf_counter()
            stage.town.fieldcamp.add_visit(API_KEY, **visit)
            stage.tend()
            number += 1
        took = time.perf_counter() - begun
        stage.wait_until("all events on the calendars", lambda wanted=sent: wanted.keys() <= arrivals.at.keys())
        stage.wait_until("quiet", stage.is_quiet)
        seconds = [arrivals.at[visit_id] - at for visit_id, at in sent.items()]
        cuts = quantiles(seconds, n=100, method="inclusive")
        rows.append((rate, count, count / took, cuts[49], cuts[94], max(seconds), len(stage.jobs()) - syncs))
    show(
        f"From event to written calendar, debounce {DEBOUNCE} s",
        ("events a second", "events", "sent a second", "p50 s", "p95 s", "longest s", "syncs"),
        rows,
    )
