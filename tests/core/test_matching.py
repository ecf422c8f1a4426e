"""Which object that the books hold already stands for one that we want there."""

from decimal import Decimal

import pytest

from worker.core import books
from worker.core.books import Customer, Invoice, Item, Payment, TaxCode, TaxRegime
from worker.core.matching import Candidate, Match, adopted, evidence, match, paying, reach, traits
from worker.core.records import Address

D = Decimal
ANN = Customer("Ann Smith", "Ann", "Smith", "Acme", "ann@example.com", "+1 (555) 010-1234")
MAIL = Customer("A. S.", email="Ann@Example.com ")
NAMESAKE = Customer("ann  SMITH")
HOUSE = Customer("Somebody", phone="555 0101234")


def at(remote_id: str, document: books.Entity, *, taken: bool = False) -> Candidate:
    return Candidate(remote_id, "0", document, taken)


def inactive(customer: Customer) -> Customer:
    return Customer(customer.name, email=customer.email, phone=customer.phone, active=False)


def ids(found: Match) -> tuple[str | None, list[str]]:
    clear = found.candidate.remote_id if found.candidate else None
    return clear, [candidate.remote_id for candidate in found.doubtful]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (ANN, {"email:ann@example.com", "name:ann smith", "name:acme", "phone:0101234"}),
        (Customer("ＡＮＮ", email="ＡＮＮ@b.com; C@b.com"), {"name:ann", "email:ann@b.com", "email:c@b.com"}),
        (Customer("Straße", phone="12 34"), {"name:strasse"}),
        (Item("Boiler  Service"), {"name:boiler service"}),
        (Invoice("1", "INV-1"), {"number:INV-1"}),
        (Invoice("1"), set()),
        (TaxCode("VAT", D("0.20")), {"name:vat", "rate:0.2"}),
        (TaxCode("TAX"), {"name:tax"}),
        (Payment("1", D(5)), set()),
        (TaxRegime(), {"regime"}),
    ],
)  # fmt: skip
def test_traits_are_what_a_document_is_looked_up_by(document: books.Entity, expected: set[str]) -> None:
    assert traits(document) == expected


@pytest.mark.parametrize(
    ("candidate", "signs"),
    [
        (ANN, ("email", "name", "phone")),
        (MAIL, ("email",)),
        (NAMESAKE, ("name",)),
        (HOUSE, ("phone",)),
        (Customer("Acme"), ("name",)),
        (Customer("S., Ann", given="Ann", family="Smith"), ("name",)),
        (Customer("Bob Jones", company="Acme"), ()),
        (Customer("Bob Jones", company="Ann Smith"), ("name",)),
        (Customer("Bob"), ()),
    ],
)
def test_evidence_is_in_what_both_sides_agree(candidate: Customer, signs: tuple[str, ...]) -> None:
    assert evidence(ANN, at("1", candidate)) == signs


BOTH = Customer("Ann Smith", phone="5550101234")
OTHER_MAIL = Customer("Ann Smith", email="other@example.com")


