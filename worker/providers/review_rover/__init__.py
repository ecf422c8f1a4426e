"""ReviewRover: visits go there, so that clients are asked for a review.

What is odd about it, and where that is dealt with:

- A review request goes out when a visit is completed there, and nothing takes it back. So a visit is made once: it is
  looked up by its ``external_id``, which is the visit's id, before it is sent, unless a complete listing has just shown
  that it is not there (``writing``).
- Nothing tells what changed: there is no ``since``. An incremental sync reads nothing, a full one all pages; pages by
  number move while others write, so that a listing of several counts once two readings agree (``reading``).
- A contact is found by its address alone, and a visit names its contact by id alone. So a listing does not say whom a
  visit asks; the contact's id is part of the version, and is looked at where that moved (``mapping``, ``writing``).
- A contact can be made and not changed: its name and telephone number are told once (``contacts``).
- ``event_date`` follows the visit's times where they move, and is people's otherwise (``mapping``).
- Bodies are forms; an empty value takes a field's value away (``line``, ``mapping``).
- A gateway's pages are no answers: a 404 counts with a JSON object alone, and a write that met a 5xx may have
  been carried out (``errors``).
- Its pages name no limit: ours is polite, and a 429 stops everybody who has the token (``line``).
"""

from worker.core.ports import Manifest
from worker.core.records import CLIENT, INVOICE, JOB, PAYMENT, VISIT
from worker.core.reviews import review_preferences
from worker.providers.review_rover.account import ReviewRover

__all__ = ["MANIFEST", "ReviewRover"]

MANIFEST = Manifest(
    name="review_rover",
    slug="review-rover",
    direction="push",
    title="ReviewRover",
    kinds=(VISIT,),
    reads=(CLIENT, JOB, VISIT, INVOICE, PAYMENT),
    batch_size=1,
    side_by_side=1,
    reviews=True,
    preferences=review_preferences,
)
"""A batch of one: each visit is a request of its own, and a limit that is met then holds back one visit alone."""
