"""Which object that the books hold already stands for one that we want there."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from worker.core import books
from worker.core.pricing import digits
from worker.core.tax_codes import MARKS

EMAIL, NAME, PHONE = "email", "name", "phone"
PHONE_DIGITS = 7
"""The last digits of a telephone number that people write alike, whatever they do with prefixes."""
MOST_NUMBERED = 9
"""The highest number behind a name that is looked for: more records hardly share one."""
FOLDERS = ("Category", "Group")
"""Kinds of items that lines cannot sell, or that stand for several."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object in the books; ``taken``: another record's link owns it."""

    remote_id: str
    version: str | None
    document: books.Entity
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """``candidate`` is the clear one; otherwise ``doubtful`` are those a person should look at, the likeliest first."""

    candidate: Candidate | None = None
    doubtful: tuple[Candidate, ...] = ()


def traits(document: books.Entity) -> frozenset[str]:
    """What a document is looked up by, such as ``email:ann@example.com``: equal traits make candidates."""
    return frozenset(_traits(document))


def reach(document: books.Entity) -> frozenset[str]:
    """The traits of a document, and those that it has in the books where its name was taken and a number was put behind
    it: whoever looks for it has to know which of those are another record's already."""
    if not isinstance(document, books.Customer | books.Item):
        return traits(document)
    numbers = [f" ({number})" for number in range(2, MOST_NUMBERED + 1)]
    names = [document.name[: books.NAME_LIMIT - len(number)].rstrip() + number for number in numbers]
    return traits(document).union(f"{NAME}:{_folded(name)}" for name in names)


def evidence(wanted: books.Customer, candidate: Candidate) -> tuple[str, ...]:
    """In what a candidate agrees with the wanted customer: ``email``, ``name``, ``phone``, those that both have.

    Two people of one company do not have one name.
    """
    found = candidate.document
    assert isinstance(found, books.Customer)
    common = traits(wanted) & traits(found)
    agreed = {EMAIL: _of_sign(EMAIL, common), NAME: _same_name(wanted, found), PHONE: _of_sign(PHONE, common)}
    return tuple(sign for sign, agrees in agreed.items() if agrees)


def match(wanted: books.Entity, candidates: Sequence[Candidate], rivals: int = 0) -> Match:
    """The candidate that stands for ``wanted``, or those that might.

    ``rivals`` are other clients of the account with the same e-mail address, which then proves nothing alone.
    Candidates of another type are left out. A taken one is never clear.
    """
    alike = [candidate for candidate in candidates if type(candidate.document) is type(wanted)]
    if isinstance(wanted, books.Customer):
        return _match_customer(wanted, alike, rivals)
    if isinstance(wanted, books.Item):
        return _match_item(wanted, alike)
    if isinstance(wanted, books.Invoice):
        return _match_invoice(wanted, alike)
    if isinstance(wanted, books.TaxCode):
        return _match_tax_code(wanted, alike)
    return Match()


def adopted(candidate: books.Entity, wanted: books.Entity) -> books.Entity:
    """The base from which the source's side is merged after an adoption: ``wanted``, but empty where ``candidate`` is.

    So the source seems to have changed only what the books leave blank: blanks get filled, and nothing that a
    bookkeeper wrote is erased. Both are of one type.
    """
    blank: dict[str, Any] = {}
    for name, fields in candidate.GROUPS.items():
        values = books.group(candidate, name)
        if not any(values):
            blank.update(zip(fields, values, strict=True))
    return replace(wanted, **blank)


def _match_customer(wanted: books.Customer, candidates: Sequence[Candidate], rivals: int) -> Match:
    signs = {candidate.remote_id: evidence(wanted, candidate) for candidate in candidates}
    free = [candidate for candidate in candidates if not candidate.taken]
    by_email = _in_use([candidate for candidate in free if EMAIL in signs[candidate.remote_id]])
    proven = [candidate for candidate in by_email if len(signs[candidate.remote_id]) > 1]
    clear = by_email if len(by_email) == 1 and not rivals else proven
    if not by_email:
        clear = _in_use([one for one in free if signs[one.remote_id] == (NAME, PHONE) and not _differs(wanted, one)])
    if len(clear) == 1:
        return Match(clear[0])
    likely = [one for one in candidates if _is_doubtful(wanted, one, signs[one.remote_id])]
    return Match(doubtful=tuple(sorted(likely, key=lambda one: (*_weight(signs[one.remote_id]), one.remote_id))))


def _is_doubtful(wanted: books.Customer, candidate: Candidate, signs: tuple[str, ...]) -> bool:
    """One sign with a differing e-mail address is somebody else: a namesake, or a colleague at the same telephone."""
    if not _is_active(candidate):
        return False
    if EMAIL in signs:
        return True
    return not candidate.taken and bool(signs) and (len(signs) > 1 or not _differs(wanted, candidate))


