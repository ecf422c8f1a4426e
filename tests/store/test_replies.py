"""A request with a key is carried out once, whoever else sends it at the same moment."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import func, select

from tests.store.things import NOON, at_once, later
from worker.core.connections import Connection
from worker.core.errors import SyncInProgress
from worker.core.jobs import Ending, Job, JobRequest, JobStatus, Once, Reply
from worker.store import Store, tables
from worker.store.replies import KEPT


def once(key: str = "one", fingerprint: str = "f") -> Once:
    return Once(key, fingerprint, lambda job: f"the answer for {job.id}")


def jobs(store: Store) -> int:
    with store._database.reading() as reader:
        return reader.execute(select(func.count()).select_from(tables.jobs)).scalar_one()


def asking(store: Store, google: Connection, at: datetime = NOON) -> Callable[..., Job | Reply]:
    return lambda key="one", fingerprint="f": store.jobs.request_once(google, JobRequest(), once(key, fingerprint), at)


def end(store: Store, job: Job) -> None:
    claimed = store.jobs.claim(job.id, "me", 60, NOON)
    assert claimed is not None
    store.jobs.finish(claimed[1], Ending(JobStatus.SUCCEEDED), NOON)


def test_the_answer_is_kept_with_the_job(store: Store, google: Connection) -> None:
    job = asking(store, google)()
    assert isinstance(job, Job)
    reply = Reply("f", f"the answer for {job.id}")
    assert store.replies.find(google.account_id, google.integration, "one", NOON) == reply
    assert asking(store, google)() == reply
    assert jobs(store) == 1


def test_of_fifty_at_once_one_gets_the_job_and_the_others_its_answer(store: Store, google: Connection) -> None:
    answers = at_once(50, lambda _: asking(store, google)())
    [job] = [answer for answer in answers if isinstance(answer, Job)]
    assert [answer for answer in answers if answer != job] == [Reply("f", f"the answer for {job.id}")] * 49
    assert jobs(store) == 1


def test_of_many_keys_at_once_one_wins_and_the_others_are_not_used_up(store: Store, google: Connection) -> None:
    answers = at_once(16, lambda place: asking(store, google)(f"key {place}"))
    [job] = [answer for answer in answers if isinstance(answer, Job)]
    assert {answer.active_job_id for answer in answers if isinstance(answer, SyncInProgress)} == {job.id}
    end(store, job)
    kept = [store.replies.find(google.account_id, google.integration, f"key {n}", NOON) for n in range(16)]
    assert sum(reply is not None for reply in kept) == 1


def test_a_key_that_waited_for_a_refused_one_is_taken(store: Store, google: Connection) -> None:
    holder = store.jobs.request(google, JobRequest(), NOON)
    answers = at_once(8, lambda _: asking(store, google)())
    assert {type(answer) for answer in answers} == {SyncInProgress}
    end(store, holder)
    assert isinstance(asking(store, google)(), Job)


def test_a_reply_is_forgotten_after_a_day(store: Store, google: Connection) -> None:
    job = asking(store, google)()
    assert isinstance(job, Job)
    end(store, job)
    almost, over = NOON + KEPT - (later(1) - NOON), NOON + KEPT
    assert store.replies.forget(almost) == 0
    assert store.replies.find(google.account_id, google.integration, "one", almost) is not None
    assert store.replies.find(google.account_id, google.integration, "one", over) is None
    assert isinstance(asking(store, google, over)("one", "another"), Job)
    assert store.replies.forget(over) == 0, "the key is taken again"
    assert store.replies.forget(over + KEPT) == 1


@pytest.mark.parametrize("key", ["k" * 255, "ключ", "a key with blanks", "'; --"])
def test_any_text_may_be_a_key(store: Store, google: Connection, key: str) -> None:
    asking(store, google)(key)
    assert store.replies.find(google.account_id, google.integration, key, NOON) is not None
