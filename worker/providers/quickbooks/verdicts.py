"""What became of a write, by the object that QuickBooks shows after it, pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from worker.core.books import NO_TAX, VARIANCE, Invoice, Payment
from worker.core.errors import Rejected, SyncError
from worker.core.ports import Done, Failed, Outcome
from worker.core.reconcile import TOTAL_DIFFERS
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.errors import ObjectMissing
from worker.providers.quickbooks.mapping import Posted, document, version

TAX_VARIANCE = "tax_variance"
INACTIVE = (
    "QuickBooks does not take this, because a customer, an item or an account that it names is inactive or gone there. "
    "Make it active again in QuickBooks, then sync again."
)


def done(entity: Entity, posted: Posted, body: Mapping[str, Any]) -> Done:
    """The outcome of a write of ``posted`` after which the object is ``body``: with its document where that means
    something else, and with a note where the money differs."""
    shown = document(entity, body, regime_of(posted))
    same = shown.fingerprint() == posted.fingerprint()
    return Done(str(body["Id"]), version(body), None if same else shown, difference(posted, shown))


def found(entity: Entity, posted: Posted, body: Mapping[str, Any]) -> Done:
    """The outcome where ``posted`` was to be created, and ``body`` was there already."""
    outcome = done(entity, posted, body)
    return replace(outcome, document=outcome.document or posted, found=True)


def difference(posted: Posted, shown: Posted) -> tuple[str, str] | None:
    """The code and the sentence about money that is not as it was sent; None where it is."""
    if isinstance(posted, Payment) and isinstance(shown, Payment):
        return _differs(posted.amount, shown.amount)
    if not (isinstance(posted, Invoice) and isinstance(shown, Invoice)) or shown.total == posted.total:
        return None
    if shown.total - shown.tax != posted.total - posted.tax or abs(shown.total - posted.total) > VARIANCE:
        return _differs(posted.total, shown.total)
    sentence = f"QuickBooks' sales tax makes this {shown.total}, FieldCamp says {posted.total}."
    return TAX_VARIANCE, sentence


def failed(error: SyncError) -> Outcome:
    """The outcome of a write that was refused; what is inactive is named for people."""
    if isinstance(error, ObjectMissing):
        return Failed(Rejected(INACTIVE, code=error.code))
    return Failed(error)


def regime_of(posted: Posted) -> str:
    """How tax is reckoned for it."""
    return posted.regime if isinstance(posted, Invoice) else NO_TAX


def same_but_for_its_name(wanted: Posted, shown: Posted) -> bool:
    """Whether both mean the same, called and active as they may be."""
    return replace(shown, **_label(wanted)).fingerprint() == wanted.fingerprint()


def _label(wanted: Posted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in ("name", "active") if hasattr(wanted, name)}


def _differs(ours: object, theirs: object) -> tuple[str, str] | None:
    if ours == theirs:
        return None
    return TOTAL_DIFFERS, f"QuickBooks makes this {theirs}, FieldCamp says {ours}."
