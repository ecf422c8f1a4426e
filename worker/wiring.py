"""The only place where things are put together."""

import mmap
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from celery import Celery

from worker import broker, google, outlook
from worker import quickbooks as books
from worker.app import RUN, SYNCS, make_publisher
from worker.core.channels import Receipt, Receiver
from worker.core.connections import Connection
from worker.core.errors import Invalid, NotConnected
from worker.core.ports import Consents, Grant, Manifest, Provider, Source, Window
from worker.core.preferences import CalendarPreferences, calendar_preferences
from worker.doorbell import Doorbell
from worker.http.limits import Limits
from worker.http.mint import Mint
from worker.http.slots import Slots
from worker.providers import google_calendar, outlook_calendar, quickbooks, review_rover
from worker.settings import Settings
from worker.sources import fieldcamp, zendesk_sell
from worker.sources.fieldcamp.account import FieldCamp
from worker.sources.zendesk_sell.account import ZendeskSell
from worker.sources.zendesk_sell.preferences import sell_preferences
from worker.store import Store, open_store
from worker.sync.callers import Callers
from worker.sync.house import House

if TYPE_CHECKING:
    import redis

MANIFESTS: Mapping[str, Manifest] = MappingProxyType(
    {
        one.name: one
        for one in (
            fieldcamp.MANIFEST,
            google_calendar.MANIFEST,
            outlook_calendar.MANIFEST,
            quickbooks.MANIFEST,
            review_rover.MANIFEST,
            zendesk_sell.MANIFEST,
        )
    }
)
"""Every integration there is, by name."""


