"""Why a record is to show nowhere, or not in one place, in words for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absence:
    """Nothing is wanted there, and nothing is wrong. ``code`` is stable, ``message`` a sentence for people."""

    code: str
    message: str


DELETED_AT_SOURCE = Absence("DELETED_AT_SOURCE", "It was deleted where it comes from.")
