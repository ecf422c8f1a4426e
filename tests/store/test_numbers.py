"""The order of the numbers is the order of the commits."""

import threading

from tests.store.things import NOON, at_once, later, visit
from worker.core.connections import Account, Connection, FeedEntry, StreamState
from worker.core.jobs import Job, Lease
from worker.core.observation import Observed
from worker.core.records import VISIT
from worker.store import Store

WRITERS, WRITES = 4, 25


def test_a_reader_that_polls_while_four_write_sees_every_record_once_and_in_order(
    store: Store, account: Account, google: Connection
) -> None:
    seen: list[str] = []
    ready = threading.Event()

    def read() -> None:
        upto, last = 0, False
        while not last:
            last = ready.is_set()
            local_ids, upto = store.plans.todo(google, VISIT, upto, 7)
            while local_ids:
                seen.extend(local_ids)
                local_ids, upto = store.plans.todo(google, VISIT, upto, 7)

    def write(writer: int) -> None:
        for place in range(WRITES):
            store.records.receive(account.id, [visit(f"vis_{writer}_{place}"), visit(f"vis_{writer}_{place}_b")])

    reader = threading.Thread(target=read)
    reader.start()
    assert at_once(WRITERS, write) == [None] * WRITERS
    ready.set()
    reader.join(30)
    assert len(seen) == len(set(seen)) == WRITERS * WRITES * 2


def test_polling_the_feed_while_streams_are_read_side_by_side_gives_each_change_once_and_in_order(
    store: Store, google: Connection, running: tuple[Job, Lease]
) -> None:
    job, lease = running
    streams = list(store.streams.ensure(google.id, [f"calendar {place}" for place in range(WRITERS)]).values())
    numbers: list[int] = []
    done = threading.Event()

    def read() -> None:
        last = False
        while not last:
            last = done.is_set()
            while page := store.feed.changes(google.id, numbers[-1] if numbers else 0, 5):
                numbers.extend(change.number for change in page)

    def write(place: int) -> None:
        for version in range(WRITES):
            feed = tuple(
                FeedEntry("updated", f"r-{n}", str(version), changed_at=NOON, shown={"n": n}) for n in range(2)
            )
            store.observations.save(lease, job, streams[place], Observed(feed=feed), target="me@x", now=later(version))

    reader = threading.Thread(target=read)
    reader.start()
    assert at_once(WRITERS, write) == [None] * WRITERS
    done.set()
    reader.join(30)
    assert numbers == sorted(set(numbers))
    assert len(numbers) == WRITERS * WRITES * 2


def test_the_numbers_of_an_account_do_not_move_anothers(
    store: Store, account: Account, google: Connection, primary: StreamState
) -> None:
    other = store.accounts.create("Other", NOON)[0]
    store.records.receive(other.id, [visit()])
    assert store.plans.todo(google, VISIT, 0, 10) == ([], 0)