class SharedFlag:
    """A flag that forked children share: a byte of shared memory, because a lock could die with one of them."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._byte[0] = 1

    def is_set(self) -> bool:
        return self._byte[0] == 1


class Wiring:
    """One process's parts, each made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = SharedFlag()
        """Set when this process is told to stop; those that it forked see it too."""

    @cached_property
    def store(self) -> Store:
        return open_store(self.settings.database_url, self.settings.secret_keys)

    @cached_property
    def redis_in_passing(self) -> "redis.Redis | None":
        return broker.connect_in_passing(self.settings.redis_url) if self.settings.redis_url else None

    @cached_property
    def redis(self) -> "redis.Redis | None":
        return broker.connect(self.settings.redis_url) if self.settings.redis_url else None

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.store.keys, now)

    @cached_property
    def limits(self) -> Limits:
        return Limits(self.redis)

    @cached_property
    def mint(self) -> Mint:
        return Mint()

    @cached_property
    def google(self) -> google.Google:
        return google.Google(self.settings, self.limits, self.mint)

    @cached_property
    def outlook(self) -> outlook.Outlook:
        return outlook.Outlook(self.settings, self.limits, Slots(self.redis), self.mint)

    @cached_property
    def quickbooks(self) -> books.QuickBooks:
        return books.QuickBooks(self.settings, self.limits, Slots(self.redis, lease=quickbooks.SLOT_LEASE))

    @cached_property
    def publisher(self) -> Celery:
        return make_publisher(self.settings)

    @cached_property
    def doorbell(self) -> Doorbell:
        return Doorbell(self._send_ring)

    @cached_property
    def house(self) -> House:
        return House(
            store=self.store,
            manifests=MANIFESTS,
            open_provider=self.open_provider,
            open_source=self.open_source,
            ring=self.doorbell.ring,
            now=now,
            chance=random.random,
            cadence=timedelta(seconds=self.settings.sync_cadence_seconds),
            debounce=timedelta(seconds=self.settings.sync_debounce_seconds),
            lease=timedelta(seconds=self.settings.sync_lease_seconds),
            stopping=self.stopping.is_set,
            pages=pages_of(self.settings.fieldcamp_base_url),
            public_url=self.settings.public_url,
        )

    def forked(self) -> None:
        """What a prefork child does first: nothing that the parent opened may be used by both."""
        self.store.forked()
        self.doorbell.forked()
        for name in ("redis", "redis_in_passing", "callers", "limits", "google", "outlook", "quickbooks", "publisher"):
            self.__dict__.pop(name, None)

    def close(self) -> None:
        """Ring what is left to ring, and let go."""
        if "doorbell" in self.__dict__:
            self.doorbell.flush(2.0)
        if "callers" in self.__dict__:
            self.callers.flush(2.0)
        if "store" in self.__dict__:
            self.store.dispose()
        for name in ("redis", "redis_in_passing"):
            if self.__dict__.get(name) is not None:
                self.__dict__[name].close()

    def open_provider(self, connection: Connection) -> Provider:
        """The provider that serves a connection. Raises NotConnected where there is none for it."""
        opening = _PROVIDERS.get(connection.integration)
        if opening is None:
            raise NotConnected(f"{connection.integration} cannot be synced by this version.")
        return opening(self, connection)

    def open_consents(self, integration: str) -> Consents:
        """How a person connects the integration in the browser; one whose manifest says that it ``consents``.

        Raises Invalid that names the variables which the operator has not set.
        """
        return _CONSENTS[integration](self)

    def open_source(self, account_id: str, name: str = fieldcamp.MANIFEST.name) -> Source | None:
        """An account's source, None where it is not connected."""
        connection = self.store.connections.find(account_id, name)
        if connection is None or not connection.connected:
            return None
        return _SOURCES[name](self, connection)

    def _open_fieldcamp(self, connection: Connection) -> Source:
        grant, account_id = self.store.grants.grant(connection.id), connection.account_id
        return FieldCamp(
            self.settings.fieldcamp_base_url, grant, self.limits, account_id, now, self._window(account_id)
        )

    def _open_sell(self, connection: Connection) -> Source:
        grant, wishes = self.store.grants.grant(connection.id), sell_preferences(connection.settings)
        base_url = self.settings.zendesk_sell_base_url
        return ZendeskSell(base_url, grant, self.limits, connection.account_id, now, wishes)

    def revoke(self, connection: Connection) -> None:
        """Give a connection's grants back to whoever gave them, where that can be done."""
        if connection.integration == google_calendar.MANIFEST.name:
            for grant in self._grants(connection).values():
                self.google.revoke(grant)
        if connection.integration == quickbooks.MANIFEST.name:
            for grant in self._grants(connection).values():
                self.quickbooks.revoke(grant)

    def receivers(self) -> Mapping[str, Receiver]:
        """Who takes the messages of each provider that pushes, by its slug."""
        return {MANIFESTS[name].slug: partial(take, self) for name, take in _RECEIVERS.items()}

    def _take_google(self, headers: Mapping[str, str], _query: Mapping[str, str], _body: bytes) -> Receipt:
        return google.take(self.house, headers)

    def _take_outlook(self, _headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Receipt:
        return outlook.take(self.house, query, body)

    def _take_quickbooks(self, headers: Mapping[str, str], _query: Mapping[str, str], body: bytes) -> Receipt:
        return self.quickbooks.take(self.house, headers, body)

    def _window(self, account_id: str) -> Window:
        """The widest stretch of time that any of the account's calendars asks for."""
        wishes = [
            calendar_preferences(connection.settings)
            for connection in self.store.connections.of(account_id)
            if connection.connected and MANIFESTS[connection.integration].calendar
        ] or [CalendarPreferences()]
        past, future = max(wish.past for wish in wishes), max(wish.future for wish in wishes)
        return Window(now() - past, now() + future)

    def _grants(self, connection: Connection) -> dict[str, Grant]:
        grants = self.store.grants
        return {team: grants.grant(connection.id, team) for team in grants.teams(connection.id)}

    def _google_consents(self) -> Consents:
        settings = self.settings
        check_client(GOOGLE_CLIENT_ID=settings.google_client_id, GOOGLE_CLIENT_SECRET=settings.google_client_secret)
        return self.google.consents()

    def _outlook_consents(self) -> Consents:
        client_id, secret = self.settings.microsoft_client_id, self.settings.microsoft_client_secret
        check_client(MICROSOFT_CLIENT_ID=client_id, MICROSOFT_CLIENT_SECRET=secret)
        return self.outlook.consents()

    def _quickbooks_consents(self) -> Consents:
        client_id, secret = self.settings.quickbooks_client_id, self.settings.quickbooks_client_secret
        check_client(QUICKBOOKS_CLIENT_ID=client_id, QUICKBOOKS_CLIENT_SECRET=secret)
        return self.quickbooks.consents()

    def _open_quickbooks(self, connection: Connection) -> Provider:
        return self.quickbooks.opened(connection, self.store.grants.grant(connection.id))

    def _open_review_rover(self, connection: Connection) -> Provider:
        grant = self.store.grants.grant(connection.id)
        return review_rover.ReviewRover(self.settings.review_rover_base_url, grant, self.limits, now=now)

    def _open_outlook(self, connection: Connection) -> Provider:
        return self.outlook.opened(connection, self._grants(connection))

    def _open_google(self, connection: Connection) -> Provider:
        return self.google.opened(connection, self._grants(connection))

    def _send_ring(self, job_id: str) -> None:
        if self.settings.redis_url is None:
            return  # nothing runs here that could hear it; the sweep of whoever starts rings
        self.publisher.send_task(RUN, args=[job_id], queue=SYNCS, ignore_result=True)
        self.store.jobs.rang(job_id, now())


_GOOGLE, _OUTLOOK = google_calendar.MANIFEST.name, outlook_calendar.MANIFEST.name
_BOOKS = quickbooks.MANIFEST.name
_PROVIDERS = {
    _GOOGLE: Wiring._open_google,
    _OUTLOOK: Wiring._open_outlook,
    _BOOKS: Wiring._open_quickbooks,
    review_rover.MANIFEST.name: Wiring._open_review_rover,
}
_SOURCES = {
    fieldcamp.MANIFEST.name: Wiring._open_fieldcamp,
    zendesk_sell.MANIFEST.name: Wiring._open_sell,
}
_RECEIVERS = {
    _GOOGLE: Wiring._take_google,
    _OUTLOOK: Wiring._take_outlook,
    _BOOKS: Wiring._take_quickbooks,
}
_CONSENTS = {
    _GOOGLE: Wiring._google_consents,
    _OUTLOOK: Wiring._outlook_consents,
    _BOOKS: Wiring._quickbooks_consents,
}


def check_client(**variables: str | None) -> None:
    """Whether these variables are set; raises Invalid that names those that are not."""
    missing = {name: "is not set" for name, value in variables.items() if not value}
    if missing:
        raise Invalid(f"{' and '.join(missing)}: not set", missing)


def pages_of(api_url: str) -> str:
    """Where people see what the API serves: FieldCamp's pages are at ``app.`` where its API is at ``api.``."""
    return api_url.replace("://api.", "://app.", 1)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
