"""How far a job has come: each record counts once, when nothing of it is under way any more."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Reckoning:
    """The records of one kind. What an earlier worker did of this job stands: ``counted`` are the records that it has
    counted as done and that may come up again, ``recorded`` those of which it has told what became of them. Safe to
    share between the threads of one job.
    """

    counted: Collection[str] = frozenset()
    recorded: Collection[str] = frozenset()
    _open: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, local_ids: Iterable[str], under_way: Iterable[str]) -> int:
        """Take records up; ``under_way`` names one for each operation to be sent. How many of them are done already."""
        with self._lock:
            self._open.update(under_way)
            return sum(self._open[local_id] == 0 and local_id not in self.counted for local_id in local_ids)

    def came_back(self, local_ids: Iterable[str]) -> int:
        """Operations of these records have come to an end, one for each time that a record is named; how many records
        are done with that."""
        done = 0
        with self._lock:
            for local_id in local_ids:
                self._open[local_id] -= 1
                done += self._open[local_id] == 0 and local_id not in self.counted
        return done
