"""How Google Calendar is put together from a process's parts."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.core.channels import Receipt
from worker.core.connections import Connection
from worker.core.ports import Consents, Grant, Provider
from worker.core.preferences import calendar_preferences
from worker.http.limits import Limits
from worker.http.mint import Mint
from worker.providers import google_calendar
from worker.providers.google_calendar import MANIFEST, read_notice
from worker.settings import Settings
from worker.sync.house import House
from worker.sync.watch import notified


@dataclass(frozen=True, slots=True)
class Google:
    """What all of a process's Google connections share."""

    settings: Settings
    limits: Limits
    mint: Mint

    def opened(self, connection: Connection, grants: Mapping[str, Grant]) -> Provider:
        """The provider that serves a connection; whoever opens it closes it."""
        return google_calendar.GoogleCalendar(
            settings=self._there(),
            preferences=calendar_preferences(connection.settings),
            grants=grants,
            limits=self.limits,
            account_id=connection.account_id,
            mint=self.mint,
        )

    def consents(self) -> Consents:
        """How a person connects in the browser; whether the operator has said who we are is checked before."""
        return google_calendar.GoogleConsents(self._there())

    def revoke(self, grant: Grant) -> None:
        """Give a grant back to Google, where that can be done."""
        google_calendar.revoke(grant, self._there())

    def _there(self) -> google_calendar.GoogleSettings:
        return google_calendar.GoogleSettings(
            base_url=self.settings.google_base_url,
            token_url=self.settings.google_token_url,
            client_id=self.settings.google_client_id or "",
            client_secret=self.settings.google_client_secret or "",
        )


def take(house: House, headers: Mapping[str, str]) -> Receipt:
    """Answers a notice of Google's: 200 where a channel of ours told it, 401 otherwise. Raises StoreUnavailable."""
    notice = read_notice(headers)
    return Receipt(200 if notice and notified(house, MANIFEST.name, notice) else 401)
