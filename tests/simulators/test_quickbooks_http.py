"""The accounting API of the QuickBooks simulator over HTTP: wrappers, queries, CDC, batches, what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulators.quickbooks import REALM, Books, fault, invoice, served_quickbooks, unwrapped

TEXT = {"content-type": "application/text"}


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books) -> Books:
    server.start_over()
    return server


def ids(books: Books, entity: str) -> list[str]:
    return [one["Id"] for one in books.simulator.objects(REALM, entity)]


class TestObjects:
    def test_an_object_comes_in_a_wrapper_of_its_name_with_the_time_of_the_coast(self, books: Books) -> None:
        body = books.post("customer", {"DisplayName": "Ada"}).json()
        assert set(body) == {"Customer", "time"}
        assert (body["Customer"]["DisplayName"], body["Customer"]["SyncToken"]) == ("Ada", "0")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00", body["time"])
        assert abs(datetime.fromisoformat(body["time"]) - datetime.now(UTC)) < timedelta(seconds=10)

    def test_the_name_in_the_path_may_have_any_case(self, books: Books) -> None:
        assert set(books.post("Customer", {"DisplayName": "Ada"}).json()) == {"Customer", "time"}

    def test_a_body_with_an_id_updates(self, books: Books) -> None:
        made = books.customer(Notes="Knocks twice")
        again = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "GivenName": "Ada"}
        changed = unwrapped(books.post("customer", again))
        assert (changed["Notes"], changed["GivenName"], changed["SyncToken"]) == ("Knocks twice", "Ada", "1")
        assert fault(books.post("customer", again)) == (400, "ValidationFault", "5010")
        assert books.get("customer", made["Id"]) == changed

    def test_an_update_that_says_so_needs_an_id(self, books: Books) -> None:
        assert fault(books.post("customer", {"DisplayName": "Ada"}, operation="update"))[0] == 400
        assert ids(books, "Customer") == []

    def test_money_is_a_plain_number(self, books: Books) -> None:
        made = books.billed(10.10)
        text = books.client.get(f"/invoice/{made['Id']}").text
        assert re.search(r'"TotalAmt":10\.10?[,}]', text)
        assert str(made["TotalAmt"]) in {"10.1", "10.10"}

    def test_an_invoice_is_voided_by_its_operation(self, books: Books) -> None:
        made = books.billed()
        body = {"Id": made["Id"], "SyncToken": made["SyncToken"]}
        assert fault(books.post("invoice", body, operation="update", include="void"))[2] == "500"
        voided = unwrapped(books.post("invoice", body, operation="void"))
        assert (voided["TotalAmt"], voided["Balance"]) == (0, 0)
        assert voided["PrivateNote"].startswith("Voided")

    def test_a_payment_is_voided_by_an_update_that_includes_it(self, books: Books) -> None:
        bill = books.billed()
        paid = books.simulator.record_payment(REALM, bill["CustomerRef"]["value"], 100, {bill["Id"]: 100})
        body = {"Id": paid["Id"], "SyncToken": paid["SyncToken"], "sparse": True}
        assert books.get("invoice", bill["Id"])["Balance"] == 0
        assert fault(books.post("payment", body, operation="void"))[2] == "500"
        assert unwrapped(books.post("payment", body, operation="update", include="void"))["TotalAmt"] == 0
        assert books.get("invoice", bill["Id"])["Balance"] == 100

    def test_what_is_deleted_leaves_a_stub(self, books: Books) -> None:
        made = books.billed()
        body = {"Id": made["Id"], "SyncToken": made["SyncToken"]}
        told = books.post("invoice", body, operation="delete").json()["Invoice"]
        assert (told["status"], told["domain"], told["Id"]) == ("Deleted", "QBO", made["Id"])
        assert fault(books.client.get(f"/invoice/{made['Id']}")) == (400, "ValidationFault", "610")

    def test_preferences_and_company_are_read(self, books: Books) -> None:
        taxes = unwrapped(books.client.get("/preferences"))["TaxPrefs"]
        assert taxes["UsingSalesTax"] is False
        assert unwrapped(books.client.get(f"/companyinfo/{REALM}"))["Country"] == "US"

    @pytest.mark.parametrize("path", ["/rocket/1", "/rocket", "/invoice/1/send/now", "/customer"])
    def test_what_is_not_there_is_not_supported(self, books: Books, path: str) -> None:
        assert fault(books.client.get(path)) == (400, "ValidationFault", "500")

    def test_an_operation_that_is_unknown_carries_nothing_out(self, books: Books) -> None:
        assert fault(books.post("customer", {"DisplayName": "Ada"}, operation="create"))[2] == "500"
        assert ids(books, "Customer") == []


class TestTheWire:
    def test_every_answer_has_a_tid_of_its_own(self, books: Books) -> None:
        answers = [books.client.get("/preferences"), books.client.get("/rocket/1"), books.refresh()]
        answers.append(books.client.get("/preferences", headers={"authorization": "Bearer none"}))
        assert len({answer.headers["intuit_tid"] for answer in answers}) == 4

    @pytest.mark.parametrize("version", ["75", "65", "1"])
    def test_old_minor_versions_are_ignored(self, books: Books, version: str) -> None:
        answer = books.client.get("/preferences", params={"minorversion": version})
        assert answer.json()["Preferences"] == books.client.get("/preferences").json()["Preferences"]

    @pytest.mark.parametrize("accept", ["*/*", "application/xml"])
    def test_who_does_not_ask_for_json_gets_xml_and_nothing_is_done(self, books: Books, accept: str) -> None:
        answer = books.client.post("/customer", json={"DisplayName": "Ada"}, headers={"accept": accept})
        assert answer.headers["content-type"].startswith("application/xml")
        assert answer.text.startswith("<?xml")
        assert "<Fault" in answer.text
        assert ids(books, "Customer") == []

    def test_a_body_must_say_that_it_is_json(self, books: Books) -> None:
        answer = books.client.post("/customer", content='{"DisplayName":"Ada"}', headers=TEXT)
        assert fault(answer)[0] == 415
        assert ids(books, "Customer") == []

    @pytest.mark.parametrize("body", ["", "{", "[]", '{"TotalAmt":NaN}'])
    def test_a_body_that_is_no_object_is_not_parsed(self, books: Books, body: str) -> None:
        answer = books.client.post("/customer", content=body, headers={"content-type": "application/json"})
        assert fault(answer) == (400, "ValidationFault", "2010")


class TestQueries:
    def test_by_get_and_by_post_alike(self, books: Books) -> None:
        books.customer()
        text = "SELECT * FROM Customer WHERE DisplayName = 'Ada Lovelace'"
        by_post = books.query(text)
        assert books.client.get("/query", params={"query": text}).json()["QueryResponse"] == by_post
        assert (len(by_post["Customer"]), by_post["startPosition"], by_post["maxResults"]) == (1, 1, 1)

    def test_nothing_found_is_an_empty_object(self, books: Books) -> None:
        assert books.query("SELECT * FROM Invoice") == {}
        assert books.query("SELECT count(*) FROM Invoice") == {"totalCount": 0}

    @pytest.mark.parametrize("text", ["", "SELECT", "DROP TABLE Customer", "SELECT * FROM Customer WHERE"])
    def test_one_that_cannot_be_read_is_a_system_fault_inside_200(self, books: Books, text: str) -> None:
        answer = books.client.post("/query", content=text, headers=TEXT)
        assert fault(answer)[:2] == (200, "SystemFault")
        books.simulator.set(bad_query_status=400)
        assert fault(books.client.post("/query", content=text, headers=TEXT))[:2] == (400, "ValidationFault")

    def test_one_that_comes_as_json_is_refused(self, books: Books) -> None:
        headers = {"content-type": "application/json"}
        assert "Fault" in books.client.post("/query", content="SELECT * FROM Customer", headers=headers).json()


class TestChanges:
    def test_what_changed_since_comes_by_entity(self, books: Books) -> None:
        since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        books.billed()
        params = {"entities": "Customer,Invoice,Payment", "changedSince": since}
        body = books.client.get("/cdc", params=params).json()
        groups = body["CDCResponse"][0]["QueryResponse"]
        assert [len(group.get(name, [])) for group, name in zip(groups, ("Customer", "Invoice"), strict=False)] == [
            1,
            1,
        ]
        assert groups[2] == {}
        assert "time" in body

    @pytest.mark.parametrize("params", [{"entities": "Customer"}, {"changedSince": "2026-11-20T00:00:00Z"}, {}])
    def test_both_parameters_are_required(self, books: Books, params: dict[str, str]) -> None:
        assert fault(books.client.get("/cdc", params=params)) == (400, "ValidationFault", "2020")

    def test_older_than_thirty_days_is_refused(self, books: Books) -> None:
        since = (datetime.now(UTC) - timedelta(days=31)).isoformat()
        answer = books.client.get("/cdc", params={"entities": "Customer", "changedSince": since})
        assert fault(answer)[0] == 400


class TestBatches:
    def test_each_item_is_answered_by_its_bid(self, books: Books) -> None:
        told = books.batch(
            {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Ada"}},
            {"bId": "2", "operation": "create", "Customer": {"DisplayName": "A:B"}},
            {"bId": "3", "Query": "SELECT * FROM Item"},
        )
        assert told["1"]["Customer"]["DisplayName"] == "Ada"
        assert told["2"]["Fault"]["type"] == "ValidationFault"
        assert told["3"]["QueryResponse"] == {}

    def test_it_counts_as_one_request_of_many_parts(self, books: Books) -> None:
        books.simulator.journal.clear()
        books.batch(*({"bId": str(n), "Query": "SELECT * FROM Item"} for n in range(5)))
        assert [(one.operation, one.parts) for one in books.simulator.journal.entries()] == [("batch", 5)]
        counts = books.simulator.counters()
        assert (counts["batches"], counts["parts"]) == (1, 5)

    @pytest.mark.parametrize("body", [{}, {"BatchItemRequest": {}}, {"BatchItemRequest": ["x"]}])
    def test_one_without_items_is_refused(self, books: Books, body: dict[str, Any]) -> None:
        assert fault(books.post("batch", body)) == (400, "ValidationFault", "2020")

    def test_thirty_one_are_too_many(self, books: Books) -> None:
        items = [{"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(31)]
        assert fault(books.post("batch", {"BatchItemRequest": items}))[0] == 400
        assert ids(books, "Customer") == []


class TestTheJournal:
    def test_operations_are_named_after_what_they_do(self, books: Books) -> None:
        books.simulator.journal.clear()
        bill = books.billed()
        books.get("invoice", bill["Id"])
        books.post("invoice", {"Id": bill["Id"], "SyncToken": "0"}, operation="void")
        books.post("customer", {"Id": "1", "SyncToken": "9", "sparse": True})
        books.query("SELECT * FROM Item")
        books.refresh()
        assert [entry.operation for entry in books.simulator.journal.entries()] == [
            "customer.create",
            "item.create",
            "invoice.create",
            "invoice.read",
            "invoice.void",
            "customer.update",
            "query",
            "token",
        ]

    def test_names_of_customers_are_not_in_it(self, books: Books) -> None:
        books.customer("Secret Person")
        told = str([entry.as_json() for entry in books.simulator.journal.entries()])
        assert "Secret" not in told
        assert "Bearer" not in told


def test_an_invoice_without_a_customer_is_refused(books: Books) -> None:
    body = invoice("1", books.item()["Id"])
    del body["CustomerRef"]
    assert fault(books.post("invoice", body)) == (400, "ValidationFault", "2020")
