"""How many requests a thousand changed visits cost in Outlook, and how many a mailbox sees at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from tests.bench.outlook import Office, office
from worker.demo.company import API_KEY, TECHNICIANS, mailbox

VISITS = 1_000
MOST_WRITES = 50 + TECHNICIANS
IN_FLIGHT = 4
MAILBOXES = [mailbox(number) for number in range(TECHNICIANS)]


@pytest.fixture
def there(tmp_path: Path, keys: list[str], redis_url: str) -> Iterator[Office]:
    """A thousand visits; each call takes long enough at Microsoft to meet others."""
    with office(tmp_path, keys, VISITS, redis_url=redis_url) as found:
        found.town.outlook.set(latency=0.02)
        yield found


def highest(there: Office) -> dict[str, int]:
    """The most calls that were under way at each mailbox at once; none was turned away because of that."""
    counters = there.town.outlook.counters()
    assert counters["concurrency"] == 0
    return dict(counters["highest"])


def test_a_thousand_changed_visits_over_twelve_mailboxes_are_at_most_62_requests_that_write(there: Office) -> None:
    """A batch takes twenty calls, so a thousand make fifty at least. Each is for one mailbox alone, because a batch
    holds all four places there; so each mailbox's last batch may be a short one: twelve more. Here each mailbox has 83
    or 84 visits in five batches: sixty. A change takes as many as a creation.
    """
    with there.worker() as worker:
        account_id = worker.account()
        there.requests()
        assert worker.sync(account_id).counts.pushed == VISITS
        created = there.requests()
        for visit in there.town.fieldcamp.visits(API_KEY):
            there.town.fieldcamp.change_visit(API_KEY, visit["id"], notes="Ring once.")
        worker.sync(account_id, "fieldcamp")
        assert worker.sync(account_id).counts.pushed == VISITS
        changed = there.requests()
    assert created["writes"] <= MOST_WRITES
    assert changed["writes"] <= MOST_WRITES
    assert changed["reads"] == TECHNICIANS
    assert highest(there) == dict.fromkeys(MAILBOXES, IN_FLIGHT)


def test_two_workers_publish_two_accounts_in_the_same_mailboxes_and_share_the_four_places(there: Office) -> None:
    """The limit counts for our application and a mailbox, whatever account and worker a call comes from."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        workers = [stack.enter_context(there.worker()) for _ in range(2)]
        accounts = [worker.account() for worker in workers]
        there.requests()
        jobs = list(pool.map(lambda pair: pair[0].sync(pair[1]), zip(workers, accounts, strict=True)))
    assert [job.counts.pushed for job in jobs] == [VISITS, VISITS]
    assert there.requests()["writes"] <= 2 * MOST_WRITES
    assert highest(there) == dict.fromkeys(MAILBOXES, IN_FLIGHT)


def test_another_worker_reads_the_same_mailboxes_again_and_again_meanwhile(there: Office) -> None:
    """As where each of our own writes is told, and another account has a look because of that."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        writer, reader = (stack.enter_context(there.worker()) for _ in range(2))
        busy, idle = writer.account(), reader.onlooker()
        over, looks = Event(), 0
        writing = pool.submit(writer.sync, busy)
        writing.add_done_callback(lambda _: over.set())
        while not over.is_set():
            looks += reader.sync(idle).counts.pulled > 0
        pushed = writing.result().counts.pushed
    assert pushed == VISITS
    assert looks > 0
    assert highest(there) == dict.fromkeys(MAILBOXES, IN_FLIGHT)
