"""Clients become customers: found where they are, asked about where it is not clear, made where they are not."""

from collections.abc import Callable
from typing import Any

from tests.sync.books_house import REALM, SETTINGS, BooksHouse, line
from worker.core.bookkeeping import MATCH_NEEDED
from worker.core.jobs import Job, JobStatus, Mode
from worker.core.matches import NONE, Question
from worker.core.records import CLIENT

Opened = Callable[..., BooksHouse]
EMAIL = "ada@example.com"


def customer(there: BooksHouse, name: str, email: str = "", **fields: Any) -> dict[str, Any]:
    address = {"PrimaryEmailAddr": {"Address": email}} if email else {}
    return there.quickbooks.add_customer(REALM, name, **address, **fields)


def of_customers(there: BooksHouse) -> dict[str, dict[str, Any]]:
    return {one["Id"]: one for one in there.objects("Customer")}


def questions(there: BooksHouse) -> list[Question]:
    return there.store.matches.open(there.account_id, there.connection.id)


def answer(there: BooksHouse, question: Question, chosen: str) -> Job:
    there.store.matches.answer(there.account_id, question.id, chosen, there.now())
    return there.sync()


def outcome(there: BooksHouse, job: Job) -> list[tuple[str, str | None]]:
    return [(one.outcome, one.reason) for one in there.records(job) if one.kind == CLIENT]


def assert_quiet(there: BooksHouse) -> None:
    parts = there.quickbooks.counters()["parts"]
    for mode in (Mode.INCREMENTAL, Mode.INCREMENTAL, Mode.FULL):
        job = there.sync(mode)
        assert (job.status, job.counts.pushed) == (JobStatus.SUCCEEDED, 0)
    assert there.quickbooks.counters()["parts"] == parts


class TestFound:
    def test_by_its_email_address_and_nothing_of_it_is_changed(self, there: BooksHouse) -> None:
        full = customer(
            there,
            "Lovelace, A.",
            "ADA@Example.com",
            GivenName="Augusta",
            FamilyName="King",
            CompanyName="Engines",
            PrimaryPhone={"FreeFormNumber": "555 999 0000"},
            BillAddr={"Line1": "By hand", "City": "London"},
            Notes="Pays late",
        )
        address = {"street": "Main St", "city": "Boston"}
        there.client(firstName="Ada", lastName="Lovelace", email=EMAIL, companyName="Ada Inc.", billingAddress=address)
        there.sync()
        assert of_customers(there) == {full["Id"]: full}
        assert_quiet(there)

    def test_only_its_blanks_are_filled(self, there: BooksHouse) -> None:
        found = customer(there, "A. Lovelace", EMAIL, Notes="Pays late")
        there.client(firstName="Ada", lastName="Lovelace", email=EMAIL)
        there.sync()
        [after] = there.objects("Customer")
        expected = {"GivenName": "Ada", "FamilyName": "Lovelace"}
        kept = {name: found[name] for name in ("Id", "DisplayName", "PrimaryEmailAddr", "Notes")}
        assert {name: after[name] for name in (*expected, *kept)} == {**expected, **kept}
        assert_quiet(there)

    def test_by_name_and_telephone_where_there_is_no_address(self, there: BooksHouse) -> None:
        found = customer(there, "Ada Lovelace", PrimaryPhone={"FreeFormNumber": "(555) 010-1234"})
        number = {"countryCode": "+1", "number": "5550101234", "countryIdentifier": "US"}
        there.client(email=EMAIL, phoneNumber=number)
        there.sync()
        assert list(of_customers(there)) == [found["Id"]]

    def test_what_the_client_changes_afterwards_goes_there_and_the_rest_stays(self, there: BooksHouse) -> None:
        customer(there, "A. Lovelace", EMAIL, Notes="Pays late")
        client = there.client(firstName="Ada", lastName="Lovelace", email=EMAIL)
        there.sync()
        there.change("clients", client, email="ada@new.example")
        there.sync()
        [after] = there.objects("Customer")
        assert after["PrimaryEmailAddr"]["Address"] == "ada@new.example"
        assert (after["DisplayName"], after["Notes"]) == ("A. Lovelace", "Pays late")
        assert_quiet(there)

    def test_a_deleted_client_leaves_its_customer_as_it_is(self, there: BooksHouse) -> None:
        client = there.client(email=EMAIL)
        there.sync()
        before = there.objects("Customer")
        there.remove("clients", client)
        there.deliver()
        assert there.sync().counts.pushed == 0
        assert there.objects("Customer") == before
        assert_quiet(there)


