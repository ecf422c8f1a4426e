"""QuickBooks' JSON and our documents: what is sent comes back, rewritten by QuickBooks, with the same meaning."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.providers.quickbooks import ADA, BOILER, invoice, line, payment
from worker.core.books import (
    AUTOMATED,
    BY_LINE,
    MANUAL,
    NO_TAX,
    Customer,
    Discount,
    Invoice,
    Item,
    Line,
    TaxCode,
    TaxRegime,
)
from worker.core.errors import CursorExpired
from worker.core.ports import Key
from worker.core.records import Address
from worker.providers.quickbooks.cursors import TaxCursor, cursor_text, since_of, tax_cursor_of
from worker.providers.quickbooks.customers import STREET_LINES
from worker.providers.quickbooks.encoding import encoded
from worker.providers.quickbooks.entities import CUSTOMER, INVOICE_, ITEM_, PAYMENT_
from worker.providers.quickbooks.keys import LIMIT, is_void_note, key_of, note_with, request_id
from worker.providers.quickbooks.mapping import change, changed_fields, document, guarded, new_body
from worker.providers.quickbooks.naming import candidates
from worker.providers.quickbooks.queries import any_of, quoted, select
from worker.providers.quickbooks.taxes import change as tax_change
from worker.providers.quickbooks.taxes import tax_codes, tax_regime
from worker.providers.quickbooks.verdicts import difference
from worker.simulators.quickbooks.company import Company

KEY = Key("inv_1")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUSE = Address("1 Main St, Apt 2", "Springfield", "CA", "90210", "United States")
PRESETS = {NO_TAX: "us_no_tax", AUTOMATED: "us_ast", MANUAL: "us_manual", BY_LINE: "global"}
CODES: Mapping[str, tuple[str | None, ...]] = {
    NO_TAX: (None,),
    AUTOMATED: ("TAX", "NON"),
    MANUAL: ("TAX", "NON"),
    BY_LINE: ("2", "3", "4", "6"),
}


def company(regime: str = NO_TAX) -> Company:
    """A company file with customer 1 and item 1."""
    books = Company("1", PRESETS[regime])
    books.create("customer", new_body(CUSTOMER, KEY, ADA))
    books.create("item", new_body(ITEM_, KEY, BOILER))
    return books


def wire(body: Mapping[str, Any]) -> Any:
    """The body as it leaves and arrives."""
    return json.loads(encoded(body), parse_float=Decimal)


def posted(books: Company, wanted: Invoice) -> dict[str, Any]:
    return books.create("invoice", wire(new_body(INVOICE_, KEY, wanted)))


class TestWhatComesBack:
    @pytest.mark.parametrize(
        "customer",
        [ADA, replace(ADA, company="Engines Ltd", address=HOUSE), Customer("Only a name"), replace(ADA, given="Zoë ’")],
    )
    def test_a_customer_comes_back_with_its_meaning(self, customer: Customer) -> None:
        """Lesson 24: the country of its address is written anew."""
        body = Company("1").create("customer", wire(new_body(CUSTOMER, KEY, customer)))
        assert document(CUSTOMER, body).fingerprint() == customer.fingerprint()
        assert customer.address is None or body["BillAddr"]["Country"] == "USA"

    def test_a_phone_number_is_cut_to_what_quickbooks_takes(self) -> None:
        body = Company("1").create("customer", new_body(CUSTOMER, KEY, replace(ADA, phone="5" * 40)))
        assert body["PrimaryPhone"]["FreeFormNumber"] == "5" * 30

    def test_several_street_lines_are_one_street(self) -> None:
        told = {"Id": "1", "DisplayName": "A", "BillAddr": {"Line1": "1 Main St", "Line2": " Apt 2", "Lat": "1.0"}}
        shown = document(CUSTOMER, told)
        assert isinstance(shown, Customer)
        assert shown.address == Address("1 Main St, Apt 2")

    @pytest.mark.parametrize("item", [BOILER, replace(BOILER, kind="NonInventory", sku="", price=Decimal("0.12345"))])
    def test_an_item_comes_back_with_its_meaning(self, item: Item) -> None:
        body = Company("1").create("item", wire(new_body(ITEM_, KEY, item)))
        assert document(ITEM_, body).fingerprint() == item.fingerprint()

    @pytest.mark.parametrize("regime", [NO_TAX, AUTOMATED, MANUAL, BY_LINE])
    def test_an_invoice_comes_back_with_its_meaning_whatever_the_taxes(self, regime: str) -> None:
        """Lesson 24: QuickBooks adds a subtotal line, numbers and defaults."""
        code = CODES[regime][0]
        tax = {NO_TAX: "0", AUTOMATED: "9.50", MANUAL: "8.00", BY_LINE: "20.00"}[regime]
        one = line("1", "100.00", code=code, description="Boiler\nserviced", service_date=date(2026, 5, 30))
        named = {"tax_code": "2"} if regime == MANUAL else {}
        wanted = invoice("1", one, tax=tax, regime=regime, number="INV-7", memo="Thank you", **named)
        body = posted(company(regime), wanted)
        assert document(INVOICE_, body, regime) == wanted
        assert any(each["DetailType"] == "SubTotalLineDetail" for each in body["Line"])
        assert body["EmailStatus"] == "NotSet"

    @pytest.mark.parametrize("taken", [Discount(Decimal("7.50")), Discount(Decimal("10.00"), Decimal(10))])
    @pytest.mark.parametrize("regime", [NO_TAX, AUTOMATED])
    def test_a_discount_comes_back_and_is_taken_off_before_tax(self, regime: str, taken: Discount) -> None:
        tax = "7.17" if regime == AUTOMATED else "0"
        wanted = invoice("1", line("1", code=CODES[regime][0]), tax=tax, regime=regime, discount=taken)
        body = posted(company(regime), wanted)
        assert document(INVOICE_, body, regime) == replace(wanted, number=body.get("DocNumber", ""))
        assert body["ApplyTaxAfterDiscount"] is True

    @settings(max_examples=40, deadline=None)
    @given(data=st.data(), regime=st.sampled_from([NO_TAX, AUTOMATED, MANUAL, BY_LINE]))
    def test_every_invoice_that_adds_up_comes_back_with_its_meaning(self, data: st.DataObject, regime: str) -> None:
        code = st.sampled_from(CODES[regime])
        prices = st.decimals("0.01", "900", places=3)
        quantities = st.decimals("0.125", "40", places=3)
        parts = data.draw(st.lists(st.tuples(prices, quantities, code), min_size=1, max_size=4))
        lines = [Line("1", price * count, count, price, "words", tag) for price, count, tag in parts]
        named = {"tax_code": "2"} if regime == MANUAL and any(one.tax_code == "TAX" for one in lines) else {}
        tax = "1.23" if regime == AUTOMATED and any(one.tax_code == "TAX" for one in lines) else "0"
        wanted = invoice("1", *lines, tax=tax, regime=regime, number="1", **named)
        shown = document(INVOICE_, posted(company(regime), wanted), regime)
        assert isinstance(shown, Invoice)
        if regime in (MANUAL, BY_LINE):  # QuickBooks alone reckons the tax
            shown = replace(shown, tax=wanted.tax, total=shown.total - shown.tax + wanted.tax)
        assert shown.fingerprint() == wanted.fingerprint()

    def test_a_payment_comes_back_with_its_meaning(self) -> None:
        books = company()
        one, two = (posted(books, invoice("1", line("1"), number=number))["Id"] for number in "12")
        wanted = payment("1", "130.10", (two, "30.00"), (one, "100.00"), reference="check 7")
        body = books.create("payment", wire(new_body(PAYMENT_, Key("pay_1"), wanted)))
        assert document(PAYMENT_, body) == wanted
        assert body["UnappliedAmt"] == Decimal("0.10")
        assert body["DepositToAccountRef"]["value"] == "4"  # the company's own default

    def test_a_payment_for_something_else_than_an_invoice_keeps_it(self) -> None:
        told = {
            "Id": "1",
            "TotalAmt": 5,
            "Line": [{"Amount": 5, "LinkedTxn": [{"TxnId": "9", "TxnType": "CreditMemo"}]}],
        }
        shown = document(PAYMENT_, told)
        assert changed_fields(shown, None)["Line"] == told["Line"]

    def test_amounts_leave_as_numbers_exact_to_the_cent(self) -> None:
        text = encoded(new_body(INVOICE_, KEY, invoice("1", line("1", "10.10"))))
        assert '"Amount":10.10' in text
        assert '"UnitPrice":10.1' in text


class TestWhatIsSent:
    def test_what_is_empty_is_left_out_of_something_new(self) -> None:
        assert new_body(CUSTOMER, KEY, Customer("Ada")) == {"DisplayName": "Ada"}

    def test_only_the_groups_that_differ_are_sent(self) -> None:
        wanted = invoice("1", line("1"))
        assert changed_fields(replace(wanted, memo="New"), wanted) == {"CustomerMemo": {"value": "New"}}
        assert changed_fields(wanted, wanted) == {}
        assert set(changed_fields(replace(wanted, total=Decimal(1)), wanted)) == {"Line", "ApplyTaxAfterDiscount"}

    def test_what_was_taken_away_is_emptied_and_the_rest_stays(self) -> None:
        books = company()
        [made] = books.objects("customer")
        fields = changed_fields(replace(ADA, email=""), ADA)
        assert fields == {"PrimaryEmailAddr": {"Address": ""}}
        after = books.update("customer", guarded(made["Id"], made["SyncToken"], fields))
        assert document(CUSTOMER, after) == replace(ADA, email="")

    def test_an_address_is_sent_whole_so_that_no_old_line_of_it_stays(self) -> None:
        books = Company("1")
        made = books.create("customer", {"DisplayName": "Ada", "BillAddr": {"Line1": "1", "Line2": "2", "City": "X"}})
        fields = changed_fields(Customer("Ada", address=HOUSE), document(CUSTOMER, made))
        assert {fields["BillAddr"][name] for name in STREET_LINES[1:]} == {""}
        after = document(CUSTOMER, books.update("customer", guarded(made["Id"], made["SyncToken"], fields)))
        assert after.fingerprint() == Customer("Ada", address=HOUSE).fingerprint()

    def test_what_is_inactive_is_made_active_under_its_own_name(self) -> None:
        books = company()
        [made] = books.objects("customer")
        asleep = books.update("customer", guarded(made["Id"], made["SyncToken"], {"Active": False}))
        shown = document(CUSTOMER, asleep)
        assert asleep["DisplayName"] == "Ada Lovelace (deleted)"
        assert shown == replace(ADA, active=False)
        fields = changed_fields(ADA, shown)
        assert fields == {"DisplayName": "Ada Lovelace", "Active": True}
        assert document(CUSTOMER, books.update("customer", guarded(made["Id"], asleep["SyncToken"], fields))) == ADA

    def test_what_is_inactive_and_stays_so_is_not_woken(self) -> None:
        asleep = replace(ADA, active=False)
        assert changed_fields(replace(asleep, phone="1"), asleep) == {"PrimaryPhone": {"FreeFormNumber": "1"}}

    @pytest.mark.parametrize(
        ("regime", "fields"),
        [
            (NO_TAX, {}),
            (AUTOMATED, {"TxnTaxDetail": {"TotalTax": Decimal("8.00")}}),
            (MANUAL, {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}}}),
            (BY_LINE, {"GlobalTaxCalculation": "TaxExcluded"}),
        ],
    )
    def test_each_regime_says_its_own_of_tax_and_nothing_else(self, regime: str, fields: dict[str, Any]) -> None:
        tag = "2" if regime == MANUAL else None
        body = new_body(INVOICE_, KEY, invoice("1", line("1", code="TAX"), tax="8", regime=regime, tax_code=tag))
        said = {name: body[name] for name in ("TxnTaxDetail", "GlobalTaxCalculation") if name in body}
        assert said == fields
        assert ("TaxCodeRef" in body["Line"][0]["SalesItemLineDetail"]) is (regime != NO_TAX)

    def test_nobody_is_mailed(self) -> None:
        text = encoded(new_body(INVOICE_, KEY, invoice("1", line("1"))))
        assert "Email" not in text

    def test_a_number_that_is_not_ours_to_give_is_not_sent(self) -> None:
        assert "DocNumber" not in new_body(INVOICE_, KEY, invoice("1", line("1"), number=""))


class TestWhatOthersMade:
    def test_lines_of_words_are_kept_when_the_lines_are_written_anew(self) -> None:
        books = company()
        made = posted(books, invoice("1", line("1")))
        words = {"DetailType": "DescriptionOnly", "Description": "By hand"}
        edited = books.update("invoice", guarded(made["Id"], made["SyncToken"], {"Line": [*made["Line"], words]}))
        shown = document(INVOICE_, edited)
        assert isinstance(shown, Invoice)
        assert shown.lines[1].description == "By hand"
        fields = changed_fields(replace(shown, lines=(line("1", "90.00"), shown.lines[1])), shown)
        after = books.update("invoice", guarded(made["Id"], edited["SyncToken"], fields))
        assert [each.get("Description") for each in after["Line"]] == [None, "By hand", None]

    def test_the_lines_of_a_bundle_stand_in_its_place(self) -> None:
        inner = {"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": "3"}}}
        told = {
            "Id": "1",
            "Line": [{"DetailType": "GroupLineDetail", "Amount": 5, "GroupLineDetail": {"Line": [inner]}}],
        }
        shown = document(INVOICE_, told)
        assert isinstance(shown, Invoice)
        assert shown.lines == (Line("3", Decimal(5), unit_price=Decimal(5)),)

    def test_an_invoice_with_the_tax_in_its_prices_is_shown_net(self) -> None:
        books = company(BY_LINE)
        detail = {"ItemRef": {"value": "1"}, "Qty": 2, "TaxCodeRef": {"value": "2"}, "TaxInclusiveAmt": Decimal(120)}
        one = {"Amount": 120, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        told = {"CustomerRef": {"value": "1"}, "GlobalTaxCalculation": "TaxInclusive", "Line": [one]}
        shown = document(INVOICE_, books.create("invoice", told), BY_LINE)
        assert isinstance(shown, Invoice)
        assert (shown.lines[0].amount, shown.lines[0].unit_price, shown.total) == (100, 50, 120)

    def test_prices_with_tax_and_no_net_amount_are_shown_net_to_the_cent(self) -> None:
        sale = {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1}}
        told = {
            "Id": "1",
            "GlobalTaxCalculation": "TaxInclusive",
            "Line": [{**sale, "Amount": Decimal(amount)} for amount in ("33.33", "33.33", "33.35")],
            "TotalAmt": Decimal("100.01"),
            "TxnTaxDetail": {"TotalTax": Decimal("16.67")},
        }
        shown = document(INVOICE_, told, BY_LINE)
        assert isinstance(shown, Invoice)
        assert sum(one.amount for one in shown.lines) == shown.total - shown.tax == Decimal("83.34")

    def test_a_line_without_price_or_quantity_is_one_of_its_amount(self) -> None:
        told = {"DetailType": "SalesItemLineDetail", "Amount": 7, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
        shown = document(INVOICE_, {"Id": "1", "Line": [told]})
        assert isinstance(shown, Invoice)
        assert shown.lines == (Line("1", Decimal(7), Decimal(1), Decimal(7)),)


class TestChanges:
    def test_an_invoice_tells_its_key_its_number_and_its_total_and_nothing_of_people(self) -> None:
        body = posted(company(), invoice("1", line("1"), number="7", memo="Ada's secret"))
        seen = change(INVOICE_, body)
        assert (seen.key, seen.version, seen.shown) == (KEY, "0", {"number": "7", "total": "100.00"})
        assert seen.changed_at is not None

    def test_a_customer_has_no_key_and_shows_nothing(self) -> None:
        [body] = company().objects("customer")
        seen = change(CUSTOMER, {**body, "PrivateNote": note_with(KEY)})
        assert (seen.key, seen.shown, seen.voided) == (None, {}, False)

    def test_a_stub_is_a_deletion(self) -> None:
        seen = change(INVOICE_, {"status": "Deleted", "domain": "QBO", "Id": "9", "MetaData": {}})
        assert (seen.remote_id, seen.deleted, seen.voided) == ("9", True, False)

    @pytest.mark.parametrize("note", ["", "People's words"])
    def test_a_void_is_told_as_one_and_keeps_its_key(self, note: str) -> None:
        books = company()
        made = posted(books, invoice("1", line("1")))
        noted = guarded(made["Id"], made["SyncToken"], {"PrivateNote": f"{made['PrivateNote']}\n{note}".strip()})
        made = books.update("invoice", noted)
        seen = change(INVOICE_, books.void("invoice", made))
        assert (seen.deleted, seen.voided, seen.key) == (True, True, KEY)

    def test_an_invoice_of_nought_is_no_void_and_neither_is_a_note_that_says_so(self) -> None:
        assert not change(INVOICE_, {"Id": "1", "TotalAmt": 0, "PrivateNote": note_with(KEY)}).voided
        assert not change(INVOICE_, {"Id": "1", "TotalAmt": 5, "PrivateNote": "Voided"}).voided


class TestKeys:
    @pytest.mark.parametrize("local_id", ["inv_1", "a b", "ü/%20:é", "x.y", "1\n2", "'"])
    def test_a_key_is_read_back_whatever_is_in_it(self, local_id: str) -> None:
        assert key_of(note_with(Key(local_id, 3))) == Key(local_id, 3)

    @pytest.mark.parametrize(
        "around",
        ["{}", "Call first\r\n{}\r\nthen bill", "  {}  ", "Voided - {}", "Voided\n{}", "FieldCamp is fine\n{}"],
    )
    def test_a_key_is_found_whatever_people_write_around_it(self, around: str) -> None:
        assert key_of(around.format(note_with(KEY))) == KEY

    @pytest.mark.parametrize(
        "note", [None, "", "FieldCamp", "see FieldCamp inv_1.0", "FieldCamp inv_1.0 please", "Voided"]
    )
    def test_a_note_without_our_line_has_no_key(self, note: str | None) -> None:
        assert key_of(note) is None

    def test_a_long_note_is_cut_and_the_key_stays(self) -> None:
        note = note_with(KEY, "x" * 5000)
        assert len(note) == LIMIT
        assert key_of(note) == KEY

    def test_a_void_note_begins_with_the_word(self) -> None:
        assert is_void_note("Voided - x")
        assert not is_void_note("Not voided")
        assert not is_void_note("Voidedness")

    def test_a_request_id_differs_for_another_body_generation_or_entity_and_is_short(self) -> None:
        ids = {
            request_id("acc_1", "Invoice", KEY, "a"),
            request_id("acc_1", "Invoice", KEY, "b"),
            request_id("acc_1", "Invoice", Key("inv_1", 1), "a"),
            request_id("acc_1", "Payment", KEY, "a"),
            request_id("acc_2", "Invoice", KEY, "a"),
        }
        assert len(ids) == 5
        assert max(map(len, ids)) <= 50
        assert request_id("acc_1", "Invoice", KEY, "a") in ids


class TestTaxes:
    US = {"Country": "US"}  # noqa: RUF012 - read only

    @pytest.mark.parametrize(
        ("preferences", "country", "regime"),
        [
            ({"UsingSalesTax": False}, "US", NO_TAX),
            ({}, "US", NO_TAX),
            ({"UsingSalesTax": True, "PartnerTaxEnabled": True}, "US", AUTOMATED),
            ({"UsingSalesTax": True, "PartnerTaxEnabled": False}, "USA", NO_TAX),
            ({"UsingSalesTax": True}, "United States", MANUAL),
            ({"UsingSalesTax": True}, "GB", BY_LINE),
        ],
    )
    def test_preferences_and_country_tell_how_tax_is_reckoned(
        self, preferences: dict[str, Any], country: str, regime: str
    ) -> None:
        told = {"TaxPrefs": preferences, "CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}
        assert tax_regime(told, {"Country": country}, []) == TaxRegime(regime, "USD", True)

    @pytest.mark.parametrize(("codes", "regime"), [([{"Id": "TAX"}, {"Id": "NON"}], MANUAL), ([{"Id": "2"}], BY_LINE)])
    def test_where_the_country_is_not_told_the_codes_tell(self, codes: list[dict[str, str]], regime: str) -> None:
        assert tax_regime({"TaxPrefs": {"UsingSalesTax": True}}, {}, codes).regime == regime

    @pytest.mark.parametrize(("told", "custom"), [({}, True), ({"CustomTxnNumbers": False}, False)])
    def test_numbers_are_ours_to_give_unless_it_is_said(self, told: dict[str, bool], custom: bool) -> None:
        assert tax_regime({"SalesFormsPrefs": told}, self.US, []).custom_numbers is custom

    def test_the_rate_of_a_code_is_the_sum_of_its_active_sales_rates(self) -> None:
        detail = [{"TaxRateRef": {"value": one}} for one in ("5", "6", "7")]
        codes = [
            {"Id": "2", "Name": "GST/PST", "SalesTaxRateList": {"TaxRateDetail": detail}},
            {"Id": "3", "Name": "Purchases", "Active": False},
        ]
        rates = [{"Id": "5", "RateValue": 5}, {"Id": "6", "RateValue": 7}, {"Id": "7", "RateValue": 9, "Active": False}]
        found = tax_codes(codes, rates, TaxRegime(BY_LINE))
        assert found == {"2": TaxCode("GST/PST", Decimal("0.12")), "3": TaxCode("Purchases", None, False)}

    def test_the_two_codes_of_us_lines_are_codes_without_a_rate(self) -> None:
        assert tax_codes([], [], TaxRegime(NO_TAX)) == {"TAX": TaxCode("TAX"), "NON": TaxCode("NON")}

    def test_a_code_has_another_version_when_its_rate_changes(self) -> None:
        one, other = (tax_change("2", TaxCode("VAT", Decimal(rate))) for rate in ("0.2", "0.21"))
        assert one.version != other.version


class TestCursors:
    def test_a_cursor_reaches_a_little_further_back_than_the_answer(self) -> None:
        assert cursor_text(NOW) == "2026-06-01T11:55:00Z"
        assert since_of(cursor_text(NOW), NOW) < NOW

    @pytest.mark.parametrize("cursor", ["", "yesterday", "2026-06-01T00:00:00", "2026-05-01T00:00:00Z", "{}"])
    def test_a_cursor_that_is_too_old_or_unreadable_has_expired(self, cursor: str) -> None:
        with pytest.raises(CursorExpired):
            since_of(cursor, NOW)

    def test_a_tax_cursor_keeps_the_regime_for_a_day(self) -> None:
        cursor = TaxCursor(TaxRegime(AUTOMATED, "USD", False), NOW)
        assert tax_cursor_of(cursor.text()) == cursor
        assert not cursor.is_old(NOW)
        assert cursor.is_old(datetime(2026, 6, 2, 13, tzinfo=UTC))

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"regime": 1, "read_at": "x"}', "null"])
    def test_any_other_tax_cursor_has_expired(self, text: str) -> None:
        with pytest.raises(CursorExpired):
            tax_cursor_of(text)


class TestMoneyThatDiffers:
    def test_equal_totals_are_not_worth_a_note(self) -> None:
        wanted = invoice("1", line("1"), tax="8.25", regime=AUTOMATED)
        assert difference(wanted, replace(wanted, number="2")) is None

    def test_tax_that_differs_is_a_variance(self) -> None:
        """Lesson 26."""
        wanted = invoice("1", line("1"), tax="8.25", regime=AUTOMATED)
        shown = replace(wanted, tax=Decimal("8.26"), total=Decimal("108.26"))
        words = "QuickBooks' sales tax makes this 108.26, FieldCamp says 108.25."
        assert difference(wanted, shown) == ("tax_variance", words)

    def test_net_amounts_that_differ_are_more_than_that(self) -> None:
        wanted = invoice("1", line("1"))
        code, words = difference(wanted, replace(wanted, total=Decimal("99.00"))) or ("", "")
        assert (code, words) == ("TOTAL_DIFFERS", "QuickBooks makes this 99.00, FieldCamp says 100.00.")
        assert difference(payment("1", "5"), payment("1", "6")) == (
            "TOTAL_DIFFERS",
            "QuickBooks makes this 6.00, FieldCamp says 5.00.",
        )


class TestQueries:
    def test_texts_are_quoted(self) -> None:
        assert quoted("O'Brien \\ Co") == "'O\\'Brien \\\\ Co'"
        assert any_of(["a", "b'"]) == "('a', 'b\\'')"

    def test_a_query_has_its_parts_in_the_order_that_quickbooks_wants(self) -> None:
        wanted = "SELECT *, Sku FROM Item WHERE A = 1 AND B = 2 ORDERBY Id STARTPOSITION 3 MAXRESULTS 1000"
        assert select("Item", "A = 1", "", "B = 2", columns="*, Sku", order="Id", position=3) == wanted

    def test_names_with_numbers_stay_within_the_limit(self) -> None:
        assert candidates("Ada", {"ada"})[:2] == ["Ada (2)", "Ada (3)"]
        assert max(map(len, candidates("x" * 100))) == 100
        assert len(set(candidates("x" * 100))) == 8
