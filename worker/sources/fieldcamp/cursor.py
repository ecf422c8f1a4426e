"""Where the reading of one kind stands: a small JSON text."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

OVERLAP = timedelta(seconds=60)
"""How far back a reading starts: what FieldCamp stamped before it answered may have become visible only after."""

FINEST = timedelta(milliseconds=1)
"""FieldCamp's instants are no finer [doc: ISO 8601 with milliseconds]."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """``since`` is what the next reading asks with (RFC 3339), None before anything was told; ``offered`` is False once
    FieldCamp refused ``since``, or told nothing to go by."""

    since: str | None = None
    offered: bool = True

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The cursor that ``str`` wrote; None, which reads everything, for anything else."""
        try:
            content = json.loads(text or "")
            since, offered = content["since"], content["offered"]
            readable = since is None or datetime.fromisoformat(since).tzinfo is not None
        except (ValueError, TypeError, KeyError):
            return None
        return cls(since, offered) if readable and isinstance(offered, bool) else None

    def was_ignored(self, oldest: datetime | None) -> bool:
        """Whether a reading that asked with ``since`` told of much older changes: FieldCamp read over it."""
        if self.since is None or oldest is None:
            return False
        return oldest < datetime.fromisoformat(self.since) - OVERLAP

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def next_since(before: str | None, newest: datetime | None, begun: datetime) -> str:
    """What to ask with after a reading that began at ``begun`` and told of changes up to ``newest`` (None: of none).

    Right after the newest change, so that what was read is not read again; but not within ``OVERLAP`` of the reading,
    where more may be on its way. The newest change is by the clock that stamps changes: right where clocks disagree.
    """
    settled = begun - OVERLAP
    if newest is None:
        return before or rfc_3339(settled)
    return rfc_3339(min(newest + FINEST, settled))


def rfc_3339(moment: datetime) -> str:
    """A UTC instant as FieldCamp writes it: ``2026-05-29T14:22:31.812Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
