"""What can be read of FieldCamp's answers; the rest is left out, with a line in the log."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from worker.core.errors import Invalid
from worker.core.records import Record
from worker.sources.fieldcamp import mapping

Read = Callable[[str, Any, datetime], Record | None]
"""Takes a kind, one item of an answer and when it was told."""

_log = logging.getLogger(__name__)


def reader(account_id: str) -> Read:
    """Reads for an account: the record, or None and a line in the log that names the field."""
    return partial(_record, account_id)


def _record(account_id: str, kind: str, item: Any, told_at: datetime) -> Record | None:
    try:
        return mapping.RECORDS[kind](item if isinstance(item, Mapping) else {}, told_at)
    except Invalid as invalid:
        _log.warning("account %s: left out: %s", account_id, invalid.message)
        return None
