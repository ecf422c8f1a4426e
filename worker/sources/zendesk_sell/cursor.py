"""Where the reading of visits stands: a small JSON text."""

import json
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """``highest`` is the id up to which every visit was read; ``when`` is when that reading began (aware); ``reps``
    names the settings that it was read with: others need everything anew.
    """

    highest: int
    when: datetime
    reps: str

    @classmethod
    def parse(cls, text: str | None) -> "Cursor | None":
        """The cursor that ``str`` wrote; None, which reads everything, for anything else."""
        try:
            content = json.loads(text or "")
            highest, when, reps = content["highest"], datetime.fromisoformat(content["when"]), content["reps"]
        except (ValueError, TypeError, KeyError):
            return None
        readable = type(highest) is int and when.tzinfo is not None and isinstance(reps, str)
        return cls(highest, when, reps) if readable else None

    def __str__(self) -> str:
        return json.dumps({"highest": self.highest, "when": self.when.isoformat(), "reps": self.reps})
