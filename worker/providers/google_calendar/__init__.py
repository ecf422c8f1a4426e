"""Google Calendar v3, with Google's own client library.

What is odd about it, and where that is dealt with:

- An event's id may be chosen by us and stays used up after a deletion, so a key makes one event at most (``keys``).
- A lost answer to a write is found out by looking the event up by its id (``writing``); httplib2 even sends a request
  again by itself when the connection closes under it. Each write carries the etag it was decided on.
- A batch is one request with an outcome for each part; the library repeats none but parts with 401 (``batches``).
- The same status means different things, by the reason in the body (``errors``): 403 is a limit or a refusal, 410 a
  dead sync token or a deleted event, 409 our own earlier insert, a deleted id or a collision.
- A listing's last page alone has the sync token; pages may be empty; a deleted event has only its id (``account``).
- After a dead sync token the full listing says nothing of what was deleted meanwhile: what is absent from it is gone.
- People may untick what is asked for on the consent page, and a refresh token comes only when asked for (``consent``).
- Instants come back in the calendar's zone, whatever zone they were sent in (``mapping``).
- ``sendUpdates=none`` is on every write, or Google decides itself whom to send mail.
- A patch costs three units of quota; without ``quotaUser`` all calls of a service account are one user's (``line``).
- A message of a push channel has no body and may come before the answer to the call that opened it; its token alone
  shows who sent it (``webhook``). Channels end by themselves, and only who opened one can stop it (``push``).
- The library's ``api_endpoint`` does not redirect batches (``service``).
"""

from worker.core.ports import Manifest
from worker.core.preferences import calendar_preferences
from worker.providers.google_calendar.account import GoogleCalendar
from worker.providers.google_calendar.consent import GoogleConsents
from worker.providers.google_calendar.service import GoogleSettings
from worker.providers.google_calendar.tokens import revoke
from worker.providers.google_calendar.webhook import read_notice

__all__ = ["MANIFEST", "GoogleCalendar", "GoogleConsents", "GoogleSettings", "read_notice", "revoke"]

MANIFEST = Manifest(
    name="google_calendar",
    slug="google-calendar",
    direction="bidirectional",
    title="Google Calendar",
    batch_size=50,
    side_by_side=4,
    calendar=True,
    consents=True,
    pushes=True,
    preferences=calendar_preferences,
)
"""A batch of 50: copies of Google's guide say 50 here and 1,000 there, and big ones collide with themselves."""
