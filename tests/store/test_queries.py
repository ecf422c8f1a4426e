"""Work grows with what changed: the questions that every sync asks are answered from an index."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection as Transaction
from sqlalchemy import event, insert, text

from tests.store.bookshelf import BOOKS, REALM, connected, customer, payment, see, streams, syncing
from tests.store.things import NOON, later, visit
from worker.core.books import Customer
from worker.core.connections import Connection, StreamState
from worker.core.jobs import Job, Lease
from worker.core.matches import Question
from worker.core.records import CLIENT, INVOICE, VISIT
from worker.store import Store, tables
from worker.store.engine import Database

MANY = 3000
COMPANIES, OF_EACH = 20, 200
DEALT_WITH = {VISIT: VISIT, CLIENT: VISIT}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def full(database: Database, google: Connection, primary: StreamState, running: tuple[Job, Lease]) -> None:
    """Thousands of settled records, links, strangers and ended jobs."""
    with database.writing() as connection:
        for place in range(0, MANY, 500):
            _fill(connection, google, primary, range(place, place + 500))
        connection.execute(text("ANALYZE"))


def _fill(connection: Transaction, google: Connection, primary: StreamState, places: range) -> None:
    record = {"account_id": google.account_id, "kind": VISIT, "content": {}, "deleted": False}
    link = {"stream_id": primary.id, "connection_id": google.id, "published": True}
    ended = {"account_id": google.account_id, "connection_id": google.id, "integration": "google_calendar"}
    ended |= {"mode": "full", "trigger": "api", "only": [], "status": "succeeded", "counts": {}, "tallies": {}}
    need = {"account_id": google.account_id, "kind": VISIT, "needed_kind": "client"}
    rows: dict[Any, list[dict[str, Any]]] = {
        tables.records: [{**record, "local_id": f"v{n}", "number": n, "starts_at": later(n)} for n in places],
        tables.record_needs: [{**need, "local_id": f"v{n}", "needed_id": f"c{n}"} for n in places],
        tables.links: [{**link, "local_id": f"v{n}", "remote_id": f"r{n}", "number": n} for n in places],
        tables.strangers: [{"stream_id": primary.id, "remote_id": f"s{n}", "version": "1"} for n in places],
        tables.jobs: [{**ended, "id": f"syn_{n}", "created_at": NOON} for n in places],
        tables.events: [_event(google.account_id, n) for n in places],
        tables.changes: [_change(google, primary, n) for n in places],
        tables.replies: [_reply(google, n) for n in places],
    }
    for table, some in rows.items():
        connection.execute(insert(table), some)


def _event(account_id: str, n: int) -> dict[str, Any]:
    times = {"created_at": NOON, "received_at": NOON}
    known = {"type": "x", "body": {}, "result": "applied", "number": n}
    return {"account_id": account_id, "event_id": f"e{n}", **known, **times}


def _change(google: Connection, primary: StreamState, n: int) -> dict[str, Any]:
    place = {"account_id": google.account_id, "connection_id": google.id, "stream_id": primary.id, "job_id": f"syn_{n}"}
    change = {"target": "primary", "action": "created", "remote_id": f"r{n}", "version": "1", "shown": {}}
    return {**place, **change, "number": n, "seen_at": NOON}


def _reply(google: Connection, n: int) -> dict[str, Any]:
    place = {"account_id": google.account_id, "integration": google.integration, "key": f"key {n}"}
    return {**place, "fingerprint": "f", "body": "{}", "created_at": NOON}


def plans_of(database: Database, store: Store, ask: Callable[[], Any]) -> list[str]:
    """How the database carries out each statement that ``ask`` sends."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    engine = store._database.engine
    event.listen(engine, "before_cursor_execute", note)
    ask()
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    plans = []
    with database.reading() as connection:
        for statement, parameters in sent:
            if statement.lstrip().startswith(("SELECT", "UPDATE", "WITH", "DELETE")):
                rows = connection.exec_driver_sql(explain + statement, parameters).all()
                plans.append("\n".join(str(row[-1]) for row in rows))
    return plans


