"""Visits moved at FieldCamp, or taken off the plan there."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.core.edits import Reschedule, Unschedule
from worker.core.errors import Rejected, Transient, Uncertain
from worker.core.records import VISIT, Record
from worker.sources.fieldcamp.calls import Answer, Calls, Conflict
from worker.sources.fieldcamp.fields import updated_at
from worker.sources.fieldcamp.listing import path_of, single
from worker.sources.fieldcamp.lookups import LookUps
from worker.sources.fieldcamp.mapping import reschedule_body, unschedule_body
from worker.sources.fieldcamp.readable import Read

BOOKED = "CREW_BOOKED"


@dataclass(frozen=True, slots=True)
class Moves:
    """Writes an account's visits. The same edit may be sent again: its token makes sure that it is carried out once."""

    calls: Calls
    read: Read
    look_ups: LookUps

    def move(self, edit: Reschedule | Unschedule) -> Record:
        """The visit as FieldCamp then shows it.

        Raises Rejected (``CREW_BOOKED``, ``SOURCE_REFUSED``), Uncertain, and what ``Calls.get`` raises.
        """
        answer = self._write(edit)
        visit = single(VISIT, answer.data)
        # Given again under the same token, an answer shows the visit as it was then; without a time, ask for it.
        record = self.read(VISIT, visit, answer.told_at) if isinstance(visit, Mapping) else None
        if record is None or updated_at(visit) is None:
            record = self._as_it_is(edit.local_id) or record
        if record is None:
            raise Uncertain("FieldCamp took the edit and its answer cannot be read.")
        return record

    def _write(self, edit: Reschedule | Unschedule) -> Answer:
        body = reschedule_body(edit.times) if isinstance(edit, Reschedule) else unschedule_body()
        try:
            return self.calls.put(path_of(VISIT, edit.local_id), body, edit.token)
        except Conflict as conflict:
            sentence = f"FieldCamp says that the crew is already booked{conflict.sentence}"
            raise Rejected(sentence, code=BOOKED) from conflict

    def _as_it_is(self, local_id: str) -> Record | None:
        """The visit as it is now, None where FieldCamp does not say: it took the edit, whatever it answers here."""
        try:
            return self.look_ups.one(VISIT, local_id)
        except (Rejected, Transient):
            return None
