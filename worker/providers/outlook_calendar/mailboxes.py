"""Where a calendar is at Graph."""

from urllib.parse import quote

from worker.core.calendars import PRIMARY
from worker.core.errors import Rejected


def root(calendar: str, *, for_all: bool) -> str:
    """The path of a mailbox at Graph. ``for_all``: the grant is an application permission, which has no ``/me``.

    Raises Rejected where nobody is named.
    """
    if calendar != PRIMARY:
        return f"/users/{quote(calendar, safe='@')}"
    if for_all:
        raise Rejected(
            "A grant for a whole tenant acts for named people: list each technician's calendar in the settings, "
            "`calendars`.",
            code="CALENDAR_NOT_NAMED",
        )
    return "/me"
