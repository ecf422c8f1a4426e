"""The whole decision about a record in the books: found or made, merged group by group, never erased, never deleted.

=============  ============  ==========================================================================
published      wanted        what is done
=============  ============  ==========================================================================
no             no            nothing
no             yes           adopt what is clearly the same; ask a person where it may be; else create
yes            no            void an invoice or a payment; leave everything else as it is
yes            yes           send the groups that the source changed; what a bookkeeper changed stays
any            on hold       nothing, until what it waits for is there
=============  ============  ==========================================================================
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from worker.core import books
from worker.core.documents import entity_of
from worker.core.holds import Hold
from worker.core.links import MOST_RESTORES, Link
from worker.core.matching import Candidate, Match, adopted
from worker.core.ports import Stream, Update
from worker.core.reconcile import (
    BOTH_CHANGED,
    EDITED_AT_PROVIDER,
    TOTAL_DIFFERS,
    Decision,
    create,
    give_up,
    settled,
    take_away,
)
from worker.core.records import CLIENT, INVOICE, PAYMENT, TAX

MATCH_NEEDED, NO_TAX_CODE, NUMBER_TAKEN = "MATCH_NEEDED", "NO_TAX_CODE", "NUMBER_TAKEN"
WITHDRAWN = "It was voided or deleted in the books by somebody there; it is posted again when it changes in FieldCamp."
UNTAXED = "No tax code of the books has this tax's rate or name; add one there, or correct the tax in FieldCamp."


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the books already. ``match`` is what may be the same; ``chosen`` is a person's choice, ``made_new``
    their word that it is none of these, ``asks`` that a person is to be asked where it is not clear. ``others`` are
    the remote ids of what looks like it and shows other records.
    """

    match: Match = field(default_factory=Match)
    chosen: Candidate | None = None
    made_new: bool = False
    asks: bool = True
    others: frozenset[str] = frozenset()


def decide(
    stream: Stream, local_id: str, link: Link | None, wanted: books.Entity | Hold | None, found: Found
) -> Decision:
    """What to do about one record in the books, by the table above."""
    if isinstance(wanted, Hold):
        return _held(link or Link(stream.name, local_id), wanted)
    if link is not None and link.published:
        return _decide_published(stream.kind, link, wanted, found)
    if wanted is None:
        return Decision() if link is None else Decision(_quiet(link))
    return _decide_unpublished(stream.kind, link or Link(stream.name, local_id), wanted, found)


def _held(link: Link, hold: Hold) -> Decision:
    """Told when it begins; looked at again with each sync, for what it waits for may be there by then."""
    begins = (link.reason, link.message) != (hold.code, hold.message)
    since = None if link.reason != hold.code else link.since
    kept = replace(link, reason=hold.code, message=hold.message, since=since, refused=None, retry=True)
    return Decision(kept, hold=hold if begins else None)


def _quiet(link: Link) -> Link:
    return replace(settled(link), offered=None, removed=False, retry=False)


def _decide_unpublished(kind: str, link: Link, wanted: books.Entity, found: Found) -> Decision:
    if link.refused == wanted.fingerprint():
        return Decision(replace(link, retry=False, removed=False))
    if link.removed and kind != TAX:
        if kind == PAYMENT or link.restored >= MOST_RESTORES:
            return give_up(link, wanted, WITHDRAWN)
        link = replace(link, restored=link.restored + 1, removed=False)
    candidate = found.chosen or found.match.candidate
    if candidate is not None and link.offered is None:
        return _adopt(kind, link, candidate, wanted, found)
    doubt = None if link.offered is not None else _doubt(kind, wanted, found)
    return create(link, wanted, found.others) if doubt is None else _held(link, doubt)


def _doubt(kind: str, wanted: books.Entity, found: Found) -> Hold | None:
    """Why a new object would be wrong, or may be."""
    if kind == TAX:
        return Hold(NO_TAX_CODE, UNTAXED, failed=False)
    if kind == INVOICE and found.match.doubtful:
        other = found.match.doubtful[0].document
        assert isinstance(other, books.Invoice)
        words = f"The books have another invoice {other.number} already, over {other.total}; change one of the numbers."
        return Hold(NUMBER_TAKEN, words)
    if kind == CLIENT and found.asks and found.match.doubtful and not found.made_new:
        words = "Customers of the books may be this client; say which (visit-sync match list), or that none is."
        return Hold(MATCH_NEEDED, words, failed=False)
    return None


def _adopt(kind: str, link: Link, candidate: Candidate, wanted: books.Entity, found: Found) -> Decision:
    """Take what is there as ours: blanks are filled, and nothing that somebody wrote is changed."""
    base = adopted(candidate.document, wanted)
    ours = replace(
        settled(link),
        published=True,
        remote_id=candidate.remote_id,
        version=candidate.version,
        agreed=candidate.document,
        seen=None,
        source=base,
        removed=False,
        retry=False,
    )
    return _decide_published(kind, ours, wanted, found, woken=True)


