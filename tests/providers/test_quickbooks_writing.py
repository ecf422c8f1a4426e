"""Writing the books: names that are taken, money that must not double, voids, and totals that differ."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.providers.books_suite import by_id, ids, read
from tests.providers.quickbooks import ADA, BOILER, REALM, Company, invoice, line, payment, served_company
from tests.providers.suite import done, error
from worker.core.books import AUTOMATED, BY_LINE, MANUAL, Customer, Entity, Invoice, Item
from worker.core.errors import ConnectionRevoked, Gone, RateLimited, Rejected, Uncertain, VersionConflict
from worker.core.ports import Create, Delete, Done, Failed, Key, Outcome, Stream, Update
from worker.providers.quickbooks import QuickBooksOnline
from worker.providers.quickbooks.entities import CUSTOMER, INVOICE_, ITEM_, PAYMENT_
from worker.providers.quickbooks.keys import note_with

CUSTOMERS, ITEMS, INVOICES, PAYMENTS = CUSTOMER.stream, ITEM_.stream, INVOICE_.stream, PAYMENT_.stream
OTHER_ADA = replace(ADA, email="other@example.com")


@pytest.fixture
def company() -> Iterator[Company]:
    with served_company() as served:
        yield served


@pytest.fixture
def provider(company: Company) -> QuickBooksOnline:
    return company.open()


def create(
    provider: QuickBooksOnline, stream: Stream, *documents: Entity, uncertain: bool = False
) -> Sequence[Outcome]:
    """New ones, with keys n0, n1, …"""
    return provider.apply(stream, [Create(Key(f"n{place}"), one, uncertain) for place, one in enumerate(documents)])


def name_of(outcome: Outcome, wanted: Customer | Item) -> str:
    shown = done(outcome).document or wanted
    assert isinstance(shown, Customer | Item)
    return shown.name


def started(provider: QuickBooksOnline) -> None:
    """Customer 1 and item 1 are there."""
    create(provider, CUSTOMERS, ADA)
    create(provider, ITEMS, BOILER)


def billed(provider: QuickBooksOnline, **fields: Any) -> Done:
    """An invoice of ours over 100.00."""
    started(provider)
    return done(create(provider, INVOICES, invoice("1", line("1"), **{"number": "1", **fields}))[0])


class TestNamesThatAreTaken:
    """Lesson 25: found, adopted or suffixed; never a dead end."""

    @pytest.mark.parametrize("entity", ["Vendor", "Employee"])
    def test_a_name_that_somebody_of_another_list_has_gets_a_number(
        self, provider: QuickBooksOnline, company: Company, entity: str
    ) -> None:
        company.simulator.add(REALM, entity, DisplayName="ADA Lovelace", PrimaryEmailAddr={"Address": ADA.email})
        [outcome] = create(provider, CUSTOMERS, ADA)
        assert done(outcome).document == replace(ADA, name="Ada Lovelace (2)")
        assert not done(outcome).found

    def test_a_customer_with_the_same_address_is_adopted_as_it_is(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        mail = {"Address": ADA.email.upper()}
        there = company.simulator.add_customer(REALM, ADA.name, PrimaryEmailAddr=mail, Notes="Good payer")
        [outcome] = create(provider, CUSTOMERS, ADA)
        adopted = done(outcome)
        assert (adopted.remote_id, adopted.version, adopted.found) == (there["Id"], "0", True)
        assert adopted.document == Customer(ADA.name, email=ADA.email.upper())
        assert company.object("Customer", there["Id"]) == there

    def test_a_customer_with_the_same_name_and_another_address_is_somebody_else(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        company.simulator.add_customer(REALM, ADA.name, PrimaryEmailAddr={"Address": OTHER_ADA.email})
        [outcome] = create(provider, CUSTOMERS, ADA)
        assert name_of(outcome, ADA) == "Ada Lovelace (2)"
        assert len(company.objects("Customer")) == 2

    def test_an_inactive_customer_that_is_meant_is_made_active(self, company: Company) -> None:
        provider = company.open(deleted_suffix=False)
        [made] = create(provider, CUSTOMERS, ADA)
        company.simulator.deactivate(REALM, "Customer", done(made).remote_id)
        [outcome] = create(company.connected(), CUSTOMERS, ADA)
        assert (done(outcome).remote_id, done(outcome).document) == (done(made).remote_id, ADA)
        assert [one["Active"] for one in company.objects("Customer")] == [True]

    def test_several_of_one_name_in_one_call_become_several(self, provider: QuickBooksOnline, company: Company) -> None:
        wanted = [replace(ADA, email=f"{one}@example.com") for one in range(5)]
        outcomes = create(provider, CUSTOMERS, *wanted)
        names = {name_of(one, ADA) for one in outcomes}
        assert names == {"Ada Lovelace", *(f"Ada Lovelace ({number})" for number in range(2, 6))}
        assert len(set(ids(outcomes))) == len(company.objects("Customer")) == 5
        assert company.requests() == ["batch", "query", "query", "query", "batch"]

    def test_two_that_look_the_same_in_one_call_do_not_become_one(self, provider: QuickBooksOnline) -> None:
        assert len(set(ids(create(provider, CUSTOMERS, ADA, ADA)))) == 2

    def test_a_long_name_gets_its_number_within_the_limit(self, provider: QuickBooksOnline, company: Company) -> None:
        long = replace(ADA, name="x" * 100)
        company.simulator.add_vendor(REALM, long.name)
        [outcome] = create(provider, CUSTOMERS, long)
        assert name_of(outcome, long) == "x" * 96 + " (2)"

    def test_names_are_tried_until_one_is_free(self, provider: QuickBooksOnline, company: Company) -> None:
        for name in (ADA.name, *(f"{ADA.name} ({number})" for number in range(2, 15))):
            company.simulator.add_vendor(REALM, name)
        [outcome] = create(provider, CUSTOMERS, ADA)
        assert name_of(outcome, ADA) == "Ada Lovelace (15)"

    def test_where_all_are_taken_a_person_is_told(self, provider: QuickBooksOnline, company: Company) -> None:
        for name in (ADA.name, *(f"{ADA.name} ({number})" for number in range(2, 90))):
            company.simulator.add_vendor(REALM, name)
        [outcome] = create(provider, CUSTOMERS, ADA)
        assert isinstance(error(outcome), Rejected)
        assert company.objects("Customer") == []

    def test_an_item_of_the_name_is_adopted_and_made_active(self, company: Company) -> None:
        provider = company.open(deleted_suffix=False)
        income = {"value": "80"}
        there = company.simulator.add(
            REALM, "Item", Name="BOILER service", Type="NonInventory", IncomeAccountRef=income
        )
        company.simulator.deactivate(REALM, "Item", there["Id"])
        [outcome] = create(provider, ITEMS, BOILER)
        adopted = done(outcome)
        assert (adopted.remote_id, adopted.found) == (there["Id"], True)
        assert isinstance(adopted.document, Item)
        assert (adopted.document.kind, adopted.document.income_account) == ("NonInventory", "80")
        assert adopted.document.active

    def test_a_category_of_the_name_is_no_item(self, provider: QuickBooksOnline, company: Company) -> None:
        company.simulator.add(REALM, "Item", Name=BOILER.name, Type="Category")
        [outcome] = create(provider, ITEMS, BOILER)
        assert name_of(outcome, BOILER) == "Boiler service (2)"

    def test_a_changed_name_that_is_taken_gets_a_number_too(self, provider: QuickBooksOnline, company: Company) -> None:
        company.simulator.add_vendor(REALM, "Ada King")
        [made] = map(done, create(provider, CUSTOMERS, ADA))
        wanted = replace(ADA, name="Ada King", phone="555 0199")
        [outcome] = provider.apply(CUSTOMERS, [Update(Key("n0"), made.remote_id, "0", wanted, before=ADA)])
        assert done(outcome).document == replace(wanted, name="Ada King (2)")
        [seen] = read(provider, CUSTOMERS)[0]
        assert seen.document == done(outcome).document

    def test_what_the_books_have_of_another_is_never_adopted_by_an_update(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        company.simulator.add_customer(REALM, "Ada King", PrimaryEmailAddr={"Address": ADA.email})
        [made] = map(done, create(provider, CUSTOMERS, ADA))
        wanted = replace(ADA, name="Ada King")
        [outcome] = provider.apply(CUSTOMERS, [Update(Key("n0"), made.remote_id, "0", wanted, before=ADA)])
        assert done(outcome).remote_id == made.remote_id
        assert name_of(outcome, wanted) == "Ada King (2)"

    def test_a_lost_answer_is_found_under_the_name_with_the_number(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        company.simulator.add_vendor(REALM, ADA.name)
        company.fault(operation="batch", drop="after", reset=True, skip=1)
        assert isinstance(error(create(provider, CUSTOMERS, ADA)[0]), Uncertain)
        [there] = company.objects("Customer")
        asked = len(company.requests())
        [outcome] = create(provider, CUSTOMERS, ADA, uncertain=True)
        assert (done(outcome).remote_id, done(outcome).found) == (there["Id"], True)
        assert set(company.requests()[asked:]) == {"query"}

    def test_where_it_cannot_be_found_out_nothing_is_sent(self, provider: QuickBooksOnline, company: Company) -> None:
        company.fault(operation="query", status=500, times=None)
        assert isinstance(create(provider, CUSTOMERS, ADA, uncertain=True)[0], Failed)
        assert company.objects("Customer") == []

    def test_a_name_with_quotes_is_looked_up_as_it_is(self, provider: QuickBooksOnline, company: Company) -> None:
        wanted = Customer('O\'Brien \\ "Sons"', email="o@example.com")
        company.lose_answers("batch")
        assert isinstance(error(create(provider, CUSTOMERS, wanted)[0]), Uncertain)
        [again] = create(provider, CUSTOMERS, wanted, uncertain=True)
        assert [customer["Id"] for customer in company.objects("Customer")] == [done(again).remote_id]


class TestMoneyIsNeverMadeTwice:
    def test_what_is_in_doubt_is_found_by_its_key_and_nothing_is_sent(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        """Lesson 6."""
        started(provider)
        wanted = invoice("1", line("1"), number="1")
        company.lose_answers("invoice.create")
        assert isinstance(error(create(provider, INVOICES, wanted)[0]), Uncertain)
        asked = len(company.requests())
        [outcome] = create(provider, INVOICES, wanted, uncertain=True)
        assert (done(outcome).found, done(outcome).document) == (True, wanted)
        assert company.requests()[asked:] == ["query"]
        assert len(company.objects("Invoice")) == 1

    def test_it_is_found_after_people_changed_its_number(self, provider: QuickBooksOnline, company: Company) -> None:
        made = billed(provider)
        company.simulator.edit_invoice(REALM, made.remote_id, DocNumber="Changed")
        [outcome] = create(provider, INVOICES, invoice("1", line("1"), number="1"), uncertain=True)
        found = done(outcome)
        assert (found.remote_id, found.version) == (made.remote_id, "1")
        assert isinstance(found.document, Invoice)
        assert found.document.number == "Changed"

    def test_it_is_found_among_more_than_a_page_of_the_same_customer(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        started(provider)
        [made] = create(provider, PAYMENTS, payment("1", "5.00"))
        for _ in range(1001):
            company.simulator.record_payment(REALM, "1", "1.00")
        [outcome] = create(provider, PAYMENTS, payment("1", "5.00"), uncertain=True)
        assert done(outcome).remote_id == done(made).remote_id

    def test_an_object_with_another_generation_of_the_key_is_not_it(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        made = billed(provider)
        other = Create(Key("n0", 1), invoice("1", line("1"), number="2"), uncertain=True)
        [outcome] = provider.apply(INVOICES, [other])
        assert done(outcome).remote_id != made.remote_id
        assert not done(outcome).found

    def test_created_deleted_there_and_posted_again_is_a_new_invoice(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        """Lesson 7: not a replay of the old answer."""
        made = billed(provider)
        company.simulator.delete(REALM, "Invoice", made.remote_id)
        [outcome] = provider.apply(INVOICES, [Create(Key("n0", 1), invoice("1", line("1"), number="1"))])
        assert done(outcome).remote_id != made.remote_id
        assert [one["Id"] for one in company.objects("Invoice")] == [done(outcome).remote_id]

    def test_what_was_voided_before_anybody_knew_of_it_is_gone(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        made = billed(provider)
        company.simulator.void(REALM, "Invoice", made.remote_id)
        [outcome] = create(provider, INVOICES, invoice("1", line("1"), number="1"), uncertain=True)
        assert isinstance(error(outcome), Gone)
        assert len(company.objects("Invoice")) == 1

    def test_the_same_request_sent_again_makes_no_second_one(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        started(provider)
        wanted = payment("1", "5.00")
        first, second = (done(create(provider, PAYMENTS, wanted)[0]) for _ in range(2))
        assert first.remote_id == second.remote_id
        assert len(company.objects("Payment")) == 1
        assert company.simulator.counters()["replays"] == 1

    def test_each_has_a_request_id_of_its_own_and_our_key(self, provider: QuickBooksOnline, company: Company) -> None:
        started(provider)
        create(provider, INVOICES, *(invoice("1", line("1"), number=str(one)) for one in range(9)))
        told = [one.query["requestid"][0] for one in company.sent("invoice")]
        assert len(set(told)) == 9
        assert max(map(len, told)) <= 50
        assert {one["PrivateNote"] for one in company.objects("Invoice")} == {
            note_with(Key(f"n{one}")) for one in range(9)
        }

    def test_a_refusal_that_is_told_again_does_not_outlive_its_cause(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        started(provider)
        company.simulator.deactivate(REALM, "Customer", "1")
        wanted = invoice("1", line("1"), number="1")
        [refused] = create(provider, INVOICES, wanted)
        assert isinstance(error(refused), Rejected)
        assert "active again in QuickBooks" in str(error(refused))
        company.simulator.edit(REALM, "Customer", "1", Active=True)
        assert done(create(provider, INVOICES, wanted)[0])
        assert len(company.objects("Invoice")) == 1

    def test_a_number_that_another_invoice_has_is_refused_by_its_name(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        billed(provider)
        [outcome] = provider.apply(INVOICES, [Create(Key("other"), invoice("1", line("1"), number="1"))])
        refusal = error(outcome)
        assert isinstance(refusal, Rejected)
        assert refusal.code == "DUPLICATE_NUMBER"
        assert len(company.objects("Invoice")) == 1


class TestTotals:
    def test_a_cent_of_automated_tax_is_a_variance_and_no_failure(self, company: Company) -> None:
        """Lesson 26."""
        provider = company.open("us_ast", ast_overrides_totals=True)
        started(provider)
        wanted = invoice("1", line("1", code="TAX"), tax="7.74", regime=AUTOMATED, number="1")
        [outcome] = create(provider, INVOICES, wanted)
        words = "QuickBooks' sales tax makes this 107.75, FieldCamp says 107.74."
        assert done(outcome).note == ("tax_variance", words)
        shown = replace(wanted, tax=Decimal("7.75"), total=Decimal("107.75"))
        assert done(outcome).document == shown
        [seen] = read(provider, INVOICES)[0]
        assert seen.document == shown, "the echo is no edit"

    @pytest.mark.parametrize(
        ("preset", "regime", "code", "tax", "named"),
        [
            ("us_ast", AUTOMATED, "TAX", "8.25", {}),
            ("us_manual", MANUAL, "TAX", "8.00", {"tax_code": "2"}),
            ("global", BY_LINE, "2", "20.00", {}),
        ],
    )
    def test_an_update_of_the_amounts_has_its_tax_reckoned_anew(
        self, company: Company, preset: str, regime: str, code: str, tax: str, named: dict[str, str]
    ) -> None:
        provider = company.open(preset)
        started(provider)
        before = invoice("1", line("1", code=code), tax=tax, regime=regime, number="1", **named)
        [made] = map(done, create(provider, INVOICES, before))
        assert (made.document, made.note) == (None, None)
        twice = line("1", quantity="2", code=code)
        after = invoice("1", twice, tax=str(Decimal(tax) * 2), regime=regime, number="1", **named)
        [outcome] = provider.apply(INVOICES, [Update(Key("n0"), made.remote_id, "0", after, before=before)])
        assert (done(outcome).document, done(outcome).note) == (None, None)
        assert company.objects("Invoice")[0]["TotalAmt"] == str(after.total)

    def test_numbers_and_dates_that_quickbooks_gives_are_told(self, company: Company) -> None:
        provider = company.open(custom_numbers=False)
        started(provider)
        wanted = invoice("1", line("1"), due=None)
        [outcome] = create(provider, INVOICES, wanted)
        shown = done(outcome).document
        assert isinstance(shown, Invoice)
        assert shown.number
        assert shown.due
        assert replace(shown, number="", due=None) == wanted
        assert done(outcome).note is None

    def test_nobody_is_mailed_and_no_address_is_on_an_invoice(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        billed(provider)
        assert [one["EmailStatus"] for one in company.objects("Invoice")] == ["NotSet"]
        assert "Email" not in "".join(one.text for one in company.sent("invoice"))


class TestUpdates:
    def test_thirty_updates_are_one_request(self, provider: QuickBooksOnline, company: Company) -> None:
        wanted = [Customer(f"Customer {number}") for number in range(30)]
        made = ids(create(provider, CUSTOMERS, *wanted))
        asked = len(company.requests())
        updates = [
            Update(Key(f"n{place}"), made[place], "0", replace(one, phone="1"), before=one)
            for place, one in enumerate(wanted)
        ]
        outcomes = provider.apply(CUSTOMERS, updates)
        assert [done(one).remote_id for one in outcomes] == made
        assert company.requests()[asked:] == ["batch"]

    def test_a_bookkeepers_fields_stay(self, provider: QuickBooksOnline, company: Company) -> None:
        made = billed(provider, memo="Old")
        before = invoice("1", line("1"), number="1", memo="Old")
        theirs = {"ShipDate": "2026-06-03", "PrivateNote": f"{note_with(Key('n0'))}\nCall first"}
        company.simulator.edit_invoice(REALM, made.remote_id, **theirs)
        update = Update(Key("n0"), made.remote_id, "1", replace(before, memo="New"), before=before)
        assert done(provider.apply(INVOICES, [update])[0]).version == "2"
        body = company.object("Invoice", made.remote_id)
        assert {name: body[name] for name in theirs} == theirs
        assert body["CustomerMemo"] == {"value": "New"}
        assert read(provider, INVOICES)[0][0].key == Key("n0")

    def test_an_inactive_customer_that_is_needed_again_is_made_active(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        [made] = map(done, create(provider, CUSTOMERS, ADA))
        company.simulator.deactivate(REALM, "Customer", made.remote_id)
        [seen] = read(provider, CUSTOMERS)[0]
        assert isinstance(seen.document, Customer)
        update = Update(Key("n0"), made.remote_id, seen.version, ADA, before=seen.document)
        assert done(provider.apply(CUSTOMERS, [update])[0]).document is None
        assert read(provider, CUSTOMERS)[0][0].document == ADA

    def test_what_an_update_names_may_be_inactive_and_then_it_is_refused_in_words(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        made = billed(provider)
        company.simulator.deactivate(REALM, "Item", "1")
        before = invoice("1", line("1"), number="1")
        update = Update(Key("n0"), made.remote_id, "0", invoice("1", line("1", "5"), number="1"), before=before)
        [outcome] = provider.apply(INVOICES, [update])
        assert isinstance(error(outcome), Rejected)
        assert "active again" in str(error(outcome))

    def test_a_part_of_a_batch_that_fails_does_not_stop_the_others(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        company.fault(parts=True, part_index=1, status=500, reason="10000")
        wanted = [Customer(f"Customer {number}") for number in range(3)]
        one, lost, other = create(provider, CUSTOMERS, *wanted)
        assert isinstance(error(lost), Uncertain), "it may have been carried out"
        assert len({done(one).remote_id, done(other).remote_id}) == 2


class TestVoids:
    def test_invoices_are_voided_in_one_request_and_stay(self, provider: QuickBooksOnline, company: Company) -> None:
        started(provider)
        made = ids(create(provider, INVOICES, *(invoice("1", line("1"), number=str(one)) for one in range(3))))
        asked = len(company.requests())
        outcomes = provider.apply(INVOICES, [Delete(Key(f"n{one}"), made[one], "0") for one in range(3)])
        assert ids(outcomes) == made
        assert company.requests()[asked:] == ["batch"]
        assert {(one["TotalAmt"], one["PrivateNote"][:6]) for one in company.objects("Invoice")} == {("0.00", "Voided")}

    def test_a_payment_is_voided_and_its_invoice_is_open_again(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        made = billed(provider)
        [paid] = map(done, create(provider, PAYMENTS, payment("1", "40.00", (made.remote_id, "40.00"))))
        [outcome] = provider.apply(PAYMENTS, [Delete(Key("n0"), paid.remote_id, paid.version)])
        assert done(outcome).remote_id == paid.remote_id
        assert company.simulator.totals(REALM)["open"] == "100.00"
        assert read(provider, PAYMENTS)[0][0].voided

    def test_an_invoice_with_a_payment_has_to_be_looked_at_again(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        made = billed(provider)
        [paid] = map(done, create(provider, PAYMENTS, payment("1", "40.00", (made.remote_id, "40.00"))))
        for version in ("1", None):
            [outcome] = provider.apply(INVOICES, [Delete(Key("n0"), made.remote_id, version)])
            assert isinstance(error(outcome), VersionConflict)
            assert "payment" in str(error(outcome))
        provider.apply(PAYMENTS, [Delete(Key("n0"), paid.remote_id, None)])
        [outcome] = provider.apply(INVOICES, [Delete(Key("n0"), made.remote_id, None)])
        assert done(outcome)
        assert company.simulator.totals(REALM)["invoices"] == "0.00"

    @pytest.mark.parametrize("stream", [INVOICES, PAYMENTS])
    @pytest.mark.parametrize("version", ["0", None])
    @pytest.mark.parametrize("deed", ["void", "delete"])
    def test_what_is_void_or_gone_already_is_done(
        self, provider: QuickBooksOnline, company: Company, stream: Stream, version: str | None, deed: str
    ) -> None:
        started(provider)
        document = invoice("1", line("1"), number="1") if stream is INVOICES else payment("1", "5.00")
        entity = "Invoice" if stream is INVOICES else "Payment"
        [made] = map(done, create(provider, stream, document))
        getattr(company.simulator, deed)(REALM, entity, made.remote_id)
        [outcome] = provider.apply(stream, [Delete(Key("n0"), made.remote_id, version)])
        assert done(outcome).remote_id == made.remote_id

    @pytest.mark.parametrize("stream", [INVOICES, PAYMENTS])
    def test_what_somebody_changed_is_not_voided(
        self, provider: QuickBooksOnline, company: Company, stream: Stream
    ) -> None:
        started(provider)
        document = invoice("1", line("1"), number="1") if stream is INVOICES else payment("1", "5.00")
        entity = "Invoice" if stream is INVOICES else "Payment"
        [made] = map(done, create(provider, stream, document))
        company.simulator.edit(REALM, entity, made.remote_id, TxnDate="2026-06-30")
        [outcome] = provider.apply(stream, [Delete(Key("n0"), made.remote_id, "0")])
        assert isinstance(error(outcome), VersionConflict)
        assert not read(provider, stream)[0][0].voided

    @pytest.mark.parametrize("operation", ["batch", "payment.void"])
    def test_a_lost_answer_to_a_void_is_uncertain_and_the_next_try_is_done(
        self, provider: QuickBooksOnline, company: Company, operation: str
    ) -> None:
        started(provider)
        stream = INVOICES if operation == "batch" else PAYMENTS
        document = invoice("1", line("1"), number="1") if stream is INVOICES else payment("1", "5.00")
        [made] = map(done, create(provider, stream, document))
        company.lose_answers(operation)
        delete = Delete(Key("n0"), made.remote_id, "0")
        assert isinstance(error(provider.apply(stream, [delete])[0]), Uncertain)
        assert done(provider.apply(stream, [delete])[0]).remote_id == made.remote_id


class TestWhenEverythingStops:
    def test_a_limit_that_holds_for_all_is_raised_and_met_once(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        started(provider)
        company.fault(operation="invoice.create", status=429, times=None)
        asked = len(company.requests())
        with pytest.raises(RateLimited) as raised:
            create(provider, INVOICES, *(invoice("1", line("1"), number=str(one)) for one in range(30)))
        assert raised.value.retry_after is not None
        assert 1 <= len(company.requests()) - asked <= 8
        assert company.objects("Invoice") == []

    def test_a_grant_that_is_gone_is_asked_about_a_few_times_at_most(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        started(provider)
        company.simulator.revoke(REALM)
        with pytest.raises(ConnectionRevoked):
            create(provider, INVOICES, *(invoice("1", line("1"), number=str(one)) for one in range(30)))
        assert len(company.sent("invoice")) <= 8

    def test_operations_of_all_kinds_go_in_one_call(self, provider: QuickBooksOnline, company: Company) -> None:
        started(provider)
        wanted = [invoice("1", line("1"), number=str(one)) for one in range(2)]
        made = ids(create(provider, INVOICES, *wanted))
        outcomes = provider.apply(
            INVOICES,
            [
                Delete(Key("n0"), made[0], "0"),
                Create(Key("new"), invoice("1", line("1"), number="3")),
                Update(Key("n1"), made[1], "0", replace(wanted[1], memo="x"), before=wanted[1]),
            ],
        )
        assert [ids(outcomes)[place] for place in (0, 2)] == made
        seen = by_id(read(provider, INVOICES)[0])
        assert seen[made[0]].voided
        assert seen[ids(outcomes)[1]].key == Key("new")
