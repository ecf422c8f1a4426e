"""Events come in groups, count once, and poke what has to look."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.store.things import NOON, at_once, client, event, later, visit
from worker.core.connections import Account, Connection
from worker.core.errors import Invalid
from worker.core.jobs import JobRequest
from worker.core.records import VISIT
from worker.store import Store, tables
from worker.store.engine import Database

DUE = NOON + timedelta(seconds=2)


def results(database_url: str) -> dict[str, str]:
    database = Database(database_url)
    with database.reading() as connection:
        rows = connection.execute(select(tables.events.c.event_id, tables.events.c.result)).all()
    database.dispose()
    return {row.event_id: row.result for row in rows}


def test_an_event_counts_once_in_its_group_and_in_later_ones(store: Store, account: Account) -> None:
    first, second = event(account.id, "e1", visit()), event(account.id, "e2", visit("vis_2"))
    assert store.inbox.take([first, second, first], DUE, NOON) == [False, False, True]
    assert store.inbox.take([second, event(account.id, "e3")], DUE, NOON) == [True, False]
    assert sorted(store.records.get_many(account.id, VISIT, ["vis_1", "vis_2"])) == ["vis_1", "vis_2"]


def test_the_same_event_in_many_groups_at_once_is_new_to_one(store: Store, account: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    group = [event(account.id, "e1", visit()), event(other.id, "e1", visit()), event(account.id, "e2", visit("vis_2"))]
    answers = at_once(8, lambda place: store.inbox.take(group[:: -1 if place % 2 else 1], DUE, NOON))
    assert sorted(answers) == [[False] * 3, *[[True] * 3] * 7]


def test_each_event_notes_what_became_of_it(store: Store, account: Account, database_url: str) -> None:
    told = {
        "applied": visit(at=later(5), status="completed"),
        "illegal_move": visit(at=later(5), status="in_progress"),
        "stale": visit(at=later(4), notes="late"),
        "unchanged": visit(at=later(6), status="completed"),
        "ignored": None,
    }
    store.inbox.take([event(account.id, name, record) for name, record in told.items()], DUE, NOON)
    assert results(database_url) == {name: name for name in told}


def test_what_changes_anything_pokes_the_accounts_connections_but_not_the_source(
    store: Store, account: Account, google: Connection, fieldcamp: Connection
) -> None:
    for connection in (google, fieldcamp):
        store.jobs.claim(store.jobs.request(connection, JobRequest(), NOON).id, "me", 60, NOON)
    store.inbox.take([event(account.id, "e1", visit())], DUE, NOON)
    after = store.connections.get(google.id)
    assert (after.next_look_at, after.look_trigger) == (DUE, "event")
    assert store.connections.get(fieldcamp.id).next_look_at is None


def test_what_changes_nothing_pokes_nobody(store: Store, account: Account, google: Connection) -> None:
    store.records.receive(account.id, [visit(notes="x")])
    store.jobs.claim(store.jobs.request(google, JobRequest(), NOON).id, "me", 60, NOON)
    store.inbox.take([event(account.id, "e1", visit(at=later(1), notes="x")), event(account.id, "e2")], DUE, NOON)
    assert store.connections.get(google.id).next_look_at is None


def test_an_event_for_an_unknown_account_is_refused_and_nothing_is_stored(store: Store, account: Account) -> None:
    good = event(account.id, "e1", visit())
    with pytest.raises(Invalid):
        store.inbox.take([good, event("acc_nobody", "e2")], DUE, NOON)
    assert store.inbox.take([good], DUE, NOON) == [False]


def test_a_client_told_in_the_same_group_moves_the_visits_that_need_it(
    store: Store, account: Account, google: Connection
) -> None:
    store.records.receive(account.id, [visit(client_id="cli_1")])
    _, upto = store.plans.todo(google, VISIT, 0, 10)
    store.inbox.take([event(account.id, "e1", client(name="Ada"))], DUE, NOON)
    assert store.plans.todo(google, VISIT, upto, 10)[0] == ["vis_1"]


def test_a_group_is_stored_several_times_faster_than_one_event_after_the_other(
    store: Store, account: Account, google: Connection
) -> None:
    started = time.perf_counter()
    for place in range(40):
        store.inbox.take([event(account.id, f"s{place}", visit(f"vis_s{place}"))], DUE, NOON)
    alone = (time.perf_counter() - started) / 40
    started = time.perf_counter()
    for group in range(3):
        events = [event(account.id, f"g{group}-{n}", visit(f"vis_{group}_{n}")) for n in range(200)]
        store.inbox.take(events, DUE, NOON)
    together = (time.perf_counter() - started) / 600
    assert alone > 3 * together, f"alone {alone * 1e6:.0f} us, together {together * 1e6:.0f} us"
