"""Which push channels are needed, and which no more: tables."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.core.channels import (
    AGAIN,
    ANSWER,
    LIFE,
    REFUSED,
    Channel,
    KnownChannel,
    Needs,
    Notice,
    needless,
    next_care,
    patience,
    renewal,
    told,
    wanting,
)
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient

NOW = datetime(2026, 5, 29, 14, tzinfo=UTC)
HERE, ELSEWHERE = (
    "https://sync.example.com/webhooks/google-calendar",
    "https://old.example.com/webhooks/google-calendar",
)
NEEDS = Needs(("one", "two"), HERE)
NOTHING = Needs(("one", "two"), None)
HOUR = timedelta(hours=1)


def channel(
    age: timedelta = HOUR,
    stream: str = "one",
    *,
    address: str = HERE,
    remote_id: str | None = "resource",
    life: timedelta = LIFE,
    retired: bool = False,
) -> KnownChannel:
    made = NOW - age
    name = f"{stream}-{age.total_seconds():.0f}"
    return KnownChannel(name, stream, address, remote_id, made, renewal(made, made + life), made + life, retired)


GOOD = channel()
ONE, TWO = ["one"], ["two"]
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("known", "opens", "stops"),
    [
        pytest.param([], ["one", "two"], [], id="nothing yet"),
        pytest.param([channel()], TWO, [], id="good"),
        pytest.param([channel(3.4 * DAY)], TWO, [], id="not yet half over"),
        pytest.param([channel(3.5 * DAY)], ["one", "two"], [], id="half over, and nothing newer"),
        pytest.param([channel(6 * DAY), GOOD], TWO, ["one-518400"], id="half over, and a newer one"),
        pytest.param([channel(6 * DAY), channel(5.5 * DAY)], ["one", "two"], ["one-518400"], id="two that are"),
        pytest.param([channel(8 * DAY)], ["one", "two"], [], id="ended"),
        pytest.param([channel(2 * HOUR), GOOD], TWO, ["one-7200"], id="two"),
        pytest.param([channel(life=HOUR / 2)], ["one", "two"], [], id="ended sooner than we asked"),
        pytest.param([channel(address=ELSEWHERE)], ["one", "two"], [], id="another address, and nothing newer"),
        pytest.param([channel(2 * HOUR, address=ELSEWHERE), GOOD], TWO, ["one-7200"], id="another address, replaced"),
        pytest.param([channel(retired=True)], ["one", "two"], ["one-3600"], id="retired"),
        pytest.param([channel(stream="dropped")], ["one", "two"], ["dropped-3600"], id="of a calendar that is no more"),
        pytest.param([channel(ANSWER / 2, remote_id=None)], TWO, [], id="the answer is on its way"),
        pytest.param([channel(ANSWER, remote_id=None)], ["two", "one"], [], id="the answer is lost"),
        pytest.param(
            [channel(HOUR, remote_id=None), channel(2 * ANSWER - HOUR / 3600, remote_id=None)], TWO, [], id="twice"
        ),
        pytest.param([channel(HOUR, remote_id=None, retired=True)], ["two", "one"], [], id="retired without a name"),
        pytest.param([channel(ANSWER / 2, remote_id=None), channel(6 * DAY)], TWO, [], id="renewed, answer on its way"),
    ],
)
def test_what_is_opened_and_what_is_stopped(known: list[KnownChannel], opens: list[str], stops: list[str]) -> None:
    assert wanting(known, NEEDS, NOW) == opens
    assert [one.id for one in needless(known, NEEDS, NOW)] == stops


def test_without_an_address_nothing_is_opened_and_all_is_stopped() -> None:
    known = [GOOD, channel(2 * HOUR, "two"), channel(HOUR, "two", remote_id=None)]
    assert wanting(known, NOTHING, NOW) == []
    assert needless(known, NOTHING, NOW) == known[:2]
    assert told(known, NOTHING, NOW) == set()
    assert next_care(known, NOTHING, NOW) is None


@pytest.mark.parametrize(
    ("known", "moment"),
    [
        ([], None),
        ([GOOD], GOOD.renew_at),
        ([GOOD, channel(2 * DAY, "two")], channel(2 * DAY).renew_at),
        ([GOOD, channel(ANSWER / 2, "two", remote_id=None)], NOW + ANSWER / 2),
        ([channel(6 * DAY)], None),
    ],
)
def test_care_is_due_when_the_first_is_to_be_renewed(known: list[KnownChannel], moment: datetime | None) -> None:
    assert next_care(known, NEEDS, NOW) == moment


def test_answers_that_get_lost_again_and_again_are_waited_for_longer_and_longer_and_never_for_a_day() -> None:
    asked = [channel(6 * DAY - 7 * HOUR * place, remote_id=None) for place in range(20)]
    waits = []
    for count in range(1, 20):
        latest = asked[count - 1]
        moment = next_care(asked[:count], NEEDS, latest.created_at)
        assert moment is not None
        waits.append(moment - latest.created_at)
    assert waits[:4] == [ANSWER, 2 * ANSWER, 4 * ANSWER, 8 * ANSWER]
    assert waits[-1] == REFUSED


def test_a_channel_tells_until_it_ends_and_though_it_is_to_be_renewed() -> None:
    assert told([channel(6 * DAY), channel(8 * DAY, "two")], NEEDS, NOW) == {"one"}
    assert told([channel(remote_id=None), channel(stream="two", address=ELSEWHERE)], NEEDS, NOW) == set()


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Transient("away"), AGAIN),
        (Transient("away", retry_after=1), AGAIN),
        (RateLimited("full"), AGAIN),
        (RateLimited("full", retry_after=90), timedelta(seconds=90)),
        (Rejected("push is not for this calendar"), REFUSED),
        (ConnectionRevoked("gone"), REFUSED),
    ],
)
def test_nothing_that_failed_is_asked_for_every_minute(error: SyncError, wait: timedelta) -> None:
    assert patience(error) == wait


def test_a_token_is_shown_nowhere() -> None:
    assert "hush" not in repr(Channel("id", "hush", HERE, NOW)) + repr(Notice("id", "hush"))
