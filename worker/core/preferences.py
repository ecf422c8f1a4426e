"""How a connection's people want it: the settings file of contract §3, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.core.errors import Invalid

RESTORE, FLAG, UNSCHEDULE = "restore", "flag", "unschedule"
FIELDCAMP, CALENDAR = "fieldcamp", "calendar"
SUGGEST, CREATE = "suggest", "create"


@dataclass(frozen=True, slots=True)
class CalendarPreferences:
    """``calendars`` maps team members to calendars; empty means that every visit goes to the primary calendar."""

    calendars: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    on_remote_delete: str = RESTORE
    on_both_changed: str = FIELDCAMP
    remote_reschedule: bool = True
    past: timedelta = timedelta(days=30)
    future: timedelta = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class BooksPreferences:
    """``income_account`` takes what no entry of ``item_accounts`` (category → account) names; ``default_tax_code`` is
    for lines that name no tax; ``create_customers``: a client without one clear match becomes a new customer.
    """

    income_account: str = ""
    item_accounts: Mapping[str, str] = field(default_factory=dict)
    default_tax_code: str = ""
    create_customers: bool = False
    invoice_on_completed_visit: bool = True


def books_preferences(settings: Mapping[str, Any]) -> BooksPreferences:
    """The settings of a books connection, defaults filled in.

    Raises ``Invalid`` that names every field that is not as contract §3 says.
    """
    check = _Check(settings)
    check.known({"income_account", "item_accounts", "default_tax_code", "customer_match", "invoice_on_completed_visit"})
    preferences = BooksPreferences(
        income_account=check.identity("income_account"),
        item_accounts=check.identities("item_accounts"),
        default_tax_code=check.identity("default_tax_code"),
        create_customers=check.choice("customer_match", (SUGGEST, CREATE)) == CREATE,
        invoice_on_completed_visit=check.flag("invoice_on_completed_visit", True),
    )
    check.raise_if_wrong()
    return preferences


def calendar_preferences(settings: Mapping[str, Any]) -> CalendarPreferences:
    """The settings of a calendar connection, defaults filled in.

    Raises ``Invalid`` that names every field that is not as contract §3 says.
    """
    check = _Check(settings)
    check.known({"calendars", "time_zone", "on_remote_delete", "on_both_changed", "remote_reschedule", "window_days"})
    window = check.window("window_days")
    preferences = CalendarPreferences(
        calendars=check.calendars("calendars"),
        time_zone=check.zone("time_zone"),
        on_remote_delete=check.choice("on_remote_delete", (RESTORE, FLAG, UNSCHEDULE)),
        on_both_changed=check.choice("on_both_changed", (FIELDCAMP, CALENDAR)),
        remote_reschedule=check.flag("remote_reschedule", True),
        past=timedelta(days=window["past"]),
        future=timedelta(days=window["future"]),
    )
    check.raise_if_wrong()
    return preferences


class _Check:
    """Reads fields and gathers what is wrong with them, so that a person is told everything at once."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self.wrong: dict[str, str] = {}

    def known(self, names: set[str]) -> None:
        for name in self._settings:
            if name not in names:
                self.wrong[name] = f"is not a setting; expected one of {', '.join(sorted(names))}"

    def raise_if_wrong(self) -> None:
        if self.wrong:
            name, problem = next(iter(self.wrong.items()))
            raise Invalid(f"settings: {name}: {problem}", self.wrong)

    def identity(self, name: str) -> str:
        value = self._settings.get(name, "")
        if _is_identity(value) or value == "":
            return str(value).strip()
        self.wrong[name] = 'expected an id of the books, such as "79"'
        return ""

    def identities(self, name: str) -> dict[str, str]:
        found = self._settings.get(name, {})
        if isinstance(found, Mapping) and all(_is_identity(value) for value in found.values()):
            return {str(category).strip(): str(value).strip() for category, value in found.items()}
        self.wrong[name] = 'expected an object of categories and account ids, such as {"Plumbing": "80"}'
        return {}

    def zone(self, name: str) -> str:
        value = self._settings.get(name, "UTC")
        if isinstance(value, str) and _is_zone(value):
            return value
        self.wrong[name] = "expected an IANA time zone such as America/New_York"
        return "UTC"

    def flag(self, name: str, default: bool) -> bool:
        value = self._settings.get(name, default)
        if isinstance(value, bool):
            return value
        self.wrong[name] = "expected true or false"
        return default

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        value = self._settings.get(name, options[0])
        if value in options:
            return str(value)
        self.wrong[name] = f"expected one of {', '.join(options)}"
        return options[0]

    def window(self, name: str) -> dict[str, int]:
        days = {"past": 30, "future": 365}
        value = self._settings.get(name, {})
        if not isinstance(value, Mapping):
            self.wrong[name] = 'expected an object like {"past": 30, "future": 365}'
            return days
        for end, number in value.items():
            if end not in days:
                self.wrong[f"{name}.{end}"] = "is not a setting; expected past or future"
            elif not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 3650:
                self.wrong[f"{name}.{end}"] = "expected a whole number of days from 0 to 3650"
            else:
                days[end] = number
        return days

    def calendars(self, name: str) -> dict[str, str]:
        rows = self._settings.get(name, [])
        if not isinstance(rows, list):
            self.wrong[name] = "expected a list"
            return {}
        found: dict[str, str] = {}
        for index, row in enumerate(rows):
            place = f"{name}[{index}]"
            team, calendar = (row.get("team_id"), row.get("calendar")) if isinstance(row, Mapping) else (None, None)
            if not (isinstance(team, str) and team and isinstance(calendar, str) and calendar.strip()):
                self.wrong[place] = 'expected {"team_id": "usr_1", "calendar": "tech1@example.com"}'
            elif team in found:
                self.wrong[place] = f"names team member {team} twice"
            else:
                found[team] = _address(calendar)
        return found


def _is_identity(value: object) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two: names that are no file names
        return False
    return True


def _address(calendar: str) -> str:
    """One calendar has one name: the letters of an address have no case, those of other names may."""
    name = calendar.strip()
    return name.lower() if "@" in name else name
