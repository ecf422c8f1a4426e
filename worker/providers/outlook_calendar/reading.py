"""Reads a calendar: all of it, or what changed since a delta link.

A reading of everything is two: a listing of our own events by their property, which knows no window, so that what is
not in it is no more; and a round of delta over a window, for what people have there and for the link to go on from.
Delta leaves out what it cannot tell, so what it says is removed, or says too little of, is looked up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from worker.core.errors import CursorExpired, Rejected, Transient
from worker.core.ports import Change, Page, Window
from worker.providers.outlook_calendar import calls
from worker.providers.outlook_calendar.batches import Call
from worker.providers.outlook_calendar.cursors import Cursor
from worker.providers.outlook_calendar.errors import Resync
from worker.providers.outlook_calendar.keys import key_of, says_whose
from worker.providers.outlook_calendar.line import Line
from worker.providers.outlook_calendar.mapping import change, gone

NEXT, DELTA = "@odata.nextLink", "@odata.deltaLink"
REMOVED = "@removed"

Item = Mapping[str, Any]


@dataclass
class Reading:
    """One reading of the calendar that ``line`` leads to. ``listed`` are our events by their id, as the listing had
    them, None where it is not known which those are."""

    line: Line
    account_id: str
    calendar: str
    listed: dict[str, Change] | None = None

    def everything(self, window: Window) -> Iterator[Page]:
        """All events of ours, and all events in ``window``. Raises what ``Provider.changes`` raises."""
        self.listed = {}
        for items, _ in self._pages(calls.ours(self.line.root, self.account_id)):
            mine = [one for one in self._changes(items) if one.key is not None]
            self.listed.update((one.remote_id, one) for one in mine)
            yield Page(mine)
        yield from self._round(calls.changes(self.line.root, window), window)

    def since(self, cursor: Cursor) -> Iterator[Page]:
        """What changed since ``cursor``. Raises what ``Provider.changes`` raises."""
        if not self._is_graphs(cursor.link):
            raise CursorExpired("The cursor was given by another server.")
        yield from self._round(Call("GET", cursor.link, page=calls.PAGE), cursor.window)

    def _round(self, begin: Call, window: Window) -> Iterator[Page]:
        for items, delta in self._pages(begin, delta=True):
            found = self._changes(self._confirmed(items))
            if delta is None:
                yield Page(found)
            else:
                yield Page(found, Cursor(delta, window).text(), complete=self.listed is not None)

    def _pages(self, call: Call, *, delta: bool = False) -> Iterator[tuple[Sequence[Item], str | None]]:
        """The items of each page, with the last one's delta link. A round that ends without one was cut short."""
        seen: set[str] = set()
        while True:
            body = self._read(call)
            items, link, end = body.get("value"), body.get(NEXT), body.get(DELTA)
            if not isinstance(items, list) or (delta and not link and not end):
                raise Transient("Microsoft's listing ended without a link to go on from, so it may not be whole.")
            if not link:
                yield items, self._checked(end) if delta else None
                return
            if link in seen:
                raise Transient("Microsoft's listing goes round in circles.")
            seen.add(link)
            yield items, None
            call = calls.following(self._checked(link), of=call)

    def _read(self, call: Call) -> Mapping[str, Any]:
        """A page. Where Graph says to begin again elsewhere, that is done if everything is being read anyway.

        https://learn.microsoft.com/graph/delta-query-overview#synchronization-reset
        """
        try:
            return self.line.read(call)
        except Resync as error:
            if self.listed is None or not self._is_graphs(error.location):
                raise
            return self.line.read(calls.following(error.location, of=call))

    def _confirmed(self, items: Sequence[Item]) -> list[Item]:
        """Each event once, the last one told; the removed and the unclear ones as they are when looked up. One that may
        not be looked up is taken as it was told, and its removal as nothing."""
        told = {str(item["id"]): item for item in items if item.get("id")}
        unsure = [event_id for event_id, item in told.items() if self._wants_a_look(event_id, item)]
        looked_up = self.line.look_up([calls.event(self.line.root, event_id) for event_id in unsure])
        seen = {one: event for one, event in zip(unsure, looked_up, strict=True) if not isinstance(event, Rejected)}
        found = {one: event for one, event in seen.items() if event is not None}
        removed = [event for event_id, event in found.items() if REMOVED in told[event_id]]
        there = found.keys() - self._elsewhere(removed)
        told.update((one, found[one] if one in there else {"id": one, REMOVED: {}}) for one in seen)
        return [item for event_id, item in told.items() if REMOVED not in item or event_id in seen]

    def _elsewhere(self, events: Sequence[Item]) -> set[str]:
        """Those of our events that a person put into another calendar of the mailbox: they are found by their id there,
        too, and the listing of this calendar lacks them."""
        keys = {str(event["id"]): key_of(self.account_id, self.calendar, event) for event in events}
        ours = {event_id: key for event_id, key in keys.items() if key is not None}
        listings = self.line.read_all([calls.found(self.line.root, key) for key in ours.values()])
        return {one for one, listing in zip(ours, listings, strict=True) if listing and _lacks(listing, one)}

    def _wants_a_look(self, event_id: str, item: Item) -> bool:
        """Whether a look-up has to say more. What is outside the window counts as removed, too, and may be nothing that
        we ever knew; who has just listed all that is ours knows that the rest is not."""
        if self.listed is not None:
            return REMOVED in item and event_id in self.listed
        return REMOVED in item or not says_whose(item)

    def _changes(self, items: Sequence[Item]) -> list[Change]:
        return [one for one in map(self._change, items) if one is not None]

    def _change(self, item: Item) -> Change | None:
        if REMOVED in item:
            return gone(str(item["id"]))
        told, listed = change(self.account_id, self.calendar, item), (self.listed or {}).get(str(item["id"]))
        if told is None or listed is None:
            return told
        return None if told.version == listed.version else replace(told, key=listed.key)

    def _checked(self, link: object) -> str:
        if not (isinstance(link, str) and self._is_graphs(link)):
            raise Transient("Microsoft's listing goes on at a server that is not Microsoft's.")
        return link

    def _is_graphs(self, link: str) -> bool:
        graph = self.line.client.base_url
        parts = urlsplit(link)
        return (parts.scheme, parts.netloc) == (graph.scheme, graph.netloc.decode())


def _lacks(listing: Mapping[str, Any], event_id: str) -> bool:
    """Whether a whole listing has no such event."""
    items = listing.get("value")
    return isinstance(items, list) and NEXT not in listing and all(item.get("id") != event_id for item in items)
