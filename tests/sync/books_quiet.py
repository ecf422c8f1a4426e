"""The books of both sides when everything has calmed down: how they get there, and what must hold then."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.sync.books_fate import FATE
from tests.sync.books_house import BOOKS, FC_KEY, REALM, BooksHouse
from tests.sync.books_people import ORIGIN, People
from worker.core.jobs import Job, Mode, Trigger, named
from worker.core.links import Link
from worker.core.matches import NONE
from worker.core.reconcile import BOTH_CHANGED, CONFLICTS, DELETED_AT_PROVIDER, EDITED_AT_PROVIDER
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT
from worker.providers.quickbooks.keys import is_void_note, key_of
from worker.sync.matches import open_matches
from worker.sync.standing import standing

Json = dict[str, Any]
MOST_SYNCS = 6
NUMBER_TAKEN, DUPLICATE_NUMBER, STILL_PAID = "NUMBER_TAKEN", "DUPLICATE_NUMBER", "STILL_PAID"
PAYMENT_REFUSED = "PAYMENT_REFUSED"
OUR_ENTITIES = ("Customer", "Item", "Invoice", "Payment")
READS = frozenset({"query", "token"})


@dataclass
class Quiet:
    """Brings one house to rest and looks at it. ``accepts``: asked whether a customer is a client, people say yes."""

    there: BooksHouse
    people: People
    accepts: bool = False

    def fall(self) -> None:
        """No more faults; after a few syncs both sides agree, and then nothing is written any more."""
        self._calm_down()
        for _ in range(MOST_SYNCS):
            self._answer()
            before = self.writes()
            self._sync()
            if self.writes() == before and not self._questions():
                break
        self._look_once_more(Mode.INCREMENTAL)
        self._look_once_more(Mode.FULL)
        self._look_once_more(Mode.INCREMENTAL)
        self.look()

    def look(self) -> None:
        """All that must hold."""
        self._nothing_is_deleted()
        self._nobody_is_mailed()
        links = {kind: self._links(kind, plural) for kind, plural in PLURALS.items()}
        self._flags_are_explained(links)
        self._one_each("Customer", links[CLIENT])
        self._one_each("Item", links[ITEM])
        self._invoices(links)
        self._payments(links[PAYMENT])
        self._what_was_recorded_arrived(links[INVOICE])
        self._edits_stay()

    def writes(self) -> int:
        """The requests that were to change something, on either side."""
        books = [one for one in self.there.quickbooks.journal.entries(method="POST") if one.operation not in READS]
        return len(books) + sum(one.method != "GET" for one in self.there.fieldcamp.journal.entries())

    def retry(self, links: list[tuple[str, Link]]) -> None:
        """Somebody asks for another try of what was refused."""
        only = tuple(named(kind, link.local_id) for kind, link in links if link.reason not in CONFLICTS)
        if only:
            self.there.sync(trigger=Trigger.RETRY, only=only)

    def _calm_down(self) -> None:
        FATE.clear()
        self.there.quickbooks.faults.clear()
        self.there.fieldcamp.faults.clear()
        self.there.recover()
        if not self.there.connection.connected:
            self.there.connect()
        self.people.wakes_everybody()
        self._sync()
        flagged = [
            (kind, link)
            for kind, plural in PLURALS.items()
            for link in self._links(kind, plural).values()
            if link.reason is not None
        ]
        self.retry(flagged)

    def _sync(self, mode: Mode = Mode.INCREMENTAL) -> Job:
        return self.there.sync(mode, confirm_mass_change=True)

    def _look_once_more(self, mode: Mode) -> None:
        """Nothing is written; but what FieldCamp refuses for good, a full sync asks for once more."""
        before = self.writes()
        job = self._sync(mode)
        told = [(one.kind, one.local_id, one.outcome, one.reason, one.message) for one in self.there.records(job)]
        asked_again = sum(reason == PAYMENT_REFUSED for *_, reason, _ in told) if mode is Mode.FULL else 0
        assert self.writes() == before + asked_again, (mode, told)
        pending = {kind: self.there.store.plans.pending(self.there.connection.id, kind=kind) for kind in PLURALS}
        held = {kind: [link.reason for link in self._links(kind, plural).values()] for kind, plural in PLURALS.items()}
        assert not any(pending.values()) or any(map(any, held.values())), f"looked at again and again: {pending}"

    def _questions(self) -> Any:
        return open_matches(self.there.house, self.there.account_id, BOOKS)

    def _answer(self) -> None:
        """A person says of each question which it is, where that is not another client's."""
        for question in self._questions():
            owned = {link.remote_id for link in self._links(CLIENT, "clients").values()}
            free = [one.remote_id for one in question.choices if one.remote_id not in owned]
            chosen = free[0] if self.accepts and free else NONE
            self.there.store.matches.answer(self.there.account_id, question.id, chosen, self.there.now())

    def _links(self, kind: str, plural: str) -> dict[str, Link]:
        local_ids = self._ever(plural)
        found = self.there.store.plans.links_of(self.there.connection.id, local_ids, kind)
        return {local_id: some[0] for local_id, some in found.items()}

    def _ever(self, plural: str) -> list[str]:
        """The ids of all records that ever were."""
        events = self.there.fieldcamp.events(FC_KEY)
        kind = {plural_: kind for kind, plural_ in PLURALS.items()}[plural]
        return list(dict.fromkeys(one["data"]["object"]["id"] for one in events if one["type"].startswith(f"{kind}.")))

    # What must hold

    def _nothing_is_deleted(self) -> None:
        entries = self.there.quickbooks.journal.entries()
        assert [one for one in entries if "operation=delete" in one.query or one.operation.endswith(".delete")] == []
        for entity in ("Invoice", "Payment"):
            company = self.there.quickbooks.world.companies[REALM]
            gone = {(entity, object_id) for object_id in company._books.stones[entity]}
            assert gone <= self.people.lost, f"we deleted {gone - self.people.lost}"

    def _nobody_is_mailed(self) -> None:
        assert [one for one in self.there.quickbooks.journal.entries() if one.path.endswith("/send")] == []
        for invoice in self.there.objects("Invoice"):
            assert invoice["EmailStatus"] == "NotSet"

    def _one_each(self, entity: str, links: dict[str, Link]) -> None:
        ours = Counter(link.remote_id for link in links.values() if link.published)
        assert max(ours.values(), default=0) <= 1, f"two records share one {entity}: {ours}"
        unknown = {one["Id"] for one in self.there.objects(entity)} - set(ours)
        strangers = {remote_id for remote_id in unknown if (entity, remote_id) not in self.people.own}
        assert strangers == set(), f"nobody owns {entity} {strangers}"
        unpublished = [link for link in links.values() if not link.published]
        assert unpublished == [], f"{entity} is missing: {unpublished}"

    def _invoices(self, links: dict[str, dict[str, Link]]) -> None:
        by_record: dict[str, list[Json]] = {}
        for posted in self.people.posted():
            key = key_of(posted["PrivateNote"])
            by_record.setdefault(key.local_id if key else "", []).append(posted)
        wanted = {one["id"]: one for one in self.people.invoices()}
        for local_id, shown in by_record.items():
            assert len(shown) == 1, f"invoice {local_id} is there {len(shown)} times"
            paid = bool(shown[0]["LinkedTxn"])
            assert local_id in wanted or paid, f"invoice {local_id} should not be there"
        for local_id, invoice in wanted.items():
            link = links[INVOICE].get(local_id)
            if local_id not in by_record:
                assert link is not None, f"invoice {local_id} is missing"
                assert link.reason, f"invoice {local_id} is missing, and nobody is told"
                continue
            [shown_] = by_record[local_id]
            assert _money(shown_["TotalAmt"]) == _money(invoice["total"]), local_id
            if self._is_plain(local_id, links[PAYMENT]):
                assert _money(shown_["Balance"]) == _money(invoice["balanceDue"]), local_id

    def _is_plain(self, local_id: str, payments: dict[str, Link]) -> bool:
        """Nobody did anything to its payments of which only people can say what it is to mean."""
        its = {one["id"] for one in self.there.told("payments") if one["invoiceId"] == local_id}
        meant = its & (self.people.taken | self.people.meddled)
        refused = {name for name in its if name in payments and payments[name].reason}
        return local_id not in self.people.overpaid and not meant and not refused

    def _payments(self, links: dict[str, Link]) -> None:
        ours = self.people.payments(own=False)
        shown = Counter(key.local_id for one in ours if (key := key_of(one.get("PrivateNote"))))
        assert sum(shown.values()) == len(ours), "a payment that nobody made"
        wanted = {one["id"]: one for one in self.people.received()}
        assert shown.keys() <= wanted.keys(), "a payment that FieldCamp does not have"
        assert max(shown.values(), default=0) <= 1, f"money came twice: {shown}"
        for payment in ours:
            key = key_of(payment["PrivateNote"])
            local_id = key.local_id if key else ""
            if local_id not in self.people.meddled:
                assert _money(payment["TotalAmt"]) == _money(wanted[local_id]["amount"]), local_id
        for local_id in wanted.keys() - shown.keys():
            link = links.get(local_id)
            assert link is not None, f"payment {local_id} is missing"
            assert link.reason, f"payment {local_id} is missing, and nobody is told"

    def _what_was_recorded_arrived(self, links: dict[str, Link]) -> None:
        owners = {link.remote_id: local_id for local_id, link in links.items() if link.published}
        open_ = {one["id"] for one in self.people.invoices()}
        wanted: dict[str, Decimal] = {}
        for payment in self.people.payments(own=True):
            for each in payment["Line"]:
                remote_id = each["LinkedTxn"][0]["TxnId"]
                if owners.get(remote_id) in open_:
                    wanted[f"{ORIGIN}{payment['Id']}:{remote_id}"] = _money(each["Amount"])
        told = [one for one in self.there.told("payments") if (one["externalId"] or "").startswith(ORIGIN)]
        assert max(Counter(one["externalId"] for one in told).values(), default=0) <= 1, "an echo"
        assert {one["externalId"]: _money(one["amount"]) for one in told} == wanted

    def _edits_stay(self) -> None:
        for (entity, remote_id, name), value in self.people.edits.items():
            found = [one for one in self.there.objects(entity) if one["Id"] == remote_id]
            if found and not is_void_note(found[0].get("PrivateNote")):
                assert found[0].get(name) == value, f"{name} of {entity} {remote_id} was lost"

    def _flags_are_explained(self, links: dict[str, dict[str, Link]]) -> None:
        """What is told to people is what people did."""
        flagged = [(kind, link) for kind, some in links.items() for link in some.values() if link.reason]
        for kind, link in flagged:
            assert self._is_explained(kind, link), (kind, link.local_id, link.reason, link.message)
        if any(link.reason in CONFLICTS for _, link in flagged):
            assert standing(self.there.house, self.there.account_id, BOOKS).attention > 0

    def _is_explained(self, kind: str, link: Link) -> bool:
        """A table: what is told of a record, and what somebody did that calls for it."""
        people, local_id = self.people, link.local_id
        numbers = Counter(one["number"] for one in self.there.told("invoices"))
        wrote = ("Invoice", link.remote_id) in people.wrote
        paid = {one["Id"] for one in people.posted() if one["LinkedTxn"]}
        invoices = {one["id"]: one["invoiceId"] for one in self.there.told("payments")}
        because = {
            DELETED_AT_PROVIDER: local_id in people.taken,
            EDITED_AT_PROVIDER: local_id in people.meddled,
            BOTH_CHANGED: kind == CLIENT or wrote or local_id in people.meddled,
            STILL_PAID: link.remote_id in paid,
            DUPLICATE_NUMBER: local_id in people.taken
            or max(numbers.values(), default=0) > 1,  # what is void keeps its number
            NUMBER_TAKEN: max(numbers.values(), default=0) > 1,
        }
        unpayable = kind == PAYMENT and invoices.get(local_id) in people.overpaid | self._unposted()
        return unpayable or because.get(link.reason or "", False)

    def _unposted(self) -> set[str]:
        """The invoices that are not there because somebody took them away, or because of their number."""
        shown = {key.local_id for one in self.people.posted() if (key := key_of(one["PrivateNote"]))}
        return {one["id"] for one in self.people.invoices()} - shown


PLURALS = {CLIENT: "clients", ITEM: "items", INVOICE: "invoices", PAYMENT: "payments"}


def _money(amount: Any) -> Decimal:
    return Decimal(str(amount))