@pytest.mark.parametrize(
    ("candidates", "rivals", "expected"),
    [
        pytest.param([], 0, (None, []), id="nothing there"),
        pytest.param([at("1", Customer("Bob"))], 0, (None, []), id="somebody else"),
        pytest.param([at("1", MAIL)], 0, ("1", []), id="one by e-mail"),
        pytest.param([at("1", inactive(MAIL))], 0, ("1", []), id="one by e-mail, inactive"),
        pytest.param([at("1", MAIL), at("2", NAMESAKE)], 0, ("1", []), id="one by e-mail beside a namesake"),
        pytest.param([at("1", MAIL)], 1, (None, ["1"]), id="e-mail alone, with a rival"),
        pytest.param([at("1", ANN)], 1, ("1", []), id="e-mail and more, with a rival"),
        pytest.param([at("1", MAIL), at("2", ANN)], 0, ("2", []), id="several by e-mail, one with a name"),
        pytest.param([at("1", MAIL), at("2", MAIL)], 0, (None, ["1", "2"]), id="several by e-mail alone"),
        pytest.param([at("1", ANN), at("2", ANN)], 0, (None, ["1", "2"]), id="several by all"),
        pytest.param([at("1", MAIL), at("2", inactive(MAIL))], 0, ("1", []), id="the active one of two"),
        pytest.param([at("1", inactive(MAIL)), at("2", inactive(MAIL))], 0, (None, []), id="two inactive by e-mail"),
        pytest.param([at("1", BOTH)], 0, ("1", []), id="name and telephone"),
        pytest.param([at("1", inactive(BOTH))], 0, ("1", []), id="name and telephone, inactive"),
        pytest.param([at("1", BOTH), at("2", BOTH)], 0, (None, ["1", "2"]), id="name and telephone twice"),
        pytest.param([at("1", NAMESAKE)], 0, (None, ["1"]), id="name alone"),
        pytest.param([at("1", HOUSE)], 0, (None, ["1"]), id="telephone alone"),
        pytest.param([at("1", inactive(NAMESAKE))], 0, (None, []), id="name alone, inactive"),
        pytest.param([at("1", OTHER_MAIL)], 0, (None, []), id="a namesake with another e-mail"),
        pytest.param(
            [at("1", Customer("Ann Smith", email="new@example.com", phone="5550101234"))],
            0,
            (None, ["1"]),
            id="name and telephone with another e-mail",
        ),
        pytest.param([at("1", ANN, taken=True)], 0, (None, ["1"]), id="taken, by e-mail"),
        pytest.param([at("1", BOTH, taken=True)], 0, (None, []), id="taken, by name and telephone"),
        pytest.param([at("1", MAIL), at("2", ANN, taken=True)], 0, ("1", []), id="the free one of two"),
        pytest.param([at("1", ANN, taken=True), at("2", BOTH)], 0, ("2", []), id="e-mail taken, name and telephone"),
        pytest.param([at("1", HOUSE), at("2", MAIL), at("3", ANN, taken=True), at("4", NAMESAKE)], 2,
                     (None, ["3", "2", "1", "4"]), id="the likeliest first"),
        pytest.param([at("1", Item("Ann Smith"))], 0, (None, []), id="an item of that name"),
    ],
)  # fmt: skip
def test_a_customer_is_adopted_when_it_is_clear_and_asked_about_when_it_might_be(
    candidates: list[Candidate], rivals: int, expected: tuple[str | None, list[str]]
) -> None:
    assert ids(match(ANN, candidates, rivals)) == expected


def test_a_client_without_e_mail_is_found_by_name_and_telephone() -> None:
    """Lesson 25: a customer with the same name exists, or an inactive one: found, adopted; never a dead end."""
    wanted = Customer("Ann Smith", phone="5550101234")
    assert ids(match(wanted, [at("1", ANN)])) == ("1", [])


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([at("1", Item("BOILER"))], ("1", [])),
        ([at("1", Item("Boiler", kind="Inventory"))], ("1", [])),
        ([at("1", Item("Boiler", active=False))], ("1", [])),
        ([at("1", Item("Boiler", kind="Category")), at("2", Item("Boiler", kind="Group"))], (None, [])),
        ([at("1", Item("Boilers"))], (None, [])),
        ([at("1", Item("Boiler"), taken=True)], (None, [])),
        ([at("1", Item("Boiler")), at("2", Item("Boiler", active=False))], ("1", [])),
        ([at("1", Item("Boiler")), at("2", Item("Boiler"))], (None, ["1", "2"])),
    ],
)
def test_an_item_is_known_by_its_name(candidates: list[Candidate], expected: tuple[str | None, list[str]]) -> None:
    assert ids(match(Item("Boiler"), candidates)) == expected


