"""What happens between two answers, or between an answer and its note."""

from tests.sync.books_house import FC_KEY, REALM, BooksHouse, line
from worker.core.jobs import JobStatus, Mode
from worker.simulators.faults import Fault

EMAIL = "ada@example.com"


def test_two_clients_may_share_a_customer_and_each_changes_what_it_wants(there: BooksHouse) -> None:
    one = there.quickbooks.add_customer(REALM, "Ada L.", PrimaryEmailAddr={"Address": EMAIL})
    there.quickbooks.add_customer(REALM, "A. Lovelace", PrimaryEmailAddr={"Address": EMAIL})
    clients = [there.client(name, email=EMAIL) for name in ("Ada Byron", "Ada King")]
    there.sync()
    for question in there.store.matches.open(there.account_id):
        there.store.matches.answer(there.account_id, question.id, one["Id"], there.now())
    assert there.sync().status is JobStatus.SUCCEEDED
    for place, client in enumerate(clients):
        there.change("clients", client, companyName=f"Engines {place}")
    assert there.sync().status is JobStatus.SUCCEEDED
    there.change("clients", clients[1], phoneNumber={"countryCode": "1", "number": "5550100"})
    assert there.sync().status is JobStatus.SUCCEEDED
    [shared] = [each for each in there.objects("Customer") if each["Id"] == one["Id"]]
    assert "5550100" in shared["PrimaryPhone"]["FreeFormNumber"]
    parts = there.quickbooks.counters()["parts"]
    assert there.sync().status is JobStatus.SUCCEEDED
    assert there.quickbooks.counters()["parts"] == parts


def test_a_payment_whose_recording_was_never_answered_is_taken_back_once_it_is_void(there: BooksHouse) -> None:
    there.invoice(there.client(email=EMAIL), line(None, 100))
    there.sync()
    [invoice] = there.objects("Invoice")
    paid = there.quickbooks.record_payment(REALM, invoice["CustomerRef"]["value"], "40", {invoice["Id"]: "40"})
    there.fieldcamp.faults.add(Fault(operation="payments.create", drop="after", times=1))
    assert there.sync().status is JobStatus.PARTIAL
    assert len(there.told("payments")) == 1
    there.quickbooks.void(REALM, "payment", paid["Id"])
    assert there.sync().status is JobStatus.SUCCEEDED
    assert there.told("payments") == []
    assert there.fieldcamp.records(FC_KEY, "invoices")[0]["amountPaid"] == 0


def test_a_payment_that_never_left_is_taken_back_without_a_word(there: BooksHouse) -> None:
    there.invoice(there.client(email=EMAIL), line(None, 100))
    there.sync()
    [invoice] = there.objects("Invoice")
    paid = there.quickbooks.record_payment(REALM, invoice["CustomerRef"]["value"], "40", {invoice["Id"]: "40"})
    there.fieldcamp.faults.add(Fault(operation="payments.create", status=503, times=9))
    assert there.sync().status is JobStatus.PARTIAL
    there.quickbooks.void(REALM, "payment", paid["Id"])
    assert there.sync().status is JobStatus.SUCCEEDED
    assert there.told("payments") == []


def test_a_false_empty_listing_makes_nothing_twice_and_takes_nothing_back(there: BooksHouse) -> None:
    """Lesson 5, where it would cost money."""
    client = there.client(email=EMAIL)
    for _ in range(3):
        there.invoice(client, line(None, 100))
    there.sync()
    [first, *_] = there.objects("Invoice")
    there.quickbooks.record_payment(REALM, first["CustomerRef"]["value"], "40", {first["Id"]: "40"})
    there.sync()
    before = {entity: there.objects(entity) for entity in ("Customer", "Item", "Invoice", "Payment")}
    nothing = {"QueryResponse": {}, "time": there.now().isoformat()}
    there.quickbooks.faults.add(Fault(operation="query", status=200, body=nothing, times=None))
    assert there.sync(Mode.FULL).status is not JobStatus.SUCCEEDED
    there.quickbooks.faults.clear()
    assert {entity: there.objects(entity) for entity in before} == before
    assert len(there.told("payments")) == 1
    assert there.sync().status is JobStatus.SUCCEEDED
    assert there.sync(Mode.FULL).status is JobStatus.SUCCEEDED
    assert {entity: there.objects(entity) for entity in before} == before
    there.assert_agreement()


def test_what_fieldcamp_refuses_to_take_back_stays_in_the_status_until_it_is_settled(there: BooksHouse) -> None:
    there.invoice(there.client(email=EMAIL), line(None, 100))
    there.sync()
    [invoice] = there.objects("Invoice")
    paid = there.quickbooks.record_payment(REALM, invoice["CustomerRef"]["value"], "40", {invoice["Id"]: "40"})
    there.sync()
    there.fieldcamp.faults.add(Fault(operation="payments.delete", status=405, times=None))
    there.quickbooks.void(REALM, "payment", paid["Id"])
    assert there.sync().status is JobStatus.PARTIAL
    for _ in range(2):
        there.sync()
        assert there.store.feed.attention(there.connection.id) == {"PAYMENT_NOT_TAKEN_BACK": 1}
    [trouble] = there.store.feed.troubles(there.connection.id, 10)
    assert (trouble["code"], trouble["record"]) == ("PAYMENT_NOT_TAKEN_BACK", paid["Id"])
    there.fieldcamp.faults.clear()
    [told] = there.told("payments")
    there.remove("payments", told["id"])
    assert there.sync(Mode.FULL).status is JobStatus.SUCCEEDED
    assert there.store.feed.attention(there.connection.id) == {}
