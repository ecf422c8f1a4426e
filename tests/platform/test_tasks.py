"""The tasks that a broker delivers."""

import pytest
from celery import Celery
from celery.exceptions import Reject

from worker import tasks
from worker.app import STATUS_CHANGED
from worker.core.errors import StoreUnavailable
from worker.sync.house import House


def test_an_event_that_cannot_be_stored_now_goes_back_to_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract §5: the task does what the webhook does; its sender is gone, so nobody else would send it again."""

    def away() -> House:
        raise StoreUnavailable("The database is away.")

    monkeypatch.setattr(tasks, "PATIENCE", 0)
    app = Celery("test", broker="memory://", set_as_current=False)
    tasks.add_tasks(app, away)
    envelope = {"id": "evt_1", "type": "job.created", "created_at": "2026-05-29T14:22:31Z", "data": {"object": {}}}
    with pytest.raises(Reject) as rejected:
        app.tasks[STATUS_CHANGED]("acc_1", envelope)
    assert rejected.value.requeue
