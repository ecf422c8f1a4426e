"""The simulated company file: invoices without tax, their lines, numbers and voids."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.simulators.quickbooks_books import Desk, Json, discount, refused, sale, version


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestInvoices:
    def test_comes_back_rewritten(self, desk: Desk) -> None:
        ada, item = desk.customer(BillAddr={"City": "Ely"}), desk.item()
        made = desk.invoice(ada, sale(item, 10, Qty=2, UnitPrice=5), discount(percent=10), TotalAmt=5, Balance=1)
        kinds = [(line["DetailType"], line.get("Id"), line.get("LineNum"), line["Amount"]) for line in made["Line"]]
        assert kinds == [
            ("SalesItemLineDetail", "1", 1, Decimal(10)),
            ("SubTotalLineDetail", None, None, Decimal(10)),
            ("DiscountLineDetail", "2", 2, Decimal(1)),
        ]
        assert (made["TotalAmt"], made["Balance"], made["HomeBalance"]) == (Decimal(9),) * 3
        assert made["CustomerRef"] == {"value": ada["Id"], "name": "Ada Lovelace"}
        assert made["BillAddr"]["City"] == "Ely"
        assert (made["EmailStatus"], made["TxnDate"], made["DueDate"]) == ("NotSet", "2026-11-20", "2026-12-20")
        assert desk.again("customer", ada)["Balance"] == Decimal(9)

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"CustomerRef": None}, "2020"),
            ({"CustomerRef": {"value": "99"}}, "2500"),
            ({"Line": []}, "2020"),
            ({"DocNumber": "1" * 22}, "2050"),
            ({"EmailStatus": "Sent"}, "2170"),
            ({"EmailStatus": "NeedToSend"}, "2020"),
            ({"GlobalTaxCalculation": "TaxExcluded"}, "6000"),
            ({"Total": 5}, "2010"),
            ({"TxnDate": "tomorrow"}, "2010"),
            ({"CurrencyRef": {"value": "EUR"}}, "6000"),
            ({"Line": [discount(1), discount(1)]}, "6000"),
            ({"Line": [{"DetailType": "GroupLineDetail"}]}, "6000"),
            ({"Line": [{"Amount": 5}]}, "2020"),
        ],
    )
    def test_is_refused_for(self, desk: Desk, fields: Json, code: str) -> None:
        with refused(code):
            desk.invoice(desk.customer(), sale(desk.item(), 10), **fields)
        assert desk.company.objects("invoice") == []

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ({"Amount": 10, "Qty": 3, "UnitPrice": 3.33}, "6070"),
            ({"Amount": "10"}, "2010"),
            ({"Amount": True}, "2010"),
            ({"Amount": 10.005}, "2030"),
            ({"Amount": None}, "2020"),
            ({"Amount": 10, "code": "5"}, "2500"),
            ({"Amount": -10}, "6000"),
        ],
    )
    def test_a_line_is_refused_for(self, desk: Desk, line: Json, code: str) -> None:
        item, amount = desk.item(), line.pop("Amount")
        with refused(code):
            desk.invoice(desk.customer(), sale(item, amount, **line))

    def test_a_line_has_a_known_item(self, desk: Desk) -> None:
        with refused("2500", "ItemRef"):
            desk.invoice(desk.customer(), sale({"Id": "99"}, 10))

    def test_an_amount_is_the_product_to_the_cent(self, desk: Desk) -> None:
        made = desk.invoice(desk.customer(), sale(desk.item(), 0.13, Qty=0.5, UnitPrice=0.25))
        assert made["TotalAmt"] == Decimal("0.13")

    def test_has_at_most_750_lines(self, desk: Desk) -> None:
        lines = [sale(desk.item(), 1)] * 751
        with refused("6000", "750"):
            desk.invoice(desk.customer(), *lines)
        assert len(desk.invoice(desk.customer("Bea"), *lines[1:])["Line"]) == 751  # with the subtotal

    def test_a_number_is_used_once(self, desk: Desk) -> None:
        ada, item = desk.customer(), desk.item()
        first = desk.invoice(ada, sale(item, 10), DocNumber="A-1")
        with refused("6140", f"TxnId={first['Id']}"):
            desk.invoice(ada, sale(item, 10), DocNumber="A-1")
        assert "DocNumber" not in desk.invoice(ada, sale(item, 10))

    def test_is_counted_where_numbers_are_not_custom(self) -> None:
        desk = Desk(custom_numbers=False)
        ada, item = desk.customer(), desk.item()
        made = [
            desk.invoice(ada, sale(item, 10), **number) for number in ({}, {"DocNumber": "7"}, {"DocNumber": "7"}, {})
        ]
        assert [one["DocNumber"] for one in made] == ["1001", "7", "7", "1002"]

    def test_lines_that_are_sent_replace_the_lines(self, desk: Desk) -> None:
        item = desk.item()
        held = desk.invoice(desk.customer(), sale(item, 10), sale(item, 20), PrivateNote="key")
        kept = desk.company.update("invoice", version(held, DueDate="2027-01-01"))
        assert (kept["TotalAmt"], kept["Line"]) == (Decimal(30), held["Line"])
        after = desk.company.update("invoice", version(kept, Line=[held["Line"][1], sale(item, 5)]))
        assert [line.get("Id") for line in after["Line"]] == ["2", "3", None]
        assert (after["TotalAmt"], after["PrivateNote"]) == (Decimal(25), "key")

    def test_a_line_id_that_is_sent_twice_is_kept_once(self, desk: Desk) -> None:
        held = desk.invoice(desk.customer(), sale(desk.item(), 10))
        after = desk.company.update("invoice", version(held, Line=[held["Line"][0]] * 2))
        assert [line.get("Id") for line in after["Line"]] == ["1", "2", None]

    def test_a_void_one_stays_with_nothing(self, desk: Desk) -> None:
        ada = desk.customer()
        held = desk.invoice(ada, sale(desk.item(), 10, Qty=2, UnitPrice=5), discount(percent=50), PrivateNote="key")
        gone = desk.company.void("invoice", {"Id": held["Id"], "SyncToken": "0"})
        assert (gone["TotalAmt"], gone["Balance"], gone["PrivateNote"]) == (0, 0, "Voided - key")
        assert all(line.get("Amount", 0) == 0 for line in gone["Line"])
        assert desk.again("customer", ada)["Balance"] == 0
        assert desk.heard[-1] == ("Invoice", held["Id"], "Void", "")
        assert desk.company.update("invoice", version(gone, DueDate="2027-01-01"))["TotalAmt"] == 0

    def test_a_deleted_one_is_gone(self, desk: Desk) -> None:
        ada = desk.customer()
        held = desk.invoice(ada, sale(desk.item(), 10))
        assert desk.company.delete("invoice", version(held)) == {"status": "Deleted", "domain": "QBO", "Id": held["Id"]}
        assert desk.again("customer", ada)["Balance"] == 0
        with refused("610"):
            desk.again("invoice", held)

    def test_a_discount_is_not_more_than_what_is_sold(self, desk: Desk) -> None:
        with refused("6000", "greater than the subtotal"):
            desk.invoice(desk.customer(), sale(desk.item(), 10), discount(10.01))

    def test_a_discount_is_refused_where_it_is_turned_off(self) -> None:
        desk = Desk(allow_discount=False)
        with refused("6000", "Discounts"):
            desk.invoice(desk.customer(), sale(desk.item(), 10), discount(1))
        assert desk.company.preferences()["SalesFormsPrefs"]["AllowDiscount"] is False

    def test_numbers_as_text_can_be_switched_on(self) -> None:
        desk = Desk(string_numbers=True)
        assert desk.invoice(desk.customer(), sale(desk.item(), "10.10"))["TotalAmt"] == Decimal("10.10")
