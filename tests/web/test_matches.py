"""Customer matches held for a person: listed, accepted, rejected (contract §4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.store import bookshelf
from tests.store.bookshelf import BOOKS, customer
from tests.web.office import API, JOBS, Office, opened, refused
from worker.core.books import Customer
from worker.core.connections import Connection
from worker.core.jobs import Progress
from worker.core.links import Link
from worker.core.matches import Choice, Question
from worker.core.ports import Manifest
from worker.core.records import CLIENT, INVOICE
from worker.descriptors import rfc_3339

MATCHES, STATUS = f"{API}/quickbooks/matches", f"{API}/quickbooks/status"
UNKNOWN = "mat_01HZX2Q8YV3D1G0N3WJ2P7K9MA"
ADA = Customer("Ada Lovelace", email="ada@example.com", phone="555 0100")
GHOST = Customer("Ada Lovelace", active=False)
CHOICES = (Choice("58", ADA, ("email", "name")), Choice("61", GHOST, ("name",)))
MANIFEST = Manifest(BOOKS, "quickbooks", "bidirectional", "The Books", kinds=(CLIENT, INVOICE), books=True)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office whose account has books, too."""
    with opened(tmp_path / "office.db", more={BOOKS: MANIFEST}) as office:
        bookshelf.connected(office.small.store, office.small.account_id)
        yield office


def books(office: Office) -> Connection:
    found = office.small.store.connections.find(office.small.account_id, BOOKS)
    assert found is not None
    return found


def ask(office: Office, *local_ids: str, choices: tuple[Choice, ...] = CHOICES) -> list[str]:
    """Have a sync that saw customers 58, 61 and 77 ask about these clients; the ids of all open questions."""
    small = office.small
    bookshelf.see(small.store, books(office), "customers", [customer(remote_id) for remote_id in ("58", "61", "77")])
    for local_id in local_ids:
        small.tick()
        wanted = Customer("Ada", email="ada@example.com")
        with bookshelf.syncing(small.store, books(office)) as (_, lease):
            asked = Question("", CLIENT, local_id, wanted, choices, small.clock)
            small.store.matches.ask(lease, [asked], [], small.clock)
    return [question.id for question in small.store.matches.open(small.account_id)]


def take(office: Office, local_id: str, remote_id: str) -> None:
    """What a sync does that follows an answer."""
    link = Link("customers", local_id, published=True, remote_id=remote_id)
    with bookshelf.syncing(office.small.store, books(office)) as (_, lease):
        office.small.store.plans.settle(lease, [link], Progress())


def answers(office: Office) -> dict[str, str]:
    return office.small.store.matches.answers(books(office).id, CLIENT, [f"cli_{n}" for n in range(9)])


def accept(office: Office, match_id: str, body: Any = None) -> Any:
    return office.client.post(f"{MATCHES}/{match_id}/accept", json={"remote_id": "58"} if body is None else body)


def reject(office: Office, match_id: str) -> Any:
    return office.client.post(f"{MATCHES}/{match_id}/reject")


def test_where_nothing_is_asked_nothing_is_listed(office: Office) -> None:
    assert office.get(MATCHES) == {"matches": [], "next_cursor": None, "has_more": False}


