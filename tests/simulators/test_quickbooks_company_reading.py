"""The simulated company file: queries, change data capture and batches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.quickbooks_books import Desk, Json, refused, sale, version


@pytest.fixture
def desk() -> Desk:
    return Desk()


def names(answer: Json, entity: str = "Customer") -> list[str]:
    return [one["DisplayName"] for one in answer.get(entity, [])]


class TestQueries:
    def test_nothing_found_is_nothing_at_all(self, desk: Desk) -> None:
        assert desk.company.query("SELECT * FROM Customer") == {}
        assert desk.company.query("select count(*) from customer") == {"totalCount": 0}

    def test_lists_come_by_name_and_transactions_the_last_first(self, desk: Desk) -> None:
        bea, _ = desk.customer("Bea"), desk.customer("Ada")
        for _ in range(2):
            desk.invoice(bea, sale(desk.company.objects("item")[0] if _ else desk.item(), 5))
        assert names(desk.company.query("SELECT * FROM Customer")) == ["Ada", "Bea"]
        answer = desk.company.query("SELECT * FROM Invoice")
        assert [one["Id"] for one in answer["Invoice"]] == ["2", "1"]
        assert (answer["startPosition"], answer["maxResults"]) == (1, 2)

    def test_pages(self, desk: Desk) -> None:
        for number in range(130):
            desk.customer(f"C{number:03}")
        assert len(desk.company.query("SELECT * FROM Customer")["Customer"]) == 100
        page = desk.company.query("SELECT * FROM Customer ORDERBY Id STARTPOSITION 101 MAXRESULTS 1000")
        assert (page["startPosition"], page["maxResults"], page["Customer"][0]["Id"]) == (101, 30, "101")
        assert desk.company.query("SELECT * FROM Customer STARTPOSITION 131") == {}
        assert desk.company.query("SELECT COUNT(*) FROM Customer") == {"totalCount": 130}

    def test_never_more_than_1000(self) -> None:
        desk = Desk(query_most=3)
        for number in range(4):
            desk.customer(f"C{number}")
        assert len(desk.company.query("SELECT * FROM Customer MAXRESULTS 5000")["Customer"]) == 3

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            ("DisplayName = 'O\\'Hara'", ["O'Hara"]),
            ("DisplayName = 'ada'", ["Ada"]),
            ("DisplayName LIKE '%a%'", ["Ada", "O'Hara"]),
            ("DisplayName LIKE 'a%' AND Balance = '0'", ["Ada"]),
            ("DisplayName IN ('Ada', 'Bob', 'Nobody')", ["Ada", "Bob"]),
            ("Id > '1'", ["Bob", "O'Hara"]),
            ("Id <= '2' and Active = true", ["Ada", "Bob"]),
            ("PrimaryEmailAddr = 'ada@example.com'", ["Ada"]),
            ("Balance > 0.5", ["Bob"]),
            ("Active = false", ["Eve (deleted)"]),
            ("Active IN (true, false)", ["Ada", "Bob", "Eve (deleted)", "O'Hara"]),
            ("Metadata.LastUpdatedTime >= '2026-11-20T10:01:00-08:00'", ["O'Hara"]),
            ("MetaData.LastUpdatedTime < '2026-11-20T18:01:00Z'", ["Ada", "Bob"]),
            ("MetaData.CreateTime > '2026-11-20T10:00:30'", ["O'Hara"]),
        ],
    )
    def test_where(self, desk: Desk, where: str, found: list[str]) -> None:
        desk.customer("Ada", PrimaryEmailAddr={"Address": "Ada@example.com"})
        desk.invoice(desk.customer("Bob"), sale(desk.item(), 5))
        desk.pass_time(minutes=1)
        desk.customer("O'Hara")
        desk.company.update("customer", version(desk.customer("Eve"), Active=False))
        assert names(desk.company.query(f"SELECT * FROM Customer WHERE {where}")) == found

    def test_a_query_finds_transactions_by_their_fields(self, desk: Desk) -> None:
        ada, bea, item = desk.customer("Ada"), desk.customer("Bea"), desk.item()
        desk.invoice(ada, sale(item, 5), DocNumber="A-1", TxnDate="2026-01-31")
        desk.invoice(bea, sale(item, 7), DocNumber="B-1")
        for where, number in (
            ("DocNumber = 'A-1'", "A-1"),
            (f"CustomerRef = '{bea['Id']}'", "B-1"),
            ("TxnDate < '2026-02-01'", "A-1"),
            ("TotalAmt > '6'", "B-1"),
        ):
            found = desk.company.query(f"SELECT Id, DocNumber FROM Invoice WHERE {where}")["Invoice"]
            assert [one["DocNumber"] for one in found] == [number]
            assert found[0].keys() == {"Id", "DocNumber", "domain", "sparse"}

    @pytest.mark.parametrize("words", ["ORDERBY Balance DESC, DisplayName", "ORDER BY Balance desc, DisplayName ASC"])
    def test_order(self, desk: Desk, words: str) -> None:
        desk.customer("Cid")
        desk.invoice(desk.customer("Bea"), sale(desk.item(), 5))
        desk.customer("Ada")
        assert names(desk.company.query(f"SELECT * FROM Customer {words}")) == ["Bea", "Ada", "Cid"]

    def test_ids_may_be_compared_as_text(self) -> None:
        desk = Desk(ids_as_text=True)
        for number in range(10):
            desk.customer(f"C{number}")
        found = desk.company.query("SELECT * FROM Customer WHERE Id > '9'")
        assert found == {}
        ordered = desk.company.query("SELECT Id FROM Customer ORDERBY Id MAXRESULTS 3")["Customer"]
        assert [one["Id"] for one in ordered] == ["1", "10", "2"]

    def test_the_sku_comes_only_when_it_is_named(self, desk: Desk) -> None:
        item = desk.item(Sku="R-1")
        assert "Sku" not in desk.company.query("SELECT * FROM Item")["Item"][0]
        assert desk.company.query("SELECT *, Sku FROM Item WHERE Sku = 'R-1'")["Item"] == [item]

    def test_a_deleted_transaction_is_not_found(self, desk: Desk) -> None:
        desk.company.delete("invoice", version(desk.invoice(desk.customer(), sale(desk.item(), 5))))
        assert desk.company.query("SELECT * FROM Invoice") == {}

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("", "4000"),
            ("SELECT * Customer", "4000"),
            ("SELECT * FROM Customer WHERE Id = '1' OR Id = '2'", "4000"),
            ("SELECT * FROM Customer WHERE DisplayName = Ada", "4000"),
            ("SELECT * FROM Customer WHERE DisplayName = 'O'Hara'", "4000"),
            ("SELECT * FROM Customer WHERE Id != '1'", "4000"),
            ("SELECT * FROM Customer MAXRESULTS 5 STARTPOSITION 1", "4000"),
            ("SELECT * FROM Customer MAXRESULTS ten", "4000"),
            ("SELECT * FROM Customer GROUP BY Id", "4000"),
            ("DELETE FROM Customer", "4000"),
            ("SELECT * FROM Horse", "4001"),
            ("SELECT * FROM Invoice WHERE PrivateNote = 'x'", "4001"),
            ("SELECT * FROM Invoice WHERE Line = 'x'", "4001"),
            ("SELECT * FROM Customer WHERE BillAddr.City = 'x'", "4001"),
            ("SELECT * FROM Payment WHERE UnappliedAmt > '0'", "4001"),
            ("SELECT * FROM Customer WHERE Nickname = 'x'", "4001"),
            ("SELECT Nickname FROM Customer", "4001"),
            ("SELECT * FROM Customer ORDERBY Notes", "4001"),
        ],
    )
    def test_is_refused_for(self, desk: Desk, text: str, code: str) -> None:
        with refused(code):
            desk.company.query(text)

    def test_a_time_that_is_none_is_refused(self, desk: Desk) -> None:
        desk.customer()
        with refused("4001"):
            desk.company.query("SELECT * FROM Customer WHERE MetaData.LastUpdatedTime > 'yesterday'")

    def test_a_payments_reference_can_be_closed_to_queries(self) -> None:
        text = "SELECT * FROM Payment WHERE PaymentRefNum = '7'"
        assert Desk().company.query(text) == {}
        with refused("4001"):
            Desk(payment_ref_queryable=False).company.query(text)


class TestChanges:
    SINCE = "2026-11-20T18:00:00Z"

    def test_tells_each_entity_in_the_order_of_the_question(self, desk: Desk) -> None:
        ada = desk.customer()
        groups = desk.company.cdc(["Invoice", "Customer"], self.SINCE)
        assert groups == [{}, {"Customer": [ada], "startPosition": 1, "maxResults": 1}]

    def test_tells_nothing_from_before(self, desk: Desk) -> None:
        desk.customer("Ada")
        desk.pass_time(minutes=5)
        desk.customer("Bea")
        assert names(desk.company.cdc(["Customer"], "2026-11-20T18:04:00Z")[0]) == ["Bea"]
        assert desk.company.cdc(["Customer"], "2026-11-20T18:06:00Z") == [{}]

    def test_a_time_without_an_offset_is_pacific(self, desk: Desk) -> None:
        desk.customer()
        assert desk.company.cdc(["Customer"], "2026-11-20T18:00:00") == [{}]
        assert names(desk.company.cdc(["Customer"], "2026-11-20T10:00:00")[0]) == ["Ada Lovelace"]

    def test_comes_by_the_last_change_and_deleted_ones_at_the_end(self, desk: Desk) -> None:
        ada, item = desk.customer(), desk.item()
        first, second, third = (desk.invoice(ada, sale(item, 5)) for _ in range(3))
        desk.company.delete("invoice", version(first))
        desk.payment(ada, 5, {second["Id"]: 5})
        told = desk.company.cdc(["Invoice"], self.SINCE)[0]["Invoice"]
        assert [one["Id"] for one in told] == [third["Id"], second["Id"], first["Id"]]
        moment = {"LastUpdatedTime": "2026-11-20T10:00:00-08:00"}
        assert told[-1] == {"status": "Deleted", "domain": "QBO", "Id": first["Id"], "MetaData": moment}

    def test_tells_inactive_void_and_merged_ones(self, desk: Desk) -> None:
        ada, bea, eve = (desk.customer(name) for name in ("Ada", "Bea", "Eve"))
        desk.company.update("customer", version(eve, Active=False))
        desk.company.void("payment", version(desk.payment(ada, 5, {})))
        desk.company.merge_customers(bea["Id"], ada["Id"])
        customers, payments = desk.company.cdc(["Customer", "Payment"], self.SINCE)
        assert [(one["Id"], one.get("status")) for one in customers["Customer"]] == [
            (eve["Id"], None),
            (ada["Id"], None),
            (bea["Id"], "Deleted"),
        ]
        assert payments["Payment"][0]["TotalAmt"] == 0

    def test_leaves_out_without_a_word_what_is_over_the_limit(self) -> None:
        desk = Desk(cdc_most=3)
        for number in range(4):
            desk.customer(f"C{number}")
        desk.item()
        groups = desk.company.cdc(["Customer", "Item"], self.SINCE)
        assert names(groups[0]) == ["C0", "C1", "C2"]
        assert groups[1] == {}
        assert Desk().company.switches.cdc_most == 1000

    def test_a_balance_is_no_change_of_the_customer_unless_switched(self) -> None:
        for switched in (False, True):
            desk = Desk(balance_touches_customer=switched)
            ada = desk.customer()
            desk.pass_time(minutes=5)
            desk.invoice(ada, sale(desk.item(), 5))
            told = names(desk.company.cdc(["Customer"], "2026-11-20T18:04:00Z")[0])
            assert told == (["Ada Lovelace"] if switched else [])

    @pytest.mark.parametrize(
        ("entities", "since", "code"),
        [
            (["Customer"], "2026-10-20T00:00:00Z", "2030"),
            (["Customer"], "lately", "2030"),
            (["TaxCode"], SINCE, "2030"),
            (["Customer", "TaxRate"], SINCE, "2030"),
            (["Horse"], SINCE, "500"),
            ([], SINCE, "2020"),
        ],
    )
    def test_is_refused_for(self, desk: Desk, entities: list[str], since: str, code: str) -> None:
        with refused(code):
            desk.company.cdc(entities, since)


class TestBatches:
    def test_items_are_answered_one_by_one_and_out_of_order(self, desk: Desk) -> None:
        items = [{"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n % 20}"}} for n in range(30)]
        answers = desk.company.batch(items)
        assert [one["bId"] for one in answers] != [one["bId"] for one in items]
        assert {one["bId"] for one in answers} == {one["bId"] for one in items}
        faults = [one["Fault"]["Error"][0]["code"] for one in answers if "Fault" in one]
        assert faults == ["6240"] * 10
        assert len(desk.company.objects("customer")) == 20

    def test_the_order_is_the_seeds(self) -> None:
        def order(seed: int) -> list[str]:
            items = [{"bId": str(n), "Query": "SELECT * FROM Item"} for n in range(30)]
            return [one["bId"] for one in Desk(batch_seed=seed).company.batch(items)]

        assert order(1) == order(1) != order(2)

    def test_has_at_most_30_items(self, desk: Desk) -> None:
        item: dict[str, Any] = {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Ada"}}
        with refused("2030", "30"):
            desk.company.batch([item] * 31)
        assert desk.company.objects("customer") == []

    def test_updates_voids_deletes_and_asks(self, desk: Desk) -> None:
        ada, item = desk.customer(), desk.item()
        first, second = (desk.invoice(ada, sale(item, 5)) for _ in range(2))
        answers = desk.company.batch(
            [
                {"bId": "u", "operation": "update", "Customer": version(ada, Notes="x")},
                {"bId": "v", "operation": "update", "optionsData": "void", "Invoice": version(first)},
                {"bId": "d", "operation": "delete", "Invoice": version(second)},
                {"bId": "q", "Query": "SELECT count(*) FROM Item"},
                {"bId": "w", "operation": "invent", "Item": {}},
            ]
        )
        told = {one["bId"]: one for one in answers}
        assert told["u"]["Customer"]["Notes"] == "x"
        assert told["v"]["Invoice"]["PrivateNote"] == "Voided"
        assert told["d"]["Invoice"]["status"] == "Deleted"
        assert told["q"]["QueryResponse"] == {"totalCount": 1}
        assert told["w"]["Fault"]["Error"][0]["code"] == "500"
