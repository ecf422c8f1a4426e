"""How Outlook is put together from a process's parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.core.channels import Notice, Receipt
from worker.core.connections import Connection
from worker.core.ports import Consents, Grant, Provider
from worker.core.preferences import calendar_preferences
from worker.http.limits import Limits
from worker.http.mint import Mint
from worker.http.slots import Slots
from worker.providers import outlook_calendar
from worker.providers.outlook_calendar import HANDSHAKE, LONGEST_HANDSHAKE, MANIFEST, read_messages
from worker.settings import Settings
from worker.sync.house import House
from worker.sync.watch import notified


@dataclass(frozen=True, slots=True)
class Outlook:
    """What all of a process's Outlook connections share."""

    settings: Settings
    limits: Limits
    slots: Slots
    mint: Mint

    def opened(self, connection: Connection, grants: Mapping[str, Grant]) -> Provider:
        """The provider that serves a connection; whoever opens it closes it."""
        return outlook_calendar.OutlookCalendar(
            settings=self._there(),
            preferences=calendar_preferences(connection.settings),
            grants=grants,
            limits=self.limits,
            account_id=connection.account_id,
            slots=self.slots,
            mint=self.mint,
        )

    def consents(self) -> Consents:
        """How a person connects in the browser; whether the operator has said who we are is checked before."""
        return outlook_calendar.OutlookConsents(self._there())

    def _there(self) -> outlook_calendar.OutlookSettings:
        return outlook_calendar.OutlookSettings(
            graph_url=self.settings.microsoft_graph_url,
            authority_url=self.settings.microsoft_authority_url,
            client_id=self.settings.microsoft_client_id or "",
            client_secret=self.settings.microsoft_client_secret or "",
        )


def take(house: House, query: Mapping[str, str], body: bytes) -> Receipt:
    """Answers a message of Graph's: its handshake with the echo that it wants, its notices as hints to look.

    One of ours among them is enough for 202: for anything else Graph would send all of them again, for hours. Raises
    StoreUnavailable.
    """
    handshake = query.get(HANDSHAKE)
    if handshake is not None:
        return Receipt(200, handshake) if len(handshake) <= LONGEST_HANDSHAKE else Receipt(400)
    heard = [message for message in read_messages(body) if notified(house, MANIFEST.name, message.notice)]
    for message in heard:
        if message.ending:
            _replace(house, message.notice, house.now())
    return Receipt(202 if heard else 401)


def _replace(house: House, notice: Notice, now: datetime) -> None:
    """Forget a channel that tells nothing more, and have another opened in the next tick."""
    channels = house.store.channels
    heard = channels.heard(MANIFEST.name, notice)
    connection = house.store.connections.find(heard.account_id, MANIFEST.name) if heard is not None else None
    if connection is not None:
        channels.end_turn(channels.seize_turn(connection.id, now), now)  # whoever dies here has lost nothing
        channels.remove(notice.channel_id)
