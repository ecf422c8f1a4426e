"""The simulated FieldCamp, as tests and the demo hold it in their hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from inspect import isfunction
from typing import Any, cast

from worker.simulators.faults import Faults
from worker.simulators.fieldcamp import fields, views
from worker.simulators.fieldcamp.account import Account
from worker.simulators.fieldcamp.api import KEY_PREFIX
from worker.simulators.fieldcamp.app import fieldcamp_app
from worker.simulators.fieldcamp.delivery import Subscription
from worker.simulators.fieldcamp.instants import stamp
from worker.simulators.fieldcamp.kinds import CLIENT, JOB, TEAM, VISIT, Kind
from worker.simulators.fieldcamp.money_kinds import BY_PLURAL, INVOICE, ITEM, PAYMENT
from worker.simulators.fieldcamp.refusal import invalid
from worker.simulators.fieldcamp.settings import Settings
from worker.simulators.fieldcamp.signing import STYLES, Style, signature_headers
from worker.simulators.fieldcamp.state import State
from worker.simulators.fieldcamp.table import Record
from worker.simulators.journal import Journal


class FieldCampSimulator:
    """FieldCamp with many accounts: `app` is the ASGI app, at the root or under a mount; the methods are its own pages.

    Each public method but `close` is safe from any thread and also answers `POST /_control/{method}` with its
    arguments as a JSON object. Records go in and out as JSON with FieldCamp's field names; fields that are wrong raise
    Refused. `faults` and `journal` are those of all requests to the API; operations are named as `visits.list`.
    """

    def __init__(self, **settings: Any) -> None:
        self._state = State(Settings(**settings))
        self.faults = Faults(self._state.settings.seed)
        self.journal = Journal()
        self.controls = CONTROLS
        self.app = fieldcamp_app(self._state, self)

    def close(self) -> None:
        """Ends the delivery threads."""
        self._state.courier.close()

    # Accounts

    def add_account(
        self,
        api_key: str,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        signature_style: Style = "t_v1",
    ) -> None:
        """Opens a tenant with the key `fc_live_…`; with a URL its events are sent there."""
        with self._state.lock:
            self._check_new_key(api_key)
            self._state.accounts[api_key] = Account()
            if webhook_url is not None:
                self.subscribe(api_key, webhook_url, webhook_secret, signature_style)

    def add_key(self, api_key: str, new_key: str) -> None:
        """One more key for the same tenant."""
        with self._state.lock:
            self._check_new_key(new_key)
            self._state.accounts[new_key] = self._account(api_key)

    def revoke_key(self, api_key: str) -> None:
        """The key gets 401 from now on; the tenant's other keys stay."""
        with self._state.lock:
            self._account(api_key)
            del self._state.accounts[api_key]

    def suspend(self, api_key: str, suspended: bool = True) -> None:
        """Answers the tenant's requests with 403, or lets them in again."""
        with self._state.lock:
            self._account(api_key).suspended = suspended

    def subscribe(self, api_key: str, url: str, secret: str | None = None, style: Style = "t_v1") -> None:
        """Sends the tenant's events to one more URL; ValueError for a style or secret that cannot sign."""
        if style not in STYLES:
            raise ValueError(f"style must be one of {', '.join(STYLES)}")
        if secret:
            signature_headers(style, secret, "evt_0", 0, b"")
        with self._state.lock:
            self._account(api_key).subscriptions.append(Subscription(url, secret, style))

    def unsubscribe(self, api_key: str) -> None:
        """Ends all subscriptions of the tenant."""
        with self._state.lock:
            self._account(api_key).subscriptions.clear()

    # Records

    def add_team_member(self, api_key: str, id: str, **content: Any) -> Record:
        return self.add(api_key, TEAM.plural, id=id, **content)

    def add_client(self, api_key: str, **content: Any) -> Record:
        return self.add(api_key, CLIENT.plural, **content)

    def add_job(self, api_key: str, **content: Any) -> Record:
        return self.add(api_key, JOB.plural, **content)

    def add_item(self, api_key: str, **content: Any) -> Record:
        return self.add(api_key, ITEM.plural, **content)

    def add_invoice(self, api_key: str, **content: Any) -> Record:
        return self.add(api_key, INVOICE.plural, **content)

    def add_payment(self, api_key: str, **content: Any) -> Record:
        return self.add(api_key, PAYMENT.plural, **content)

    def add_visit(self, api_key: str, **content: Any) -> Record:
        """A new visit, in any state, also where the team is booked; emits `visit.created`."""
        return self.add(api_key, VISIT.plural, **content)

    def change_visit(self, api_key: str, visit_id: str, **content: Any) -> Record:
        """What a dispatcher does on FieldCamp's pages: any move of the state, also re-opening; emits an event."""
        return self.change(api_key, VISIT.plural, visit_id, **content)

    def delete_visit(self, api_key: str, visit_id: str) -> Record:
        return self.remove(api_key, VISIT.plural, visit_id)

    def visits(self, api_key: str) -> list[Record]:
        """All visits of the tenant, oldest first, with all their fields whatever the settings hide."""
        return self.records(api_key, VISIT.plural)

    def load_visits(self, api_key: str, visits: Sequence[Record]) -> int:
        """Adds many visits fast, unchecked and without events; see `load`."""
        return self.load(api_key, VISIT.plural, visits)

    def add(self, api_key: str, plural: str, **content: Any) -> Record:
        """Adds a record of any kind (`plural` as in the path) and emits `.created`; returns it."""
        kind = _kind(plural)
        with self._state.lock:
            desk = self._state.desk(self._account(api_key))
            return _plain(desk.create(kind, _checked(kind, content)))

    def change(self, api_key: str, plural: str, record_id: str, **content: Any) -> Record:
        """Changes a record of any kind, emits `.updated` or `.status_changed`; returns it."""
        kind = _kind(plural)
        with self._state.lock:
            desk = self._state.desk(self._account(api_key))
            return _plain(desk.change(kind, record_id, _checked(kind, content)))

    def remove(self, api_key: str, plural: str, record_id: str) -> Record:
        """Deletes a record of any kind, a client softly, and emits `.deleted`; returns its last state."""
        kind = _kind(plural)
        with self._state.lock:
            return _plain(self._state.desk(self._account(api_key)).remove(kind, record_id))

    def records(self, api_key: str, plural: str) -> list[Record]:
        """All records of a kind, oldest first, soft-deleted ones too."""
        with self._state.lock:
            return cast(list[Record], views.plain(self._account(api_key).table(_kind(plural)).records()))

    def load(self, api_key: str, plural: str, records: Sequence[Record]) -> int:
        """Adds many new records without events; what they leave out is blank, the rest is not checked.

        Times must be in FieldCamp's form (`2026-05-29T14:00:00.000Z`). Returns their number.
        """
        kind = _kind(plural)
        with self._state.lock:
            account = self._account(api_key)
            table = account.table(kind)
            now = stamp(self._state.now())
            whole = [_whole(kind, record, now) for record in records]
            ids = {record["id"] for record in whole}
            if len(ids) < len(whole) or any(record_id in table for record_id in ids):
                raise ValueError("an id is there twice")
            table.load(whole)
            for record in whole if kind is VISIT else ():
                account.bookings.note(record)
        return len(whole)

    # Events

    def events(self, api_key: str) -> list[Record]:
        """Every envelope of the tenant, oldest first, sent or not."""
        with self._state.lock:
            return cast(list[Record], views.plain(self._account(api_key).events))

    def emit(self, api_key: str, type: str, object: Record, previous: Record | None = None) -> Record:
        """Sends an event that nothing caused, with any type and snapshot; returns the envelope."""
        with self._state.lock:
            return _plain(self._state.emit(self._account(api_key), type, object, previous))

    def deliveries(self) -> list[Record]:
        """Each copy of each event: event_id, type, url, state, attempts, status, statuses, error."""
        return [delivery.as_json() for delivery in self._state.courier.deliveries()]

    def redeliver(self, event_id: str) -> int:
        """Sends an event once more; returns the number of copies."""
        return self._state.courier.send_again(event_id)

    def pause_deliveries(self) -> None:
        """Events wait until `resume_deliveries`."""
        self._state.courier.pause()

    def resume_deliveries(self) -> None:
        self._state.courier.resume()

    def wait_until_delivered(self, timeout_seconds: float = 10.0) -> bool:
        """True when nothing waits or is under way within the time; retries count as waiting."""
        return self._state.courier.wait_until_idle(timeout_seconds)

    # The simulator itself

    def configure(self, **settings: Any) -> Record:
        """Changes settings by name (see `Settings`); returns all. TypeError for an unknown one."""
        with self._state.lock:
            self._state.settings = replace(self._state.settings, **settings)
            return self.settings()

    def settings(self) -> Record:
        return asdict(self._state.settings)

    def counters(self) -> dict[str, int]:
        """`requests` and `requests.<operation>`, `answers.<status>`, `events`, `replays`, `deliveries.<state>`."""
        counts = self._state.counts.copy()
        for entry in self.journal.entries():
            counts.update(("requests", f"requests.{entry.operation or 'other'}", f"answers.{entry.status or 'cut'}"))
        counts.update(f"deliveries.{delivery.state}" for delivery in self._state.courier.deliveries())
        return dict(counts)

    def reset(self) -> None:
        """As new: no accounts, faults, journal or deliveries, settings as at the start."""
        with self._state.lock:
            self._state.reset()
        self.faults.clear()
        self.journal.clear()

    def _account(self, api_key: str) -> Account:
        if api_key not in self._state.accounts:
            raise LookupError(f"there is no account with the key {api_key}")
        return self._state.accounts[api_key]

    def _check_new_key(self, api_key: str) -> None:
        if not api_key.startswith(KEY_PREFIX) or api_key in self._state.accounts:
            raise ValueError(f"a key must be new and begin with {KEY_PREFIX}")


CONTROLS = frozenset(
    name for name, value in vars(FieldCampSimulator).items() if isfunction(value) and not name.startswith("_")
) - {"close"}


def _kind(plural: str) -> Kind:
    if plural not in BY_PLURAL:
        raise LookupError(f"there are no {plural}")
    return BY_PLURAL[plural]


def _checked(kind: Kind, content: Record) -> Record:
    try:
        return fields.checked(content, {**kind.writable, **kind.stamped})
    except ValueError as error:
        raise invalid(str(error)) from error


def _whole(kind: Kind, record: Record, now: str) -> Record:
    return {"id": record["id"], **kind.blank, "createdAt": now, "updatedAt": now, **record}


def _plain(record: Record) -> Record:
    return cast(Record, views.plain(record))
