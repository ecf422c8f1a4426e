"""Why a record cannot be published yet, in words that tell what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is sent for the record until this is settled. ``code`` is stable, ``message`` a sentence for people.

    ``failed``: somebody has to set or correct something; otherwise it waits for another record or a person's choice.
    """

    code: str
    message: str
    failed: bool = True
