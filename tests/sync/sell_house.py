"""The engine between a simulated Zendesk Sell over HTTP and calendars in memory, with or without FieldCamp."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.sources.sell import REPS, TOKEN, Sell
from tests.sync.small_house import FIELDCAMP, SmallHouse
from worker.core.documents import CalendarEvent
from worker.core.jobs import Job, JobRequest, Mode, Trigger
from worker.core.ports import Source
from worker.core.records import VISIT, Origin
from worker.sources.zendesk_sell import MANIFEST
from worker.sources.zendesk_sell.preferences import sell_preferences
from worker.sync.connect import connect
from worker.sync.request import request_sync
from worker.sync.run import run_job

SELL = MANIFEST.name


class SellHouse(SmallHouse):
    """The small house, whose technicians are reps 1 and 2 of Sell as well."""

    def __init__(self, path: Path, sell: Sell, *, fieldcamp: bool = True, **settings: Any) -> None:
        super().__init__(path, batch_size=50, **settings)
        self.sell = sell
        manifests = {**self.house.manifests, SELL: MANIFEST}
        self.house = replace(self.house, manifests=manifests, open_source=self._opened)
        if not fieldcamp:
            self.store.connections.disconnect(self.account_id, FIELDCAMP, self.clock)
        self.connect_sell(REPS)

    def connect_sell(self, reps: dict[str, str]) -> None:
        connect(self.house, self.account_id, SELL, {"token": TOKEN}, {"reps": reps})

    def _opened(self, account_id: str, name: str) -> Source | None:
        connection = self.store.connections.find(account_id, name)
        if connection is None or not connection.connected:
            return None
        if name != SELL:
            return self.source
        return self.sell.open(reps=sell_preferences(connection.settings).reps)

    def pull(self, mode: Mode = Mode.INCREMENTAL, **request: Any) -> Job:
        """One sync of Sell, from request to end."""
        self.tick()
        asked = JobRequest(mode, trigger=Trigger.CLI, **request)
        job = request_sync(self.house, self.account_id, SELL, asked)
        run_job(self.house, job.id, "test")
        ended = self.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def show(self, mode: Mode = Mode.INCREMENTAL) -> tuple[Job, Job]:
        """A sync of Sell and the one of the calendars that comes of it."""
        return self.pull(mode), self.sync()

    def event(self, calendar: str, visit_id: int) -> CalendarEvent | None:
        return self.calendars.ours(calendar).get(f"sell:{visit_id}")

    def remote_id(self, calendar: str, visit_id: int) -> str:
        [found] = [
            entry.remote_id
            for entry in self.calendars.live(calendar).values()
            if entry.key is not None and entry.key.local_id == f"sell:{visit_id}"
        ]
        return found

    def known(self) -> int:
        """How many sales visits the store holds."""
        return self.store.records.count_live(self.account_id, VISIT, None, Origin(MANIFEST.prefix))
