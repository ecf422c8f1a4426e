"""What people do in the simulated QuickBooks, in the same process and over the control."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.simulators.quickbooks import OTHER_REALM, REALM, Books, served_quickbooks
from worker.simulators.control import Control, ControlError
from worker.simulators.quickbooks.rendering import exact, parsed, plain, rendered
from worker.simulators.town import Town, variables


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books) -> Books:
    server.start_over()
    return server


@pytest.fixture
def control(server: Books) -> Iterator[Control]:
    control = Control(server.url)
    yield control
    control.close()


def test_a_payment_over_two_invoices_leaves_a_rest(books: Books) -> None:
    first = books.billed(100.10)
    customer, item = first["CustomerRef"]["value"], first["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"]
    second = books.invoice(customer, item, 50.05)
    paid = books.simulator.record_payment(
        REALM, customer, Decimal("130.00"), {first["Id"]: "100.10", second["Id"]: 20.05}, PrivateNote="by hand"
    )
    assert (Decimal(paid["UnappliedAmt"]), paid["PrivateNote"]) == (Decimal("9.85"), "by hand")
    totals = books.simulator.totals(REALM)
    assert totals["invoice_count"] == 2
    expected = {"invoices": "150.15", "open": "30.00", "payments": "130.00", "unapplied": "9.85"}
    assert {name: Decimal(totals[name]) for name in expected} == {name: Decimal(one) for name, one in expected.items()}


def test_the_bookkeeper_edits_deactivates_voids_and_deletes(books: Books) -> None:
    simulator, bill = books.simulator, books.billed()
    assert simulator.edit_invoice(REALM, bill["Id"], PrivateNote="Late")["PrivateNote"] == "Late"
    simulator.void(REALM, "Invoice", bill["Id"])
    assert simulator.totals(REALM)["invoices"] == "0.00"
    simulator.delete(REALM, "Invoice", bill["Id"])
    assert simulator.objects(REALM, "Invoice") == []
    simulator.deactivate(REALM, "Customer", bill["CustomerRef"]["value"])
    assert [one["Active"] for one in simulator.objects(REALM, "Customer")] == [False]
    assert books.query("SELECT * FROM Customer") == {}


def test_what_quickbooks_refuses_is_told(books: Books) -> None:
    with pytest.raises(ValueError, match="6240"):
        for name in ("Ada", "ada"):
            books.simulator.add_customer(REALM, name)
    with pytest.raises(LookupError, match="no company"):
        books.simulator.totals("1")
    with pytest.raises(ValueError, match="already"):
        books.simulator.add_company(REALM)


def test_everything_can_be_driven_over_http(books: Books, control: Control) -> None:
    control.call("add_company", realm_id=OTHER_REALM, preset="us_ast")
    assert control.call("grant", realm_id=OTHER_REALM).startswith("AB11")
    customer = control.call("add_customer", realm_id=OTHER_REALM, display_name="Ada", Notes="n")
    vendor = control.call("add_vendor", realm_id=OTHER_REALM, display_name="Pipes Ltd")
    item = control.call(
        "add", realm_id=OTHER_REALM, entity="Item", Name="Boiler", Type="Service", IncomeAccountRef={"value": "79"}
    )
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": 1, "UnitPrice": 10.1, "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": 10.1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    reference = {"value": customer["Id"]}
    bill = control.call("add", realm_id=OTHER_REALM, entity="Invoice", CustomerRef=reference, Line=[line])
    assert Decimal(bill["TotalAmt"]) == Decimal("10.1")
    control.call(
        "record_payment", realm_id=OTHER_REALM, customer=customer["Id"], amount=10.1, invoices={bill["Id"]: 10.1}
    )
    assert Decimal(control.call("totals", realm_id=OTHER_REALM)["open"]) == 0
    assert [one["Id"] for one in control.call("objects", realm_id=OTHER_REALM, entity="Vendor")] == [vendor["Id"]]
    with pytest.raises(ControlError, match="6240"):
        control.call("add_vendor", realm_id=OTHER_REALM, display_name="ADA")


def test_settings_faults_and_the_journal_are_within_reach(books: Books, control: Control) -> None:
    control.call("set", minute_limit=2)
    assert control.call("settings_now")["minute_limit"] == 2
    control.add_fault(operation="query", status=503)
    assert books.client.get("/query").status_code == 503
    assert [entry["operation"] for entry in control.journal()][-1] == "query"
    with pytest.raises(ControlError, match="unknown settings"):
        control.call("set", kindness=1)
    control.reset()
    assert control.call("counters")["batches"] == 0
    assert control.call("settings_now")["minute_limit"] == 500


def test_the_town_serves_it_where_the_variables_point() -> None:
    town = Town()
    with town.serve() as served:
        names = variables(served.url)
        town.quickbooks.add_company(REALM)
        value = town.quickbooks.grant(REALM, names["QUICKBOOKS_CLIENT_ID"])
        with Control(f"{served.url}/quickbooks")._client as client:
            auth = (names["QUICKBOOKS_CLIENT_ID"], names["QUICKBOOKS_CLIENT_SECRET"])
            form = {"grant_type": "refresh_token", "refresh_token": value}
            token = client.post(names["QUICKBOOKS_TOKEN_URL"], data=form, auth=auth).json()["access_token"]
            headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
            url = f"{names['QUICKBOOKS_BASE_URL']}/v3/company/{REALM}/preferences"
            assert client.get(url, headers=headers).status_code == 200
            assert client.get(served.url).json()["quickbooks"] == "/quickbooks"
    town.close()


def test_numbers_survive_the_way_through_json() -> None:
    text = '{"a":10.10,"b":[1,0.005],"c":"1.50","d":null,"e":true}'
    assert rendered(parsed(text)) == text
    assert plain(parsed(text)) == {"a": "10.10", "b": [1, "0.005"], "c": "1.50", "d": None, "e": True}
    assert exact({"a": [0.1]}) == {"a": [Decimal("0.1")]}
    assert rendered(Decimal("1E+2")) == "100"
