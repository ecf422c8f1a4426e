"""Outlook's calendars at Microsoft Graph v1.0, with msal for tokens.

What is odd about it, and where that is dealt with:

- An event's id is Graph's choice, so a create carries a transaction made from its key (``keys``): Graph takes each
  once, and answers the event that is there or a 409 (``writing``). How long it remembers is written nowhere, so
  whatever is in doubt is searched for by our own property first. The transaction also tells our event from a person's
  copy of it.
- Delta looks into a window that is fixed in its link, and never tells of what is outside it: the window is kept beside
  the link, and both are made anew long before its end is near (``cursors``).
- Delta shows no extended properties, and takes neither ``$select`` nor ``$expand``; ``@removed`` also means that an
  event has left the window, or was never in it. What is unclear is looked up, twenty at a time (``reading``).
- A dead link has several statuses and its codes two spellings (``errors``).
- A mailbox serves four of our requests at once, and Graph runs four calls of a batch at once: a batch takes all four
  slots, which all workers share (``line``). Calls of a batch are refused one by one (``batches``).
- A 412 may be spurious: the event is looked at before anybody is blamed (``writing``).
- Bodies come back as other HTML than was sent: only their lines are compared (``bodies``). Zones come back by Windows'
  names, and a wall clock does not say which of the two hours at the end of summer it means (``zones``).
- Outlook writes to attendees and cannot be asked not to, so no event of ours ever names one (``mapping``).
- An event's id changes when it is moved, unless every single call asks for the lasting one (``batches``).
- msal (``authority``) asks for endpoints in its constructor, takes https alone, returns errors instead of raising them
  and remembers refusals; its table of errors is in ``tokens``.
- Opening a subscription calls us back before it is answered (``push``); its notices come several in a body, and some
  tell of subscriptions themselves (``webhook``).
"""

from worker.core.ports import Manifest
from worker.core.preferences import calendar_preferences
from worker.providers.outlook_calendar.account import OutlookCalendar
from worker.providers.outlook_calendar.consent import OutlookConsents
from worker.providers.outlook_calendar.service import OutlookSettings
from worker.providers.outlook_calendar.webhook import HANDSHAKE, LONGEST_HANDSHAKE, read_messages

__all__ = [
    "HANDSHAKE",
    "LONGEST_HANDSHAKE",
    "MANIFEST",
    "OutlookCalendar",
    "OutlookConsents",
    "OutlookSettings",
    "read_messages",
]

MANIFEST = Manifest(
    name="outlook_calendar",
    slug="outlook-calendar",
    direction="bidirectional",
    title="Outlook",
    batch_size=20,
    side_by_side=4,
    calendar=True,
    consents=True,
    pushes=True,
    preferences=calendar_preferences,
)
"""A batch of 20: https://learn.microsoft.com/graph/json-batching#batch-size-limitations"""
