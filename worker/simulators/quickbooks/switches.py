"""What can be switched on a simulated company file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Switches:
    """Where QuickBooks' own behaviour is not known, the default is the least kind."""

    custom_numbers: bool = True
    """`SalesFormsPrefs.CustomTxnNumbers`: invoices keep the number that is sent and no other has it; off: counted."""
    allow_discount: bool = True
    """`SalesFormsPrefs.AllowDiscount`."""
    string_numbers: bool = False
    """Whether `"10.10"` is taken for a number."""
    deleted_suffix: bool = True
    """Whether what is made inactive is renamed with " (deleted)", which sets its old name free."""
    name_taken_tells_id: bool = True
    """Whether fault 6240 ends with the id of the object that has the name."""
    ast_overrides_totals: bool = False
    """Whether the automated tax engine computes anew where a total was sent."""
    balance_touches_customer: bool = False
    """Whether a changed balance is a change of the customer, seen in CDC."""
    ids_as_text: bool = False
    """Whether a query compares and orders ids as text, so that 10 comes before 9."""
    payment_ref_queryable: bool = True
    """Whether a query may filter payments by `PaymentRefNum`."""
    batch_seed: int = 0
    """Of the order in which the items of a batch are carried out and answered."""
    cdc_days: int = 30
    cdc_most: int = 1000
    """Objects in one answer, all entities together; the rest is left out without a word."""
    batch_most: int = 30
    query_most: int = 1000
    lines_most: int = 750
