"""How far a calendar was read: a delta link, and the stretch of time that it is good for."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.core.errors import CursorExpired
from worker.core.ports import Window

AHEAD = timedelta(days=90)
"""How much longer than needed a new window is."""

ROLL = timedelta(days=30)
"""How much longer than needed a window must still be; with less than that everything is read anew, with a new one."""

BEHIND = timedelta(days=1)

LONGEST = timedelta(days=1825)
"""Graph refuses a longer window (``ErrorCalendarViewRangeTooBig``). Our own events are listed whatever their date; of
people's appointments, those that are farther off than this are not told."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """``link`` is Graph's delta link, whole and as it came. Its window is fixed in it for good, so what begins later
    than ``window.end`` is never told by it.

    https://learn.microsoft.com/graph/api/event-delta
    """

    link: str
    window: Window

    def text(self) -> str:
        """As the store keeps it."""
        edges = {"start": self.window.start.isoformat(), "end": self.window.end.isoformat()}
        return json.dumps({"link": self.link, **edges})


def cursor_of(text: str) -> Cursor:
    """What ``Cursor.text`` wrote. Raises CursorExpired for anything else."""
    try:
        parts = json.loads(text)
        edges = Window(datetime.fromisoformat(parts["start"]), datetime.fromisoformat(parts["end"]))
        return Cursor(str(parts["link"]), edges)
    except (ValueError, KeyError, TypeError) as error:
        raise CursorExpired("The cursor cannot be read.") from error


def new_window(now: datetime, past: timedelta, future: timedelta) -> Window:
    """The window to begin a reading with that is cared for from ``past`` ago until ``future`` ahead of ``now``."""
    end = now + _ahead(future)
    return Window(max(now - past - BEHIND, end - LONGEST), end)


def is_used_up(window: Window, now: datetime, future: timedelta) -> bool:
    """Whether the window's far edge has come so near that a new one is due."""
    return window.end < now + _ahead(future) - AHEAD + ROLL


def _ahead(future: timedelta) -> timedelta:
    """How far ahead a new window reaches, at most."""
    return min(future + AHEAD, LONGEST - BEHIND)
