"""What people see and do in QuickBooks itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from worker.simulators.quickbooks.company import Company
from worker.simulators.quickbooks.refusal import Refused
from worker.simulators.quickbooks.rendering import exact, plain
from worker.simulators.quickbooks.state import World

Json = dict[str, Any]
Amount = Decimal | float | int | str


class Bookkeeper:
    """The companies of a world in the hands of those who keep their books.

    Entities and fields are named as in the API. What comes back is JSON in which money is text ("10.10"), so that no
    cent is lost. An unknown company raises LookupError; what QuickBooks would refuse raises ValueError.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def add(self, realm_id: str, entity: str, **fields: Any) -> Json:
        """Someone enters an object; returns it."""
        return self._entered(realm_id, lambda company: company.create(entity, exact(fields)))

    def add_customer(self, realm_id: str, display_name: str, **fields: Any) -> Json:
        return self.add(realm_id, "Customer", DisplayName=display_name, **fields)

    def add_vendor(self, realm_id: str, display_name: str, **fields: Any) -> Json:
        return self.add(realm_id, "Vendor", DisplayName=display_name, **fields)

    def edit(self, realm_id: str, entity: str, object_id: str, **fields: Any) -> Json:
        """Someone changes fields of an object; the others stay."""

        def edited(company: Company) -> Json:
            return company.update(entity, {**_version(company, entity, object_id), "sparse": True, **exact(fields)})

        return self._entered(realm_id, edited)

    def edit_invoice(self, realm_id: str, invoice_id: str, **fields: Any) -> Json:
        return self.edit(realm_id, "Invoice", invoice_id, **fields)

    def deactivate(self, realm_id: str, entity: str, object_id: str) -> Json:
        """Someone makes a customer, a vendor or an item inactive."""
        return self.edit(realm_id, entity, object_id, Active=False)

    def record_payment(
        self,
        realm_id: str,
        customer: str,
        amount: Amount,
        invoices: Mapping[str, Amount] | None = None,
        **fields: Any,
    ) -> Json:
        """A customer, by id, has paid; `invoices` says how much is for which invoice, the rest stays unapplied."""
        lines = [
            {"Amount": _money(part), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
            for invoice_id, part in (invoices or {}).items()
        ]
        told = {"CustomerRef": {"value": customer}, "TotalAmt": _money(amount), **({"Line": lines} if lines else {})}
        return self.add(realm_id, "Payment", **{**told, **fields})

    def void(self, realm_id: str, entity: str, object_id: str) -> Json:
        """Someone voids an invoice or a payment: it stays, with nothing in it."""
        return self._entered(realm_id, lambda company: company.void(entity, _version(company, entity, object_id)))

    def delete(self, realm_id: str, entity: str, object_id: str) -> Json:
        """Someone deletes an invoice or a payment for good."""
        return self._entered(realm_id, lambda company: company.delete(entity, _version(company, entity, object_id)))

    def merge_customers(self, realm_id: str, loser: str, winner: str) -> None:
        """Someone gives a customer the name of another and agrees that both are the same."""
        self._done(realm_id, lambda company: company.merge_customers(loser, winner))

    def objects(self, realm_id: str, entity: str) -> list[Json]:
        """All of an entity, inactive and voided ones too."""
        found: list[Json] = self._done(realm_id, lambda company: company.objects(entity))
        return found

    def totals(self, realm_id: str) -> Json:
        """The sums of the books as text: `invoices`, what of them is `open`, `payments`, what of them is `unapplied`;
        and their numbers `invoice_count` and `payment_count`."""
        company = self._company(realm_id)
        with company.lock:
            invoices, payments = company.objects("Invoice"), company.objects("Payment")
        return {
            "invoices": _sum(invoices, "TotalAmt"),
            "open": _sum(invoices, "Balance"),
            "payments": _sum(payments, "TotalAmt"),
            "unapplied": _sum(payments, "UnappliedAmt"),
            "invoice_count": len(invoices),
            "payment_count": len(payments),
        }

    def _company(self, realm_id: str) -> Company:
        if realm_id not in self.world.companies:
            raise LookupError(f"there is no company {realm_id}")
        return self.world.companies[realm_id]

    def _entered(self, realm_id: str, deed: Callable[[Company], Json]) -> Json:
        entered: Json = self._done(realm_id, deed)
        return entered

    def _done(self, realm_id: str, deed: Callable[[Company], Any]) -> Any:
        company = self._company(realm_id)
        try:
            with company.lock:
                return plain(deed(company))
        except Refused as refused:
            raise ValueError(str(refused)) from refused


def _version(company: Company, entity: str, object_id: str) -> Json:
    return {"Id": object_id, "SyncToken": company.read(entity, object_id)["SyncToken"]}


def _money(amount: Amount) -> Decimal:
    return Decimal(str(amount))


def _sum(found: list[Json], name: str) -> str:
    return format(sum((Decimal(one.get(name, 0)) for one in found), Decimal("0.00")), "f")
