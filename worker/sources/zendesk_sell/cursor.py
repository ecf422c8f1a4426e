"""Where the reading of visits stands: a small JSON text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Round:
    """How far the visits of the last days have been read again, page by page, one in each reading.

    ``edge`` is when the oldest of them were. ``rows`` were read, down to a visit of ``down_to``; ``began`` is when the
    first were, None before that. All instants are aware.
    """

    edge: datetime
    began: datetime | None = None
    rows: int = 0
    down_to: datetime | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Round":
        """The round that ``content`` was made of. Raises ValueError, TypeError or KeyError for anything else."""
        rows = content["rows"]
        if type(rows) is not int or rows < 0:
            raise ValueError("rows: expected a whole number from 0")
        began, down_to = (_aware(content[name]) if content[name] else None for name in ("began", "down_to"))
        return cls(_aware(content["edge"]), began, rows, down_to)

    def content(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"edge": _text(self.edge), "began": _text(self.began), "rows": self.rows, "down_to": _text(self.down_to)}


@dataclass(frozen=True, slots=True)
class Cursor:
    """``highest`` is the id up to which every visit was read; ``when`` is when that reading began (aware); ``reps``
    names the settings that it was read with: others need everything anew. ``round`` is None where the visits of the
    last days were all read then, and in cursors of before there were rounds.
    """

    highest: int
    when: datetime
    reps: str
    round: Round | None = None

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The cursor that ``str`` wrote; None, which reads everything, for anything else."""
        try:
            content = json.loads(text or "")
            highest, when, reps = content["highest"], _aware(content["when"]), content["reps"]
            begun = Round.of(content["round"]) if content.get("round") else None
        except (ValueError, TypeError, KeyError):
            return None
        readable = type(highest) is int and isinstance(reps, str)
        return cls(highest, when, reps, begun) if readable else None

    def __str__(self) -> str:
        begun = self.round.content() if self.round else None
        return json.dumps({"highest": self.highest, "when": _text(self.when), "reps": self.reps, "round": begun})


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("expected an offset")
    return moment


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
