"""QuickBooks' query language: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries"""

from collections.abc import Mapping, Sequence
from typing import Any

PAGE = 1000
"""The most objects that a query gives; without asking for them it gives a hundred."""

ALL = "Active IN (true, false)"
"""What is inactive in a list is hidden otherwise."""


def select(entity: str, *where: str, columns: str = "*", order: str = "", position: int = 1) -> str:
    """A query for a page of ``entity`` from the ``position``-th object on; empty conditions are left out."""
    conditions = " AND ".join(condition for condition in where if condition)
    parts = (
        f"SELECT {columns} FROM {entity}",  # noqa: S608 - not SQL, and texts of others are quoted
        f"WHERE {conditions}" if conditions else "",
        f"ORDERBY {order}" if order else "",
        f"STARTPOSITION {position} MAXRESULTS {PAGE}",
    )
    return " ".join(part for part in parts if part)


def quoted(text: str) -> str:
    """A text as a query takes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def any_of(texts: Sequence[str]) -> str:
    """Several texts as a query's IN takes them."""
    return f"({', '.join(quoted(text) for text in texts)})"


def rows_of(entity: str, body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What a query found: QuickBooks leaves the name out where that is nothing."""
    return body.get(entity) or ()