INVOICE = Invoice("7", "INV-1", total=D("108.25"))


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([at("1", INVOICE)], ("1", [])),
        ([at("1", Invoice("8", "INV-1", total=D("108.25")))], (None, ["1"])),
        ([at("1", Invoice("7", "INV-1", total=D("108.26")))], (None, ["1"])),
        ([at("1", Invoice("7", "INV-2", total=D("108.25")))], (None, [])),
        ([at("1", INVOICE, taken=True)], (None, ["1"])),
        ([at("1", INVOICE, taken=True), at("2", INVOICE)], ("2", [])),
        ([at("1", INVOICE), at("2", INVOICE)], (None, ["1", "2"])),
        ([at("1", INVOICE), at("2", Invoice("8", "INV-1"))], ("1", [])),
    ],
)
def test_an_invoice_is_known_by_number_customer_and_total(
    candidates: list[Candidate], expected: tuple[str | None, list[str]]
) -> None:
    assert ids(match(INVOICE, candidates)) == expected


def test_an_invoice_without_a_number_is_never_taken_for_another() -> None:
    assert match(Invoice("7"), [at("1", Invoice("7"))]) == Match()


VAT = TaxCode("VAT", D("0.2"))


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([at("1", TaxCode("20.0% S", D("0.20")))], ("1", [])),
        ([at("1", TaxCode("20.0% S", D("0.2"))), at("2", TaxCode("vat", D("0.2")))], ("2", [])),
        ([at("1", TaxCode("20.0% S", D("0.2"))), at("2", TaxCode("20.0% RC", D("0.2")))], (None, ["1", "2"])),
        ([at("1", TaxCode("VAT", D("0.2"))), at("2", TaxCode("VAT", D("0.2")))], (None, ["1", "2"])),
        ([at("1", TaxCode("VAT"))], ("1", [])),
        ([at("1", TaxCode("VAT", D("0.05")))], (None, ["1"])),
        ([at("1", TaxCode("VAT")), at("2", TaxCode("VAT"))], (None, ["1", "2"])),
        ([at("1", TaxCode("GST", D("0.05")))], (None, [])),
        ([at("1", TaxCode("VAT", D("0.2"), active=False))], (None, [])),
        ([at("1", VAT, taken=True)], (None, [])),
        ([at("TAX", TaxCode("VAT")), at("NON", TaxCode("VAT"))], (None, [])),
    ],
)
def test_a_tax_code_is_known_by_its_rate_and_its_name_decides(
    candidates: list[Candidate], expected: tuple[str | None, list[str]]
) -> None:
    assert ids(match(VAT, candidates)) == expected


def test_what_bears_a_number_behind_a_taken_name_is_within_reach() -> None:
    item = Item("Filter")
    assert reach(item) == traits(item) | {f"name:filter ({number})" for number in range(2, 10)}
    longest = Item("F" * books.NAME_LIMIT)
    assert f"name:{'f' * (books.NAME_LIMIT - 4)} (2)" in reach(longest)
    invoice = Invoice("7", number="INV-1")
    assert reach(invoice) == traits(invoice)


def test_payments_are_never_taken_for_one_another() -> None:
    payment = Payment("7", D(5))
    assert match(payment, [at("1", payment)]) == Match()


def test_after_an_adoption_blanks_get_filled_and_nothing_is_erased() -> None:
    """What differs between base and wanted is what the source seems to have changed."""
    wanted = Customer("Ann Smith", "Ann", "", "Acme", "ann@example.com", "555", Address("Main St 1"))
    there = Customer("Ann S.", family="Smith", email="ann@example.com", phone="777")
    base = adopted(there, wanted)
    assert isinstance(base, Customer)
    changed = {name for name in Customer.GROUPS if books.group(base, name) != books.group(wanted, name)}
    assert changed == {"given", "company", "address"}
    assert (base.given, base.company, base.address) == ("", "", None)


def test_a_price_of_nothing_is_a_blank() -> None:
    base = adopted(Item("Boiler", income_account="80"), Item("Boiler", price=D(5), income_account="79"))
    assert base == Item("Boiler", income_account="79")


def test_the_amounts_of_an_invoice_are_no_blank() -> None:
    there = Invoice("7", "INV-1", total=D(5))
    base = adopted(there, Invoice("7", "INV-1", total=D(5), memo="Thanks"))
    assert base == there


def test_payments_are_looked_up_by_the_invoices_that_they_pay() -> None:
    paid = books.Payment("7", D(100), (books.Part("90", D(60)), books.Part("91", D(40))))
    assert {paying("90"), paying("91")} == traits(paid)
