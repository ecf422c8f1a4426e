"""The simulated ReviewRover, as tests and the demo hold it in their hands."""

from __future__ import annotations

import copy
import secrets
from dataclasses import asdict, replace
from inspect import isfunction
from typing import Any

from worker.simulators.faults import Faults
from worker.simulators.journal import Journal
from worker.simulators.review_rover.app import make_app
from worker.simulators.review_rover.desk import Desk
from worker.simulators.review_rover.kinds import Record
from worker.simulators.review_rover.refusal import Refusal
from worker.simulators.review_rover.settings import Settings
from worker.simulators.review_rover.state import Account, Token, World
from worker.simulators.review_rover.views import shown_visit


class ReviewRoverSimulator:
    """Serve `app`; every method may be called from any thread, and over HTTP.

    Accounts have names of our own; visits and contacts go in and out with ReviewRover's field names, and fields that
    are wrong raise ValueError. `faults` and `journal` are those of all requests; operations are named as
    `visits.create`, `contacts.list`.
    """

    def __init__(self, seed: int = 0, **settings: Any) -> None:
        self._initial = Settings(**settings)
        self.world = World(self._initial)
        self.faults = Faults(seed)
        self.journal = Journal()
        self.controls = CONTROLS
        self.app = make_app(self)

    # Accounts and those who may reach them

    def add_account(self, account: str, token: str | None = None) -> str:
        """Opens a tenant; returns its API token. ValueError for a name that is taken."""
        with self.world.lock:
            if account in self.world.accounts:
                raise ValueError(f"there is an account {account} already")
            self.world.accounts[account] = Account(f"acct_{secrets.token_hex(8)}")
            return self.issue_token(account, token)

    def issue_token(self, account: str, token: str | None = None) -> str:
        """One more API token of the tenant; ValueError for one in use."""
        value = token or secrets.token_urlsafe(32)
        with self.world.lock:
            self.world.account(account)
            if value in self.world.tokens:
                raise ValueError("this token is in use")
            self.world.tokens[value] = Token(account)
            return value

    def revoke_token(self, token: str) -> None:
        """The token gets 401 from now on; the tenant's other tokens stay."""
        with self.world.lock:
            if self.world.tokens.pop(token, None) is None:
                raise LookupError("there is no such token")

    # What people do in ReviewRover

    def add_contact(self, account: str, **fields: Any) -> Record:
        with self.world.lock:
            return copy.deepcopy(_by_hand(self._desk(account).create_contact, fields))

    def remove_contact(self, account: str, contact_id: str) -> None:
        """Its visits stay and go on to name it."""
        with self.world.lock:
            del self.world.account(account).contacts[contact_id]

    def add_visit(self, account: str, **fields: Any) -> Record:
        """A visit entered by hand; completed, its review request goes out as for any other."""
        with self.world.lock:
            return shown_visit(_by_hand(self._desk(account).create_visit, fields))

    def edit_visit(self, account: str, visit_id: int | str, **fields: Any) -> Record:
        """By number or `external_id`."""
        with self.world.lock:
            desk, told = self._desk(account), self._found(account, visit_id)
            return shown_visit(_by_hand(lambda given: desk.change_visit(told, given), fields))

    def delete_visit(self, account: str, visit_id: int | str) -> None:
        """By number or `external_id`; a review request that went out is not taken back."""
        with self.world.lock:
            self._desk(account).remove_visit(self._found(account, visit_id))

    def visits(self, account: str) -> list[Record]:
        """All visits of the tenant, the oldest first."""
        with self.world.lock:
            return [shown_visit(visit) for visit in self.world.account(account).visits.values()]

    def contacts(self, account: str) -> list[Record]:
        """All contacts of the tenant, the oldest first."""
        with self.world.lock:
            return copy.deepcopy(list(self.world.account(account).contacts.values()))

    def review_requests(self, account: str | None = None) -> list[Record]:
        """The review requests that went out, of one tenant or of all, each the oldest first.

        Each has visit_id, external_id, contact_id, email, time_completed, amount_collected, sent_at. A visit gets one
        at most; two with one `external_id` mean that a client was asked twice.
        """
        with self.world.lock:
            names = list(self.world.accounts) if account is None else [account]
            return [dict(sent) for name in names for sent in self.world.account(name).requests]

    def _desk(self, account: str) -> Desk:
        return Desk(self.world, self.world.account(account))

    def _found(self, account: str, visit_id: int | str) -> str:
        if self.world.account(account).find(str(visit_id)) is None:
            raise LookupError(f"there is no visit {visit_id}")
        return str(visit_id)

    # The simulator itself

    def configure(self, **settings: Any) -> dict[str, Any]:
        """Changes settings by name (see `Settings`); returns all. TypeError for an unknown one."""
        with self.world.lock:
            self.world.settings = replace(self.world.settings, **settings)
            return self.settings()

    def settings(self) -> dict[str, Any]:
        return asdict(self.world.settings)

    def reset(self) -> None:
        """As new: no accounts, faults or journal, settings as at the start."""
        with self.world.lock:
            self.world.forget()
            self.world.settings = self._initial
        self.faults.clear()
        self.journal.clear()


CONTROLS = frozenset(
    name for name, value in vars(ReviewRoverSimulator).items() if isfunction(value) and not name.startswith("_")
)


def _by_hand(write: Any, fields: dict[str, Any]) -> Record:
    """What the pages refuse a person: ValueError."""
    try:
        record: Record = write(fields)
    except Refusal as refusal:
        raise ValueError(str(refusal)) from refusal
    return record