def _weight(signs: tuple[str, ...]) -> tuple[bool, int]:
    return EMAIL not in signs, -len(signs)


def _differs(wanted: books.Customer, candidate: Candidate) -> bool:
    """Whether both have an e-mail address, and not the same."""
    ours, theirs = _of_sign(EMAIL, traits(wanted)), _of_sign(EMAIL, traits(candidate.document))
    return bool(ours and theirs and not ours & theirs)


def _same_name(one: books.Customer, other: books.Customer) -> bool:
    ours, theirs = _called(one), _called(other)
    return bool(ours & {*theirs, _folded(other.company)} or theirs & {_folded(one.company)})


def _match_item(wanted: books.Item, candidates: Sequence[Candidate]) -> Match:
    def is_same(item: books.Item) -> bool:
        return item.kind not in FOLDERS and _folded(item.name) == _folded(wanted.name)

    return _only(_in_use(_free(candidates, lambda document: isinstance(document, books.Item) and is_same(document))))


def _match_invoice(wanted: books.Invoice, candidates: Sequence[Candidate]) -> Match:
    """An invoice with the number of ours that is not ours all the same is doubtful, taken or not."""
    if not wanted.number:
        return Match()
    numbered = [one for one in candidates if traits(one.document) & traits(wanted)]
    clear = _free(numbered, lambda document: _purpose(document) == _purpose(wanted))
    return Match(clear[0]) if len(clear) == 1 else Match(doubtful=tuple(numbered))


def _purpose(invoice: books.Entity) -> tuple[Any, ...]:
    assert isinstance(invoice, books.Invoice)
    return invoice.customer, invoice.total


def _match_tax_code(wanted: books.TaxCode, candidates: Sequence[Candidate]) -> Match:
    """A code of that name with another rate would reckon another tax: it is for a person to say."""
    codes = [one for one in candidates if _is_active(one) and one.remote_id not in MARKS and not one.taken]
    same_rate = [one for one in codes if _of_sign("rate", traits(one.document) & traits(wanted))]
    same_name = [one for one in codes if _of_sign(NAME, traits(one.document) & traits(wanted))]
    both = [one for one in same_rate if one in same_name]
    if same_rate:
        return _only(both or same_rate)
    if len(same_name) == 1 and not _of_sign("rate", traits(same_name[0].document)):
        return Match(same_name[0])
    return Match(doubtful=tuple(same_name))


def _free(candidates: Iterable[Candidate], is_it: Callable[[books.Entity], bool]) -> list[Candidate]:
    return [candidate for candidate in candidates if not candidate.taken and is_it(candidate.document)]


def _only(candidates: Sequence[Candidate]) -> Match:
    return Match(candidates[0]) if len(candidates) == 1 else Match(doubtful=tuple(candidates))


def _in_use(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The active ones; the inactive ones count where there is nothing else."""
    return [candidate for candidate in candidates if _is_active(candidate)] or candidates


def _is_active(candidate: Candidate) -> bool:
    return bool(getattr(candidate.document, "active", True))


def paying(invoice: str) -> str:
    """The trait of payments that pay an invoice of the books."""
    return f"invoice:{invoice}"


def _traits(document: books.Entity) -> Iterator[str]:
    if isinstance(document, books.Customer):
        yield from _traits_of_customer(document)
    elif isinstance(document, books.Item):
        yield f"{NAME}:{_folded(document.name)}"
    elif isinstance(document, books.Invoice) and document.number:
        yield f"number:{document.number}"
    elif isinstance(document, books.Payment):
        yield from map(paying, sorted({part.invoice for part in document.parts}))
    elif isinstance(document, books.TaxCode):
        yield f"{NAME}:{_folded(document.name)}"
        if document.rate is not None:
            yield f"rate:{digits(document.rate)}"
    elif isinstance(document, books.TaxRegime):
        yield "regime"


def _traits_of_customer(customer: books.Customer) -> Iterator[str]:
    for address in re.split(r"[,;\s]+", unicodedata.normalize("NFKC", customer.email).lower()):
        if address:
            yield f"{EMAIL}:{address}"
    for name in _called(customer) | ({_folded(customer.company)} - {""}):
        yield f"{NAME}:{name}"
    numerals = re.sub(r"\D", "", unicodedata.normalize("NFKC", customer.phone))
    if len(numerals) >= PHONE_DIGITS:
        yield f"{PHONE}:{numerals[-PHONE_DIGITS:]}"


def _called(customer: books.Customer) -> set[str]:
    return {_folded(customer.name), _folded(f"{customer.given} {customer.family}")} - {""}


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _of_sign(sign: str, found: frozenset[str]) -> frozenset[str]:
    return frozenset(trait for trait in found if trait.startswith(f"{sign}:"))
