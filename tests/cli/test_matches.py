"""`visit-sync match list`, `accept` and `reject`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.cli.shell import Shell
from tests.store import bookshelf
from worker.core.books import Customer
from worker.core.jobs import Progress
from worker.core.links import Link
from worker.core.matches import Choice, Question
from worker.core.records import CLIENT
from worker.store import Store, open_store

UNKNOWN = "mat_01HZX2Q8YV3D1G0N3WJ2P7K9MA"
CHOICES = (
    Choice("58", Customer("Ada Lovelace", email="ada@example.com"), ("email", "name")),
    Choice("61", Customer("A. Lovelace", active=False), ("phone",)),
)


@pytest.fixture
def account_id(shell: Shell) -> str:
    """The one account of a machine; its books are not connected."""
    shell.variables["SECRET_KEYS"] = Fernet.generate_key().decode()
    made: dict[str, str] = shell("account", "create", "Acme", "--json").json
    return made["account_id"]


@pytest.fixture
def store(shell: Shell, account_id: str, tmp_path: Path) -> Iterator[Store]:
    """What the machine's commands work with."""
    store = open_store(f"sqlite:///{tmp_path / 'visit-sync.db'}", [shell.variables["SECRET_KEYS"]])
    yield store
    store.dispose()


@pytest.fixture
def match_id(store: Store, account_id: str) -> str:
    """The one open question: which customer is cli_1?"""
    books = bookshelf.connected(store, account_id)
    bookshelf.see(store, books, "customers", [bookshelf.customer(remote_id) for remote_id in ("58", "61", "77")])
    asked = Question("", CLIENT, "cli_1", Customer("Ada", phone="555 0100"), CHOICES, datetime.now(UTC))
    with bookshelf.syncing(store, books) as (_, lease):
        store.matches.ask(lease, [asked], [], asked.created_at)
    [found] = store.matches.open(account_id)
    return found.id


def answer(store: Store, account_id: str, match_id: str) -> str | None:
    found = store.matches.get(account_id, match_id)
    assert found is not None
    return found.chosen


def test_questions_are_listed_with_candidates_evidence_and_what_to_do(shell: Shell, match_id: str) -> None:
    told = shell("match", "list")
    assert told.status == 0
    lines = told.out.splitlines()
    [first] = [line for line in lines if match_id in line and "cli_1" in line]
    for word in ("Ada (cli_1)", "555 0100", "58", "Ada Lovelace", "ada@example.com", "email, name"):
        assert word in first
    [second] = [line for line in lines if "61" in line and "phone" in line]
    assert "A. Lovelace (inactive)" in second
    assert "cli_1" not in second
    for word in ("visit-sync match accept MATCH_ID CUSTOMER", "visit-sync match reject MATCH_ID"):
        assert word in told.out


def test_questions_are_listed_as_json(shell: Shell, match_id: str) -> None:
    [match] = shell("match", "list", "--json").json["matches"]
    assert set(match) == {"match_id", "kind", "local_id", "name", "email", "phone", "candidates", "created_at"}
    assert (match["match_id"], match["local_id"], match["email"]) == (match_id, "cli_1", None)
    assert [(each["remote_id"], each["active"], each["evidence"]) for each in match["candidates"]] == [
        ("58", True, ["email", "name"]),
        ("61", False, ["phone"]),
    ]


def test_where_nothing_is_asked_that_is_said(shell: Shell, store: Store, account_id: str) -> None:
    bookshelf.connected(store, account_id)
    assert shell("match", "list").out == "Nothing waits for an answer.\n"
    assert shell("match", "list", "--json").json == {"matches": []}


def test_one_is_accepted_and_the_books_are_due(shell: Shell, store: Store, account_id: str, match_id: str) -> None:
    for _ in range(2):
        told = shell("match", "accept", match_id, "77")
        assert told.status == 0, told.err
        assert told.out.startswith("client cli_1 is customer 77 of the books.")
        assert f"visit-sync sync quickbooks --account {account_id} --wait" in told.out
    assert answer(store, account_id, match_id) == "77"
    assert shell("match", "list", "--json").json == {"matches": []}
    found = store.connections.find(account_id, "quickbooks")
    assert found is not None
    assert found.next_look_at is not None
    assert found.next_look_at <= datetime.now(UTC)
    assert shell("jobs", "--status", "queued", "--json").json == [], "the sweep finds it"


def test_one_is_rejected_after_it_was_accepted(shell: Shell, store: Store, account_id: str, match_id: str) -> None:
    assert shell("match", "accept", match_id, "58").status == 0
    told = shell("match", "reject", match_id)
    assert told.out.startswith("client cli_1 becomes a new customer in the books.")
    assert answer(store, account_id, match_id) == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("accept", "MATCH", "99"), "remote_id: expected the id of a customer that the books hold"),
        (("accept", "MATCH", ""), "remote_id: expected the id of a customer that the books hold"),
        (("accept", "MATCH"), "CUSTOMER"),
        (("accept", UNKNOWN, "58"), "MATCH_ID: expected mat_ and a ULID"),
        (("reject", UNKNOWN), "MATCH_ID: expected mat_ and a ULID"),
        (("reject", "cli_1"), "MATCH_ID: expected mat_ and a ULID"),
        (("reject", "MATCH", "--account", "acc_nobody"), "acc_nobody"),
        (("list", "--account", "acc_nobody"), "acc_nobody"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_answers_nothing(
    shell: Shell, store: Store, account_id: str, match_id: str, arguments: tuple[str, ...], named: str
) -> None:
    done = shell("match", *(match_id if each == "MATCH" else each for each in arguments))
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert named in done.err
    assert answer(store, account_id, match_id) is None


def test_once_a_sync_has_taken_the_answer_there_is_no_such_question(
    shell: Shell, store: Store, account_id: str, match_id: str
) -> None:
    books = store.connections.find(account_id, "quickbooks")
    assert books is not None
    with bookshelf.syncing(store, books) as (_, lease):
        store.plans.settle(lease, [Link("customers", "cli_1", published=True, remote_id="58")], Progress())
    done = shell("match", "accept", match_id, "77")
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert "settled by now" in done.err


def test_books_that_are_not_connected_are_told_so(shell: Shell, store: Store, account_id: str, match_id: str) -> None:
    store.connections.disconnect(account_id, "quickbooks", datetime.now(UTC))
    for arguments in (("list",), ("accept", match_id, "58"), ("reject", match_id)):
        done = shell("match", *arguments)
        assert done.status == 4
        assert done.is_one_line_of_complaint()
    assert answer(store, account_id, match_id) is None


def test_another_accounts_question_is_not_there(shell: Shell, store: Store, account_id: str, match_id: str) -> None:
    other = shell("account", "create", "Other", "--json").json["account_id"]
    assert "--account" in shell("match", "list").err
    assert shell("match", "reject", match_id, "--account", other).status == 2
    assert answer(store, account_id, match_id) is None
    [match] = shell("match", "list", "--account", account_id, "--json").json["matches"]
    assert match["match_id"] == match_id
