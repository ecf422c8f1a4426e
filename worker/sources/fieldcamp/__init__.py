"""FieldCamp: where visits, jobs, clients and team members come from, and where edits of people's calendars go back to.

Its oddities, as met on its API pages [doc], its help pages [pub] or assumed where both are silent [set]:

- Every request carries the key twice, as ``Authorization: Bearer`` and as ``X-API-Key`` [doc]; 100 requests a minute
  and 10,000 a day are let through for a key [pub].
- A visit's documented fields have no ``updatedAt``, ``notes`` or ``clientId`` [doc]; its events do [set]. So a read
  never erases what it does not name, and where nothing tells when it changed, the near window is read again instead
  of ``since``.
- Older answers show ``technicianId`` in place of ``teamId``: a team of one. It is never sent (400) [doc].
- ``anyTime`` comes with a date in ``scheduledStart`` [doc]; fixed times together with ``unscheduled: true`` are
  refused [doc].
- A deleted visit leaves no trace but its event [doc]: it is found missing and asked for by id, and then its 404 is
  the news.
- Clients are deleted softly, jobs name no ``since`` at all: it is tried, and left alone once it was refused [set].
- 409 on a visit means that the team is booked already [doc]; ``completed`` is left on FieldCamp's own pages alone
  [doc].
- Lists page by ``nextCursor`` or by number; an answer without ``meta`` is the whole list [set].
- Events are delivered at least once and out of order, signed in one of three styles: the pages leave the format open
  [pub].
"""

from worker.core.ports import Manifest
from worker.core.records import VISIT

MANIFEST = Manifest(name="fieldcamp", slug="fieldcamp", direction="bidirectional", kind=VISIT, title="FieldCamp")
