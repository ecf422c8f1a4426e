"""Zendesk Sell: where sales visits come from; nothing ever goes back to it.

Its oddities, as met on its API pages [doc] or assumed where they are silent [set]:

- There is one route, ``GET /v2/visits``: no read of one visit, no ``since``, no filter by time [doc]. A listing shows
  10,000 rows at most, ``page`` and ``per_page`` being at most 100 each [doc].
- Pages are cut from the rows as they are now: while people log and delete visits, plain page numbers skip rows. So our
  pages overlap, and one that does not join what was read is read again (``listing``).
- What does not fit the window is read from both ends of the order of ids, and where that is not enough by
  ``resource_type`` and then by the status of the rep's location: each visit has one of the documented values and keeps
  it [set]. What is still too much is read by creator: nobody lists those, but each who is in the settings is asked for,
  and visits of others show nowhere. What is too much even so is read by outcome; such a reading finds what it finds
  and does not say that this is everything (``parts``).
- Ids rise [set]. New visits are those above the highest known id. Edits are looked for where they are likely: among
  the visits of the last 14 days, of which each reading takes the next page (``window``). An edit of an older one, and
  every deletion, is found by full reads alone.
- A deletion leaves no trace: what a complete full read lacks is gone. That is our conclusion and not Sell's word, so
  it carries no time, and a visit that is listed again is back.
- A missing User-Agent is refused with 400 [doc]. Ten requests a second for a token; the 429 names no time to
  wait [doc].
- ``count`` in the answer is that of the page, or of all rows [set]. ``next_page`` may be there or not at the end of
  the window [set]: a page with fewer rows than asked for is the last.
- A visit has a beginning and no end. It is shown for half an hour: long enough to be seen on a calendar, short enough
  not to cover the next one.
- Outcomes and the resource have no names here [doc]: both are shown by their numbers.
"""

from worker.core.ports import Manifest
from worker.core.records import VISIT
from worker.sources.zendesk_sell.mapping import PREFIX
from worker.sources.zendesk_sell.preferences import sell_preferences

MANIFEST = Manifest(
    name="zendesk_sell",
    slug="zendesk-sell",
    direction="pull",
    title="Zendesk Sell",
    kinds=(VISIT,),
    reads=(VISIT,),
    preferences=sell_preferences,
    source=True,
    prefix=PREFIX,
)
