"""The Outlook simulator and all that a test, or a person in the story, can do to it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from worker.simulators.faults import Faults
from worker.simulators.journal import Journal
from worker.simulators.outlook_calendar.access import APPLICATION, SIGN_IN, USUAL, WRITE
from worker.simulators.outlook_calendar.api import Api
from worker.simulators.outlook_calendar.app import make_app
from worker.simulators.outlook_calendar.batch import Batches
from worker.simulators.outlook_calendar.grants import AccessToken, Demand, Grants
from worker.simulators.outlook_calendar.notices import Lifecycle, Notices
from worker.simulators.outlook_calendar.outlook import Outlook
from worker.simulators.outlook_calendar.settings import Settings
from worker.simulators.outlook_calendar.state import Calendar, Mailbox, World
from worker.simulators.outlook_calendar.subscribing import Subscribing
from worker.simulators.outlook_calendar.words import words

CLIENT_ID, CLIENT_SECRET = "client-id", "client-secret"
TENANT = "11111111-2222-3333-4444-555555555555"
ROLES = ("read", "write")


class OutlookCalendarSimulator(Outlook):
    """Serve `app`; every method may be called from any thread, and those in `controls` over HTTP.

    A mailbox is named by its address or its object id. One that is unknown raises LookupError, as an unknown event
    does; a body that Graph would refuse raises ValueError.
    """

    controls = words(
        "add_user add_client add_calendar share add_tenant access_token application_token revoke revoke_tenant demand"
        " expire_access_tokens expire_refresh_tokens expire_delta_links expire_subscriptions send_lifecycle"
        " person_moves person_deletes person_edits person_creates person_copies person_refiles events load counters"
        " subscriptions notifications set settings_now pass_time"
    )

    def __init__(self, seed: int = 0) -> None:
        self.settings = Settings()
        self.faults = Faults(seed)
        self.journal = Journal()
        self.grants = Grants()
        self._ahead = 0.0
        super().__init__(World(lambda: time.time() + self._ahead, self.settings))
        self._notices = Notices(self.world)
        self.world.watchers.append(self._notices.changed)
        self.api = Api(self.world, self.grants, Subscribing(self.world, self._notices), self.faults)
        self.batches = Batches(self.api, self.settings, seed)
        self.add_client(CLIENT_ID, CLIENT_SECRET)
        self.app = make_app(self)

    def reset(self) -> None:
        """Back to an empty world with the default settings and the client `client-id`."""
        with self.world.lock:
            for collection in (self.world.mailboxes, self.world.counters, *vars(self.grants).values()):
                collection.clear()
            self._ahead = 0.0
            self._notices.forget()
            self.faults.clear()
            self.journal.clear()
            self.api.throttle.forget()
            self.set(**asdict(Settings()))
            self.add_client(CLIENT_ID, CLIENT_SECRET)

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

    def add_client(self, client_id: str, client_secret: str, redirect_uris: Iterable[str] | None = None) -> None:
        """An application; its consent page leads back to the ``redirect_uris`` alone, None: wherever it asks."""
        self.grants.clients[client_id] = client_secret
        self.grants.redirects.pop(client_id, None)
        if redirect_uris is not None:
            self.grants.redirects[client_id] = frozenset(redirect_uris)

    def add_user(
        self,
        email: str,
        refresh_token: str | None = None,
        time_zone: str = "Eastern Standard Time",
        client_id: str = CLIENT_ID,
        scopes: Iterable[str] = USUAL,
        *,
        tenant: str = TENANT,
        mailbox: bool = True,
    ) -> str:
        """A user who has consented to the client; returns the refresh token. Without `mailbox` there is no calendar.

        For a user who is already there, one more consent.
        """
        with self.world.lock:
            if self.world.mailbox(email) is None:
                self._add_mailbox(email, time_zone, tenant, enabled=mailbox)
            grant = self.grants.grant(self._mailbox(email).id, client_id, frozenset(scopes))
            return self.grants.refresh_token(grant, self.world.now() + self.settings.refresh_life, refresh_token)

    def add_tenant(self, tenant: str = TENANT, client_id: str = CLIENT_ID, roles: Iterable[str] = (WRITE,)) -> None:
        """The administrator of a tenant gives an application permissions that need no user."""
        if not frozenset(roles) <= APPLICATION:
            raise ValueError("unknown application permissions")
        self.grants.roles[tenant, client_id] = frozenset(roles)

    def add_calendar(self, mailbox: str, name: str) -> str:
        """One more calendar in a mailbox; returns its id."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            calendar = Calendar(f"AAMkACal{uuid.uuid4().hex}{len(owner.calendars)}AAA=", name)
            owner.calendars[calendar.id] = calendar
            return calendar.id

    def share(self, mailbox: str, user: str, role: str | None) -> None:
        """Makes a user a delegate who may `read` or `write` all calendars of a mailbox; None takes it away."""
        with self.world.lock:
            owner, delegate = self._mailbox(mailbox), self._mailbox(user)
            if role is None:
                owner.delegates.pop(delegate.id, None)
            elif role in ROLES:
                owner.delegates[delegate.id] = role
            else:
                raise ValueError(f"unknown role {role}")

    def access_token(self, user: str, scopes: Iterable[str] = USUAL, client_id: str = CLIENT_ID) -> str:
        """An access token for a user without the detour over the token endpoint."""
        with self.world.lock:
            owner, expires = self._mailbox(user), self.world.now() + self.settings.expires_in
            held = frozenset(scopes) - SIGN_IN
            return self.grants.issue(AccessToken(client_id, held, expires, owner.id, owner.tenant))

    def application_token(
        self, tenant: str = TENANT, roles: Iterable[str] = (WRITE,), client_id: str = CLIENT_ID
    ) -> str:
        """An access token of an application for a tenant."""
        with self.world.lock:
            expires = self.world.now() + self.settings.expires_in
            return self.grants.issue(AccessToken(client_id, frozenset(roles), expires, None, tenant))

    def revoke(self, user: str) -> None:
        """The user's consent is withdrawn: access tokens answer 401, refresh tokens `invalid_grant`."""
        with self.world.lock:
            self.grants.revoke_user(self._mailbox(user).id)

    def revoke_tenant(self, tenant: str = TENANT) -> None:
        """The administrator takes the application permissions back: `unauthorized_client` from now on."""
        with self.world.lock:
            self.grants.revoke_tenant(tenant)

    def demand(self, user: str, error: Demand | None) -> None:
        """Refreshes of the user are refused with `interaction_required` or `consent_required`, until a new consent."""
        with self.world.lock:
            owner = self._mailbox(user).id
            self.grants.demands.pop(owner, None)
            if error is not None:
                self.grants.demands[owner] = error

    def expire_access_tokens(self) -> None:
        with self.world.lock:
            self.grants.access_tokens.clear()

    def expire_refresh_tokens(self) -> None:
        """Those issued so far answer `invalid_grant` with 700082."""
        with self.world.lock:
            for value, held in list(self.grants.refresh_tokens.items()):
                self.grants.refresh_token(held.grant, self.world.now(), value)

    def expire_delta_links(self, mailbox: str | None = None) -> None:
        """Delta links of this mailbox, or of all, expire; the settings `expired_…` say how they answer."""
        with self.world.lock:
            for owner in [self._mailbox(mailbox)] if mailbox else self.world.mailboxes.values():
                for calendar in owner.calendars.values():
                    calendar.epoch += 1

    def expire_subscriptions(self) -> None:
        """All subscriptions end silently."""
        with self.world.lock:
            self._notices.subscriptions.clear()

    def send_lifecycle(self, event: Lifecycle, mailbox: str | None = None) -> int:
        """Sends `reauthorizationRequired`, `subscriptionRemoved` (which it then is) or `missed`; returns how many."""
        with self.world.lock:
            owner = self._mailbox(mailbox).id if mailbox else None
            chosen = [one for one in self._notices.live() if owner in (None, one.mailbox)]
            for subscription in chosen:
                self._notices.lifecycle(event, subscription)
            return len(chosen)

    def counters(self) -> dict[str, Any]:
        """Counts since the start: writes and each kind of them, list, get, view, delta, batches, parts, refreshes,
        exchanges, applications, subscribe, renew, unsubscribe, reauthorizations, mails, duplicates, and what was
        refused for `concurrency` or `limit`; `highest` has the most calls in flight at each mailbox, by address."""
        with self.world.lock:
            throttle = self.api.throttle
            counts: dict[str, Any] = {name: self.world.counters[name] for name in COUNTED}
            refused = {name: throttle.refused[name] for name in ("concurrency", "limit")}
            highest = {self._mailbox(owner).address: most for owner, most in throttle.highest.copy().items()}
            return counts | dict(self.world.counters) | refused | {"highest": highest}

    def subscriptions(self) -> list[dict[str, Any]]:
        """The live subscriptions, each with the address of its mailbox."""
        with self.world.lock:
            return [
                {**one.as_json(), "mailbox": self._mailbox(one.mailbox).address, "immutable": one.immutable}
                for one in self._notices.live()
            ]

    def notifications(self) -> list[dict[str, Any]]:
        """Each POST so far, the oldest first: `url`, `status` (None: no answer) and the `value` it carried."""
        return list(self._notices.sent)

    def _add_mailbox(self, email: str, time_zone: str, tenant: str, *, enabled: bool) -> None:
        owner = Mailbox(str(uuid.uuid4()), email, email.partition("@")[0].title(), tenant, time_zone, enabled)
        calendar = Calendar(f"AAMkACal{uuid.uuid4().hex}0AAA=", "Calendar")
        owner.calendars[calendar.id] = calendar
        self.world.mailboxes[owner.id] = owner


COUNTED = words(
    "writes create update delete list get view delta batches parts refreshes exchanges applications subscribe renew"
    " unsubscribe reauthorizations mails duplicates"
)
