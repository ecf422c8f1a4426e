"""What people are asked is kept until they answer, and their answers until a sync has taken them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.store.bookshelf import customer, payment, see, streams, syncing
from tests.store.things import NOON, at_once, later, start
from worker.core.books import Customer
from worker.core.connections import Account, Connection
from worker.core.errors import LeaseLost
from worker.core.jobs import Progress
from worker.core.links import Link
from worker.core.matches import NONE, Choice, Question
from worker.core.ports import Change
from worker.core.records import CLIENT, ITEM
from worker.store import Store

ADA, BYRON = Customer("Ada Lovelace", email="ada@example.com"), Customer("Lord Byron", active=False)
CHOICES = (Choice("58", ADA, ("email", "name")), Choice("61", BYRON, ("phone",)))


def question(local_id: str = "cli_1", *choices: Choice) -> Question:
    return Question("", CLIENT, local_id, Customer("Ada"), choices or CHOICES, NOON)


def ask(store: Store, books: Connection, *questions: Question, settled: tuple[str, ...] = ()) -> None:
    with syncing(store, books) as (_, lease):
        store.matches.ask(lease, questions, [(CLIENT, local_id) for local_id in settled], NOON)


def only(store: Store, account: Account) -> Question:
    [found] = store.matches.open(account.id)
    return found


def link(store: Store, books: Connection, local_id: str = "cli_1", **fields: Any) -> None:
    """Have a sync save the client's link."""
    streams(store, books)
    with syncing(store, books) as (_, lease):
        store.plans.settle(lease, [replace(Link("customers", local_id), **fields)], Progress())


def pending(store: Store, books: Connection) -> list[str]:
    return store.plans.pending(books.id, kind=CLIENT)


@pytest.fixture
def asked(store: Store, account: Account, books: Connection) -> Question:
    """One question, about cli_1."""
    see(store, books, "customers", [customer("58"), customer("61", "Lord Byron"), customer("77", "Annabella")])
    ask(store, books, question())
    return only(store, account)


def test_every_field_of_a_question_is_kept(asked: Question, store: Store, account: Account, books: Connection) -> None:
    assert asked == replace(question(), id=asked.id, connection_id=books.id)
    assert len(asked.id) == 30
    assert asked.id.startswith("mat_")
    assert store.matches.get(account.id, asked.id) == asked


def test_open_questions_come_in_the_order_of_their_ids_by_pages(
    store: Store, account: Account, books: Connection
) -> None:
    for number in range(3):
        with syncing(store, books) as (_, lease):
            store.matches.ask(lease, [question(f"cli_{number}")], [], later(number))
    first = store.matches.open(account.id, books.id, limit=2)
    rest = store.matches.open(account.id, books.id, after=first[-1].id, limit=2)
    assert [each.local_id for each in (*first, *rest)] == ["cli_0", "cli_1", "cli_2"]
    assert store.matches.open(account.id, books.id, after=rest[-1].id) == []
    assert store.matches.open(account.id, books.id + 1) == []


def test_another_accounts_question_is_not_there(store: Store, asked: Question, books: Connection) -> None:
    other = store.accounts.create("Other", NOON)[0]
    assert store.matches.open(other.id) == []
    assert store.matches.get(other.id, asked.id) is None
    assert store.matches.answer(other.id, asked.id, "58", NOON) is None
    assert store.matches.answers(books.id, CLIENT, ["cli_1"]) == {}


