"""The whole decision about a record in the books, as tables."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from worker.core import books
from worker.core.bookkeeping import MATCH_NEEDED, NO_TAX_CODE, NUMBER_TAKEN, WITHDRAWN, Found, decide
from worker.core.books import Customer, Invoice, Item, Line, Part, Payment, TaxCode
from worker.core.errors import Gone, NotConnected, Rejected, Transient, Uncertain, VersionConflict
from worker.core.holds import Hold
from worker.core.links import MOST_RESTORES, Link
from worker.core.matching import Candidate, Match
from worker.core.ports import Create, Delete, Done, Failed, Key, Operation, Stream, Update
from worker.core.reconcile import BOTH_CHANGED, DELETED_AT_PROVIDER, EDITED_AT_PROVIDER, Decision, after
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX, Address

D = Decimal
NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)
STREAMS = {kind: Stream(f"{kind}s", "QuickBooks", kind=kind) for kind in (TAX, CLIENT, ITEM, INVOICE, PAYMENT)}

ADA = Customer("Ada Lovelace", "Ada", "Lovelace", email="ada@example.com", phone="555 010 1234")
BOILER = Item("Boiler service", "Yearly", D(100), income_account="79")
LINE = Line("21", D(100), D(1), D(100), "Serviced")
BILL = Invoice("7", "INV-1", date(2026, 5, 1), date(2026, 6, 1), (LINE,), total=D(100), memo="Thank you")
DEARER = replace(BILL, lines=(replace(LINE, amount=D(120), unit_price=D(120)),), total=D(120))
MONEY = Payment("7", D(100), (Part("90", D(100)),), date(2026, 5, 2), "cheque 12")
VAT = TaxCode("VAT", D("0.2"))
DOCUMENTS: dict[str, books.Entity] = {CLIENT: ADA, ITEM: BOILER, INVOICE: BILL, PAYMENT: MONEY}
WAITS = Hold("WAITS_FOR_CUSTOMER", "Its customer is not in QuickBooks yet.", failed=False)
BROKEN = Hold("NAME_MISSING", "The client has no name: give it one.")


def unpublished(kind: str, **fields: Any) -> Link:
    return replace(Link(STREAMS[kind].name, "rec_1", generation=3), **fields)


def published(kind: str, agreed: books.Entity, **fields: Any) -> Link:
    shown = unpublished(kind, published=True, remote_id="42", version="5", agreed=agreed)
    return replace(shown, **fields)


def decided(kind: str, link: Link | None, wanted: books.Entity | Hold | None, found: Found | None = None) -> Decision:
    decision = decide(STREAMS[kind], "rec_1", link, wanted, found or Found())
    assert decision.edit is None
    return decision


def kept(decision: Decision) -> Link:
    assert decision.link is not None
    return decision.link


def sent(decision: Decision) -> Update:
    """The update that was decided; what it offers is on the link before it goes."""
    operation = decision.operation
    assert isinstance(operation, Update), decision
    assert kept(decision).offered == operation.document
    return operation


def clear(document: books.Entity, **fields: Any) -> Found:
    return Found(Match(Candidate("42", "5", document)), **fields)


def doubtful(*documents: books.Entity) -> Match:
    return Match(doubtful=tuple(Candidate(str(50 + n), "0", one) for n, one in enumerate(documents)))


class TestNothingIsWanted:
    @pytest.mark.parametrize("kind", STREAMS)
    def test_what_was_never_there_is_nothing(self, kind: str) -> None:
        assert decided(kind, None, None) == Decision()

    @pytest.mark.parametrize("kind", STREAMS)
    def test_what_is_not_published_rests(self, kind: str) -> None:
        waiting = unpublished(kind, reason="X", message="x", since=NOON, refused="f", removed=True, retry=True)
        uncertain = replace(waiting, offered=BILL)
        assert decided(kind, uncertain, None) == Decision(unpublished(kind))

    @pytest.mark.parametrize("kind", [INVOICE, PAYMENT])
    def test_money_is_voided_as_we_saw_it(self, kind: str) -> None:
        link = published(kind, DOCUMENTS[kind])
        expected = Decision(replace(link, leaving=True), Delete(Key("rec_1", 3), "42", "5"))
        assert decided(kind, link, None) == expected

    @pytest.mark.parametrize("kind", [CLIENT, ITEM, TAX])
    def test_everything_else_stays_in_the_books_as_it_is(self, kind: str) -> None:
        link = published(kind, DOCUMENTS.get(kind, VAT), reason="X", message="x", retry=True)
        assert decided(kind, link, None) == Decision(replace(link, reason=None, message=None, retry=False))


class TestHolds:
    @pytest.mark.parametrize("hold", [WAITS, BROKEN])
    @pytest.mark.parametrize("link", [None, unpublished(INVOICE), published(INVOICE, BILL)])
    def test_nothing_is_sent_and_the_hold_is_told_when_it_begins(self, hold: Hold, link: Link | None) -> None:
        decision = decided(INVOICE, link, hold)
        assert (decision.operation, decision.hold) == (None, hold)
        before = link or Link("invoices", "rec_1")
        assert decision.link == replace(before, reason=hold.code, message=hold.message, retry=True)

    def test_it_is_told_once(self) -> None:
        link = unpublished(INVOICE, reason=WAITS.code, message=WAITS.message, since=NOON, retry=True)
        assert decided(INVOICE, link, WAITS) == Decision(link)

    def test_another_sentence_is_news_that_is_as_old_as_its_code(self) -> None:
        link = unpublished(INVOICE, reason=WAITS.code, message="Its customer is a question.", since=NOON)
        decision = decided(INVOICE, link, WAITS)
        assert (decision.hold, kept(decision).since) == (WAITS, NOON)

    def test_another_code_holds_since_now(self) -> None:
        link = unpublished(INVOICE, reason=BROKEN.code, message=BROKEN.message, since=NOON)
        decision = decided(INVOICE, link, WAITS)
        assert (decision.hold, kept(decision).since) == (WAITS, None)

    def test_once_it_is_over_the_record_is_posted(self) -> None:
        link = unpublished(INVOICE, reason=WAITS.code, message=WAITS.message, since=NOON, retry=True)
        decision = decided(INVOICE, link, BILL)
        assert isinstance(decision.operation, Create)
        assert (kept(decision).reason, kept(decision).since) == (None, None)


class TestNew:
    @pytest.mark.parametrize("kind", DOCUMENTS)
    def test_what_is_not_there_is_made(self, kind: str) -> None:
        wanted = DOCUMENTS[kind]
        expected = Link(STREAMS[kind].name, "rec_1", offered=wanted)
        assert decided(kind, None, wanted) == Decision(expected, Create(Key("rec_1", 0), wanted))

    @pytest.mark.parametrize("kind", DOCUMENTS)
    @pytest.mark.parametrize("match", [Match(), Match(Candidate("42", "5", ADA)), doubtful(BILL)])
    def test_what_was_sent_and_never_answered_is_looked_up_by_its_key_whatever_else_is_there(
        self, kind: str, match: Match
    ) -> None:
        wanted = DOCUMENTS[kind]
        link = unpublished(kind, offered=wanted, retry=True)
        decision = decided(kind, link, wanted, Found(match))
        assert decision.operation == Create(Key("rec_1", 3), wanted, uncertain=True)

    @pytest.mark.parametrize("kind", DOCUMENTS)
    def test_what_was_refused_is_not_offered_again_until_it_changes(self, kind: str) -> None:
        wanted = DOCUMENTS[kind]
        link = unpublished(kind, refused=wanted.fingerprint(), reason="X", message="x", retry=True, removed=True)
        assert decided(kind, link, wanted) == Decision(replace(link, retry=False, removed=False))
        link = replace(link, refused="something else")
        assert isinstance(decided(kind, replace(link, removed=False), wanted).operation, Create)


class TestAdoption:
    def test_what_is_clearly_the_same_is_taken_as_ours_without_a_request(self) -> None:
        decision = decided(CLIENT, None, ADA, clear(ADA))
        assert (decision.operation, decision.conflict, decision.hold) == (None, None, None)
        link = kept(decision)
        assert (link.published, link.remote_id, link.version, link.agreed) == (True, "42", "5", ADA)
        assert not link.pending

    def test_blanks_are_filled_and_what_somebody_wrote_stays(self) -> None:
        theirs = Customer("A. Lovelace", phone="555 999 0000", email="ada@example.com")
        update = sent(decided(CLIENT, None, ADA, clear(theirs)))
        assert update.document == replace(theirs, given="Ada", family="Lovelace")
        assert (update.before, update.wanted, update.version) == (theirs, ADA, "5")

    def test_what_the_books_wrote_differently_is_never_overwritten_later_either(self) -> None:
        theirs = Customer("A. Lovelace", "Augusta", "King", email="ada@example.com", phone="1")
        link = kept(decided(CLIENT, None, ADA, clear(theirs)))
        assert decided(CLIENT, link, ADA).operation is None
        moved = replace(ADA, phone="555 777 8888")
        assert sent(decided(CLIENT, link, moved)).document == replace(theirs, phone="555 777 8888")

    @pytest.mark.parametrize(("kind", "document"), [(CLIENT, ADA), (ITEM, BOILER)])
    def test_an_inactive_one_is_made_active(self, kind: str, document: Customer | Item) -> None:
        asleep = replace(document, active=False)
        update = sent(decided(kind, None, document, clear(asleep)))
        assert (update.before, update.document) == (asleep, document)

    @pytest.mark.parametrize(("kind", "document"), [(CLIENT, ADA), (ITEM, BOILER)])
    def test_one_that_a_bookkeeper_made_inactive_later_stays_so(self, kind: str, document: Customer | Item) -> None:
        link = published(kind, document, seen=replace(document, active=False))
        decision = decided(kind, link, document)
        assert decision.operation is None
        assert kept(decision).agreed == replace(document, active=False)

    def test_an_invoice_of_that_number_customer_and_total_is_ours(self) -> None:
        decision = decided(INVOICE, None, BILL, clear(replace(BILL, memo="Net 30")))
        assert decision.operation is None
        assert kept(decision).remote_id == "42"

    def test_a_persons_choice_counts_before_what_looks_clear(self) -> None:
        found = replace(clear(ADA), chosen=Candidate("77", "2", ADA))
        assert kept(decided(CLIENT, None, ADA, found)).remote_id == "77"


class TestDoubt:
    def test_a_person_is_asked_once_which_customer_it_is(self) -> None:
        found = Found(doubtful(ADA, ADA))
        decision = decided(CLIENT, None, ADA, found)
        assert decision.operation is None
        assert decision.hold is not None
        assert (decision.hold.code, decision.hold.failed) == (MATCH_NEEDED, False)
        assert decided(CLIENT, kept(decision), ADA, found) == Decision(kept(decision))

    @pytest.mark.parametrize("words", [{"made_new": True}, {"asks": False}])
    def test_nobody_is_asked_who_answered_or_wants_no_questions(self, words: dict[str, bool]) -> None:
        decision = decided(CLIENT, None, ADA, Found(doubtful(ADA, ADA), **words))
        assert isinstance(decision.operation, Create)

    def test_a_second_invoice_of_one_number_is_not_posted(self) -> None:
        decision = decided(INVOICE, None, BILL, Found(doubtful(DEARER)))
        assert decision.operation is None
        assert decision.hold is not None
        assert (decision.hold.code, decision.hold.failed) == (NUMBER_TAKEN, True)
        assert "INV-1" in decision.hold.message
        assert "120.00" in decision.hold.message

    @pytest.mark.parametrize(("kind", "document"), [(ITEM, BOILER), (PAYMENT, MONEY)])
    def test_of_other_kinds_nobody_is_asked(self, kind: str, document: books.Entity) -> None:
        decision = decided(kind, None, document, Found(doubtful(document)))
        assert isinstance(decision.operation, Create)


class TestWithdrawn:
    """Voided or deleted in the books by somebody there."""

    @pytest.mark.parametrize("kind", [CLIENT, ITEM, INVOICE])
    def test_what_was_deleted_is_put_back_twice_under_a_new_key_and_then_flagged(self, kind: str) -> None:
        link, wanted = published(kind, DOCUMENTS[kind]), DOCUMENTS[kind]
        for time in range(MOST_RESTORES):
            decision = decided(kind, link.vanished(), wanted)
            assert decision.operation == Create(Key("rec_1", 4 + time), wanted)
            link = after(kept(decision), decision.operation, Done("43", "0"))
            assert link.published
        self.assert_given_up(decided(kind, link.vanished(), wanted), wanted)

    @pytest.mark.parametrize("kind", [INVOICE, PAYMENT])
    def test_what_was_voided_is_never_put_back(self, kind: str) -> None:
        link = published(kind, DOCUMENTS[kind]).vanished(voided=True)
        self.assert_given_up(decided(kind, link, DOCUMENTS[kind]), DOCUMENTS[kind])

    def test_a_payment_that_was_deleted_is_not_put_back(self) -> None:
        self.assert_given_up(decided(PAYMENT, published(PAYMENT, MONEY).vanished(), MONEY), MONEY)

    def test_it_is_posted_again_once_it_changes_at_the_source(self) -> None:
        link = kept(decided(INVOICE, published(INVOICE, BILL).vanished(voided=True), BILL))
        assert decided(INVOICE, link, BILL).operation is None
        assert decided(INVOICE, link, DEARER).operation == Create(Key("rec_1", 4), DEARER)

    def assert_given_up(self, decision: Decision, wanted: books.Entity) -> None:
        assert decision.operation is None
        assert decision.conflict == (DELETED_AT_PROVIDER, WITHDRAWN)
        link = kept(decision)
        assert (link.refused, link.reason, link.removed) == (wanted.fingerprint(), DELETED_AT_PROVIDER, False)
        assert not link.pending


GROUPS: list[tuple[str, books.Entity, dict[str, Any], dict[str, Any]]] = [
    (CLIENT, ADA, {"name": "Countess Ada"}, {"name": "Ada King"}),
    (CLIENT, ADA, {"given": "Augusta"}, {"given": "A."}),
    (CLIENT, ADA, {"family": "King"}, {"family": "Byron"}),
    (CLIENT, ADA, {"company": "Engines"}, {"company": "Looms"}),
    (CLIENT, ADA, {"email": "ada@new.example"}, {"email": "ada@old.example"}),
    (CLIENT, ADA, {"phone": "1"}, {"phone": "2"}),
    (CLIENT, ADA, {"address": Address(city="Boston")}, {"address": Address(city="Salem")}),
    (ITEM, BOILER, {"name": "Boiler"}, {"name": "Boilers"}),
    (ITEM, BOILER, {"description": "Monthly"}, {"description": "Weekly"}),
    (ITEM, BOILER, {"price": D(110)}, {"price": D(90)}),
    (ITEM, BOILER, {"income_account": "80"}, {"income_account": "81"}),
    (ITEM, BOILER, {"sku": "B-1"}, {"sku": "B-2"}),
    (INVOICE, BILL, {"customer": "8"}, {"customer": "9"}),
    (INVOICE, BILL, {"number": "INV-2"}, {"number": "1001"}),
    (INVOICE, BILL, {"issued": date(2026, 5, 3)}, {"issued": date(2026, 5, 4)}),
    (INVOICE, BILL, {"due": date(2026, 6, 3)}, {"due": date(2026, 6, 4)}),
    (INVOICE, BILL, {"memo": "Thanks"}, {"memo": "Net 30"}),
    (INVOICE, BILL, {"lines": DEARER.lines, "total": D(120)}, {"lines": (LINE, LINE), "total": D(200)}),
    (PAYMENT, MONEY, {"paid_on": date(2026, 5, 3)}, {"paid_on": date(2026, 5, 4)}),
    (PAYMENT, MONEY, {"reference": "13"}, {"reference": "14"}),
    (PAYMENT, MONEY, {"amount": D(60), "parts": (Part("90", D(60)),)}, {"amount": D(70)}),
]


@pytest.mark.parametrize(
    ("kind", "base", "ours", "theirs"), GROUPS, ids=[f"{one[0]} {'+'.join(one[2])}" for one in GROUPS]
)
class TestMerge:
    """Three ways, group by group: what both agreed on, what the books show, what the source wants."""

    def test_what_the_source_changed_is_sent(self, kind: str, base: Any, ours: Any, theirs: Any) -> None:
        wanted = replace(base, **ours)
        update = sent(decided(kind, published(kind, base), wanted))
        assert update == Update(Key("rec_1", 3), "42", "5", wanted, before=base, wanted=wanted)

    def test_what_a_bookkeeper_changed_stays(self, kind: str, base: Any, ours: Any, theirs: Any) -> None:
        edited = replace(base, **theirs)
        decision = decided(kind, published(kind, base, seen=edited), base)
        assert decision.operation is None
        link = kept(decision)
        assert (link.agreed, link.seen, link.source) == (edited, None, base)
        assert decided(kind, link, base).operation is None

    def test_what_both_changed_to_the_same_is_agreed(self, kind: str, base: Any, ours: Any, theirs: Any) -> None:
        wanted = replace(base, **ours)
        decision = decided(kind, published(kind, base, seen=wanted), wanted)
        assert (decision.operation, decision.conflict) == (None, None)
        assert (kept(decision).agreed, kept(decision).source, kept(decision).reason) == (wanted, None, None)

    def test_what_both_changed_otherwise_stays_as_the_books_have_it_and_is_a_conflict(
        self, kind: str, base: Any, ours: Any, theirs: Any
    ) -> None:
        edited, wanted = replace(base, **theirs), replace(base, **ours)
        decision = decided(kind, published(kind, base, seen=edited), wanted)
        assert decision.operation is None
        assert decision.conflict is not None
        assert decision.conflict[0] == BOTH_CHANGED
        assert (kept(decision).agreed, kept(decision).source) == (edited, wanted)
        again = decided(kind, kept(decision).told(NOON), wanted)
        assert (again.operation, again.conflict) == (None, None)

    def test_a_conflict_goes_with_the_difference(self, kind: str, base: Any, ours: Any, theirs: Any) -> None:
        edited, wanted = replace(base, **theirs), replace(base, **ours)
        link = kept(decided(kind, published(kind, base, seen=edited), wanted))
        settled = decided(kind, link, edited)
        assert (settled.operation, settled.conflict) == (None, None)
        assert (kept(settled).reason, kept(settled).source) == (None, None)

    def test_what_the_source_changes_after_a_conflict_is_sent(
        self, kind: str, base: Any, ours: Any, theirs: Any
    ) -> None:
        edited, wanted = replace(base, **theirs), replace(base, **ours)
        link = kept(decided(kind, published(kind, base, seen=edited), wanted))
        assert sent(decided(kind, link, base)).document == base


class TestMergeOfSeveralGroups:
    def test_each_side_keeps_what_it_alone_changed(self) -> None:
        edited = replace(BILL, memo="Net 30", due=date(2026, 7, 1))
        update = sent(decided(INVOICE, published(INVOICE, BILL, seen=edited), DEARER))
        assert update.document == replace(DEARER, memo="Net 30", due=date(2026, 7, 1))
        assert (update.before, update.wanted) == (edited, DEARER)

    def test_after_it_was_sent_nothing_more_is(self) -> None:
        edited = replace(BILL, memo="Net 30")
        decision = decided(INVOICE, published(INVOICE, BILL, seen=edited), DEARER)
        link = after(kept(decision), sent(decision), Done("42", "6"))
        assert (link.agreed, link.source) == (replace(DEARER, memo="Net 30"), DEARER)
        assert decided(INVOICE, link, DEARER).operation is None

    def test_what_was_contested_is_told_with_what_is_sent_and_stands_after_it(self) -> None:
        edited = replace(BILL, memo="Net 30")
        wanted = replace(DEARER, memo="Thanks")
        decision = decided(INVOICE, published(INVOICE, BILL, seen=edited), wanted)
        assert sent(decision).document == replace(DEARER, memo="Net 30")
        assert decision.conflict is not None
        assert "memo" in decision.conflict[1]
        link = after(kept(decision), sent(decision), Done("42", "6"))
        assert link.reason == BOTH_CHANGED
        assert decided(INVOICE, link, wanted).conflict is None
        settled = decided(INVOICE, link, replace(wanted, memo="Net 30"))
        assert kept(settled).reason is None

    def test_a_conflict_goes_with_its_own_groups_whatever_else_differs(self) -> None:
        """The books gave the invoice a number of their own, which is no conflict."""
        unnumbered, theirs = replace(BILL, number=""), replace(BILL, number="1001", memo="Net 30")
        agreed = replace(BILL, number="1001")
        link = published(INVOICE, agreed, seen=theirs, source=unnumbered)
        contested = kept(decided(INVOICE, link, replace(unnumbered, memo="Thanks")))
        assert contested.reason == BOTH_CHANGED
        assert kept(decided(INVOICE, contested, replace(unnumbered, memo="Net 30"))).reason is None

    def test_a_conflict_names_its_groups(self) -> None:
        edited = replace(BILL, memo="Net 30", due=date(2026, 7, 1))
        wanted = replace(BILL, memo="Thanks", due=date(2026, 8, 1))
        decision = decided(INVOICE, published(INVOICE, BILL, seen=edited), wanted)
        expected = "Both sides changed the due and the memo; what the books say was kept."
        assert decision.conflict == (BOTH_CHANGED, expected)

    def test_a_refused_update_is_not_offered_again_until_something_changes(self) -> None:
        link = published(INVOICE, BILL, refused=DEARER.fingerprint(), reason="X", message="x", retry=True)
        assert decided(INVOICE, link, DEARER) == Decision(replace(link, retry=False))
        assert sent(decided(INVOICE, replace(link, seen=replace(BILL, memo="Net 30")), DEARER))


class TestMoneyThatDiffers:
    def edited(self) -> Decision:
        return decided(INVOICE, published(INVOICE, BILL, seen=DEARER), BILL)

    def test_it_is_told_once_and_stands(self) -> None:
        decision = self.edited()
        assert decision.conflict == (
            EDITED_AT_PROVIDER,
            "The books say 120.00, FieldCamp says 100.00, without tax; make them equal on one side.",
        )
        link = kept(decision).told(NOON)
        again = decided(INVOICE, link, BILL)
        assert (again.conflict, kept(again)) == (None, link)

    def test_another_amount_is_told_anew(self) -> None:
        link = replace(kept(self.edited()).told(NOON), seen=replace(DEARER, total=D(130)))
        decision = decided(INVOICE, link, BILL)
        assert decision.conflict is not None
        assert "130.00" in decision.conflict[1]
        assert kept(decision).since is None

    def test_it_goes_once_both_are_equal(self) -> None:
        link = kept(self.edited())
        back = decided(INVOICE, replace(link, seen=BILL), BILL)
        assert (back.operation, kept(back).reason) == (None, None)
        followed = decided(INVOICE, link, DEARER)
        assert (followed.operation, kept(followed).reason) == (None, None)

    def test_it_stands_while_something_else_is_sent(self) -> None:
        link = kept(self.edited()).told(NOON)
        decision = decided(INVOICE, link, replace(BILL, due=date(2026, 7, 1)))
        assert sent(decision).document == replace(DEARER, due=date(2026, 7, 1))
        assert decision.conflict is None
        done = after(kept(decision), sent(decision), Done("42", "6"))
        assert (done.reason, done.since) == (EDITED_AT_PROVIDER, NOON)

    def test_a_cent_of_tax_does_not_count(self) -> None:
        taxed = replace(BILL, tax=D("0.01"), total=D("100.01"))
        decision = decided(INVOICE, published(INVOICE, BILL, seen=taxed), BILL)
        assert (decision.conflict, kept(decision).reason) == (None, None)

    def test_a_payment_differs_by_its_amount(self) -> None:
        decision = decided(PAYMENT, published(PAYMENT, MONEY, seen=replace(MONEY, amount=D(90))), MONEY)
        assert decision.conflict is not None
        assert decision.conflict[0] == EDITED_AT_PROVIDER

    def test_a_customer_has_no_money(self) -> None:
        decision = decided(CLIENT, published(CLIENT, ADA, seen=replace(ADA, phone="1")), ADA)
        assert decision.conflict is None


class TestTaxes:
    def test_one_without_a_counterpart_is_held(self) -> None:
        decision = decided(TAX, None, VAT)
        assert (decision.operation, kept(decision).published) == (None, False)
        assert decision.hold is not None
        assert (decision.hold.code, decision.hold.failed) == (NO_TAX_CODE, False)

    def test_it_points_at_its_code(self) -> None:
        decision = decided(TAX, None, VAT, clear(VAT))
        assert (decision.operation, decision.hold) == (None, None)
        assert (kept(decision).published, kept(decision).remote_id, kept(decision).agreed) == (True, "42", VAT)

    def test_and_at_another_one_once_the_rates_differ(self) -> None:
        link = published(TAX, VAT)
        lower = TaxCode("Reduced", D("0.05"))
        found = Found(Match(Candidate("6", "1", lower)))
        decision = decided(TAX, link, replace(lower, name="VAT"), found)
        assert decision.operation is None
        assert (kept(decision).remote_id, kept(decision).version, kept(decision).agreed) == ("6", "1", lower)

    def test_once_its_code_is_gone_it_points_at_nothing(self) -> None:
        decision = decided(TAX, published(TAX, VAT), VAT)
        link = kept(decision)
        assert (link.published, link.remote_id, link.agreed) == (False, None, None)
        assert decision.hold is not None
        assert decision.hold.code == NO_TAX_CODE

    def test_a_code_that_came_back_is_taken_again(self) -> None:
        removed = published(TAX, VAT).vanished()
        for link in (removed, replace(removed, restored=MOST_RESTORES)):
            assert kept(decided(TAX, link, VAT, clear(VAT))).published


class TestOutcomes:
    """What becomes of a link after its operation."""

    def link(self, kind: str = INVOICE, **fields: Any) -> Link:
        return unpublished(kind, offered=DOCUMENTS[kind], **fields)

    def create(self, kind: str = INVOICE, **fields: Any) -> Create:
        return Create(Key("rec_1", 3), DOCUMENTS[kind], **fields)

    def test_what_was_made_shows_what_was_sent(self) -> None:
        link = after(self.link(), self.create(), Done("42", "0"))
        assert link == published(INVOICE, BILL, version="0")

    def test_what_the_books_made_of_it_is_agreed_and_what_was_wanted_is_remembered(self) -> None:
        shown = replace(BILL, tax=D("8.01"), total=D("108.01"))
        link = after(self.link(), self.create(), Done("42", "0", shown, ("tax_variance", "...")))
        assert (link.agreed, link.source) == (shown, BILL)
        assert decided(INVOICE, link, BILL).operation is None

    def test_our_own_that_was_found_with_older_content_is_brought_up_to_date(self) -> None:
        link = after(self.link(), self.create(uncertain=True), Done("42", "0", DEARER, found=True))
        assert (link.agreed, link.source, link.retry) == (DEARER, None, True)
        assert sent(decided(INVOICE, link, BILL)).document == BILL

    def test_somebodys_customer_that_was_found_keeps_what_it_has(self) -> None:
        theirs = replace(ADA, phone="1", email="")
        link = after(self.link(CLIENT), self.create(CLIENT), Done("42", "0", theirs, found=True))
        assert link.retry
        assert sent(decided(CLIENT, link, ADA)).document == replace(ADA, phone="1")

    def test_an_update_remembers_what_the_source_wanted(self) -> None:
        merged = replace(DEARER, memo="Net 30")
        link = published(INVOICE, BILL, seen=replace(BILL, memo="Net 30"), offered=merged)
        operation = Update(link.key, "42", "5", merged, before=link.seen, wanted=DEARER)
        assert after(link, operation, Done("42", "6")) == published(INVOICE, merged, version="6", source=DEARER)

    def test_what_was_voided_needs_a_new_key(self) -> None:
        link = published(INVOICE, BILL, leaving=True)
        gone = after(link, Delete(link.key, "42", "5"), Done("42", "6"))
        assert (gone.published, gone.generation, gone.removed) == (False, 4, False)

    def test_a_lost_answer_leaves_the_offer(self) -> None:
        link = after(self.link(), self.create(), Failed(Uncertain("?")))
        assert (link.offered, link.retry) == (BILL, True)

    @pytest.mark.parametrize("error", [Transient("away"), VersionConflict("stale")])
    def test_what_failed_for_now_is_tried_again(self, error: Any) -> None:
        first = after(self.link(), self.create(), Failed(error))
        assert (first.offered, first.retry) == (None, True)
        doubt = after(self.link(), self.create(uncertain=True), Failed(error))
        assert (doubt.offered, doubt.retry) == (BILL, True)

    @pytest.mark.parametrize("error", [Rejected("no", code="6000"), NotConnected("no")])
    def test_what_was_refused_is_remembered_by_its_content(self, error: Any) -> None:
        link = after(self.link(), self.create(), Failed(error))
        assert (link.refused, link.reason, link.message) == (BILL.fingerprint(), error.code, error.message)
        assert not link.retry

    def test_a_void_that_was_refused_leaves_the_invoice_published(self) -> None:
        link = published(INVOICE, BILL, leaving=True)
        kept_on = after(link, Delete(link.key, "42", "5"), Failed(Rejected("closed")))
        assert (kept_on.published, kept_on.leaving, kept_on.refused, kept_on.message) == (True, False, None, "closed")

    def test_what_is_gone_is_posted_anew_with_the_next_look(self) -> None:
        link = published(INVOICE, BILL, offered=DEARER)
        operation: Operation = Update(link.key, "42", "5", DEARER)
        gone = after(link, operation, Failed(Gone("deleted")))
        assert (gone.published, gone.generation, gone.removed, gone.retry) == (False, 4, True, True)
