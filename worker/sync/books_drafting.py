"""What clients, items, invoices, payments and taxes should show in the books."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from worker.core import books, posting, sales
from worker.core.bookkeeping import MATCH_NEEDED, Found, decide
from worker.core.codec import decode
from worker.core.connections import Connection
from worker.core.holds import Hold
from worker.core.jobs import Job, Lease
from worker.core.links import Link
from worker.core.matches import NONE, Question
from worker.core.matches import Choice as Option
from worker.core.matching import Candidate, Match, evidence, match, paying, reach
from worker.core.ports import Stream
from worker.core.preferences import BooksPreferences
from worker.core.reconcile import Decision
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX, Client, Record
from worker.core.references import FREE_ITEM, References
from worker.sync.choice import Asking, Choice, Choices, as_asked
from worker.sync.house import House
from worker.sync.withdrawn import still_paid

Draft = books.Entity | Hold | None

SALES_TAX_OFF = Hold(
    "SALES_TAX_OFF",
    "Sales tax is off in the books, so this tax has no counterpart there; turn it on, or leave the tax off invoices.",
    failed=False,
)
UNTOLD = Hold("NOT_TOLD", "FieldCamp has not told all of it yet; it is asked again with the next sync.", failed=False)
TELLING = {INVOICE: "lines", PAYMENT: "amount", TAX: "rate"}
"""What a record must hold to be more than a name."""

OTHER_WORK = {"id": FREE_ITEM, "name": "Other work", "active": True}
"""The item that stands for lines which name none; it takes the ``income_account`` of the settings."""


@dataclass
class BooksDrafting:
    """Decides about records of all kinds in one company's books."""

    house: House
    job: Job
    lease: Lease
    connection: Connection
    preferences: BooksPreferences
    sourcing: Asking
    unsure: set[str] = field(default_factory=set)
    learned: bool = False

    def choose(self, kind: str, local_ids: Sequence[str], streams: Mapping[str, Stream]) -> Choices:
        stream = next(stream for stream in streams.values() if stream.live)
        known = self._known(kind, local_ids)
        drafts = {**self._drafts(kind, known), **_untold(kind, known)}
        links = self._links(kind, local_ids)
        if kind == INVOICE:
            drafts.update(still_paid(self.house.store, self.connection.id, drafts, links))
        finds = self._finds(kind, drafts, links)
        chosen: Choices = {}
        for local_id in local_ids:
            link, draft = links.get(local_id), drafts.get(local_id)
            # What FieldCamp never told of bears the key of another account that keeps its money in the same books.
            decision = Decision()
            if local_id in known:
                decision = decide(stream, local_id, link, draft, finds.get(local_id) or Found())
            chosen[local_id] = [Choice(stream.name, local_id, link, decision)]
        return chosen

    def keep(self, kind: str, chosen: Choices) -> None:
        """Ask people about clients that may be there already, and withdraw what needs no answer any more. What was paid
        already for an invoice that was found in the books is news to the source."""
        if kind == INVOICE:
            self._see_payments([choices[0] for choices in chosen.values() if choices[0].is_match])
        if kind != CLIENT:
            return
        held = {local_id: choices[0] for local_id, choices in chosen.items() if _is_question(choices[0])}
        known = self.house.store.records.get_many(self.job.account_id, CLIENT, list(held))
        drafts = self._drafts(CLIENT, known)
        finds = self._finds(CLIENT, drafts, {})
        at = self.house.now()
        questions = [
            Question("", CLIENT, local_id, draft, _options(draft, finds[local_id].match), at)
            for local_id, draft in drafts.items()
            if isinstance(draft, books.Customer)
        ]
        settled = [(CLIENT, local_id) for local_id in chosen if local_id not in held]
        self.house.store.matches.ask(self.lease, questions, settled, at)

    def _see_payments(self, adopted: Sequence[Choice]) -> None:
        links = [choice.decision.link for choice in adopted]
        wanted = [paying(link.remote_id) for link in links if link is not None and link.remote_id is not None]
        found = self.house.store.directory.search(self.connection.id, PAYMENT, wanted) if wanted else {}
        remote_ids = {candidate.remote_id for some in found.values() for candidate in some}
        if remote_ids and self.house.store.arrivals.reopen(self.lease, self.connection.id, remote_ids):
            self.learned = True

    def _links(self, kind: str, local_ids: Sequence[str]) -> dict[str, Link]:
        links = self.house.store.plans.links_of(self.connection.id, local_ids, kind)
        return {local_id: as_asked(self.job, some[0]) for local_id, some in links.items()}

    def _known(self, kind: str, local_ids: Sequence[str]) -> dict[str, Record]:
        """These records, and what they mention, asked for by name where nothing has told it; what comes in now is
        posted before them."""
        known = self.house.store.records.get_many(self.job.account_id, kind, local_ids)
        half_told = sorted(_untold(kind, known))
        if half_told and self.sourcing.fetch(kind, half_told):
            known = self.house.store.records.get_many(self.job.account_id, kind, local_ids)
        self._fetch(kind, known)
        return known

    def _fetch(self, kind: str, known: Mapping[str, Record]) -> None:
        mentioned: dict[str, set[str]] = {}
        for record in known.values():
            for its_kind, local_id in () if record.deleted else posting.mentions(kind, record.content):
                mentioned.setdefault(its_kind, set()).add(local_id)
        for its_kind, local_ids in mentioned.items():
            self._fetch_kind(its_kind, local_ids)
        if kind == INVOICE and any(_has_free_line(record) for record in known.values()):
            self.learned = self.sourcing.add(ITEM, [Record(ITEM, FREE_ITEM, OTHER_WORK)]) or self.learned

    def _fetch_kind(self, kind: str, local_ids: set[str]) -> None:
        there = self.house.store.records.get_many(self.job.account_id, kind, local_ids)
        missing = sorted(local_ids - there.keys() - {FREE_ITEM})
        if missing and self.sourcing.fetch(kind, missing):
            self.learned = True

    def _drafts(self, kind: str, known: Mapping[str, Record]) -> dict[str, Draft]:
        live = {local_id: record.content for local_id, record in known.items() if not record.deleted}
        if kind == CLIENT:
            return {local_id: posting.customer(_of(Client, local_id, told)) for local_id, told in live.items()}
        if kind == ITEM:
            how = self.preferences
            return {local_id: posting.item(_of(sales.Item, local_id, told), how) for local_id, told in live.items()}
        refs = self._references(kind, live)
        if kind == TAX:
            return {local_id: _tax(_of(sales.Tax, local_id, told), refs) for local_id, told in live.items()}
        if kind == INVOICE:
            return self._invoices(live, refs)
        return self._payments(live, refs)

    def _invoices(self, live: Mapping[str, Mapping[str, Any]], refs: References) -> dict[str, Draft]:
        taxes = self._told(TAX, [name for told in live.values() for name in _mentioned(INVOICE, told, TAX)])
        known = {local_id: _of(sales.Tax, local_id, told) for local_id, told in taxes.items()}
        how = self.preferences
        return {
            local_id: posting.invoice(_of(sales.Invoice, local_id, told), known, refs, how)
            for local_id, told in live.items()
        }

    def _payments(self, live: Mapping[str, Mapping[str, Any]], refs: References) -> dict[str, Draft]:
        named = {local_id: _of(sales.Payment, local_id, told) for local_id, told in live.items()}
        told = self._told(INVOICE, [payment.invoice_id for payment in named.values() if payment.invoice_id])
        invoices = {local_id: _of(sales.Invoice, local_id, content) for local_id, content in told.items()}
        return {
            local_id: posting.payment(payment, invoices.get(payment.invoice_id or ""), refs)
            for local_id, payment in named.items()
        }

    def _told(self, kind: str, local_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        known = self.house.store.records.get_many(self.job.account_id, kind, local_ids)
        return {local_id: record.content for local_id, record in known.items()}

    def _references(self, kind: str, live: Mapping[str, Mapping[str, Any]]) -> References:
        """What the books hold of what these records mention."""
        found = self.house.store.directory.of_kind(self.connection.id, TAX)
        regime = next((each.document for each in found if isinstance(each.document, books.TaxRegime)), None)
        codes = {each.remote_id: each.document for each in found if isinstance(each.document, books.TaxCode)}
        active = {remote_id: code for remote_id, code in codes.items() if code.active}
        remote: dict[tuple[str, str], str] = {}
        waiting: dict[tuple[str, str], str] = {}
        for its_kind in (CLIENT, ITEM, TAX, INVOICE):
            local_ids = {name for told in live.values() for name in _mentioned(kind, told, its_kind)}
            local_ids |= self._clients_of_invoices(kind, live) if its_kind == CLIENT else set()
            local_ids |= {FREE_ITEM} if its_kind == ITEM else set()
            for local_id, link in self._links(its_kind, sorted(local_ids)).items():
                if link.published and link.remote_id is not None:
                    remote[its_kind, local_id] = link.remote_id
                elif link.message:
                    waiting[its_kind, local_id] = link.message
        return References(regime or books.TaxRegime(), active, remote, waiting)

    def _clients_of_invoices(self, kind: str, live: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """A payment is its client's, whom its invoice may name in its place."""
        if kind != PAYMENT:
            return set()
        invoices = self._told(INVOICE, [name for told in live.values() for name in _mentioned(kind, told, INVOICE)])
        return {name for told in invoices.values() for name in _mentioned(INVOICE, told, CLIENT)}

    def _finds(self, kind: str, drafts: Mapping[str, Draft], links: Mapping[str, Link]) -> dict[str, Found]:
        """What is in the books already of records that are not published; taxes are looked up each time."""
        looked_for = {
            local_id: draft
            for local_id, draft in drafts.items()
            if draft is not None and not isinstance(draft, Hold) and _is_open(kind, links.get(local_id))
        }
        answers = self.house.store.matches.answers(self.connection.id, kind, list(looked_for))
        chosen = self.house.store.directory.named(self.connection.id, kind, [each for each in answers.values() if each])
        wanted = {trait for draft in looked_for.values() for trait in reach(draft)}
        by_trait = self.house.store.directory.search(self.connection.id, kind, wanted)
        emails = Counter(draft.email.lower() for draft in drafts.values() if isinstance(draft, books.Customer))
        finds: dict[str, Found] = {}
        claimed: set[str] = set()
        automated = self._automated() if kind == TAX else None
        for local_id, draft in looked_for.items():
            candidates = _candidates(draft, by_trait, claimed)
            rivals = _rivals(draft, candidates, emails)
            match_ = match(draft, candidates, rivals) if kind != TAX else _tax_match(draft, candidates, automated)
            if match_.candidate is not None and kind != TAX:
                claimed.add(match_.candidate.remote_id)
            answer = answers.get(local_id)
            finds[local_id] = Found(
                match_,
                chosen=chosen.get(answer or ""),
                made_new=answer == NONE,
                asks=not self.preferences.create_customers,
                others=frozenset(each.remote_id for each in candidates if each.taken),
            )
        return finds

    def _automated(self) -> Candidate | None:
        """The code that stands for every tax where the books reckon tax by themselves."""
        known = {each.remote_id: each for each in self.house.store.directory.of_kind(self.connection.id, TAX)}
        regime = next((each.document for each in known.values() if isinstance(each.document, books.TaxRegime)), None)
        is_automated = regime is not None and regime.regime == books.AUTOMATED
        return known.get(books.TAXED) if is_automated else None


def _untold(kind: str, known: Mapping[str, Record]) -> dict[str, Hold]:
    """Records of which an event told too little to post them."""
    needed = TELLING.get(kind)
    if needed is None:
        return {}
    return {
        local_id: UNTOLD
        for local_id, record in known.items()
        if not record.deleted and needed not in record.content and not record.content.get("void")
    }


def _is_open(kind: str, link: Link | None) -> bool:
    return kind == TAX or link is None or not link.published


def _is_question(choice: Choice) -> bool:
    link = choice.decision.link
    return link is not None and link.reason == MATCH_NEEDED


def _tax_match(draft: books.Entity, candidates: Sequence[Candidate], automated: Candidate | None) -> Match:
    """Several taxes may point at one code."""
    if automated is not None:
        return Match(automated)
    return match(draft, [replace(each, taken=False) for each in candidates])


def _rivals(draft: books.Entity, candidates: Sequence[Candidate], emails: Mapping[str, int]) -> int:
    """How many other clients have the same e-mail address: an address of two says which is which of neither."""
    if not isinstance(draft, books.Customer) or not draft.email:
        return 0
    taken = [each for each in candidates if each.taken and "email" in evidence(draft, each)]
    return emails[draft.email.lower()] - 1 + len(taken)


def _candidates(
    draft: books.Entity, by_trait: Mapping[str, Sequence[Candidate]], claimed: set[str]
) -> Sequence[Candidate]:
    """Each once; one that another record of this chunk took is taken."""
    found = {each.remote_id: each for trait in sorted(reach(draft)) for each in by_trait.get(trait, ())}
    return [replace(each, taken=each.taken or remote_id in claimed) for remote_id, each in found.items()]


def _options(wanted: books.Customer, found: Match) -> tuple[Option, ...]:
    return tuple(Option(each.remote_id, each.document, evidence(wanted, each)) for each in found.doubtful)


def _tax(tax: sales.Tax, refs: References) -> Draft:
    return SALES_TAX_OFF if refs.regime.regime == books.NO_TAX else posting.tax(tax)


def _of(kind: type[Any], local_id: str, content: Mapping[str, Any]) -> Any:
    return decode(kind, {**content, "id": local_id})


def _mentioned(kind: str, content: Mapping[str, Any], wanted: str) -> list[str]:
    return [local_id for its_kind, local_id in posting.mentions(kind, content) if its_kind == wanted]


def _has_free_line(record: Record) -> bool:
    return not record.deleted and any(not line.get("item_id") for line in record.content.get("lines", ()))
