"""One company's line against the simulated QuickBooks, with the real python-quickbooks underneath."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.providers.quickbooks_line import ADA, House, Told
from tests.simulators.quickbooks import OTHER_REALM, REALM, SERVICES, Books, served_quickbooks
from worker.core.errors import ConnectionRevoked, Rejected, Transient, VersionConflict
from worker.providers.quickbooks.errors import NameTaken, ObjectMissing
from worker.providers.quickbooks.line import Line
from worker.simulators.faults import Fault

ITEM = {"Name": "Boiler", "Type": "Service", "IncomeAccountRef": {"value": SERVICES}}


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def house(server: Books) -> House:
    server.start_over()
    return House(server)


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    with house.line() as line:
        yield line


def asked(name: str) -> Told:
    return {"bId": name, "Query": "SELECT * FROM Customer"}


def billed(line: Line, amount: str = "10.10", **fields: Any) -> Told:
    customer = line.write("Customer", ADA).body["Id"]
    item = line.write("Item", ITEM).body["Id"]
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": Decimal(amount)}
    sold = {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    found: Told = line.write("Invoice", {"CustomerRef": {"value": customer}, "Line": [sold], **fields}).body
    return found


class TestCalls:
    def test_a_query_gives_what_stands_in_its_response(self, line: Line) -> None:
        assert line.query("SELECT * FROM Customer").body == {}
        line.write("Customer", {"DisplayName": "Zoë O'Brien"})
        found = line.query("SELECT * FROM Customer WHERE DisplayName = 'Zoë O\\'Brien'").body
        assert [one["DisplayName"] for one in found["Customer"]] == ["Zoë O'Brien"]

    def test_amounts_come_and_go_as_decimals_to_the_cent(self, line: Line) -> None:
        invoice = billed(line, "1234567.10")
        assert line.read("Invoice", invoice["Id"]).body["TotalAmt"] == Decimal("1234567.10")
        assert isinstance(invoice["TotalAmt"], Decimal)

    def test_cdc_gives_a_group_for_each_entity(self, line: Line) -> None:
        invoice = billed(line)
        since = (datetime.now(UTC) - timedelta(hours=1)).astimezone().isoformat()
        groups = line.cdc(["Invoice", "Payment"], since).body
        assert [list(group) for group in groups] == [["Invoice", "startPosition", "maxResults"], []]
        assert groups[0]["Invoice"][0]["Id"] == invoice["Id"]

    def test_an_offset_in_a_moment_arrives_as_it_is(self, house: House, line: Line) -> None:
        since = "2026-11-20T10:00:00+02:00"
        line.cdc(["Invoice"], since)
        [entry] = house.books.simulator.journal.entries("cdc")
        assert parse_qs(entry.query)["changedSince"] == [since]

    def test_one_object_is_read_by_its_id(self, line: Line) -> None:
        assert line.read("CompanyInfo", REALM).body["CompanyName"]
        assert line.preferences().body["TaxPrefs"] == {"UsingSalesTax": False}
        with pytest.raises(ObjectMissing):
            line.read("Invoice", "404")

    def test_an_id_never_leads_elsewhere(self, house: House, line: Line) -> None:
        with pytest.raises(Rejected):
            line.read("Invoice", "../preferences?x=")
        assert house.asked("preferences.read") == 0

    def test_a_stale_version_is_told_apart(self, line: Line) -> None:
        invoice = billed(line)
        change = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"], "sparse": True, "PrivateNote": "x"}
        assert line.write("Invoice", change).body["SyncToken"] == "1"
        with pytest.raises(VersionConflict):
            line.write("Invoice", change)

    def test_an_invoice_and_a_payment_are_voided_each_in_its_way(self, line: Line) -> None:
        invoice = billed(line)
        linked = [{"Amount": Decimal("4"), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
        paid = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": Decimal("4"), "Line": linked}
        payment = line.write("Payment", paid).body
        void = {"Id": payment["Id"], "SyncToken": payment["SyncToken"], "sparse": True}
        assert line.write("Payment", void, operation="update", include="void").body["TotalAmt"] == 0
        invoice = line.read("Invoice", invoice["Id"]).body
        void = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
        assert line.write("Invoice", void, operation="void").body["TotalAmt"] == 0

    def test_the_same_request_id_brings_the_same_answer_and_no_second_object(self, house: House, line: Line) -> None:
        first, again = (line.write("Customer", ADA, request_id="r" * 50).body for _ in range(2))
        assert first == again
        assert len(house.books.simulator.objects(REALM, "Customer")) == 1

    def test_a_batch_answers_by_item_and_carries_its_request_id(self, house: House, line: Line) -> None:
        items: list[Told] = [
            {"bId": "1", "operation": "create", "Customer": ADA},
            {"bId": "2", "operation": "create", "Item": {**ITEM, "UnitPrice": Decimal("9.99")}},
            {"bId": "3", "operation": "create", "Customer": {"DisplayName": "a:b"}},
            {"bId": "4", "Query": "SELECT * FROM Account"},
        ]
        first, again = (line.batch(items, request_id="b" * 36).body for _ in range(2))
        assert first == again
        assert set(first) == {"1", "2", "3", "4"}
        assert first["2"]["Item"]["UnitPrice"] == Decimal("9.99")
        assert first["3"]["Fault"]["Error"]
        assert first["4"]["QueryResponse"]["Account"]
        assert len(house.books.simulator.objects(REALM, "Customer")) == 1

    @pytest.mark.parametrize(
        "ask",
        [
            lambda line: line.batch([asked(str(number)) for number in range(31)]),
            lambda line: line.batch([asked("12345678901")]),
            lambda line: line.batch([], request_id="b" * 37),
            lambda line: line.write("Customer", ADA, request_id="r" * 51),
        ],
    )
    def test_what_intuit_would_refuse_anyhow_never_leaves(
        self, house: House, line: Line, ask: Callable[[Line], object]
    ) -> None:
        with pytest.raises(AssertionError):
            ask(line)
        assert house.asked() == 0

    def test_a_taken_name_tells_whose_it_is(self, line: Line) -> None:
        known = line.write("Customer", ADA).body["Id"]
        with pytest.raises(NameTaken) as taken:
            line.write("Customer", ADA)
        assert taken.value.remote_id == known

    def test_the_minor_version_is_on_every_call(self, house: House, line: Line) -> None:
        line.preferences()
        line.query("SELECT * FROM Item")
        line.write("Customer", ADA)
        line.cdc(["Invoice"], datetime.now(UTC).isoformat())
        line.batch([{"bId": "1", "Query": "SELECT * FROM Item"}])
        entries = [one for one in house.books.simulator.journal.entries() if one.operation != "token"]
        assert [parse_qs(one.query)["minorversion"] for one in entries] == [["75"]] * 5

    def test_the_time_is_the_servers(self, house: House, line: Line) -> None:
        house.books.simulator.pass_time(3 * 86_400)
        answers = (line.query("SELECT * FROM Item"), line.write("Customer", ADA), line.preferences())
        for answer in answers:
            assert timedelta(days=3) <= answer.at - datetime.now(UTC) + timedelta(minutes=1) < timedelta(days=4)

    def test_several_threads_share_a_line(self, house: House, line: Line) -> None:
        names = [f"Customer {number}" for number in range(24)]
        found: list[str] = []
        threads = [
            threading.Thread(
                target=lambda some=names[start::6]: found.extend(
                    line.write("Customer", {"DisplayName": name}).body["DisplayName"] for name in some
                )
            )
            for start in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == sorted(names)

    def test_credentials_that_name_no_company_are_no_connection(self, house: House) -> None:
        for realm in ("", None, "../1", "12/a"):
            with pytest.raises(ConnectionRevoked, match="realm_id"), house.line(credentials={"realm_id": realm}):
                pass
        assert house.asked() == 0


class TestTokens:
    def test_one_that_is_refused_is_renewed_once_and_nothing_is_sent_twice(self, house: House, line: Line) -> None:
        line.preferences()
        house.books.simulator.expire_access_tokens()
        line.write("Customer", ADA)
        assert house.books.simulator.counters()["refreshes"] == 2
        assert len(house.books.simulator.objects(REALM, "Customer")) == 1

    def test_one_that_stays_refused_ends_the_connection(self, house: House, line: Line) -> None:
        house.order(status=401, times=None)
        with pytest.raises(ConnectionRevoked):
            line.write("Customer", ADA)
        assert house.asked() == 2

    def test_a_company_that_disconnected_ends_the_connection(self, house: House, line: Line) -> None:
        line.preferences()
        house.books.simulator.revoke(REALM)
        with pytest.raises(ConnectionRevoked):
            line.preferences()

    def test_a_grant_for_another_company_ends_the_connection(self, house: House) -> None:
        house.books.simulator.add_company(OTHER_REALM)
        with house.line(credentials={"realm_id": OTHER_REALM}) as line, pytest.raises(ConnectionRevoked):
            line.query("SELECT * FROM Customer")

    def test_a_token_endpoint_in_trouble_is_not_asked_over_and_over(self, house: House, line: Line) -> None:
        house.books.simulator.faults.add(Fault(operation="token", status=503, times=None))
        with pytest.raises(Transient):
            line.preferences()
        assert len(house.books.simulator.journal.entries("token")) == 2