class TestAsked:
    def two(self, there: BooksHouse) -> tuple[str, str, str]:
        one, other = customer(there, "Ada L.", EMAIL), customer(there, "A. Lovelace", EMAIL)
        return there.client(email=EMAIL), one["Id"], other["Id"]

    def test_several_are_held_with_the_candidates_and_told_once(self, there: BooksHouse) -> None:
        client, one, other = self.two(there)
        job = there.sync()
        assert (job.status, outcome(there, job)) == (JobStatus.SUCCEEDED, [("held", MATCH_NEEDED)])
        [question] = questions(there)
        assert (question.local_id, {choice.remote_id for choice in question.choices}) == (client, {one, other})
        assert {choice.evidence for choice in question.choices} == {("email",)}
        assert there.store.feed.attention(there.connection.id) == {MATCH_NEEDED: 1}
        assert_quiet(there)
        assert [each.id for each in questions(there)] == [question.id]
        assert len(of_customers(there)) == 2

    def test_its_invoices_wait_and_go_once_it_is_answered(self, there: BooksHouse) -> None:
        client, one, _ = self.two(there)
        there.invoice(client, line(None, 100))
        assert there.sync().tallies["invoices"] == {"held": 1}
        answer(there, questions(there)[0], one)
        [invoice] = there.objects("Invoice")
        assert invoice["CustomerRef"]["value"] == one
        there.assert_agreement()

    def test_accepted_it_is_that_one_and_nothing_of_the_other_changes(self, there: BooksHouse) -> None:
        _, one, other = self.two(there)
        there.sync()
        before = of_customers(there)
        answer(there, questions(there)[0], one)
        after = of_customers(there)
        assert after[other] == before[other]
        assert (after[one]["DisplayName"], len(after)) == ("Ada L.", 2)
        assert (questions(there), there.store.feed.attention(there.connection.id)) == ([], {})
        assert_quiet(there)

    def test_rejected_a_new_one_is_made(self, there: BooksHouse) -> None:
        _, one, other = self.two(there)
        there.sync()
        before = of_customers(there)
        answer(there, questions(there)[0], NONE)
        after = of_customers(there)
        assert len(after) == 3
        assert {each: after[each] for each in (one, other)} == before
        assert questions(there) == []
        assert_quiet(there)

    def test_a_question_that_answers_itself_is_withdrawn(self, there: BooksHouse) -> None:
        _, one, other = self.two(there)
        there.sync()
        there.quickbooks.merge_customers(REALM, one, other)
        there.sync()
        assert questions(there) == []
        assert list(of_customers(there)) == [other]
        assert_quiet(there)

    def test_without_questions_it_is_made_anew(self, company: Opened) -> None:
        there = company(settings={**SETTINGS, "customer_match": "create"})
        self.two(there)
        assert outcome(there, there.sync()) == [("created", None)]
        assert len(of_customers(there)) == 3
        assert questions(there) == []
        assert_quiet(there)

    def test_without_questions_one_that_is_clear_is_taken_all_the_same(self, company: Opened) -> None:
        there = company(settings={**SETTINGS, "customer_match": "create"})
        found = customer(there, "A. L.", EMAIL)
        there.client(email=EMAIL)
        there.sync()
        assert list(of_customers(there)) == [found["Id"]]


class TestTwoClientsWithOneAddress:
    def test_new_ones_become_two_customers(self, there: BooksHouse) -> None:
        there.client(email=EMAIL)
        there.client("Byron King", email=EMAIL)
        there.sync()
        there.sync()
        assert sorted(one["DisplayName"] for one in there.objects("Customer")) == ["Ada Lovelace", "Byron King"]
        assert_quiet(there)

    def test_the_address_alone_proves_nothing_and_its_name_does(self, there: BooksHouse) -> None:
        found = customer(there, "Ada Lovelace", EMAIL)
        ada, king = there.client(email=EMAIL), there.client("Byron King", email=EMAIL)
        there.sync()
        linked = {question.local_id for question in questions(there)}
        assert linked == {king}
        there.invoice(ada, line(None, 100))
        there.sync()
        [invoice] = there.objects("Invoice")
        assert invoice["CustomerRef"]["value"] == found["Id"]

    def test_both_may_be_the_same_customer_if_a_person_says_so(self, there: BooksHouse) -> None:
        found = customer(there, "Ada Lovelace", EMAIL)
        ada, king = there.client(email=EMAIL), there.client("Byron King", email=EMAIL)
        there.sync()
        answer(there, questions(there)[0], found["Id"])
        for client in (ada, king):
            there.invoice(client, line(None, 100))
        there.sync()
        assert {one["CustomerRef"]["value"] for one in there.objects("Invoice")} == {found["Id"]}
        assert len(of_customers(there)) == 1
        there.assert_agreement()
        assert_quiet(there)


class TestMergedInQuickBooks:
    def test_invoices_go_to_the_one_that_remains(self, there: BooksHouse) -> None:
        client = there.client(email=EMAIL)
        first = there.invoice(client, line(None, 100))
        there.payment(first, 40)
        there.sync()
        [mine] = there.objects("Customer")
        winner = customer(there, "Ada King", EMAIL)
        there.quickbooks.merge_customers(REALM, mine["Id"], winner["Id"])
        there.sync()
        there.invoice(client, line(None, 50))
        there.sync()
        assert {one["CustomerRef"]["value"] for one in there.objects("Invoice")} == {winner["Id"]}
        assert list(of_customers(there)) == [winner["Id"]]
        there.assert_agreement()
        assert_quiet(there)

    def test_two_of_ours_become_one(self, there: BooksHouse) -> None:
        ada, king = there.client(email=EMAIL), there.client("Byron King", email="king@example.com")
        for client in (ada, king):
            there.invoice(client, line(None, 100))
        there.sync()
        by_name = {one["DisplayName"]: one["Id"] for one in there.objects("Customer")}
        there.quickbooks.merge_customers(REALM, by_name["Byron King"], by_name["Ada Lovelace"])
        for _ in range(2):
            there.sync()
        there.assert_agreement()
        assert_quiet(there)
