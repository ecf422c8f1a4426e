"""Events come in groups, count once, and poke what has to look."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.statements import counted
from tests.store.bookshelf import connected
from tests.store.things import NOON, at_once, client, event, later, start, visit
from worker.core.connections import Account, Connection
from worker.core.errors import Invalid
from worker.core.jobs import JobRequest
from worker.core.records import CLIENT, INVOICE, VISIT, Record
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


def test_a_group_of_two_hundred_takes_few_statements_more_than_one_event_alone(
    store: Store, account: Account, google: Connection
) -> None:
    with counted(store) as alone:
        store.inbox.take([event(account.id, "alone", visit("vis_alone"))], DUE, NOON)
    with counted(store) as together:
        store.inbox.take([event(account.id, f"g{n}", visit(f"vis_{n}")) for n in range(200)], DUE, NOON)
    assert len(together) <= len(alone) + 3, together


READERS = {VISIT: ["google_calendar"], CLIENT: ["google_calendar", "quickbooks"], INVOICE: ["quickbooks"]}


@pytest.fixture
def quiet(store: Store, google: Connection, books: Connection) -> list[Connection]:
    """Both connections, which nobody is to look at."""
    for connection in (google, books):
        start(store, connection)
    return [google, books]


def told(store: Store, account: Account, *records: Record, name: str = "e") -> None:
    events = [event(account.id, f"{name}{place}", record) for place, record in enumerate(records)]
    store.inbox.take(events, DUE, NOON, READERS)


def looks(store: Store, quiet: list[Connection]) -> list[datetime | None]:
    """When the calendar and the books are looked at."""
    return [store.connections.get(connection.id).next_look_at for connection in quiet]


def invoice(**content: str) -> Record:
    return Record(INVOICE, "inv_1", content, NOON, NOON)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (visit(), [DUE, None]),
        (client(name="Ada"), [DUE, DUE]),
        (invoice(number="7"), [None, DUE]),
        (Record("member", "usr_1", {"name": "Ada"}, NOON, NOON), [None, None]),
    ],
)
def test_those_are_poked_who_publish_something_of_such_records(
    store: Store, account: Account, quiet: list[Connection], record: Record, expected: list[datetime | None]
) -> None:
    told(store, account, record)
    assert looks(store, quiet) == expected


def test_a_group_pokes_each_account_for_its_own_records_alone(
    store: Store, account: Account, quiet: list[Connection]
) -> None:
    other = store.accounts.create("Other", NOON)[0]
    mine, theirs = event(account.id, "e1", visit()), event(other.id, "e1", invoice())
    store.inbox.take([mine, theirs], DUE, NOON, READERS)
    assert looks(store, quiet) == [DUE, None]


def test_the_completion_of_a_visit_with_an_invoice_makes_the_books_due_at_once(
    store: Store, account: Account, quiet: list[Connection]
) -> None:
    store.records.receive(account.id, [invoice(visit_id="vis_1")])
    told(store, account, visit(at=later(1), status="completed"))
    assert looks(store, quiet) == [DUE, NOON]
    assert store.connections.get(quiet[1].id).look_trigger == "event"


def test_so_does_one_that_comes_with_its_invoice(store: Store, account: Account, quiet: list[Connection]) -> None:
    told(store, account, visit(status="completed"), invoice(visit_id="vis_1"))
    assert looks(store, quiet) == [DUE, NOON]


@pytest.mark.parametrize(
    "news",
    [
        visit(at=later(1), status="in_progress"),
        visit(at=later(1), status="cancelled"),
        visit(at=later(1), deleted=True, status="completed"),
        visit("vis_2", at=later(1), status="completed"),
    ],
)
def test_other_visits_do_not_poke_the_books_at_all(
    store: Store, account: Account, quiet: list[Connection], news: Record
) -> None:
    store.records.receive(account.id, [visit(status="arrived"), invoice(visit_id="vis_1")])
    told(store, account, news)
    assert looks(store, quiet) == [DUE, None]


def test_an_invoice_of_another_account_makes_nobodys_books_due(
    store: Store, account: Account, quiet: list[Connection]
) -> None:
    other = store.accounts.create("Other", NOON)[0]
    store.records.receive(other.id, [invoice(visit_id="vis_1")])
    told(store, account, visit(status="completed"))
    assert looks(store, quiet) == [DUE, None]


def test_a_completion_told_twice_changes_nothing_the_second_time(
    store: Store, account: Account, quiet: list[Connection]
) -> None:
    store.records.receive(account.id, [invoice(visit_id="vis_1"), visit(at=later(1), status="completed")])
    told(store, account, visit(at=later(2), status="completed"))
    assert looks(store, quiet) == [None, None]


@pytest.mark.parametrize(("setting", "expected"), [(False, None), (True, NOON)])
def test_the_settings_say_whether_a_completion_is_waited_for(
    store: Store, account: Account, *, setting: bool, expected: datetime | None
) -> None:
    books = connected(store, account.id, invoice_on_completed_visit=setting)
    start(store, books)
    store.records.receive(account.id, [invoice(visit_id="vis_1")])
    told(store, account, visit(status="completed"))
    assert looks(store, [books]) == [expected]


def test_books_that_are_not_connected_are_not_made_due(store: Store, account: Account, quiet: list[Connection]) -> None:
    store.records.receive(account.id, [invoice(visit_id="vis_1")])
    store.connections.disconnect(account.id, "quickbooks", NOON)
    told(store, account, visit(status="completed"))
    assert looks(store, quiet) == [DUE, None]
