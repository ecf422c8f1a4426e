"""FieldCamp: where visits, clients and money come from, and where edits of people's calendars and payments go back to.

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
  Items and taxes name none either: their lists are short and are read whole; so is all that is money, once it was
  refused.
- Amounts come as JSON numbers, and from some as strings [set]. Both are read with exactly their digits. An invoice of
  which a line or an adjustment cannot be read is refused whole; a list that shows it without its lines is not enough.
- What a payment was taken over from is its ``externalId`` [set]: it is looked for before a payment is sent, and what
  the filter lets through must name it. One Idempotency-Key for each, whatever the body, closes the gap between.
- That a payment can be changed or deleted is said nowhere. It is tried; refused, a person is told what to do by hand.
- A 404 on one record deletes nothing where no other record has shown that there is such a route [set].
- 409 on a visit means that the team is booked already [doc]; ``completed`` is left on FieldCamp's own pages alone
  [doc].
- Lists page by ``nextCursor`` or by number; an answer without ``meta`` is the whole list [set].
- Events are delivered at least once and out of order, signed in one of three styles: the pages leave the format open
  [pub].
"""

from worker.core.ports import Manifest
from worker.core.records import CLIENT, INVOICE, ITEM, JOB, MEMBER, PAYMENT, TAX, VISIT

MANIFEST = Manifest(
    name="fieldcamp",
    slug="fieldcamp",
    direction="bidirectional",
    title="FieldCamp",
    source=True,
    reads=(MEMBER, CLIENT, JOB, VISIT, TAX, ITEM, INVOICE, PAYMENT),
)
