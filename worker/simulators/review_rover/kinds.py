"""Which fields a visit and a contact have, and who writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from worker.simulators.review_rover import fields
from worker.simulators.review_rover.fields import Read
from worker.simulators.review_rover.refusal import invalid
from worker.simulators.review_rover.settings import Settings

Record = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """The fields that a caller writes with how they are read, those that must not be blank, those only to read."""

    writable: Mapping[str, Read]
    required: tuple[str, ...]
    read_only: frozenset[str]

    def blank(self) -> Record:
        return dict.fromkeys(self.writable)

    def checked(self, given: Mapping[str, Any], settings: Settings, *, new: bool) -> Record:
        """The fields in ReviewRover's form, None for a blank one; Refusal with 422 that names all wrong ones.

        A new record needs all required fields, a change only leaves them filled.
        """
        errors = self._misplaced(given, settings)
        kept: Record = {}
        for name in self.writable.keys() & given.keys():
            try:
                kept[name] = None if fields.is_blank(given[name]) else self.writable[name](given[name])
            except ValueError as error:
                errors[name] = str(error)
        for name in self.required:
            if name not in errors and kept.get(name, None if new else name) is None:
                errors[name] = "can't be blank"
        if errors:
            raise invalid(errors)
        return kept

    def _misplaced(self, given: Mapping[str, Any], settings: Settings) -> dict[str, str]:
        errors: dict[str, str] = {}
        if settings.read_only_fields == "refused":
            errors |= dict.fromkeys(self.read_only & given.keys(), "is read-only")
        if settings.unknown_names == "refused":
            errors |= dict.fromkeys(given.keys() - self.read_only - self.writable.keys(), "is not a field")
        return errors


VISIT = Kind(
    writable=MappingProxyType(
        {
            "external_id": fields.text,
            "contact_id": fields.text,
            "time_scheduled": fields.instant,
            "time_completed": fields.instant,
            "amount_collected": fields.amount,
            "date_cancelled": fields.instant_or_date,
            "event_date": fields.instant_or_date,
        }
    ),
    required=("contact_id",),
    read_only=frozenset({"id", "completed", "created_at", "updated_at"}),
)
CONTACT = Kind(
    writable=MappingProxyType(
        {"email": fields.email, "first_name": fields.text, "last_name": fields.text, "phone": fields.text}
    ),
    required=("email",),
    read_only=frozenset({"id", "account_id", "company", "position", "created_at", "updated_at"}),
)
