"""Planning looks at what moved, and at what waits, and at nothing else."""

from dataclasses import replace

from tests.store.bookshelf import connected, streams, syncing
from tests.store.things import NOON, document, later, published, visit
from worker.core.books import Customer
from worker.core.connections import Account, Connection, StreamState
from worker.core.jobs import Counts, Job, Lease, Progress
from worker.core.links import Link, Stray
from worker.core.observation import Observed
from worker.core.ports import Key
from worker.core.records import CLIENT, INVOICE, VISIT
from worker.store import Store

FULL = Link(
    stream="primary",
    local_id="vis_1",
    generation=2,
    published=True,
    remote_id="r-1",
    version="9",
    agreed=document("agreed"),
    seen=document("seen"),
    offered=document("offered"),
    leaving=True,
    refused="f" * 32,
    reason="REJECTED",
    message="no",
    removed=True,
    restored=1,
    overruled=True,
    retry=True,
)


def test_every_field_of_a_link_is_kept(store: Store, google: Connection, primary: StreamState, running) -> None:
    store.plans.offer(running[1], [FULL])
    assert store.plans.links_of(google.id, ["vis_1", "vis_2"]) == {"vis_1": [FULL]}
    bare = Link("primary", "vis_1")
    store.plans.settle(running[1], [bare], Progress())
    assert store.plans.links_of(google.id, ["vis_1"]) == {"vis_1": [bare]}


