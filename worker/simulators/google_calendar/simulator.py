"""The Google Calendar simulator and all that a test, or a person in the story, can do to it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from worker.simulators.faults import Faults
from worker.simulators.google_calendar.access import FULL
from worker.simulators.google_calendar.api import Api
from worker.simulators.google_calendar.app import make_app
from worker.simulators.google_calendar.batch import Batches
from worker.simulators.google_calendar.grants import AccessToken, Grants, ServiceAccount
from worker.simulators.google_calendar.push import Channels
from worker.simulators.google_calendar.rules import Event, accepted, check_id, merged
from worker.simulators.google_calendar.settings import Settings
from worker.simulators.google_calendar.state import ROLES, Calendar, World
from worker.simulators.google_calendar.words import words
from worker.simulators.journal import Journal

CLIENT_ID, CLIENT_SECRET = "client-id", "client-secret"


class GoogleCalendarSimulator:
    """Serve `app`; every method may be called from any thread, and those in `controls` over HTTP.

    An unknown calendar or event raises LookupError, a body that Google would refuse raises ValueError.
    """

    controls = words(
        "add_user add_client add_calendar share add_service_account access_token revoke expire_access_tokens"
        " expire_sync_tokens expire_channels person_moves person_deletes person_edits person_creates events load"
        " counters channels notifications set settings_now pass_time"
    )

    def __init__(self, seed: int = 0) -> None:
        self.settings = Settings()
        self.faults = Faults(seed)
        self.journal = Journal()
        self.grants = Grants()
        self._ahead = 0.0
        self.world = World(lambda: time.time() + self._ahead, self.settings)
        self._channels = Channels(self.world)
        self.world.watchers.append(self._channels.changed)
        self.api = Api(self.world, self.grants, self._channels, self.faults)
        self.batches = Batches(self.api, self.settings, seed)
        self.add_client(CLIENT_ID, CLIENT_SECRET)
        self.app = make_app(self)

    def reset(self) -> None:
        """Back to an empty world with the default settings and the client `client-id`."""
        with self.world.lock:
            known = (self.world.users, self.world.calendars, self.world.counters, *vars(self.grants).values())
            for collection in known:
                collection.clear()
            self._ahead = 0.0
            self._channels.forget()
            self.faults.clear()
            self.journal.clear()
            self.api.quota.forget()
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
        """A client of Google's; its consent page leads back to the ``redirect_uris`` alone, None: wherever it asks."""
        self.grants.clients[client_id] = client_secret
        self.grants.redirects.pop(client_id, None)
        if redirect_uris is not None:
            self.grants.redirects[client_id] = frozenset(redirect_uris)

    def add_user(
        self,
        email: str,
        refresh_token: str | None = None,
        time_zone: str = "America/New_York",
        client_id: str = CLIENT_ID,
        scopes: Iterable[str] = (FULL,),
    ) -> str:
        """A user with a primary calendar who has consented to the client; returns the refresh token.

        For a user who is already there, one more consent.
        """
        with self.world.lock:
            if email not in self.world.users:
                self.world.users.append(email)
                self.world.add_calendar(email, email, time_zone)
            return self.grants.grant(email, client_id, frozenset(scopes), refresh_token).refresh_token

    def add_calendar(
        self, id: str, owner: str, time_zone: str = "America/New_York", summary: str | None = None
    ) -> None:
        with self.world.lock:
            self.world.add_calendar(id, owner, time_zone, summary)

    def share(self, calendar: str, user: str, role: str | None) -> None:
        """Gives a user `reader`, `writer` or `owner` on a calendar; None takes it away."""
        with self.world.lock:
            roles = self._calendar(calendar).roles
            if role is None:
                roles.pop(user, None)
            elif role in ROLES:
                roles[user] = role
            else:
                raise ValueError(f"unknown role {role}")

    def add_service_account(
        self, client_email: str, public_key_pem: str, subjects: Iterable[str] | None = None
    ) -> None:
        """A service account with delegation for these users; None: for all of them."""
        allowed = None if subjects is None else frozenset(subjects)
        self.grants.service_accounts[client_email] = ServiceAccount(client_email, public_key_pem, allowed)

    def access_token(self, user: str, scopes: Iterable[str] = (FULL,)) -> str:
        """An access token for a user without the detour over the token endpoint."""
        with self.world.lock:
            expires = self.world.now() + self.settings.expires_in
            return self.grants.issue(AccessToken(user, frozenset(scopes), expires))

    def revoke(self, user: str) -> None:
        """The user withdraws consent: access tokens answer 401, refresh tokens `invalid_grant`."""
        with self.world.lock:
            self.grants.revoke_user(user)

    def expire_access_tokens(self) -> None:
        with self.world.lock:
            self.grants.access_tokens.clear()

    def expire_sync_tokens(self, calendar: str | None = None) -> None:
        """Sync tokens of this calendar, or of all, answer 410 from now on."""
        with self.world.lock:
            for known in [self._calendar(calendar)] if calendar else self.world.calendars.values():
                known.epoch += 1

    def expire_channels(self) -> None:
        """All push channels end silently."""
        with self.world.lock:
            self._channels.channels.clear()

    def person_creates(self, calendar: str, **fields: Any) -> Event:
        """Someone makes an event of their own; the fields are those of an event, `start` and `end` may be texts."""
        with self.world.lock:
            known = self._calendar(calendar)
            event_id = check_id(fields.get("id") or uuid.uuid4().hex[:26])
            if event_id in known.events:
                raise ValueError(f"event {event_id} exists")
            return self._write(known, {"id": event_id, **_with_times(fields)})

    def person_moves(self, calendar: str, event_id: str, start: Any, end: Any) -> Event:
        """Someone drags an event; `start` and `end` as in an event, or a date or an instant as text."""
        return self.person_edits(calendar, event_id, start=start, end=end)

    def person_edits(self, calendar: str, event_id: str, **fields: Any) -> Event:
        """Someone changes fields of an event; None removes one."""
        with self.world.lock:
            known = self._calendar(calendar)
            return self._write(known, merged(self._event(known, event_id), _with_times(fields)))

    def person_deletes(self, calendar: str, event_id: str) -> None:
        with self.world.lock:
            known = self._calendar(calendar)
            known.delete(self._event(known, event_id)["id"], now=self.world.now())

    def events(self, calendar: str, include_deleted: bool = False) -> list[Event]:
        """The events in the order of their creation, as `get` answers them."""
        with self.world.lock:
            stored = [one for _, one in self._calendar(calendar).ordered(None, None)]
            return [one.event for one in stored if include_deleted or not one.deleted]

    def load(self, calendar: str, events: Iterable[Event]) -> int:
        """Fills a calendar with many events at once, each with `start` and `end`; returns how many."""
        with self.world.lock:
            known, count = self._calendar(calendar), 0
            for event in events:
                self._write(known, {"id": uuid.uuid4().hex[:26], **_with_times(event)})
                count += 1
            return count

    def counters(self) -> dict[str, int]:
        """Counts since the start: writes and each kind of them, list, get, batches, parts, refreshes, exchanges,
        assertions, revocations, watch, stop, mails, and without_send_updates (writes that left mails to chance)."""
        with self.world.lock:
            return {name: self.world.counters[name] for name in COUNTED} | dict(self.world.counters)

    def channels(self) -> list[dict[str, Any]]:
        """The live push channels, each with its calendar and address."""
        with self.world.lock:
            return [
                {**channel.as_json(), "calendar": channel.calendar_id, "address": channel.address}
                for channel in self._channels.channels.values()
                if channel.expires > self.world.now()
            ]

    def notifications(self) -> list[dict[str, Any]]:
        """Each notification posted: `state`, `status` (None: no answer) and its headers in lower case."""
        return list(self._channels.sent)

    def _calendar(self, calendar: str) -> Calendar:
        return self.world.calendars[calendar]

    def _event(self, calendar: Calendar, event_id: str) -> Event:
        stored = calendar.events[event_id]
        if stored.deleted:
            raise LookupError(f"event {event_id} is deleted")
        return stored.event

    def _write(self, calendar: Calendar, body: Event) -> Event:
        content = {**accepted(body, calendar.time_zone), "id": body["id"]}
        return calendar.write(content, actor=calendar.owner, now=self.world.now())


COUNTED = words(
    "writes insert update patch delete import move list get batches parts refreshes exchanges assertions revocations"
    " watch stop mails without_send_updates"
)


def _with_times(fields: Event) -> Event:
    """`start` and `end` given as text become objects; one kind of time takes the place of the other."""
    return {name: _side(value) if name in ("start", "end") else value for name, value in fields.items()}


def _side(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) == len("2026-11-20"):
        return {"date": value, "dateTime": None, "timeZone": None}
    return {"dateTime": value, "date": None}
