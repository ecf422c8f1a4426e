"""The simulated Zendesk Sell, as tests and the demo hold it in their hands."""

from __future__ import annotations

import copy
import random
import secrets
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from inspect import isfunction
from typing import Any

from worker.simulators.faults import Faults
from worker.simulators.journal import Journal
from worker.simulators.zendesk_sell.app import make_app
from worker.simulators.zendesk_sell.instants import instant, stamp
from worker.simulators.zendesk_sell.listing import Listing
from worker.simulators.zendesk_sell.settings import Settings
from worker.simulators.zendesk_sell.state import READ, Account, Token, World
from worker.simulators.zendesk_sell.visits import BLANK, RESOURCE_TYPES, STATUSES, Visit, checked


class ZendeskSellSimulator:
    """Serve `app`; every method may be called from any thread, and over HTTP.

    Accounts have names of our own; visits go in and out with Sell's field names, and fields that are wrong raise
    ValueError. `faults` and `journal` are those of all requests; a listing is the operation `visits.list`.
    """

    def __init__(self, seed: int = 0, **settings: Any) -> None:
        self._initial = Settings(**settings)
        self.world = World(self._initial)
        self.listing = Listing()
        self.faults = Faults(seed)
        self.journal = Journal()
        self.controls = CONTROLS
        self.app = make_app(self)

    # Accounts and those who may reach them

    def add_account(self, account: str, token: str | None = None) -> str:
        """Opens a tenant; returns its access token. ValueError for a name that is taken."""
        with self.world.lock:
            if account in self.world.accounts:
                raise ValueError(f"there is an account {account} already")
            self.world.accounts[account] = Account()
            return self.issue_token(account, token)

    def issue_token(self, account: str, token: str | None = None, scopes: Sequence[str] = (READ,)) -> str:
        """One more access token of the tenant, without `read` good for nothing here; ValueError for one in use."""
        value = token or secrets.token_hex(32)
        with self.world.lock:
            self.world.account(account)
            if value in self.world.tokens:
                raise ValueError("this token is in use")
            self.world.tokens[value] = Token(account, frozenset(scopes))
            return value

    def revoke_token(self, token: str) -> None:
        """The token gets 401 from now on; the tenant's other tokens stay."""
        with self.world.lock:
            if self.world.tokens.pop(token, None) is None:
                raise LookupError("there is no such token")

    # What people do in Sell

    def add_visit(self, account: str, **fields: Any) -> Visit:
        """A rep logs a visit, now unless `visited_at` says another time; returns it."""
        given = checked(fields)
        with self.world.lock:
            now = self.world.now()
            times = {"visited_at": now, "created_at": now, "updated_at": given.get("created_at", now)}
            visit = {**BLANK, **times, **given, "id": self.world.new_id()}
            self.world.account(account).put([visit])
            return copy.deepcopy(visit)

    def edit_visit(self, account: str, visit_id: int, **fields: Any) -> Visit:
        """Somebody corrects a visit: `updated_at` is now unless it is given; LookupError for one that is not there."""
        given = checked(fields)
        with self.world.lock:
            before = self._visit(account, visit_id)
            visit = {**before, "updated_at": self.world.now(), **given}
            self.world.account(account).put([visit])
            return copy.deepcopy(visit)

    def delete_visit(self, account: str, visit_id: int) -> None:
        """It leaves no trace."""
        with self.world.lock:
            self._visit(account, visit_id)
            self.world.account(account).remove(visit_id)

    def visits(self, account: str) -> list[Visit]:
        """All visits of the tenant by their ids, however many."""
        with self.world.lock:
            visits = self.world.account(account).visits
            return [copy.deepcopy(visits[visit_id]) for visit_id in sorted(visits)]

    def load(
        self,
        account: str,
        count: int,
        *,
        creators: Sequence[int] = (1, 2, 3, 4, 5),
        outcomes: Sequence[int | None] = (None, 11, 12, 13),
        statuses: Sequence[str] = STATUSES,
        first_visited_at: str = "2025-01-01T08:00:00Z",
        minutes_apart: int = 20,
        seed: int = 0,
    ) -> list[int]:
        """Adds so many visits fast, drawn from what is given, in the order of `visited_at`; returns their ids.

        A visit without an outcome is found by no `outcome_id`.
        """
        first, chance = instant(first_visited_at), random.Random(seed)
        with self.world.lock:
            loaded = [
                {
                    **BLANK,
                    "id": self.world.new_id(),
                    "creator_id": chance.choice(creators),
                    "outcome_id": chance.choice(outcomes),
                    "resource_type": chance.choice(RESOURCE_TYPES),
                    "resource_id": chance.randint(1, 500),
                    "resource_address": f"{number + 1} Main Street, Springfield",
                    "rep_location_verification_status": chance.choice(statuses),
                    "summary": f"Visit {number + 1}",
                    **dict.fromkeys(TIMES, stamp(first + timedelta(minutes=minutes_apart * number))),
                }
                for number in range(count)
            ]
            self.world.account(account).put(loaded)
        return [visit["id"] for visit in loaded]

    def _visit(self, account: str, visit_id: int) -> Visit:
        visits = self.world.account(account).visits
        if visit_id not in visits:
            raise LookupError(f"there is no visit {visit_id}")
        return visits[visit_id]

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
            self.listing.forget()
        self.faults.clear()
        self.journal.clear()


TIMES = ("visited_at", "created_at", "updated_at")
CONTROLS = frozenset(
    name for name, value in vars(ZendeskSellSimulator).items() if isfunction(value) and not name.startswith("_")
)
