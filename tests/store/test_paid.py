"""What came in on a visit's invoices, and which visits that moves."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.statements import counted
from tests.store.things import NOON, later, visit
from worker.core.connections import Account, Connection
from worker.core.records import INVOICE, PAYMENT, VISIT, Record
from worker.store import Store


def invoice(local_id: str, visit_id: str | None, at: datetime = NOON, *, deleted: bool = False) -> Record:
    return Record(INVOICE, local_id, {"visit_id": visit_id} if visit_id else {}, at, at, deleted)


def payment(
    local_id: str, invoice_id: str, amount: str | None, at: datetime = NOON, *, deleted: bool = False
) -> Record:
    return Record(PAYMENT, local_id, {"invoice_id": invoice_id, "amount": amount}, at, at, deleted)


@pytest.fixture
def house(store: Store, account: Account) -> Account:
    """vis_1 has two invoices with three payments, vis_2 one that is not paid, vis_3 none; inv_4 has no visit."""
    told = [
        *(visit(f"vis_{number}") for number in (1, 2, 3)),
        *(invoice(*each) for each in (("inv_1", "vis_1"), ("inv_2", "vis_1"), ("inv_3", "vis_2"), ("inv_4", None))),
        payment("pay_1", "inv_1", "10.10"),
        payment("pay_2", "inv_1", "0.05"),
        payment("pay_3", "inv_2", "100"),
        payment("pay_4", "inv_4", "7"),
    ]
    store.records.receive(account.id, told)
    return account


def paid(store: Store, account: Account) -> dict[str, Decimal]:
    return store.records.paid_for(account.id, ["vis_1", "vis_2", "vis_3"])


Moved = Callable[..., list[str]]


@pytest.fixture
def moved(store: Store, house: Account, google: Connection) -> Moved:
    """Tells the store of records; the visits that this moved, sorted."""

    def tell(*told: Record) -> list[str]:
        before = store.plans.latest(house.id)
        store.records.receive(house.id, told)
        return sorted(store.plans.todo(google, VISIT, before, 100)[0])

    return tell


def test_all_payments_of_all_invoices_of_a_visit_count_to_the_cent(store: Store, house: Account) -> None:
    assert paid(store, house) == {"vis_1": Decimal("110.15")}
    assert store.records.paid_for(house.id, []) == {}


def test_of_another_account_nothing_counts(store: Store, house: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    told = [visit(), invoice("inv_1", "vis_1"), payment("pay_1", "inv_1", "3")]
    store.records.receive(other.id, told)
    assert (paid(store, other), paid(store, house)) == ({"vis_1": Decimal(3)}, {"vis_1": Decimal("110.15")})


def test_what_is_deleted_does_not_count(store: Store, house: Account) -> None:
    store.records.receive(house.id, [payment("pay_2", "inv_1", "0.05", later(1), deleted=True)])
    assert paid(store, house) == {"vis_1": Decimal("110.10")}
    store.records.receive(house.id, [invoice("inv_2", "vis_1", later(1), deleted=True)])
    assert paid(store, house) == {"vis_1": Decimal("10.10")}


def test_a_payment_without_an_amount_is_nothing(store: Store, house: Account) -> None:
    store.records.receive(house.id, [payment("pay_5", "inv_3", None)])
    assert paid(store, house)["vis_2"] == 0


def test_it_costs_two_statements_for_every_500_visits(store: Store, house: Account) -> None:
    names = [f"vis_{number}" for number in range(501)]
    with counted(store) as statements:
        store.records.paid_for(house.id, names)
    assert len([text for text in statements if text.startswith("SELECT")]) == 4


def test_an_invoice_of_the_job_alone_is_that_of_its_only_visit(moved: Moved, store: Store, house: Account) -> None:
    of_job = Record(INVOICE, "inv_8", {"job_id": "job_8"}, NOON, NOON)
    assert moved(visit("vis_3", later(1), job_id="job_8"), of_job, payment("pay_8", "inv_8", "75")) == ["vis_3"]
    assert paid(store, house)["vis_3"] == Decimal(75)
    assert moved(payment("pay_8", "inv_8", "80", later(2))) == ["vis_3"]
    assert moved(invoice("inv_8", "vis_2", later(3))) == ["vis_2", "vis_3"]
    assert paid(store, house)["vis_2"] == Decimal(80)


def test_an_invoice_of_a_job_with_several_visits_is_nobodys(store: Store, house: Account) -> None:
    of_job = Record(INVOICE, "inv_8", {"job_id": "job_8"}, NOON, NOON)
    several = [visit(f"vis_{number}", later(1), job_id="job_8") for number in (2, 3)]
    store.records.receive(house.id, [*several, of_job, payment("pay_8", "inv_8", "75")])
    assert "vis_3" not in paid(store, house)
    store.records.receive(house.id, [visit("vis_2", later(2), job_id="job_8", deleted=True)])
    assert paid(store, house)["vis_3"] == Decimal(75)


def test_where_no_payment_is_known_the_invoice_says_what_was_paid(moved: Moved, store: Store, house: Account) -> None:
    assert moved(Record(INVOICE, "inv_3", {"visit_id": "vis_2", "paid": "12.50"}, later(1), later(1))) == ["vis_2"]
    assert paid(store, house)["vis_2"] == Decimal("12.50")
    assert moved(payment("pay_5", "inv_3", "5")) == ["vis_2"]
    assert paid(store, house)["vis_2"] == Decimal(5)


def test_a_payment_moves_its_visit_when_it_comes_changes_and_goes(moved: Moved) -> None:
    for minute, told in enumerate([("5", False), ("6", False), ("6", True)], start=1):
        assert moved(payment("pay_5", "inv_3", told[0], later(minute), deleted=told[1])) == ["vis_2"]


def test_a_payment_that_changes_its_invoice_moves_both_visits(moved: Moved) -> None:
    assert moved(payment("pay_1", "inv_3", "10.10", later(1))) == ["vis_1", "vis_2"]


def test_a_payment_of_an_invoice_without_a_visit_moves_none(moved: Moved) -> None:
    assert moved(payment("pay_4", "inv_4", "8", later(1))) == []
    assert moved(payment("pay_9", "inv_9", "8", later(1))) == []
    assert moved(payment("pay_9", "", "8", later(2))) == []


def test_an_invoice_moves_its_visit_when_it_goes_or_comes_after_its_payment(moved: Moved) -> None:
    assert moved(invoice("inv_1", "vis_1", later(1), deleted=True)) == ["vis_1"]
    assert moved(payment("pay_9", "inv_9", "8")) == []
    assert moved(invoice("inv_9", "vis_3")) == ["vis_3"]


def test_an_invoice_that_changes_its_visit_moves_both(moved: Moved, store: Store, house: Account) -> None:
    assert moved(invoice("inv_2", "vis_3", later(1))) == ["vis_1", "vis_3"]
    assert paid(store, house) == {"vis_1": Decimal("10.15"), "vis_3": Decimal(100)}


def test_a_payment_and_its_visit_together_move_it_once(moved: Moved) -> None:
    told: list[Any] = [payment("pay_5", "inv_3", "5"), visit("vis_2", later(1), notes="x")]
    assert moved(*told) == ["vis_2"]


def test_a_payment_of_a_visit_that_nobody_knows_yet_is_there_when_it_comes(moved: Moved, store: Store) -> None:
    assert moved(invoice("inv_7", "vis_7"), payment("pay_7", "inv_7", "5")) == []
    assert moved(visit("vis_7")) == ["vis_7"]


def test_what_changes_nothing_moves_nothing(moved: Moved) -> None:
    assert moved(payment("pay_1", "inv_1", "10.10", later(3))) == []
