"""How far the books were read: an instant on QuickBooks' clock, and for taxes what they are reckoned by."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from worker.core.books import TaxRegime
from worker.core.codec import decode, encode
from worker.core.errors import CursorExpired

OVERLAP = timedelta(minutes=5)
"""Read twice, because what was being written while QuickBooks answered may bear an earlier time."""

LONGEST = timedelta(days=29)
"""CDC looks back thirty days: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture"""

REGIME_LASTS = timedelta(days=1)


def cursor_text(at: datetime) -> str:
    """The cursor after an answer that QuickBooks gave ``at``, by its own clock."""
    return (at.astimezone(UTC) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")


def since_of(cursor: str, now: datetime) -> datetime:
    """The instant that ``cursor_text`` wrote down. CursorExpired for one that CDC does not reach, or anything else."""
    try:
        since = datetime.fromisoformat(cursor)
    except ValueError as error:
        raise CursorExpired("The cursor cannot be read.") from error
    if since.tzinfo is None or since < now - LONGEST:
        raise CursorExpired("The cursor is older than what QuickBooks tells changes of.")
    return since


def written(since: datetime) -> str:
    """An instant as CDC takes it."""
    return since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class TaxCursor:
    """What was known of the company when its preferences were read last."""

    regime: TaxRegime
    read_at: datetime

    def text(self) -> str:
        """As the store keeps it."""
        return json.dumps({"regime": encode(self.regime), "read_at": self.read_at.isoformat()})

    def is_old(self, now: datetime) -> bool:
        """Whether the preferences are to be read again."""
        return self.read_at < now - REGIME_LASTS


def tax_cursor_of(text: str) -> TaxCursor:
    """What ``TaxCursor.text`` wrote. Raises CursorExpired for anything else."""
    try:
        parts = json.loads(text)
        read_at = datetime.fromisoformat(parts["read_at"])
        return TaxCursor(decode(TaxRegime, parts["regime"]), read_at if read_at.tzinfo else read_at.replace(tzinfo=UTC))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CursorExpired("The cursor cannot be read.") from error
