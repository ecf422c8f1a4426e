"""What we ask of Graph, as calls."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from worker.core.documents import event_of
from worker.core.ports import Create, Delete, Key, Window
from worker.providers.outlook_calendar.batches import Call
from worker.providers.outlook_calendar.keys import ACCOUNT_PROPERTY, PROPERTY, having
from worker.providers.outlook_calendar.mapping import FIELDS, changed_event, new_event
from worker.providers.outlook_calendar.writing import Step, Verb

PAGE = 200
"""Events on a page."""

MOST_COPIES = 50
"""Events with the same key that a search may find: ours, and what people copied from it."""


def ours(root: str, account_id: str) -> Call:
    """The first page of all events with our account's property, whatever their date."""
    asked = {"$filter": having(ACCOUNT_PROPERTY, account_id), "$select": FIELDS, "$top": PAGE}
    return Call("GET", f"{root}/events?{_query(asked)}")


def changes(root: str, window: Window) -> Call:
    """The first page of a reading of a window, which ends with a delta link. Delta takes no ``$select``."""
    asked = {"startDateTime": _z(window.start), "endDateTime": _z(window.end)}
    return Call("GET", f"{root}/calendarView/delta?{_query(asked)}", page=PAGE)


def following(link: str, *, of: Call) -> Call:
    """What a link leads to, asked for as what it came with was, for Graph wants the same headers again."""
    return Call("GET", link, page=of.page)


def event(root: str, event_id: str) -> Call:
    """One event as it is now."""
    return Call("GET", f"{_at(root, event_id)}?{_query({'$select': FIELDS})}")


def found(root: str, key: Key) -> Call:
    """The events with this key."""
    asked = {"$filter": having(PROPERTY, str(key)), "$select": FIELDS, "$top": MOST_COPIES}
    return Call("GET", f"{root}/events?{_query(asked)}")


def request(root: str, account_id: str, calendar: str, step: Step) -> Call:
    """The call that a step makes."""
    operation = step.operation
    if step.verb is Verb.GET:
        return event(root, step.event_id)
    if step.verb is Verb.FIND:
        return found(root, operation.key)
    if step.verb is Verb.DELETE or isinstance(operation, Delete):
        return Call("DELETE", _at(root, step.event_id), etag=step.etag)
    if step.verb is Verb.POST and isinstance(operation, Create):
        return Call(
            "POST", f"{root}/events", new_event(account_id, calendar, operation.key, event_of(operation.document))
        )
    return Call("PATCH", _at(root, step.event_id), changed_event(event_of(operation.document)), step.etag)


def _at(root: str, event_id: str) -> str:
    return f"{root}/events/{quote(event_id, safe='')}"


def _query(asked: Mapping[str, object]) -> str:
    return urlencode(asked, quote_via=quote, safe="$")


def _z(moment: object) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
