"""What the source is to know of payments that were recorded in the books."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from worker.core.arrivals import Arrival, Entry, Step, entry_after, offered, steps
from worker.core.books import Part, Payment
from worker.core.edits import AmendPayment, RecordPayment, TakeBackPayment
from worker.core.records import PAYMENT, Record

D = Decimal
DAY = date(2026, 6, 1)
OURS = {"90": "inv_1", "91": "inv_2", "92": "inv_3"}
PAID = Payment("7", D(150), (Part("90", D(100)), Part("91", D("50.00"))), DAY, "cheque 12", "Check")
RECORDED = (Entry("90", "pay_1", D(100), DAY), Entry("91", "pay_2", D(50), DAY))


def told(local_id: str, **content: str) -> Record:
    return Record(PAYMENT, local_id, content)


def arrival(document: Payment | None = PAID, *entries: Entry) -> Arrival:
    return Arrival("payments", "200", document, entries)


def taken(found: Arrival) -> dict[str, str]:
    """What is done for each invoice of a payment, in a word."""
    return {step.invoice: type(step.edit).__name__ for step in steps(found, OURS)}


def test_a_payment_over_several_invoices_is_one_payment_for_each() -> None:
    first, second = steps(arrival(), OURS)
    assert first == Step("90", RecordPayment("inv_1", D(100), "quickbooks:200:90", DAY, "Check", "cheque 12"))
    assert second == Step("91", RecordPayment("inv_2", D(50), "quickbooks:200:91", DAY, "Check", "cheque 12"))


def test_what_the_source_knows_is_not_told_again() -> None:
    assert steps(arrival(PAID, *RECORDED), OURS) == []


def test_a_part_that_came_later_is_recorded_alone() -> None:
    assert taken(arrival(PAID, RECORDED[0])) == {"91": "RecordPayment"}


def test_invoices_of_others_are_left_out() -> None:
    foreign = replace(PAID, parts=(Part("666", D(100)), Part("91", D(50))))
    assert taken(arrival(foreign)) == {"91": "RecordPayment"}


@pytest.mark.parametrize("amount", [D(0), D(-5)])
def test_nothing_is_recorded_for_nothing(amount: Decimal) -> None:
    assert steps(arrival(Payment("7", D(0), (Part("90", amount),), DAY)), OURS) == []


def test_money_for_no_invoice_is_the_books_own() -> None:
    assert steps(arrival(Payment("7", D(100), (), DAY)), OURS) == []


def test_another_amount_is_amended() -> None:
    less = replace(PAID, amount=D(140), parts=(Part("90", D(90)), Part("91", D(50))))
    [step] = steps(arrival(less, *RECORDED), OURS)
    assert isinstance(step.edit, AmendPayment)
    assert (step.invoice, step.edit.local_id, step.edit.amount, step.edit.paid_on) == ("90", "pay_1", D(90), DAY)


def test_another_day_is_amended_for_every_part() -> None:
    later = replace(PAID, paid_on=date(2026, 6, 2))
    assert taken(arrival(later, *RECORDED)) == {"90": "AmendPayment", "91": "AmendPayment"}


def test_the_same_correction_bears_the_same_token_and_another_one_another() -> None:
    later = replace(PAID, paid_on=date(2026, 6, 2))
    one, two = steps(arrival(later, *RECORDED), OURS)
    again = steps(arrival(later, *RECORDED), OURS)
    back = steps(arrival(PAID, *(replace(entry, paid_on=date(2026, 6, 2)) for entry in RECORDED)), OURS)
    assert [step.edit for step in again] == [one.edit, two.edit]
    edits = [step.edit for step in (one, two, *back)]
    assert len({edit.token for edit in edits if isinstance(edit, AmendPayment)}) == 4


@pytest.mark.parametrize("known", [RECORDED, RECORDED[:1], ()])
def test_what_was_voided_or_deleted_there_is_taken_back(known: tuple[Entry, ...]) -> None:
    assert taken(arrival(None, *known)) == {entry.invoice: "TakeBackPayment" for entry in known}


def test_a_part_that_was_taken_off_an_invoice_is_taken_back_before_the_money_goes_to_another() -> None:
    moved = replace(PAID, parts=(Part("90", D(100)), Part("92", D(50))))
    gone, new = steps(arrival(moved, *RECORDED), OURS)
    assert isinstance(gone.edit, TakeBackPayment)
    assert (gone.invoice, gone.edit.local_id) == ("91", "pay_2")
    assert isinstance(new.edit, RecordPayment)
    assert (new.invoice, new.edit.invoice_id, new.edit.amount) == ("92", "inv_3", D(50))


def test_a_part_for_nothing_is_no_payment_any_more() -> None:
    none_left = replace(PAID, amount=D(50), parts=(Part("90", D(0)), Part("91", D(50))))
    assert taken(arrival(none_left, *RECORDED)) == {"90": "TakeBackPayment"}


def test_two_parts_for_one_invoice_are_one_payment() -> None:
    twice = replace(PAID, parts=(Part("90", D(60)), Part("90", D(40)), Part("91", D(50))))
    first, _ = steps(arrival(twice), OURS)
    assert isinstance(first.edit, RecordPayment)
    assert first.edit.amount == D(100)
    assert steps(arrival(twice, *RECORDED), OURS) == []


def test_a_correction_to_and_fro_bears_a_new_token_each_time() -> None:
    """FieldCamp answers a token that it knows as it did before, and changes nothing."""
    entry, tokens = RECORDED[0], set()
    for amount in (D(90), D(100), D(90), D(100)):
        [step] = steps(arrival(Payment("7", amount, (Part("90", amount),), DAY), entry), OURS)
        assert isinstance(step.edit, AmendPayment)
        tokens.add(step.edit.token)
        after = entry_after(step, told("pay_1"))
        assert after is not None
        entry = after
    assert len(tokens) == 4


def test_what_is_sent_is_noted_before_with_no_id_and_is_sent_again_until_it_is_answered() -> None:
    sent = offered(arrival(), steps(arrival(), OURS))
    assert sent.entries == (Entry("90", "", D(100), DAY), Entry("91", "", D(50), DAY))
    assert steps(sent, OURS) == steps(arrival(), OURS)
    assert offered(sent, steps(sent, OURS)) == sent
    known = arrival(PAID, *RECORDED)
    assert offered(known, steps(known, OURS)) == known


def test_what_was_never_answered_is_taken_back_by_its_external_id() -> None:
    [step] = steps(arrival(None, Entry("90", "", D(100), DAY)), OURS)
    assert isinstance(step.edit, TakeBackPayment)
    assert (step.edit.local_id, step.edit.external_id) == ("", "quickbooks:200:90")


def test_what_the_source_has_of_a_payment_is_known_after_each_step() -> None:
    whole = arrival()
    recorded = [entry_after(step, told(f"pay_{n}")) for n, step in enumerate(steps(whole, OURS), 1)]
    assert recorded == list(RECORDED)
    less = replace(PAID, parts=(Part("90", D(90)), Part("91", D(50))))
    [amended] = steps(arrival(less, *RECORDED), OURS)
    assert entry_after(amended, told("pay_1")) == Entry("90", "pay_1", D(90), DAY, amendments=1)
    gone = steps(arrival(None, *RECORDED), OURS)
    assert [entry_after(step, told("pay_1")) for step in gone] == [None, None]


def test_what_was_there_already_of_another_amount_is_amended_next() -> None:
    """It was sent, its answer was lost, and it changed in the books before it was sent again."""
    less = arrival(Payment("7", D(90), (Part("90", D(90)),), DAY))
    [record] = steps(less, OURS)
    found = entry_after(record, told("pay_1", amount="100.00"))
    assert found == RECORDED[0]
    [amend] = steps(replace(less, entries=RECORDED[:1]), OURS)
    assert isinstance(amend.edit, AmendPayment)
    assert amend.edit.amount == D(90)
    assert entry_after(amend, told("pay_1", amount="100.00")) == Entry("90", "pay_1", D(90), DAY, amendments=1)
