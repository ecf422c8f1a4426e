"""The QuickBooks simulator and all that a test, or a person in the story, can do to it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, fields
from functools import partial
from inspect import isfunction
from typing import Any

from worker.simulators.faults import Faults
from worker.simulators.journal import Journal
from worker.simulators.quickbooks.api import Api
from worker.simulators.quickbooks.app import make_app
from worker.simulators.quickbooks.bookkeeper import Bookkeeper
from worker.simulators.quickbooks.company import Company
from worker.simulators.quickbooks.envelopes import Format
from worker.simulators.quickbooks.grants import Grant
from worker.simulators.quickbooks.notices import Notices, wait_until_settled
from worker.simulators.quickbooks.settings import Settings
from worker.simulators.quickbooks.state import World

CLIENT_ID, CLIENT_SECRET = "client-id", "client-secret"


class QuickBooksSimulator(Bookkeeper):
    """Serve `app`; every method may be called from any thread, and all but `close` over HTTP.

    `faults` and `journal` are those of all requests; operations are named as `invoice.create`, `customer.read`,
    `query`, `cdc`, `batch`, `token`.
    """

    def __init__(self, seed: int = 0) -> None:
        self.settings = Settings()
        self.faults = Faults(seed)
        self.journal = Journal()
        self._ahead = 0.0
        super().__init__(World(lambda: time.time() + self._ahead, self.settings))
        self._notices = Notices(self.world)
        self.api = Api(self.world, self.faults)
        self.add_client(CLIENT_ID, CLIENT_SECRET)
        self.controls = CONTROLS
        self.app = make_app(self)

    def close(self) -> None:
        """Ends the threads that send notifications."""
        self._notices.forget()

    def reset(self) -> None:
        """Back to an empty world with the default settings and the client `client-id`."""
        with self.world.lock:
            for collection in (self.world.companies, self.world.counters, *vars(self.world.grants).values()):
                collection.clear()
            self._ahead = 0.0
            self._notices.forget()
            self.faults.clear()
            self.journal.clear()
            self.api.throttle.forget()
            self.api.request_ids.forget()
            self.set(**asdict(Settings()))
            self.add_client(CLIENT_ID, CLIENT_SECRET)

    # Companies and those who may reach them

    def add_client(self, client_id: str, client_secret: str, redirect_uris: Iterable[str] | None = None) -> None:
        """An application; its consent page leads back to the `redirect_uris` alone, None: wherever it asks."""
        grants = self.world.grants
        grants.clients[client_id] = client_secret
        grants.redirects.pop(client_id, None)
        if redirect_uris is not None:
            grants.redirects[client_id] = frozenset(redirect_uris)

    def add_company(self, realm_id: str, preset: str = "us_no_tax", **switches: Any) -> None:
        """A company file: `us_no_tax`, `us_ast`, `us_manual` or `global`, with switches by name; ValueError for one
        that is there already."""
        with self.world.lock:
            if realm_id in self.world.companies:
                raise ValueError(f"there is a company {realm_id} already")
            company = Company(realm_id, preset, self.world.clock, **switches)
            company.on_change = partial(self._notices.changed, realm_id)
            self.world.companies[realm_id] = company

    def grant(self, realm_id: str, client_id: str = CLIENT_ID) -> str:
        """The company consents to the client, once more if need be; returns the refresh token."""
        return self._granted(realm_id, client_id).refresh_token

    def access_token(self, realm_id: str, client_id: str = CLIENT_ID) -> str:
        """An access token of a consent of its own, without the detour over the token endpoint."""
        with self.world.lock:
            granted = self._granted(realm_id, client_id)
            return self.world.grants.issue(granted, self.world.now() + self.settings.expires_in)

    def revoke(self, realm_id: str) -> None:
        """The company disconnects: access tokens answer 401, refresh tokens `invalid_grant`."""
        with self.world.lock:
            self.world.grants.revoke_realm(self._company(realm_id).realm_id)

    def expire_access_tokens(self) -> None:
        with self.world.lock:
            self.world.grants.access_tokens.clear()

    def expire_refresh_tokens(self) -> None:
        """Those issued so far answer `invalid_grant`."""
        with self.world.lock:
            self.world.grants.refresh_tokens.clear()

    def _granted(self, realm_id: str, client_id: str) -> Grant:
        with self.world.lock:
            if client_id not in self.world.grants.clients:
                raise LookupError(f"there is no client {client_id}")
            return self.world.grants.grant(self._company(realm_id).realm_id, client_id, self.world.now())

    # Notifications

    def subscribe(self, url: str, verifier: str, format: Format = "legacy") -> None:
        """Sends changes of all companies that are connected to one more URL, signed with the verifier."""
        self._notices.subscribe(url, verifier, format)

    def unsubscribe(self) -> None:
        """Ends all subscriptions; what was told of them is forgotten."""
        self._notices.forget()

    def notifications(self) -> list[dict[str, Any]]:
        """Each POST so far, the oldest first: `url`, `status` (None: no answer), `attempt` from 1, and the `body`."""
        return list(self._notices.sent)

    def wait_until_delivered(self, timeout_seconds: float = 10.0) -> bool:
        """True when every change so far is acknowledged within the time."""
        return wait_until_settled(self._notices, timeout_seconds)

    # The simulator itself

    def set(self, **settings: Any) -> None:
        """Changes settings by the names in `settings.Settings`."""
        unknown = settings.keys() - {field.name for field in fields(Settings)}
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        for name, value in settings.items():
            setattr(self.settings, name, value)

    def settings_now(self) -> dict[str, Any]:
        return asdict(self.settings)

    def pass_time(self, seconds: float) -> None:
        """Sets the simulator's clock forward."""
        self._ahead += seconds

    def forget_request_ids(self) -> None:
        """Every `requestid` is new again."""
        self.api.request_ids.forget()

    def counters(self) -> dict[str, Any]:
        """Counts since the start: what was written, as `invoice.create`, alone and not inside a batch; batches, parts,
        replays, refreshes, concurrent_refreshes, exchanges, revocations; `refused` for `concurrency`, `second`,
        `minute` or `batch_minute`; and in `highest` the most requests that were in flight, by realm."""
        with self.world.lock:
            throttle = self.api.throttle
            counts: dict[str, Any] = dict.fromkeys(COUNTED, 0) | dict(self.world.counters)
            return counts | {"refused": dict(throttle.refused.copy()), "highest": dict(throttle.highest.copy())}


COUNTED = ("batches", "parts", "replays", "refreshes", "concurrent_refreshes", "exchanges", "revocations")
CONTROLS = frozenset(
    name
    for one in (Bookkeeper, QuickBooksSimulator)
    for name, value in vars(one).items()
    if isfunction(value) and not name.startswith("_")
) - {"close"}