QUESTIONS: dict[str, Callable[[Store, Connection, StreamState], Any]] = {
    "todo": lambda store, google, _: store.plans.todo(google, VISIT, MANY - 5, 100),
    "pending": lambda store, google, _: store.plans.pending(google.id),
    "strays": lambda store, google, _: store.plans.strays(google.id),
    "links_of": lambda store, google, _: store.plans.links_of(google.id, ["v7", "v8"]),
    "attention": lambda store, google, _: store.feed.attention(google.id),
    "due": lambda store, google, _: store.connections.due(NOON, 10),
    "active": lambda store, google, _: store.jobs.active(google.id),
    "requeue_lost": lambda store, google, _: store.jobs.requeue_lost(NOON),
    "to_ring": lambda store, google, _: store.jobs.to_ring(NOON, 5),
    "context": lambda store, _, primary: store.observations.context(primary, ["r1", "s2"], ["v3"]),
    "unlisted": lambda store, _, primary: store.observations.unlisted(primary, 1, "v29", 10),
    "unlisted_strangers": lambda store, _, primary: store.observations.unlisted_strangers(primary, 1, "s29", 10),
    "views": lambda store, google, _: store.records.views(google.account_id, ["v1", "v2"]),
    "missing_needs": lambda store, google, _: store.records.missing_needs(google.account_id, ["v1", "v2"]),
    "receive": lambda store, google, _: store.records.receive(google.account_id, [visit("v1", later(1), notes="new")]),
    "last": lambda store, google, _: store.jobs.last(google),
    "troubles": lambda store, google, _: store.feed.troubles(google.id, 10),
    "events to plan": lambda store, google, _: store.inbox.pending(google, {VISIT: MANY - 5}, DEALT_WITH),
    "changes": lambda store, google, _: store.feed.changes(google.id, 5, 10),
    "replies": lambda store, google, _: store.replies.find(google.account_id, "google_calendar", "key", NOON),
    "listed": lambda store, google, _: store.jobs.listed(google.account_id, limit=5),
}


@pytest.mark.usefixtures("full")
def test_the_questions_of_every_sync_are_answered_from_an_index(
    store: Store, database: Database, google: Connection, primary: StreamState
) -> None:
    big = ("records", "record_needs", "links", "strangers", "jobs", "events", "changes", "replies")
    asked = {name: partial(ask, store, google, primary) for name, ask in QUESTIONS.items()}
    assert scanned(store, database, asked, big) == []


def scanned(store: Store, database: Database, asked: Mapping[str, Callable[[], Any]], big: Sequence[str]) -> list[str]:
    """The steps in which the database reads a whole big table to answer."""
    whole = [f"SCAN {table}" for table in big] + [f"Seq Scan on {table}" for table in big]
    found = []
    for name, ask in asked.items():
        for plan in plans_of(database, store, ask):
            lines = [line for line in plan.splitlines() if "USING" not in line]
            found += [
                f"{name}: {line}"
                for line in lines
                if any(line.strip().removeprefix("->  ").startswith(each) for each in whole)
            ]
    return found


@pytest.fixture
def full_books(store: Store, database: Database, books: Connection) -> None:
    """Thousands of customers, payments and questions, of many companies."""
    others = [store.accounts.create(f"Other {n}", NOON)[0].id for n in range(COMPANIES - 1)]
    companies = [books, *(connected(store, account_id) for account_id in others)]
    states = [(each, streams(store, each)) for each in companies]
    with database.writing() as connection:
        for each, its_streams in states:
            _fill_books(connection, each, its_streams, range(OF_EACH))
        connection.execute(text("ANALYZE"))


