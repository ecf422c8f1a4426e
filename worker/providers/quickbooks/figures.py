"""JSON numbers to decimals."""

from decimal import Decimal


def decimal(value: object) -> Decimal:
    """The decimal that a JSON number shows; nothing is nought. The way back is the line's: it writes decimals as
    numbers."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)
