"""Many ask for a sync at the same moment, at two web processes over one database."""

from collections import Counter
from typing import Any

import httpx

from tests.system.api import JOBS, Tenant, all_at_once, refused
from worker.core.jobs import Mode

REPLAYED = "Idempotency-Replayed"
BODIES = tuple({"mode": mode.value} for mode in (Mode.FULL, Mode.INCREMENTAL))


def test_of_a_hundred_who_ask_at_once_one_is_accepted_and_the_others_are_told_its_job(tenant: Tenant) -> None:
    """Lesson 30."""
    answers = all_at_once(100, tenant.ask)

    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 99}
    [job_id] = [answer.json()["job_id"] for answer in answers if answer.status_code == 202]
    others = [answer for answer in answers if answer.status_code == 409]
    assert [refused(answer, 409, "SYNC_IN_PROGRESS") for answer in others] == [{"active_job_id": job_id}] * 99
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in others)
    assert tenant.job_ids() == [job_id]


def test_fifty_who_ask_at_once_with_one_key_get_one_job_and_the_same_answer(tenant: Tenant) -> None:
    answers = all_at_once(50, lambda place: tenant.ask(place, "once"))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert tenant.job_ids() == [answers[0].json()["job_id"]]
    assert Counter(answer.headers.get(REPLAYED) for answer in answers) == {None: 1, "true": 49}


def test_of_two_bodies_that_come_at_once_with_one_key_one_wins(tenant: Tenant) -> None:
    answers = all_at_once(40, lambda place: tenant.ask(place, "one of two", **body(place)))

    [job_id] = tenant.job_ids()
    won = {"mode": tenant.system.job(job_id).request.mode.value}
    same = [answer for place, answer in enumerate(answers) if body(place) == won]
    assert len(same) == 20
    assert {(answer.status_code, answer.content) for answer in same} == {(202, same[0].content)}
    for place, answer in enumerate(answers):
        if body(place) != won:
            refused(answer, 409, "IDEMPOTENCY_KEY_REUSED")


def body(place: int) -> dict[str, Any]:
    """Each of both bodies comes to each of the two processes."""
    return BODIES[place // 2 % 2]


def test_of_forty_keys_at_once_one_is_used_and_the_others_stay_good(tenant: Tenant) -> None:
    answers = all_at_once(40, lambda place: tenant.ask(place, f"key {place}"))

    assert Counter(answer.status_code for answer in answers) == {202: 1, 409: 39}
    [first] = tenant.job_ids()
    assert tenant.client.post(f"{JOBS}/{first}/cancel").json()["status"] == "cancelled"
    again = all_at_once(40, lambda place: tenant.ask(place, f"key {place}"))

    new = [answer for place, answer in enumerate(again) if answers[place].status_code == 409]
    assert Counter(answer.status_code for answer in new) == {202: 1, 409: 38}
    assert {answer.headers.get(REPLAYED) for answer in new} == {None}
    assert _replay(answers, again)
    assert len(tenant.job_ids()) == 2


def _replay(answers: list[httpx.Response], again: list[httpx.Response]) -> bool:
    """Whether the key that was used got its first answer, though its job is over."""
    [pair] = [pair for pair in zip(answers, again, strict=True) if pair[0].status_code == 202]
    return pair[0].content == pair[1].content and pair[1].headers[REPLAYED] == "true"