def test_what_moved_comes_in_the_order_of_its_numbers_in_chunks_that_lose_nothing(
    store: Store, account: Account, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    store.records.receive(account.id, [visit(f"vis_{place}") for place in (3, 1, 2)])
    job, lease = running
    links = tuple(published(f"vis_{place}") for place in (2, 9))
    store.observations.save(lease, job, primary, Observed(links=links), target="me@x", now=NOON)
    chunks, upto = [], 0
    while True:
        local_ids, upto = store.plans.todo(google, VISIT, upto, 2)
        if not local_ids:
            break
        chunks.append(local_ids)
    assert chunks == [["vis_3", "vis_1"], ["vis_2"], ["vis_9"]]
    assert store.plans.todo(google, VISIT, 0, 10) == (["vis_3", "vis_1", "vis_2", "vis_9"], upto)
    assert store.plans.todo(google, "invoice", 0, 10) == ([], upto)


def test_nothing_moved_is_nothing_to_do(store: Store, account: Account, google: Connection) -> None:
    store.records.receive(account.id, [visit()])
    upto = store.plans.todo(google, VISIT, 0, 10)[1]
    assert store.plans.todo(google, VISIT, upto, 10) == ([], upto)


def test_what_was_planned_is_noted_and_never_goes_back(
    store: Store, google: Connection, running: tuple[Job, Lease]
) -> None:
    for number in (5, 3):
        store.plans.planned(running[1], google.id, number)
    assert store.plans.planned_upto(google.id) == {VISIT: 5}


def test_our_own_writes_give_planning_nothing_to_do(
    store: Store, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    store.plans.offer(running[1], [replace(published(), offered=document("new"))])
    store.plans.settle(running[1], [published(agreed=document("new"))], Progress(counts=Counts(pushed=1)))
    assert store.plans.todo(google, VISIT, 0, 10)[0] == []


def test_what_waits_is_found_whatever_else_moved(
    store: Store, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    store.streams.ensure(google.id, ["second"])
    waiting = [published("vis_2", retry=True), published("vis_1", leaving=True), published("vis_3")]
    second = [published("vis_2", "second", offered=document()), published("vis_4", "second", removed=True)]
    store.plans.offer(running[1], [*waiting, *second])
    assert store.plans.pending(google.id) == ["vis_1", "vis_2", "vis_4"]
    assert store.plans.pending(google.id, "vis_1", 1) == ["vis_2"]
    store.plans.settle(running[1], [published("vis_1")], Progress())
    assert store.plans.pending(google.id) == ["vis_2", "vis_4"]
    assert {link.stream for link in store.plans.links_of(google.id, ["vis_2"])["vis_2"]} == {"primary", "second"}


def test_a_stray_that_was_deleted_is_forgotten_with_its_outcome(
    store: Store, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    job, lease = running
    strays = tuple(Stray("primary", f"r-{place}", None, Key("vis_1", place)) for place in range(2))
    store.observations.save(lease, job, primary, Observed(strays=strays), target="me@x", now=NOON)
    store.plans.settle(lease, [], Progress(done=1), gone_strays=strays[:1])
    assert store.plans.strays(google.id) == [strays[1]]


def test_what_waits_for_a_person_is_counted_by_reason(
    store: Store, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    refused = [published(f"vis_{place}", reason="REJECTED", message="no") for place in range(2)]
    store.plans.offer(running[1], [*refused, published("vis_8", reason="DELETED_AT_PROVIDER"), published("vis_9")])
    assert store.feed.attention(google.id) == {"REJECTED": 2, "DELETED_AT_PROVIDER": 1}


def test_many_links_are_saved_at_once(
    store: Store, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    links = [published(f"vis_{place:04}") for place in range(1200)]
    store.plans.offer(running[1], links)
    store.plans.settle(running[1], links, Progress(done=1200))
    found = store.plans.links_of(google.id, [link.local_id for link in links])
    assert [found[link.local_id] for link in links] == [[link] for link in links]


def test_reconnecting_plans_everything_again_and_keeps_what_is_known(
    store: Store, account: Account, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    store.records.receive(account.id, [visit()])
    store.plans.offer(running[1], [published()])
    store.streams.save_cursor(running[1], primary.id, "c-1", NOON)
    store.plans.planned(running[1], google.id, 1)
    again = store.connections.connect(account.id, "google_calendar", {"a": 1}, {"": {"access_token": "x"}}, later(1))
    assert (again.id, again.connected, again.next_look_at) == (google.id, True, later(1))
    assert store.plans.planned_upto(google.id) == {}
    assert store.connections.find(account.id, "google_calendar") == again
    assert store.connections.of(account.id) == [again]
    assert store.streams.all(google.id)["primary"].cursor == "c-1"
    assert store.plans.todo(again, VISIT, 0, 10)[0] == ["vis_1"]
    assert store.plans.links_of(google.id, ["vis_1"]) == {"vis_1": [published()]}


def test_links_are_looked_for_by_kind(store: Store, books: Connection) -> None:
    streams(store, books)
    with syncing(store, books) as (_, lease):
        both = [Link("customers", "x_1", retry=True, source=Customer("Ada")), Link("invoices", "x_1")]
        store.plans.offer(lease, both)
    assert store.plans.links_of(books.id, ["x_1"], CLIENT) == {"x_1": [both[0]]}
    assert store.plans.links_of(books.id, ["x_1"], INVOICE) == {"x_1": [both[1]]}
    assert store.plans.links_of(books.id, ["x_1"]) == {}
    assert store.plans.pending(books.id, kind=CLIENT) == ["x_1"]
    assert store.plans.pending(books.id, kind=INVOICE) == []


def test_each_kind_is_planned_by_itself(store: Store, books: Connection) -> None:
    with syncing(store, books) as (_, lease):
        store.plans.planned(lease, books.id, 5, CLIENT)
        store.plans.planned(lease, books.id, 3, INVOICE)
    assert store.plans.planned_upto(books.id) == {CLIENT: 5, INVOICE: 3}


def test_the_owners_of_objects_are_the_records_that_are_published_as_them(store: Store, books: Connection) -> None:
    streams(store, books)
    with syncing(store, books) as (_, lease):
        mine = [published("inv_1", "invoices", remote_id="7"), published("inv_2", "invoices", remote_id="8")]
        gone = replace(mine[1], local_id="inv_3", remote_id="9", published=False)
        store.plans.offer(lease, [*mine, gone, published("cli_1", "customers", remote_id="10")])
    owners = store.plans.owners(books.id, INVOICE, ["7", "8", "9", "10", "11"])
    assert owners == {"7": "inv_1", "8": "inv_2"}
    assert store.plans.owners(books.id, INVOICE, []) == {}


def test_another_connections_objects_have_other_owners(store: Store, books: Connection) -> None:
    other = connected(store, store.accounts.create("Other", NOON)[0].id)
    for each, local_id in ((books, "inv_1"), (other, "inv_2")):
        streams(store, each)
        with syncing(store, each) as (_, lease):
            store.plans.offer(lease, [published(local_id, "invoices", remote_id="7")])
    assert store.plans.owners(books.id, INVOICE, ["7"]) == {"7": "inv_1"}