def _fill_books(connection: Transaction, books: Connection, states: dict[str, StreamState], places: range) -> None:
    customers, payments, invoices = (states[name].id for name in ("customers", "payments", "invoices"))
    asked = {"account_id": books.account_id, "connection_id": books.id, "kind": CLIENT, "candidates": []}
    arrived = {"stream_id": payments, "connection_id": books.id, "entries": [], "pending": False}
    link = {"stream_id": invoices, "connection_id": books.id, "kind": INVOICE, "published": True}
    document = {"type": "customer", "name": "Ada"}
    rows: dict[Any, list[dict[str, Any]]] = {
        tables.entities: [{"stream_id": customers, "remote_id": f"{n}", "document": document} for n in places],
        tables.traits: [{"stream_id": customers, "remote_id": f"{n}", "trait": f"name:{n}"} for n in places],
        tables.arrivals: [{**arrived, "remote_id": f"p{n}"} for n in places],
        tables.links: [{**link, "local_id": f"i{n}", "remote_id": f"r{n}"} for n in places],
        tables.matches: [_match(asked, document, f"{books.id:02}{n:04}", f"c{n}") for n in places],
    }
    for table, some in rows.items():
        connection.execute(insert(table), some)


def _match(asked: dict[str, Any], document: dict[str, Any], number: str, local_id: str) -> dict[str, Any]:
    return {**asked, "id": f"mat_{number}", "local_id": local_id, "wanted": document, "created_at": NOON}


ASKED = Question("", CLIENT, "c7", Customer("Ada"), (), NOON)
OF_BOOKS: dict[str, Callable[[Store, Connection, Lease], Any]] = {
    "search": lambda store, books, _: store.directory.search(books.id, CLIENT, ["name:7", "name:8"]),
    "named": lambda store, books, _: store.directory.named(books.id, CLIENT, ["7", "8"]),
    "owners": lambda store, books, _: store.plans.owners(books.id, INVOICE, ["r7", "r8"]),
    "arrivals": lambda store, books, _: store.arrivals.pending(books.id),
    "open": lambda store, books, _: store.matches.open(books.account_id, books.id, limit=10),
    "get": lambda store, books, _: store.matches.get(books.account_id, "mat_010007"),
    "answers": lambda store, books, _: store.matches.answers(books.id, CLIENT, ["c7", "c8"]),
    "answer": lambda store, books, _: store.matches.answer(books.account_id, "mat_010007", "7", NOON),
    "ask": lambda store, books, lease: store.matches.ask(lease, [ASKED], [(CLIENT, "c8")], NOON),
    "of_realm": lambda store, _books, _: store.connections.of_realm(BOOKS, REALM),
}


@pytest.mark.usefixtures("full_books")
def test_the_questions_about_books_are_answered_from_an_index(
    store: Store, database: Database, books: Connection
) -> None:
    big = ("entities", "traits", "arrivals", "matches", "links")
    with syncing(store, books) as (_, lease):
        asked = {name: partial(ask, store, books, lease) for name, ask in OF_BOOKS.items()}
        assert scanned(store, database, asked, big) == []


@pytest.mark.usefixtures("full_books")
def test_a_page_of_the_books_is_kept_with_the_help_of_an_index(
    store: Store, database: Database, books: Connection
) -> None:
    big = ("entities", "traits", "arrivals", "matches", "links")
    pages = {
        "customers": lambda: see(store, books, "customers", [customer("7")]),
        "payments": lambda: see(store, books, "payments", [], [payment("p7", ("r7", "1"))]),
    }
    assert scanned(store, database, pages, big) == []


def test_views_take_the_same_three_statements_for_two_visits_and_for_many(
    store: Store, database: Database, google: Connection
) -> None:
    for how_many in (2, 400):
        visit_ids = [f"v{n}" for n in range(how_many)]
        plans = plans_of(database, store, lambda ids=visit_ids: store.records.views(google.account_id, ids))
        assert len(plans) <= 3
