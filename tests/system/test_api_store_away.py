"""PostgreSQL stops, or freezes, while events and triggers come: 503, and nothing is lost that was answered 202."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from tests.servers.postgres import NoPostgres, Postgres
from tests.store.things import at_once
from tests.system.api import JOBS, STATUS, SYNC, Callers, deliver, look_now, refused, timed
from tests.system.system import System
from worker.core.errors import StoreUnavailable
from worker.core.jobs import ACTIVE, JobStatus, Trigger
from worker.store.tables import events

VISITS = 24
LONGEST = 10.0
"""Seconds for which anybody waits for an answer."""

A_BIT = 8.0
"""Seconds beyond that, on a machine that does other things as well."""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    server.remove()


@pytest.fixture(scope="module")
def system(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Web, worker and beat over a database that may be stopped; FieldCamp tells nothing by itself."""
    system = System(tmp_path_factory.mktemp("away"), server.create("away"), VISITS)
    try:
        system.have(web=1, worker=1, beat=1)
        look_now(system)
        system.assert_agreement()
        system.town.fieldcamp.pause_deliveries()
        yield system
    finally:
        system.close()


@pytest.fixture
def callers(system: System) -> Iterator[Callers]:
    callers = Callers([f"http://127.0.0.1:{system.port}"], system.api_key)
    yield callers
    callers.close()


@dataclass
class Told:
    """What was sent in a time of trouble, and how it was answered."""

    answers: list[httpx.Response] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    job_ids: list[str] = field(default_factory=list)

    def take(self, answer: httpx.Response, waited: float) -> httpx.Response:
        self.answers.append(answer)
        self.waits.append(waited)
        return answer

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status_code for answer in self.answers)


def test_what_was_answered_202_while_the_database_stopped_and_came_back_is_there_and_done(
    system: System, server: Postgres, callers: Callers
) -> None:
    told, over = Told(), threading.Event()

    def stop_and_start() -> None:
        try:
            time.sleep(1.5)
            server.stop()
            time.sleep(2)
            server.start()
            time.sleep(2)
        finally:
            over.set()

    acts: list[Callable[[], None]] = [
        stop_and_start,
        partial(send_events, system, callers[0], told, over),
        partial(ask, callers[0], told, over),
    ]
    assert at_once(3, lambda place: acts[place]()) == [None] * 3

    assert_answered(told)
    assert min(told.statuses[202], told.statuses[503]) >= 3
    assert told.event_ids
    assert told.job_ids
    assert_nothing_lost(system, told)


def send_events(system: System, client: httpx.Client, told: Told, over: threading.Event) -> None:
    """One visit after the other changes, and its event is sent until it is taken: nobody else tells of the last one."""
    number = 0
    while not over.is_set():
        visit_id = f"vis_{number % VISITS}"
        number += 1
        system.change(visit_id, notes=f"Note {number}")
        envelope = system.envelope(visit_id)
        while True:
            answer = told.take(*timed(deliver, client, system.account_id, system.secret, envelope))
            if answer.status_code == 202:
                told.event_ids.append(envelope["id"])
                break
            time.sleep(0.1)
        time.sleep(0.02)


def ask(client: httpx.Client, told: Told, over: threading.Event) -> None:
    """Ask for syncs, and stop some of them, so that the next can begin."""
    while not over.is_set():
        answer, waited = timed(client.post, SYNC)
        if answer.status_code != 409:
            told.take(answer, waited)
        if answer.status_code == 202:
            told.job_ids.append(answer.json()["job_id"])
        time.sleep(0.05)


def assert_answered(told: Told) -> None:
    """Everybody in time, and who was refused with the reason and the time to come again."""
    assert told.statuses.keys() <= {202, 503}
    for answer in told.answers:
        if answer.status_code == 503:
            refused(answer, 503, "UNAVAILABLE")
            assert int(answer.headers["Retry-After"]) >= 1
    assert max(told.waits) < LONGEST + A_BIT


def assert_nothing_lost(system: System, told: Told) -> None:
    stored = {row["event_id"] for row in system.rows(events)}
    assert [event_id for event_id in told.event_ids if event_id not in stored] == []
    for job_id in told.job_ids:
        job = system.ended(system.job(job_id), 40)
        assert job.status is JobStatus.SUCCEEDED or (job.error or {})["code"] == StoreUnavailable.code
    system.wait_until("the calendars to be right", system.agrees, 40)


QUESTIONS = (("GET", STATUS), ("GET", JOBS), ("GET", SYNC), ("POST", SYNC))
EACH = 12
"""Of each question so many at once: more than there are threads or connections for."""


def test_a_frozen_database_is_answered_for_in_time_and_nothing_is_lost(
    system: System, server: Postgres, callers: Callers
) -> None:
    system.wait_until("no sync to run", lambda: idle(system), 30)
    told = Told()
    envelopes, known = changed(system, EACH), asked_for(system)

    def send(place: int) -> None:
        if place < EACH:
            sent = envelopes[place]
            answer = told.take(*timed(deliver, callers[0], system.account_id, system.secret, sent))
            if answer.status_code == 202:
                told.event_ids.append(sent["id"])
            return
        method, path = QUESTIONS[place % len(QUESTIONS)]
        told.take(*timed(callers[0].request, method, path))

    server.pause()
    try:
        assert at_once(EACH * 5, send) == [None] * EACH * 5
        assert httpx.get(f"http://127.0.0.1:{system.port}/healthz", timeout=LONGEST).status_code == 200
    finally:
        server.resume()

    assert_answered(told)
    assert told.statuses == {503: EACH * 5}
    system.wait_until("the web to serve again", lambda: callers[0].get(STATUS).status_code == 200, 15)
    time.sleep(1)
    assert asked_for(system) == known
    for envelope in envelopes:
        assert deliver(callers[0], system.account_id, system.secret, envelope).status_code == 202
        told.event_ids.append(envelope["id"])
    assert_nothing_lost(system, told)


def changed(system: System, how_many: int) -> Sequence[dict[str, Any]]:
    """So many visits change; their events, which nobody has sent yet."""
    for number in range(how_many):
        system.change(f"vis_{number}", notes=f"Frozen {number}")
    return [system.envelope(f"vis_{number}") for number in range(how_many)]


def asked_for(system: System) -> set[str]:
    """The jobs that callers of the API got."""
    return {job.id for job in system.jobs() if job.request.trigger is Trigger.API}


def idle(system: System) -> bool:
    return all(job.status not in ACTIVE for job in system.jobs())
