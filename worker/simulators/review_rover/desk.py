"""Writing the visits and contacts of one account, with the review requests that follow."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from worker.simulators.review_rover.kinds import CONTACT, VISIT, Record
from worker.simulators.review_rover.refusal import Refusal, invalid
from worker.simulators.review_rover.state import Account, World


class Desk:
    """One who writes in an account now; all raise Refusal with 404 or 422. Hold the world's lock."""

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._account = account
        self._now = world.now()

    def create_visit(self, given: Mapping[str, Any]) -> Record:
        """Adds a visit; with `time_completed` its review request goes out."""
        fields = VISIT.checked(given, self._world.settings, new=True)
        self._check(fields, None)
        stamps = {"created_at": self._now, "updated_at": self._now, "review_requested": False}
        visit = {"id": self._world.new_number(), **VISIT.blank(), **fields, **stamps}
        return self._saved(visit)

    def change_visit(self, told: str, given: Mapping[str, Any]) -> Record:
        """Applies the fields; what is left out stays."""
        before = self.visit(told)
        fields = VISIT.checked(given, self._world.settings, new=False)
        self._check(fields, before)
        return self._saved({**before, **fields, "updated_at": self._now})

    def remove_visit(self, told: str) -> None:
        """It leaves no trace but the review request that went out, and its `external_id` is free again."""
        self._account.remove(self.visit(told)["id"])

    def visit(self, told: str) -> Record:
        """By number or `external_id`."""
        visit = self._account.find(told)
        if visit is None:
            raise Refusal(404)
        return visit

    def create_contact(self, given: Mapping[str, Any]) -> Record:
        fields = CONTACT.checked(given, self._world.settings, new=True)
        taken = any(contact["email"] == fields["email"] for contact in self._account.contacts.values())
        if taken and self._world.settings.second_email == "refused":
            raise invalid({"email": "has already been taken"})
        contact_id = f"cont_{secrets.token_hex(8)}"
        stamps = {"company": None, "position": None, "created_at": self._now, "updated_at": self._now}
        contact = {"id": contact_id, "account_id": self._account.id, **CONTACT.blank(), **fields, **stamps}
        self._account.contacts[contact_id] = contact
        return contact

    def _check(self, fields: Record, before: Record | None) -> None:
        errors: dict[str, str] = {}
        if fields.get("contact_id") is not None and fields["contact_id"] not in self._account.contacts:
            errors["contact_id"] = "does not exist"
        if self._is_taken(fields.get("external_id"), before):
            errors["external_id"] = "has already been taken"
        if errors:
            raise invalid(errors)

    def _is_taken(self, external_id: str | None, before: Record | None) -> bool:
        if external_id is None or self._world.settings.second_external_id == "created":
            return False
        return any(before is None or visit["id"] != before["id"] for visit in self._account.named(external_id))

    def _saved(self, visit: Record) -> Record:
        """A visit gets one review request in its life: when it is completed for the first time."""
        if visit["time_completed"] is not None and not visit["review_requested"]:
            visit = {**visit, "review_requested": True}
            self._account.requests.append(self._request(visit))
        self._account.put(visit)
        return visit

    def _request(self, visit: Record) -> Record:
        contact = self._account.contacts.get(visit["contact_id"], {})
        copied = {name: visit[name] for name in ("external_id", "contact_id", "time_completed", "amount_collected")}
        return {"visit_id": visit["id"], **copied, "email": contact.get("email"), "sent_at": self._now}
