"""Invoices that the source took back while the books hold somebody's money for them."""

from collections.abc import Mapping

from worker.core import books
from worker.core.holds import Hold
from worker.core.links import Link
from worker.core.matching import paying
from worker.core.records import PAYMENT
from worker.store import Store

STILL_PAID = Hold(
    "STILL_PAID",
    "FieldCamp took the invoice back, and somebody recorded a payment for it in the books: void that, or keep both.",
)


def still_paid(
    store: Store, connection_id: int, drafts: Mapping[str, books.Entity | Hold | None], links: Mapping[str, Link]
) -> dict[str, Hold]:
    """Of the invoices in ``links`` that are wanted no more, those that the books do not void because of payments that
    are not ours to take away. Both are by local id."""
    leaving = {
        paying(link.remote_id): local_id
        for local_id, link in links.items()
        if link.published and link.remote_id and drafts.get(local_id) is None
    }
    found = store.directory.search(connection_id, PAYMENT, leaving)
    others = [trait for trait, some in found.items() if any(not each.taken for each in some)]
    return dict.fromkeys((leaving[trait] for trait in others), STILL_PAID)
