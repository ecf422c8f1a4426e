"""What people do to the books of both sides, and what of it the engine has to leave as it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.sync.books_house import REALM, BooksHouse, line
from worker.providers.quickbooks.keys import is_void_note, key_of

Json = dict[str, Any]
ORIGIN = "quickbooks:"
NAMES = ("Ada Lovelace", "Grace Hopper", "Bea Counter")
MAILS = ("ada@example.com", "grace@example.com", None)
PHONES = ("555 010 2030", "555 010 4050", None)
KEPT = {"CustomerMemo": "notes", "DueDate": "dueDate", "PrimaryPhone": "phoneNumber"}
"""What bookkeepers edit, and the field of FieldCamp that may change it again."""


@dataclass
class People:
    """A dispatcher at FieldCamp and a bookkeeper in QuickBooks; ``place`` chooses among what is there, in the order of
    making. A deed for which nothing is there does nothing.

    ``own`` are the objects that the bookkeeper made, ``taken`` the local ids of what they voided or deleted of ours,
    ``meddled`` the payments of ours that they amended, ``lost`` the ids that they deleted. ``edits`` are what they
    wrote on objects of ours by (entity, id, field), as far as FieldCamp did not speak after that; ``wrote`` are all
    objects on which they ever did; ``overpaid`` the invoices for which both sides took more than they say.
    """

    there: BooksHouse
    own: set[tuple[str, str]] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    meddled: set[str] = field(default_factory=set)
    lost: set[tuple[str, str]] = field(default_factory=set)
    edits: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    wrote: set[tuple[str, str]] = field(default_factory=set)
    overpaid: set[str] = field(default_factory=set)

    # At FieldCamp

    def adds_a_client(self, name: str, email: str | None, phone: str | None) -> None:
        number = None if phone is None else {"countryCode": "+1", "number": phone}
        self.there.client(name, email=email, phoneNumber=number)

    def changes_a_client(self, place: int, **fields: Any) -> None:
        if client := _at(self.clients(), place):
            self.there.change("clients", client["id"], **fields)
            self._forget("Customer", client["id"], fields)

    def adds_an_item(self, name: str, price: float) -> None:
        self.there.item(name, price=price)

    def changes_an_item(self, place: int, **fields: Any) -> None:
        if item := _at(self.there.told("items"), place):
            self.there.change("items", item["id"], **fields)

    def writes_an_invoice(self, place: int, lines: list[Json], **fields: Any) -> None:
        if client := _at(self.clients(), place):
            self.there.invoice(client["id"], *self._lines(lines), **fields)

    def changes_an_invoice(self, place: int, lines: list[Json] | None, **fields: Any) -> None:
        if (invoice := _at(self.invoices(), place)) is None:
            return
        changed = {**fields, **({} if lines is None else {"lineItems": self._lines(lines)})}
        self.there.change("invoices", invoice["id"], **changed)
        self._forget("Invoice", invoice["id"], changed)
        self._weigh()

    def voids_an_invoice(self, place: int) -> None:
        if invoice := _at(self.unpaid(), place):
            self.there.change("invoices", invoice["id"], status="void")

    def deletes_an_invoice(self, place: int) -> None:
        if invoice := _at(self.unpaid(), place):
            self.there.remove("invoices", invoice["id"])

    def takes_a_payment(self, place: int, share: Decimal) -> None:
        owing = [one for one in self.invoices() if _money(one["balanceDue"]) > 0]
        if invoice := _at(owing, place):
            amount = _part(_money(invoice["balanceDue"]), share)
            self.there.payment(invoice["id"], float(amount), method="card")
            self._weigh()

    def corrects_a_payment(self, place: int, share: Decimal) -> None:
        if payment := _at(self.received(), place):
            amount = float(_part(_money(payment["amount"]), share))
            self.there.change("payments", payment["id"], amount=amount)
            self._weigh()

    def deletes_a_payment(self, place: int) -> None:
        if payment := _at(self.received(), place):
            self.there.remove("payments", payment["id"])

    def clients(self) -> list[Json]:
        return self.there.told("clients")

    def invoices(self) -> list[Json]:
        """Those that are not void."""
        return [one for one in self.there.told("invoices") if not one["voidedAt"]]

    def unpaid(self) -> list[Json]:
        paid = {one["invoiceId"] for one in self.there.told("payments")}
        return [one for one in self.invoices() if one["id"] not in paid]

    def received(self) -> list[Json]:
        """The payments that FieldCamp took itself."""
        return [one for one in self.there.told("payments") if not (one["externalId"] or "").startswith(ORIGIN)]

    def _lines(self, lines: list[Json]) -> list[Json]:
        items = self.there.told("items")
        return [
            line(items[each["place"] % len(items)]["id"], each["price"], each["quantity"], **each["extra"])
            for each in lines
        ]

    # In QuickBooks

    def records(self, places: list[int], share: Decimal, over: Decimal) -> None:
        """A payment for one invoice, or for several of one customer, and perhaps for nothing yet besides."""
        owing = [one for one in self.posted() if _money(one["Balance"]) > 0]
        if (first := _at(owing, places[0])) is None:
            return
        its = [one for one in owing if one["CustomerRef"] == first["CustomerRef"]]
        chosen = {one["Id"]: one for one in [first, *(its[place % len(its)] for place in places[1:])]}
        parts = {remote_id: _part(_money(one["Balance"]), share) for remote_id, one in chosen.items()}
        customer, total = first["CustomerRef"]["value"], sum(parts.values(), over)
        self._tried(lambda: self._made("Payment", self.there.quickbooks.record_payment(REALM, customer, total, parts)))
        self._weigh()

    def amends(self, place: int, share: Decimal, day: str | None) -> None:
        """A payment of the bookkeeper's own gets other amounts, or another day."""
        if payment := _at(self.payments(own=True), place):
            self._amended(payment, share, {} if day is None else {"TxnDate": day})

    def meddles(self, place: int, share: Decimal) -> None:
        """A payment of ours gets other amounts."""
        if payment := _at(self.payments(own=False), place):
            self.meddled.add(_local_id(payment))
            self._amended(payment, share, {})

    def _amended(self, payment: Json, share: Decimal, fields: Json) -> None:
        lines = [{**one, "Amount": _part(_money(one["Amount"]), share)} for one in payment["Line"]]
        sent = [{"Amount": one["Amount"], "LinkedTxn": one["LinkedTxn"]} for one in lines]
        total = sum((one["Amount"] for one in sent), Decimal(0)) or _money(payment["TotalAmt"])
        changed = {**fields, "TotalAmt": total, **({"Line": sent} if sent else {})}
        self._tried(lambda: self.there.quickbooks.edit(REALM, "Payment", payment["Id"], **changed))
        self._weigh()

    def takes_back(self, place: int, *, own: bool, deleted: bool) -> None:
        """A payment is voided, or deleted."""
        if payment := _at(self.payments(own=own), place):
            self._taken("Payment", payment, deleted=deleted)

    def withdraws(self, place: int, *, deleted: bool) -> None:
        """An invoice without payments is voided, or deleted."""
        if invoice := _at([one for one in self.posted() if not one["LinkedTxn"]], place):
            self._taken("Invoice", invoice, deleted=deleted)

    def _taken(self, entity: str, held: Json, *, deleted: bool) -> None:
        deed = self.there.quickbooks.delete if deleted else self.there.quickbooks.void
        if (entity, held["Id"]) not in self.own:
            self.taken.add(_local_id(held))
        if self._tried(lambda: deed(REALM, entity, held["Id"])) and deleted:
            self.lost.add((entity, held["Id"]))

    def edits_an_invoice(self, place: int, name: str, value: Any) -> None:
        """``name``: CustomerMemo or DueDate."""
        if invoice := _at(self.posted(), place):
            self._edit("Invoice", invoice["Id"], name, value)

    def edits_a_telephone(self, place: int, number: str) -> None:
        if customer := _at(self._active("Customer"), place):
            self._edit("Customer", customer["Id"], "PrimaryPhone", {"FreeFormNumber": number})

    def _edit(self, entity: str, remote_id: str, name: str, value: Any) -> None:
        before = next(one for one in self.there.objects(entity) if one["Id"] == remote_id).get(name)
        if before != value and self._tried(
            lambda: self.there.quickbooks.edit(REALM, entity, remote_id, **{name: value})
        ):
            self.edits[entity, remote_id, name] = value
            self.wrote.add((entity, remote_id))

    def enters(self, entity: str, name: str, email: str | None) -> None:
        """A customer or a vendor with a name that a client may have, too."""
        fields = {} if email is None else {"PrimaryEmailAddr": {"Address": email}}
        self._tried(lambda: self._made(entity, self.there.quickbooks.add(REALM, entity, DisplayName=name, **fields)))

    def retires(self, place: int) -> None:
        if customer := _at(self._active("Customer"), place):
            self._tried(lambda: self.there.quickbooks.deactivate(REALM, "Customer", customer["Id"]))

    def wakes_everybody(self) -> None:
        """What was made inactive is in use again, under its name or the next that is free."""
        for customer in self.there.objects("Customer"):
            if not customer["Active"]:
                name = customer["DisplayName"].partition(" (deleted")[0]
                for label in (name, f"{name} again {customer['Id']}"):
                    if self._tried(lambda: self._woken(customer["Id"], label)):  # noqa: B023 - called at once
                        break

    def _woken(self, remote_id: str, label: str) -> None:
        self.there.quickbooks.edit(REALM, "Customer", remote_id, Active=True, DisplayName=label)

    def posted(self) -> list[Json]:
        """Our invoices that are not void."""
        return [one for one in self.there.live("Invoice") if key_of(one.get("PrivateNote")) is not None]

    def payments(self, *, own: bool) -> list[Json]:
        """The payments that are not void: the bookkeeper's, or ours."""
        live = [one for one in self.there.objects("Payment") if not is_void_note(one.get("PrivateNote"))]
        return [one for one in live if (("Payment", one["Id"]) in self.own) == own]

    def _active(self, entity: str) -> list[Json]:
        return [one for one in self.there.objects(entity) if one["Active"]]

    def _made(self, entity: str, made: Json) -> None:
        self.own.add((entity, made["Id"]))

    def _tried(self, deed: Callable[[], object]) -> bool:
        """What QuickBooks refuses a person did not happen."""
        try:
            deed()
        except ValueError:
            return False
        return True

    # What follows

    def _forget(self, entity: str, local_id: str, changed: Json) -> None:
        """What FieldCamp says anew may take the place of what the bookkeeper wrote before."""
        kind = {"Customer": "client", "Invoice": "invoice"}[entity]
        links = self.there.store.plans.links_of(self.there.connection.id, [local_id], kind).get(local_id, [])
        for each in links:
            for name, told in KEPT.items():
                if told in changed:
                    self.edits.pop((entity, each.remote_id or "", name), None)

    def _weigh(self) -> None:
        """Notes the invoices for which both sides together took more than they say."""
        paid = dict.fromkeys((one["id"] for one in self.invoices()), Decimal(0))
        for payment in self.received():
            paid[payment["invoiceId"]] = paid.get(payment["invoiceId"], Decimal(0)) + _money(payment["amount"])
        ours = {one["Id"]: _local_id(one) for one in self.posted()}
        for payment in self.payments(own=True):
            for each in payment["Line"]:
                local_id = ours.get(each["LinkedTxn"][0]["TxnId"], "")
                paid[local_id] = paid.get(local_id, Decimal(0)) + _money(each["Amount"])
        self.overpaid |= {one["id"] for one in self.invoices() if paid[one["id"]] > _money(one["total"])}


def _at(those: list[Json], place: int) -> Json | None:
    return those[place % len(those)] if those else None


def _local_id(held: Json) -> str:
    key = key_of(held.get("PrivateNote"))
    return key.local_id if key else ""


def _money(amount: Any) -> Decimal:
    return Decimal(str(amount))


def _part(amount: Decimal, share: Decimal) -> Decimal:
    return max((amount * share).quantize(Decimal("0.01")), Decimal("0.01"))


Deed = Callable[[People, int], None]
DEEDS: list[Deed] = [
    lambda people, place: people.edits_an_invoice(place, "CustomerMemo", {"value": "In between"}),
    lambda people, place: people.records([place], Decimal("0.5"), Decimal(0)),
    lambda people, place: people.withdraws(place, deleted=bool(place % 2)),
    lambda people, place: people.retires(place),
    lambda people, place: people.enters("Customer", NAMES[place % 3], MAILS[place % 3]),
    lambda people, place: people.corrects_a_payment(place, Decimal("0.5")),
    lambda people, place: people.takes_back(place, own=True, deleted=bool(place % 2)),
]
"""What somebody may do while a sync runs."""