def test_a_question_is_told_with_its_candidates_and_the_evidence(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    [match] = office.get(MATCHES)["matches"]
    unknown = {"name": "Ada Lovelace", "email": None, "phone": None}
    assert match == {
        "match_id": match_id,
        "kind": "client",
        "local_id": "cli_1",
        "name": "Ada",
        "email": "ada@example.com",
        "phone": None,
        "candidates": [
            {
                "remote_id": "58",
                "name": "Ada Lovelace",
                "email": "ada@example.com",
                "phone": "555 0100",
                "active": True,
                "evidence": ["email", "name"],
            },
            {"remote_id": "61", **unknown, "active": False, "evidence": ["name"]},
        ],
        "created_at": rfc_3339(office.small.clock),
    }


def test_questions_are_listed_by_pages_the_oldest_first(office: Office) -> None:
    ask(office, *(f"cli_{n}" for n in range(5)))
    found, query = [], {"limit": 2}
    while True:
        page = office.get(MATCHES, **query)
        found += [match["local_id"] for match in page["matches"]]
        if not page["has_more"]:
            break
        query = {"limit": 2, "cursor": page["next_cursor"]}
    assert page["next_cursor"] is None
    assert found == [f"cli_{n}" for n in range(5)]


@pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("cursor=x", "cursor"), ("page=2", "page")])
def test_a_query_that_is_not_as_described_is_refused_by_the_fields_name(office: Office, query: str, field: str) -> None:
    assert list(refused(office.client.get(f"{MATCHES}?{query}"), 400, "VALIDATION_ERROR")["details"]) == [field]


def test_another_listings_cursor_is_refused(office: Office) -> None:
    office.synced()
    office.synced()
    cursor = office.get(JOBS, limit=1)["next_cursor"]
    refused(office.client.get(MATCHES, params={"cursor": cursor}), 400, "VALIDATION_ERROR")