def _decide_published(
    kind: str, link: Link, wanted: books.Entity | None, found: Found, *, woken: bool = False
) -> Decision:
    if wanted is None:
        return take_away(link) if kind in (INVOICE, PAYMENT) else Decision(_quiet(link))
    if kind == TAX:
        return _decide_tax(link, wanted, found)
    assert link.agreed is not None
    agreed = entity_of(link.agreed)
    shown = entity_of(link.seen or agreed)
    merged, contested = _merged(entity_of(link.source or agreed), agreed, shown, wanted)
    if woken and isinstance(merged, books.Customer | books.Item):
        merged = replace(merged, active=True)
    if merged.fingerprint() == shown.fingerprint():
        return _agreed(link, shown, wanted, contested)
    if link.refused == merged.fingerprint():
        return Decision(replace(link, retry=False))
    assert link.remote_id is not None
    update = Update(link.key, link.remote_id, link.version, merged, before=shown, wanted=wanted)
    told = _conflict(link, merged, wanted, contested)
    return Decision(_marked(link, replace(settled(link), offered=merged), told), update, conflict=_news(link, told))


def _decide_tax(link: Link, wanted: books.Entity, found: Found) -> Decision:
    """A tax only points at a code: at another one, once the rates differ."""
    candidate = found.match.candidate
    if candidate is None:
        unlinked = replace(link, published=False, remote_id=None, version=None, agreed=None, seen=None, source=None)
        return _held(unlinked, Hold(NO_TAX_CODE, UNTAXED, failed=False))
    known = replace(settled(link), agreed=candidate.document, seen=None, retry=False, source=None)
    return Decision(replace(known, remote_id=candidate.remote_id, version=candidate.version))


def _merged(
    base: books.Entity, agreed: books.Entity, shown: books.Entity, wanted: books.Entity
) -> tuple[books.Entity, tuple[str, ...]]:
    """What the object is to show, and the groups that both sides changed, each to something else: those stay as the
    bookkeeper has them. ``base`` is to the source what ``agreed`` is to the books."""
    result, contested = shown, []
    for name, names in wanted.GROUPS.items():
        ours, theirs = books.group(wanted, name), books.group(shown, name)
        if ours in (books.group(base, name), theirs):
            continue
        if theirs != books.group(agreed, name):
            contested.append(name)
        else:
            result = replace(result, **dict(zip(names, ours, strict=True)))
    return result, tuple(contested)


def _agreed(link: Link, shown: books.Entity, wanted: books.Entity, contested: tuple[str, ...]) -> Decision:
    """Nothing to send: from here on, what either side changes counts from what it has now."""
    source = None if shown.fingerprint() == wanted.fingerprint() else wanted
    rest = replace(settled(link), agreed=shown, seen=None, offered=None, overruled=False, retry=False, source=source)
    told = _conflict(link, shown, wanted, contested)
    return Decision(_marked(link, rest, told), conflict=_news(link, told))


def _marked(before: Link, link: Link, told: tuple[str, str] | None) -> Link:
    if told is None:
        return link
    code, message = told
    return replace(link, reason=code, message=message, since=None if _news(before, told) else before.since)


def _news(before: Link, told: tuple[str, str] | None) -> tuple[str, str] | None:
    """A conflict is told when it begins."""
    return None if told == (before.reason, before.message) else told


def _conflict(
    link: Link, shown: books.Entity, wanted: books.Entity, contested: tuple[str, ...]
) -> tuple[str, str] | None:
    """Code and sentence of what both sides disagree on, once the books show ``shown``."""
    stands = _unmoved(link, shown, wanted) or _difference(shown, wanted) or _remaining(link, shown, wanted)
    return _contest(contested) or stands


def _contest(groups: tuple[str, ...]) -> tuple[str, str] | None:
    if not groups:
        return None
    return BOTH_CHANGED, f"Both sides changed the {' and the '.join(groups)}; what the books say was kept."


def _unmoved(link: Link, shown: books.Entity, wanted: books.Entity) -> tuple[str, str] | None:
    """What was told of both sides stands while neither moves."""
    stands = link.reason == BOTH_CHANGED and (link.agreed, link.source) == (shown, wanted)
    return (BOTH_CHANGED, link.message or "") if stands else None


def _remaining(link: Link, shown: books.Entity, wanted: books.Entity) -> tuple[str, str] | None:
    """A conflict stands as long as one of the groups that it names differs; its sentence is what names them."""
    message = link.message or ""
    named = [name for name in wanted.GROUPS if link.reason == BOTH_CHANGED and f" the {name}" in message]
    stands = any(books.group(shown, name) != books.group(wanted, name) for name in named)
    return (BOTH_CHANGED, message) if stands else None


def _difference(shown: books.Entity, wanted: books.Entity) -> tuple[str, str] | None:
    """Money that differs because a person wants it so; a cent of tax does not count."""
    there, here = _money(shown), _money(wanted)
    if there is None or here is None or there == here:
        return _tax_difference(shown, wanted)
    return (
        EDITED_AT_PROVIDER,
        f"The books say {there}, FieldCamp says {here}, without tax; make them equal on one side.",
    )


def _tax_difference(shown: books.Entity, wanted: books.Entity) -> tuple[str, str] | None:
    if not (isinstance(shown, books.Invoice) and isinstance(wanted, books.Invoice)):
        return None
    if abs(shown.total - wanted.total) <= books.VARIANCE:
        return None
    words = f"The books make this {shown.total}, FieldCamp says {wanted.total}; one of them does not know its tax."
    return TOTAL_DIFFERS, words


def _money(document: books.Entity) -> Decimal | None:
    if isinstance(document, books.Invoice):
        return document.total - document.tax
    return document.amount if isinstance(document, books.Payment) else None