def test_asked_again_a_question_keeps_its_id_and_shows_what_may_be_it_by_now(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    ask(store, books, question("cli_1", CHOICES[1]))
    assert only(store, account) == replace(asked, choices=CHOICES[1:])


def test_a_question_that_needs_no_answer_any_more_is_withdrawn(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    ask(store, books, settled=("cli_2",))
    assert only(store, account) == asked
    ask(store, books, settled=("cli_1",))
    assert store.matches.get(account.id, asked.id) is None


def test_who_lost_the_lease_asks_nothing_and_withdraws_nothing(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    with syncing(store, books) as (_, lease), pytest.raises(LeaseLost):
        late = replace(lease, fence=lease.fence - 1)
        store.matches.ask(late, [question("cli_2")], [(CLIENT, "cli_1")], NOON)
    assert only(store, account) == asked


def test_an_answer_is_found_by_its_record_and_closes_the_question(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    assert store.matches.answer(account.id, asked.id, "58", NOON) == replace(asked, chosen="58")
    assert store.matches.open(account.id) == []
    assert store.matches.answers(books.id, CLIENT, ["cli_1", "cli_2"]) == {"cli_1": "58"}
    assert store.matches.answers(books.id, ITEM, ["cli_1"]) == {}


def test_the_last_answer_counts(store: Store, account: Account, books: Connection, asked: Question) -> None:
    for chosen in ("58", "58", "61", NONE):
        assert store.matches.answer(account.id, asked.id, chosen, NOON) is not None
        assert store.matches.answers(books.id, CLIENT, ["cli_1"]) == {"cli_1": chosen}


def test_an_answer_makes_the_books_due_and_their_record_looked_at(
    store: Store, account: Account, books: Connection, google: Connection, asked: Question
) -> None:
    link(store, books, reason="MATCH_NEEDED")
    link(store, books, "cli_2", reason="MATCH_NEEDED")
    assert pending(store, books) == []
    start(store, google)
    before = store.connections.get(google.id)
    assert store.matches.answer(account.id, asked.id, NONE, later(1)) is not None
    due = store.connections.get(books.id)
    assert due is not None
    assert (due.next_look_at, due.look_trigger) == (later(1), "api")
    assert pending(store, books) == ["cli_1"]
    assert store.connections.get(google.id) == before


def test_another_answer_is_another_try_of_what_was_refused(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    link(store, books, refused="f" * 32, reason="REJECTED")
    store.matches.answer(account.id, asked.id, "58", NOON)
    [found] = store.plans.links_of(books.id, ["cli_1"], CLIENT)["cli_1"]
    assert (found.refused, found.retry) == (None, True)


def test_an_answer_that_no_sync_has_taken_is_left_alone(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    """A sync that decided before it, and one that died over it, must not lose it."""
    for chosen in ("58", NONE):
        store.matches.answer(account.id, asked.id, chosen, NOON)
        ask(store, books, question("cli_1", CHOICES[1]))
        ask(store, books, settled=("cli_1",))
        assert store.matches.get(account.id, asked.id) == replace(asked, chosen=chosen)


@pytest.mark.parametrize("fields", [{"published": True, "remote_id": "58"}, {"offered": ADA}])
def test_once_a_sync_has_taken_it_a_question_takes_no_answer_and_goes(
    store: Store, account: Account, books: Connection, asked: Question, fields: dict[str, Any]
) -> None:
    store.matches.answer(account.id, asked.id, "58", NOON)
    link(store, books, **fields)
    assert store.matches.answer(account.id, asked.id, "61", NOON) is None
    assert store.matches.answers(books.id, CLIENT, ["cli_1"]) == {"cli_1": "58"}
    ask(store, books, settled=("cli_1",))
    assert store.matches.get(account.id, asked.id) is None
    assert store.matches.answer(account.id, asked.id, "61", NOON) is None


def test_a_refused_answer_makes_nothing_due(store: Store, account: Account, books: Connection, asked: Question) -> None:
    link(store, books, published=True, remote_id="58")
    before = store.connections.get(books.id)
    assert store.matches.answer(account.id, asked.id, "61", NOON) is None
    assert store.connections.get(books.id) == before


def test_an_answer_that_names_what_has_left_the_books_is_asked_for_again(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    store.matches.answer(account.id, asked.id, "77", NOON)
    see(store, books, "payments", [payment("77", ("7", "1"))])
    ask(store, books, question())
    assert store.matches.open(account.id) == []
    see(store, books, "customers", [Change("77")])
    ask(store, books, question())
    assert only(store, account) == asked


def test_an_answer_stands_while_an_item_of_that_id_goes(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    store.matches.answer(account.id, asked.id, "77", NOON)
    see(store, books, "items", [Change("77")])
    ask(store, books, question())
    assert store.matches.open(account.id) == []


def test_answers_side_by_side_with_a_sync_all_come_to_an_end(
    store: Store, account: Account, books: Connection, asked: Question
) -> None:
    link(store, books, reason="MATCH_NEEDED")
    with syncing(store, books) as (_, lease):

        def act(place: int) -> object:
            if place % 3:
                return store.matches.answer(account.id, asked.id, ("58", NONE)[place % 2], NOON)
            store.matches.ask(lease, [question()], [(CLIENT, "cli_2")], NOON)
            return None

        results = at_once(8, act)
    assert not [each for each in results if isinstance(each, Exception)]
    assert store.matches.answers(books.id, CLIENT, ["cli_1"])["cli_1"] in ("58", NONE)
