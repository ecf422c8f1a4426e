"""QuickBooks Online's books at Intuit's Accounting API v3, with python-quickbooks for the calls.

What is odd about it, and where that is dealt with:

- Objects get their ids from QuickBooks. So our key stands in the note of every invoice and payment (``keys``), and each
  is created alone, under a ``requestid`` (``postings``): a lost answer is looked up by the key. Customers and items
  bear none; their names are unique, and they are found by those (``lists``).
- A customer shares its name with vendors and employees, inactive ones too (``naming``). Whoever is refused a name
  either is what has it, or gets a number behind it.
- Change data capture reaches thirty days back, stops at a thousand objects without a word, and does not know taxes
  (``reading``, ``tax_reading``). One request of it serves all streams, each part once. What is too old or too much is
  read by query, in the order of creation, because pages by position skip while the books move (``listing``).
- Queries hide what is inactive unless asked, and leave an empty list out; an item's Sku has to be asked for.
- A full update empties what it does not name, so that updates are sparse, and name the groups that differ (``mapping``,
  ``updates``). Lines are the exception: those that are sent take the place of all.
- Nothing is deleted: invoices and payments are voided (``voids``). A void has no field of its own; it shows by amounts
  of nought and by the note. Payments are voided in another way than invoices, and a batch does not void them.
- QuickBooks adds subtotals, numbers, defaults and ISO countries to what it is sent (``lines``, ``customers``), and its
  automated sales tax may make a total differ by cents (``verdicts``).
- How tax is told depends on the country and on the company's preferences, and an invoice does not say which of them
  holds: the stream of taxes tells (``taxes``).
- One code, 610, is for what is gone and for what names something inactive: a look tells which (``updates``).
- The account that a payment goes to, the one that a discount is booked on and the method of payment are the company's
  own. Nobody is ever mailed.
- python-quickbooks has no time-outs, loses statuses and headers, and posts defaults that erase fields: it is given a
  session and bodies of ours (``session``, ``line``).
"""

from worker.core.ports import Manifest
from worker.core.preferences import books_preferences
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX
from worker.providers.quickbooks.account import QuickBooksOnline
from worker.providers.quickbooks.consent import QuickBooksConsents
from worker.providers.quickbooks.service import SLOT_LEASE, QuickBooksSettings
from worker.providers.quickbooks.tokens import revoke
from worker.providers.quickbooks.webhook import SIGNATURE, realms, verified

__all__ = [
    "MANIFEST",
    "SIGNATURE",
    "SLOT_LEASE",
    "QuickBooksConsents",
    "QuickBooksOnline",
    "QuickBooksSettings",
    "realms",
    "revoke",
    "verified",
]

MANIFEST = Manifest(
    name="quickbooks",
    slug="quickbooks",
    direction="bidirectional",
    title="QuickBooks Online",
    kinds=(TAX, CLIENT, ITEM, INVOICE, PAYMENT),
    reads=(TAX, CLIENT, ITEM, INVOICE, PAYMENT),
    batch_size=30,
    side_by_side=1,
    books=True,
    consents=True,
    scopes={
        "customers": (CLIENT,),
        "items": (TAX, ITEM),
        "invoices": (TAX, CLIENT, ITEM, INVOICE),
        "payments": (TAX, CLIENT, ITEM, INVOICE, PAYMENT),
        "taxes": (TAX,),
    },
    preferences=books_preferences,
)
"""A batch of 30: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch"""
