"""Reading the books: everything by query while they move, what changed by change data capture, taxes by query."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.providers.books_suite import by_id, read
from tests.providers.quickbooks import ADA, BOILER, REALM, Company, invoice, line, served_company
from tests.providers.suite import done
from worker.core.books import AUTOMATED, BY_LINE, MANUAL, NO_TAX, Item, Payment, TaxCode, TaxRegime
from worker.core.errors import CursorExpired, Transient
from worker.core.ports import Create, Delete, Key
from worker.providers.quickbooks import QuickBooksOnline
from worker.providers.quickbooks.entities import CUSTOMER, INVOICE_, ITEM_, PAYMENT_, TAXES
from worker.providers.quickbooks.listing import Listing

CUSTOMERS, ITEMS, INVOICES, PAYMENTS = CUSTOMER.stream, ITEM_.stream, INVOICE_.stream, PAYMENT_.stream


@pytest.fixture
def company() -> Iterator[Company]:
    with served_company() as served:
        yield served


@pytest.fixture
def provider(company: Company) -> QuickBooksOnline:
    return company.open()


def fill(company: Company, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        company.simulator.add_customer(REALM, f"Customer {number}")


def billed(provider: QuickBooksOnline, count: int = 1, **fields: Any) -> list[str]:
    """Invoices of ours to one customer; their ids."""
    provider.apply(CUSTOMERS, [Create(Key("c"), ADA)])
    provider.apply(ITEMS, [Create(Key("i"), BOILER)])
    wanted = [Create(Key(f"v{one}"), invoice("1", line("1"), number=str(one), **fields)) for one in range(count)]
    return [done(one).remote_id for one in provider.apply(INVOICES, wanted)]


class TestEverything:
    def test_of_empty_books_there_is_one_empty_and_complete_page(self, provider: QuickBooksOnline) -> None:
        for stream in (CUSTOMERS, ITEMS, INVOICES, PAYMENTS):
            changes, page = read(provider, stream)
            assert (changes, page.complete) == ([], True)

    def test_inactive_ones_are_among_them_and_every_sku_is_told(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        billed(provider)
        for entity in ("Customer", "Item"):
            company.simulator.deactivate(REALM, entity, "1")
        [customer], [item] = (read(provider, stream)[0] for stream in (CUSTOMERS, ITEMS))
        assert customer.document == replace(ADA, active=False)
        assert item.document == replace(BOILER, active=False)

    def test_more_than_a_page_of_one_second_is_read_to_its_end(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        moment = company.simulator.world.now()
        company.simulator.world.now = lambda: moment  # every object is of one second
        fill(company, 2100)
        changes, page = read(provider, CUSTOMERS)
        assert len(by_id(changes)) == 2100
        assert page.complete
        assert company.requests() == ["query"] * 3

    def test_what_is_edited_deleted_or_new_between_pages_shifts_nothing(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        billed(provider)
        template = {"CustomerRef": {"value": "1"}, "Line": _sale("1")}
        for number in range(1200):
            company.pass_time(1 / 86_400)
            company.simulator.add(REALM, "Invoice", DocNumber=f"n{number}", **template)
        ids = [one["Id"] for one in company.objects("Invoice")]
        pages = provider.changes(INVOICES, None)
        seen = list(next(pages).changes)
        for gone in ids[:40]:
            company.simulator.delete(REALM, "Invoice", gone)
        company.simulator.edit_invoice(REALM, ids[500], DueDate="2026-12-24")
        late = company.simulator.add(REALM, "Invoice", DocNumber="late", **template)["Id"]
        seen += [change for page in pages for change in page.changes]
        assert set(by_id(seen)) == {*ids, late}

    def test_the_cursor_is_of_before_the_first_page(self, provider: QuickBooksOnline, company: Company) -> None:
        fill(company, 1001)
        company.pass_time(0.02)
        pages = provider.changes(CUSTOMERS, None)
        next(pages)
        company.pass_time(0.01)
        company.simulator.edit(REALM, "Customer", "1", Notes="Meanwhile")
        company.pass_time(0.01)
        cursor = list(pages)[-1].cursor
        company.pass_time(0.02)
        assert "1" in by_id(read(provider, CUSTOMERS, cursor)[0])

    def test_a_listing_that_brings_nothing_new_is_given_up(self) -> None:
        row = {"Id": "1", "MetaData": {"CreateTime": "2026-06-01T00:00:00Z"}}
        listing = Listing(CUSTOMER)
        listing.took([row] * 1000)
        with pytest.raises(Transient):
            listing.took([row] * 1000)

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500, "body": "<html>Sorry</html>"},
            {"status": 200, "body": {}},
            {"status": 200, "body": {"Fault": {"Error": [{"Message": "m", "code": "10000"}], "type": "SystemFault"}}},
        ],
    )
    def test_a_failed_answer_is_no_empty_listing(
        self, provider: QuickBooksOnline, company: Company, fault: dict[str, Any]
    ) -> None:
        """Lesson 5."""
        fill(company, 3)
        cursor = read(provider, CUSTOMERS)[1].cursor
        company.fault(times=None, **fault)
        for since in (None, cursor):
            with pytest.raises(Transient):
                list(provider.changes(CUSTOMERS, since))


class TestChanges:
    def test_1500_changes_since_the_cursor_are_all_seen(self, provider: QuickBooksOnline, company: Company) -> None:
        """Lesson 8."""
        fill(company, 1)
        cursor = read(provider, CUSTOMERS)[1].cursor
        fill(company, 1499, start=1)
        asked = len(company.requests())
        with pytest.raises(CursorExpired):
            list(provider.changes(CUSTOMERS, cursor))
        assert company.requests()[asked:] == ["cdc", "cdc"]
        assert len(by_id(read(provider, CUSTOMERS)[0])) == 1500

    def test_where_all_entities_together_are_too_many_each_is_asked_for_alone(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        cursors = {stream.name: read(provider, stream)[1].cursor for stream in (CUSTOMERS, ITEMS, INVOICES)}
        fill(company, 700)
        for number in range(700):
            company.simulator.add(
                REALM, "Item", Name=f"Item {number}", Type="Service", IncomeAccountRef={"value": "79"}
            )
        asked = len(company.requests())
        found = [len(read(provider, each, cursors[each.name])[0]) for each in (CUSTOMERS, ITEMS, INVOICES)]
        assert found == [700, 700, 0]
        assert company.requests()[asked:] == ["cdc"] * 4

    def test_one_answer_serves_all_streams_each_once(self, provider: QuickBooksOnline, company: Company) -> None:
        read(provider, TAXES)
        cursor = read(provider, CUSTOMERS)[1].cursor
        billed(provider)
        asked = len(company.requests())
        told = [read(provider, stream, cursor) for stream in (CUSTOMERS, ITEMS, INVOICES, PAYMENTS)]
        assert [len(changes) for changes, _ in told] == [1, 1, 1, 0]
        assert len({page.cursor for _, page in told}) == 1
        assert company.requests()[asked:] == ["cdc"]
        read(provider, ITEMS, cursor)
        assert company.requests()[asked:] == ["cdc", "cdc"]

    def test_a_stream_that_was_read_less_far_asks_for_itself(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        old = read(provider, ITEMS)[1].cursor
        company.simulator.add(REALM, "Item", Name="Early", Type="Service", IncomeAccountRef={"value": "79"})
        company.pass_time(0.1)
        asked = len(company.requests())
        read(provider, CUSTOMERS, read(provider, CUSTOMERS)[1].cursor)
        assert [change.document.name for change in read(provider, ITEMS, old)[0] if isinstance(change.document, Item)]
        assert company.requests()[asked:] == ["query", "cdc", "cdc"]

    def test_what_was_kept_is_not_used_after_a_write(self, provider: QuickBooksOnline, company: Company) -> None:
        cursor = read(provider, CUSTOMERS)[1].cursor
        read(provider, CUSTOMERS, cursor)
        [remote_id] = billed(provider)
        assert list(by_id(read(provider, INVOICES, cursor)[0])) == [remote_id]

    def test_voids_deletions_and_merges_are_told(self, provider: QuickBooksOnline, company: Company) -> None:
        one, other = billed(provider, 2)
        winner = company.simulator.add_customer(REALM, "Winner")["Id"]
        company.pass_time(0.01)
        cursor = read(provider, INVOICES)[1].cursor
        company.simulator.void(REALM, "Invoice", one)
        company.simulator.delete(REALM, "Invoice", other)
        company.simulator.merge_customers(REALM, "1", winner)
        customers, invoices = (by_id(read(provider, stream, cursor)[0]) for stream in (CUSTOMERS, INVOICES))
        assert (invoices[one].deleted, invoices[one].voided, invoices[one].key) == (True, True, Key("v0"))
        assert (invoices[other].deleted, invoices[other].voided) == (True, False)
        assert customers["1"].deleted
        assert by_id(read(provider, INVOICES)[0])[one].voided, "a query tells it, too"

    def test_a_payment_shows_its_invoice_again_with_the_same_meaning(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        [remote_id] = billed(provider)
        cursor = read(provider, INVOICES)[1].cursor
        company.simulator.record_payment(REALM, "1", "40.00", {remote_id: "40.00"})
        [seen] = read(provider, INVOICES, cursor)[0]
        [paid] = read(provider, PAYMENTS, cursor)[0]
        assert seen.version == "1"
        assert seen.document == invoice("1", line("1"), number="0")
        assert paid.key is None
        assert isinstance(paid.document, Payment)
        assert (paid.document.amount, paid.document.parts[0].invoice) == (Decimal("40.00"), remote_id)


class TestTaxes:
    @pytest.mark.parametrize(
        ("preset", "wanted"),
        [
            ("us_no_tax", TaxRegime(NO_TAX, "USD")),
            ("us_ast", TaxRegime(AUTOMATED, "USD")),
            ("us_manual", TaxRegime(MANUAL, "USD")),
            ("global", TaxRegime(BY_LINE, "GBP")),
        ],
    )
    def test_how_each_company_reckons_tax_is_told_with_its_codes(
        self, company: Company, preset: str, wanted: TaxRegime
    ) -> None:
        changes, page = read(company.open(preset), TAXES)
        seen = by_id(changes)
        assert page.complete
        assert seen["regime"].document == wanted
        assert seen["regime"].version == wanted.fingerprint()
        assert ("TAX" in seen) is (preset != "global")
        assert company.requests() == ["query", "query", "preferences.read", "companyinfo.read"]

    def test_a_code_of_two_rates_has_their_sum(self, company: Company) -> None:
        seen = by_id(read(company.open("global"), TAXES)[0])
        assert seen["2"].document == TaxCode("20.0% S", Decimal("0.2"))
        assert seen["6"].document == TaxCode("GST/PST", Decimal("0.12"))

    def test_a_company_that_numbers_its_invoices_itself_is_told(self, company: Company) -> None:
        seen = by_id(read(company.open(custom_numbers=False), TAXES)[0])
        assert seen["regime"].document == TaxRegime(NO_TAX, "USD", custom_numbers=False)

    def test_preferences_are_read_once_a_day(self, provider: QuickBooksOnline, company: Company) -> None:
        changes, page = read(provider, TAXES)
        asked = len(company.requests())
        again, page = read(provider, TAXES, page.cursor)
        assert again == changes
        assert not page.complete
        assert company.requests()[asked:] == ["query", "query"]
        company.pass_time(1.1)
        page = read(provider, TAXES, page.cursor)[1]
        assert company.requests()[asked + 2 :] == ["query", "query", "preferences.read", "companyinfo.read"]
        read(provider, TAXES, page.cursor)
        assert company.requests()[asked + 6 :] == ["query", "query"]

    def test_invoices_read_without_the_taxes_are_reckoned_as_the_company_does(self, company: Company) -> None:
        provider = company.open("us_ast")
        one = line("1", code="TAX")
        provider.apply(CUSTOMERS, [Create(Key("c"), ADA)])
        provider.apply(ITEMS, [Create(Key("i"), BOILER)])
        wanted = invoice("1", one, tax="8.25", regime=AUTOMATED, number="7")
        assert done(provider.apply(INVOICES, [Create(Key("v"), wanted)])[0]).document is None
        [seen] = read(company.connected(), INVOICES)[0]
        assert seen.document == wanted

    def test_an_unreadable_cursor_has_expired(self, provider: QuickBooksOnline) -> None:
        with pytest.raises(CursorExpired):
            read(provider, TAXES, "nonsense")


def test_what_we_voided_ourselves_is_told_as_void(company: Company) -> None:
    provider = company.open()
    [remote_id] = billed(provider)
    provider.apply(INVOICES, [Delete(Key("v0"), remote_id, "0")])
    [seen] = read(provider, INVOICES)[0]
    assert (seen.voided, seen.document) == (True, None)


def _sale(item: str) -> list[dict[str, Any]]:
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": 5}
    return [{"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
