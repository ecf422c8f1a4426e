"""Time zones by their IANA names and by Microsoft's."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from worker.core.documents import Times

FALLBACK = "UTC"


def iana(name: str | None) -> str:
    """The IANA name of a zone that Outlook names, by Windows' names or by IANA's; UTC for one that nobody knows.

    The table is CLDR's, as tzlocal brings it: https://github.com/unicode-org/cldr/blob/main/common/supplemental/windowsZones.xml
    """
    asked = name or FALLBACK
    return asked if _exists(asked) else win_tz.get(asked, FALLBACK)


def writing_zone(times: Times, time_zone: str) -> str:
    """The zone to write these instants in: ``time_zone``, or UTC where its clocks show one of them twice.

    In the hour that comes twice, a wall clock's time does not say which one is meant.
    """
    zone = ZoneInfo(time_zone)
    moments = [moment for moment in (times.start, times.end) if moment is not None]
    return FALLBACK if any(_comes_twice(moment, zone) for moment in moments) else time_zone


def _comes_twice(moment: datetime, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two: names that are no file names
        return False
    return True