def test_an_accepted_one_is_told_and_leaves_the_list(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    answer = accept(office, match_id)
    assert (answer.status_code, answer.json()) == (
        200,
        {"match_id": match_id, "kind": "client", "local_id": "cli_1", "accepted": "58"},
    )
    assert office.get(MATCHES)["matches"] == []
    assert answers(office) == {"cli_1": "58"}


def test_a_rejected_one_is_told_and_leaves_the_list(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    answer = reject(office, match_id)
    assert (answer.status_code, answer.json()) == (
        200,
        {"match_id": match_id, "kind": "client", "local_id": "cli_1", "accepted": None},
    )
    assert office.get(MATCHES)["matches"] == []
    assert answers(office) == {"cli_1": ""}


def test_any_customer_of_the_books_may_be_named(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    assert accept(office, match_id, {"remote_id": "77"}).json()["accepted"] == "77"


def test_the_last_answer_before_the_sync_counts(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    said = [accept(office, match_id), accept(office, match_id), reject(office, match_id), reject(office, match_id)]
    said.append(accept(office, match_id, {"remote_id": "61"}))
    assert [answer.status_code for answer in said] == [200] * 5
    assert answers(office) == {"cli_1": "61"}


def test_once_a_sync_has_taken_the_answer_there_is_no_such_question(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    accept(office, match_id)
    take(office, "cli_1", "58")
    for late in (accept(office, match_id, {"remote_id": "61"}), reject(office, match_id)):
        refused(late, 404, "NOT_FOUND")
    assert answers(office) == {"cli_1": "58"}


def test_an_answer_makes_the_books_due_at_once_and_rings_for_nobody(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    before = office.get(STATUS)["next_scheduled_sync_at"]
    office.small.tick(5)
    for answer in (accept, reject):
        assert answer(office, match_id).status_code == 200
    after = office.get(STATUS)
    assert (after["next_scheduled_sync_at"], after["active_job_id"]) == (rfc_3339(office.small.clock), None)
    assert after["next_scheduled_sync_at"] != before
    assert office.rung == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "remote_id"),
        ({"remote_id": None}, "remote_id"),
        ({"remote_id": 58}, "remote_id"),
        ({"remote_id": ""}, "remote_id"),
        ({"remote_id": "5" * 101}, "remote_id"),
        ({"remote_id": "99"}, "remote_id"),
        ({"remote_id": "5\u0000"}, "remote_id"),
        ({"remote_id": "58", "force": True}, "force"),
        ([], "body"),
    ],
)
def test_a_wrong_body_is_refused_by_the_fields_name_and_answers_nothing(office: Office, body: Any, field: str) -> None:
    [match_id] = ask(office, "cli_1")
    before = office.get(STATUS)
    assert list(refused(accept(office, match_id, body), 400, "VALIDATION_ERROR")["details"]) == [field]
    assert answers(office) == {}
    assert office.get(STATUS) == before


def test_an_invoice_of_that_id_is_no_customer(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    bookshelf.see(office.small.store, books(office), "payments", [bookshelf.payment("99", ("7", "1"))])
    refused(accept(office, match_id, {"remote_id": "99"}), 400, "VALIDATION_ERROR")


def test_a_rejection_that_says_more_than_there_is_to_say_is_refused(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    answer = office.client.post(f"{MATCHES}/{match_id}/reject", json={"remote_id": "58"})
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["remote_id"]
    assert answers(office) == {}


@pytest.mark.parametrize("match_id", [UNKNOWN, "mat_1", "1", "%00", "..%2f..", "mat_" + "é" * 26])
def test_a_question_that_there_is_not_is_not_found(office: Office, match_id: str) -> None:
    for answer in (accept(office, match_id), reject(office, match_id)):
        refused(answer, 404, "NOT_FOUND")


def test_another_accounts_question_is_not_there(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    neighbour, small = office.neighbour(), office.small
    [other] = [each for each in small.store.accounts.all() if each.id != small.account_id]
    bookshelf.see(small.store, bookshelf.connected(small.store, other.id), "customers", [customer("58")])
    assert neighbour.get(MATCHES).json()["matches"] == []
    refused(neighbour.post(f"{MATCHES}/{match_id}/accept", json={"remote_id": "58"}), 404, "NOT_FOUND")
    refused(neighbour.post(f"{MATCHES}/{match_id}/reject"), 404, "NOT_FOUND")
    assert answers(office) == {}


def test_another_accounts_customer_cannot_be_named(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    office.neighbour()
    small = office.small
    [other] = [each for each in small.store.accounts.all() if each.id != small.account_id]
    bookshelf.see(small.store, bookshelf.connected(small.store, other.id), "customers", [customer("1001")])
    refused(accept(office, match_id, {"remote_id": "1001"}), 400, "VALIDATION_ERROR")


def test_what_is_not_connected_is_asked_nothing(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    office.small.store.connections.disconnect(office.small.account_id, BOOKS, office.small.clock)
    for answer in (office.client.get(MATCHES), accept(office, match_id), reject(office, match_id)):
        refused(answer, 400, "INTEGRATION_NOT_CONNECTED")
    assert answers(office) == {}


def test_answers_need_the_scope_to_write(office: Office) -> None:
    [match_id] = ask(office, "cli_1")
    reader = office.caller(office.new_key("sync:read"))
    assert len(reader.get(MATCHES).json()["matches"]) == 1
    for word in ("accept", "reject"):
        refused(reader.post(f"{MATCHES}/{match_id}/{word}", json={"remote_id": "58"}), 403, "FORBIDDEN")
    refused(office.caller(office.new_key("sync:write")).get(MATCHES), 403, "FORBIDDEN")
    assert answers(office) == {}


def test_integrations_without_books_have_no_matches(office: Office) -> None:
    refused(office.client.get(f"{API}/google-calendar/matches"), 404, "NOT_FOUND")


def test_a_question_is_answered_under_its_own_integration_alone(tmp_path: Path) -> None:
    others = replace(MANIFEST, name="other_books", slug="other-books")
    with opened(tmp_path / "office.db", more={BOOKS: MANIFEST, others.name: others}) as office:
        small = office.small
        bookshelf.connected(small.store, small.account_id)
        small.store.connections.connect(small.account_id, others.name, {}, {"": {"token": "x"}}, small.clock)
        [match_id] = ask(office, "cli_1")
        elsewhere = f"{API}/other-books/matches"
        assert office.get(elsewhere)["matches"] == []
        refused(office.client.post(f"{elsewhere}/{match_id}/reject"), 404, "NOT_FOUND")
        assert reject(office, match_id).status_code == 200
