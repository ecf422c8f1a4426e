"""What a reading of the books makes of what we knew."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from worker.core.books import Part, Payment
from worker.core.links import MOST_RESTORES, Link
from worker.core.observation import Observed, observe
from worker.core.ports import Change, Key

STREAM = "payments"
PAID = Payment("7", Decimal(100), (Part("90", Decimal(100)),))
OURS = Link(STREAM, "pay_1", published=True, remote_id="42", version="0", agreed=PAID)


def change(document: Payment | None, version: str = "1", remote_id: str = "42", **fields: Any) -> Change:
    return Change(remote_id, version, document=document, **fields)


def observed(*changes: Change, links: tuple[Link, ...] = (OURS,), known: dict[str, str] | None = None) -> Observed:
    return observe(STREAM, links, known or {}, changes, keeps_copies=True)


def test_a_copy_that_somebody_made_of_ours_is_theirs() -> None:
    copy = change(PAID, remote_id="43", key=Key("pay_1", 0))
    seen = observed(copy)
    assert (seen.links, seen.strays, seen.foreign) == ((), (), (copy,))
    assert seen.strangers == {"43": "1"}


def test_where_copies_are_not_kept_it_is_a_stray() -> None:
    seen = observe(STREAM, [OURS], {}, [change(PAID, remote_id="43", key=Key("pay_1", 0))])
    assert [stray.remote_id for stray in seen.strays] == ["43"]
    assert seen.foreign == ()


def test_with_our_key_and_no_link_it_is_ours() -> None:
    seen = observed(change(PAID, key=Key("pay_1", 2)), links=())
    assert seen.links == (replace(OURS, generation=2, version="1"),)
    assert seen.foreign == ()


@pytest.mark.parametrize(("voided", "restored"), [(True, MOST_RESTORES), (False, 0)])
def test_what_was_voided_there_counts_as_restored_often_enough(voided: bool, restored: int) -> None:
    seen = observed(change(None, voided=voided))
    assert seen.links == (Link(STREAM, "pay_1", generation=1, removed=True, restored=restored),)
    assert [(entry.action, entry.local_id) for entry in seen.feed] == [("deleted", "pay_1")]


def test_our_own_void_that_comes_back_is_nothing() -> None:
    leaving = replace(OURS, leaving=True).vanished()
    assert not leaving.removed
    seen = observed(change(None, voided=True, key=Key("pay_1", 0)), links=(leaving,))
    assert seen.empty
    assert seen.foreign == ()


@pytest.mark.parametrize(
    ("known", "arrived", "told"),
    [
        ({}, change(PAID, "0", "s1"), True),
        ({"s1": "0"}, change(PAID, "1", "s1"), True),
        ({"s1": "0"}, change(PAID, "0", "s1"), False),
        ({"s1": "0"}, change(None, "1", "s1", voided=True), True),
        ({"s1": "0"}, change(None, "1", "s1"), True),
        ({}, change(None, "1", "s1"), False),
    ],
)
def test_payments_of_others_are_told_when_they_differ_from_what_we_knew(
    known: dict[str, str], arrived: Change, told: bool
) -> None:
    assert observed(arrived, known=known).foreign == ((arrived,) if told else ())


def test_a_merge_leaves_what_both_sides_want_behind() -> None:
    edited = replace(PAID, reference="12")
    link = replace(OURS, agreed=edited, source=PAID)
    assert observed(change(edited), links=(link,)).noted == (replace(link, version="1"),)
    assert link.vanished().source is None
