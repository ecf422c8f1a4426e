"""The simulated company file: names, fields, versions, what is refused."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.quickbooks_books import Desk, Json, refused, sale, version
from worker.simulators.quickbooks.kinds import CUSTOMER, INVOICE, ITEM, PAYMENT, Kind
from worker.simulators.quickbooks.refusal import Refused

GRAMMAR = (
    "SELECT * , count ( ) FROM Customer Item Account WHERE Id Active MetaData.LastUpdatedTime Name = < > IN LIKE AND"
    " '1' 'x' true 12 '2026-11-20' ORDERBY ORDER BY DESC STARTPOSITION MAXRESULTS 9999999999 '9999-12-31T23:59:59'"
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestCustomers:
    def test_comes_back_completed(self, desk: Desk) -> None:
        address = {"Line1": "1 Main St", "Country": "United States", "Lat": "1", "Long": "2"}
        made = desk.customer(BillAddr=address, PrimaryEmailAddr={"Address": "ada@example.com"})
        assert made["BillAddr"] == {"Id": "1", "Line1": "1 Main St", "Country": "USA"}
        assert (made["FullyQualifiedName"], made["Active"], made["Balance"]) == ("Ada Lovelace", True, Decimal(0))
        assert made["MetaData"]["CreateTime"] == "2026-11-20T10:00:00-08:00"
        assert (made["domain"], made["sparse"], made["SyncToken"]) == ("QBO", False, "0")

    def test_takes_its_name_from_its_parts(self, desk: Desk) -> None:
        made = desk.company.create("customer", {"GivenName": "Ada", "FamilyName": "Lovelace"})
        assert made["DisplayName"] == "Ada Lovelace"
        with refused("2020"):
            desk.company.create("customer", {"CompanyName": "Engines"})

    @pytest.mark.parametrize("entity", ["customer", "vendor", "employee"])
    def test_a_name_is_one_persons_over_three_lists(self, desk: Desk, entity: str) -> None:
        taken = desk.company.create(entity, {"DisplayName": "Ada"})
        with refused("6240", f"Id={taken['Id']}"):
            desk.customer("aDA")
        assert len(desk.company.objects("customer")) == (entity == "customer")

    def test_a_name_stays_taken_by_an_inactive_one_that_kept_it(self) -> None:
        desk = Desk(deleted_suffix=False, name_taken_tells_id=False)
        desk.company.update("customer", version(desk.customer("Ada"), Active=False))
        with refused("6240", "Please use a different name."):
            desk.customer("Ada")

    def test_an_inactive_one_is_renamed_and_closed(self, desk: Desk) -> None:
        for _ in range(2):
            gone = desk.company.update("customer", version(desk.customer("Ada"), Active=False))
        assert gone["DisplayName"] == "Ada (deleted 1)"
        with refused("610"):
            desk.company.update("customer", version(gone, Notes="x"))
        back = desk.company.update("customer", version(gone, Active=True, DisplayName="Ada"))
        assert (back["Active"], back["DisplayName"]) == (True, "Ada")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"DisplayName": "a:b"}, "2030"),
            ({"DisplayName": "a\tb"}, "2030"),
            ({"DisplayName": "a\nb"}, "2030"),
            ({"PrimaryEmailAddr": {"Address": "nobody"}}, "2030"),
            ({"PrimaryEmailAddr": {"Address": "nobody@home"}}, "2030"),
            ({"GivenName": "x" * 101}, "2050"),
            ({"PrimaryPhone": {"FreeFormNumber": "1" * 31}}, "2050"),
            ({"PreferredDeliveryMethod": "Pigeon"}, "2170"),
            ({"Nickname": "A"}, "2010"),
            ({"BillAddr": {"Street": "A"}}, "2010"),
            ({"DisplayName": 5}, "2010"),
            ({"Taxable": "true"}, "2010"),
            ({"ParentRef": {"value": "77"}}, "2500"),
        ],
    )
    def test_is_refused_for(self, desk: Desk, fields: Json, code: str) -> None:
        with refused(code):
            desk.customer(**{"name": "Ada", **{("name" if k == "DisplayName" else k): v for k, v in fields.items()}})
        assert desk.company.objects("customer") == []
        assert desk.heard == []

    def test_cannot_be_deleted_or_voided(self, desk: Desk) -> None:
        held = desk.customer()
        for write in (desk.company.delete, desk.company.void):
            with refused("500"):
                write("customer", version(held))

    def test_a_job_stands_below_its_parent(self, desk: Desk) -> None:
        job = desk.customer("Kitchen", ParentRef={"value": desk.customer("Ada")["Id"]})
        assert (job["FullyQualifiedName"], job["Job"], job["Level"]) == ("Ada:Kitchen", True, 1)

    def test_merged_ones_leave_one_with_all(self, desk: Desk) -> None:
        ada, bea, item = desk.customer("Ada"), desk.customer("Bea"), desk.item()
        kept = desk.invoice(bea, sale(item, 10))
        desk.payment(bea, 4, {})
        desk.heard.clear()
        desk.company.merge_customers(bea["Id"], ada["Id"])
        assert desk.heard == [("Customer", ada["Id"], "Merge", bea["Id"])]
        assert desk.again("customer", ada)["Balance"] == Decimal(6)
        assert desk.again("invoice", kept)["CustomerRef"] == {"value": ada["Id"], "name": "Ada"}
        with refused("610"):
            desk.again("customer", bea)


class TestItems:
    def test_comes_back_with_its_account(self, desk: Desk) -> None:
        made = desk.item(Sku="R-1", UnitPrice=Decimal("99.5"))
        assert made["IncomeAccountRef"] == {"value": "79", "name": "Services"}
        assert (made["FullyQualifiedName"], made["Type"], made["UnitPrice"]) == ("Repair", "Service", Decimal("99.5"))

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"Type": "Service"}, "2020"),
            ({"Type": "NonInventory"}, "2020"),
            ({"IncomeAccountRef": {"value": "54"}, "Type": "Service"}, "6000"),
            ({"IncomeAccountRef": {"value": "999"}, "Type": "Service"}, "2500"),
            ({"IncomeAccountRef": {"value": "79"}}, "2020"),
            ({"IncomeAccountRef": {"value": "79"}, "Type": "Inventory"}, "2020"),
            ({"IncomeAccountRef": {"value": "79"}, "Type": "Thing"}, "2170"),
            ({"IncomeAccountRef": {"value": "79"}, "Type": "Service", "Name": "x" * 101}, "2050"),
            ({"IncomeAccountRef": {"value": "79"}, "Type": "Service", "UnitPrice": "5"}, "2010"),
        ],
    )
    def test_is_refused_for(self, desk: Desk, fields: Json, code: str) -> None:
        with refused(code):
            desk.company.create("item", {"Name": "Part", **fields})
        assert desk.company.objects("item") == []

    def test_a_name_is_used_once(self, desk: Desk) -> None:
        desk.item("Repair")
        with refused("6240"):
            desk.item("REPAIR")

    def test_a_customer_may_have_the_name_of_an_item(self, desk: Desk) -> None:
        assert desk.item("Ada")["Name"] == desk.customer("Ada")["DisplayName"]

    def test_an_inactive_one_is_not_sold(self, desk: Desk) -> None:
        item = desk.item()
        assert desk.company.update("item", version(item, Active=False))["Name"] == "Repair (deleted)"
        with refused("610"):
            desk.invoice(desk.customer(), sale(item, 10))


class TestVersions:
    def test_a_stale_one_is_refused_in_intuits_words(self, desk: Desk) -> None:
        held = desk.customer()
        assert desk.company.update("customer", version(held, Notes="one"))["SyncToken"] == "1"
        with refused("5010", "were working on this at the same time"):
            desk.company.update("customer", version(held, Notes="two"))
        assert desk.again("customer", held)["Notes"] == "one"

    @pytest.mark.parametrize("missing", ["SyncToken", "Id"])
    def test_an_update_names_id_and_version(self, desk: Desk, missing: str) -> None:
        body = version(desk.customer(), Notes="x")
        del body[missing]
        with refused("2020", missing):
            desk.company.update("customer", body)

    def test_a_full_update_erases_what_it_leaves_out(self, desk: Desk) -> None:
        held = desk.customer(Notes="kept", PrimaryPhone={"FreeFormNumber": "1"})
        sparse = desk.company.update("customer", version(held, CompanyName="Engines"))
        assert (sparse["Notes"], sparse["CompanyName"]) == ("kept", "Engines")
        full = desk.company.update(
            "customer", {"Id": held["Id"], "SyncToken": sparse["SyncToken"], "DisplayName": "Ada Lovelace"}
        )
        assert not {"Notes", "CompanyName", "PrimaryPhone"} & full.keys()

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_erases_even_in_a_sparse_update(self, desk: Desk, nothing: Any) -> None:
        held = desk.customer(Notes="gone", CompanyName="Engines")
        after = desk.company.update("customer", version(held, Notes=nothing))
        assert "Notes" not in after
        assert after["CompanyName"] == "Engines"

    def test_what_is_sent_and_computed_is_not_looked_at(self, desk: Desk) -> None:
        made = desk.customer(Balance=500, FullyQualifiedName="X", MetaData={"CreateTime": "1999"}, Id="77")
        assert (made["Balance"], made["FullyQualifiedName"], made["Id"]) == (Decimal(0), "Ada Lovelace", "1")

    def test_answers_are_copies(self, desk: Desk) -> None:
        held = desk.customer(BillAddr={"Line1": "here"})
        desk.again("customer", held)["BillAddr"]["Line1"] = "there"
        assert desk.again("customer", held)["BillAddr"]["Line1"] == "here"

    @pytest.mark.parametrize("entity", ["taxcode", "account", "preferences"])
    def test_what_is_read_only_is_not_written(self, desk: Desk, entity: str) -> None:
        with refused("500"):
            desk.company.create(entity, {"Name": "X"})

    def test_an_unknown_entity_is_refused(self, desk: Desk) -> None:
        with refused("500"):
            desk.company.read("horse", "1")


KEYS = ("value", "Amount", "DetailType", "LinkedTxn", "Address", "TxnId", "TotalTax", "SalesItemLineDetail")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["1", "0", "79", "2026-11-20"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


class TestWhateverIsSent:
    @given(
        st.data(),
        st.sampled_from([CUSTOMER, ITEM, INVOICE, PAYMENT]),
        st.sampled_from(["us_ast", "us_manual", "global"]),
    )
    @settings(max_examples=300, deadline=None)
    def test_it_is_carried_out_or_refused(self, data: st.DataObject, kind: Kind, preset: str) -> None:
        desk = Desk(preset)
        ada, item = desk.customer(), desk.item()
        abroad = {"GlobalTaxCalculation": "TaxExcluded"} if preset == "global" else {}
        desk.invoice(ada, sale(item, 10, "2" if abroad else None), **abroad)
        names = st.sampled_from(sorted(kind.fields.keys() | kind.computed))
        body = data.draw(st.dictionaries(names, JSON, max_size=6))
        target = {"Id": "1", "SyncToken": "0", "sparse": True}
        with suppress(Refused):
            desk.company.create(kind.name, body)
        with suppress(Refused):
            desk.company.update(kind.name, body | target)

    @given(st.text() | st.lists(st.sampled_from(GRAMMAR.split()), max_size=12).map(" ".join))
    @settings(max_examples=300, deadline=None)
    def test_a_query_is_answered_or_refused(self, text: str) -> None:
        with suppress(Refused):
            assert isinstance(Desk().company.query(text), dict)
