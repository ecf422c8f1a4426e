"""Push channels: who has the turn, and whose messages are believed."""

from datetime import timedelta

import pytest

from tests.store.things import NOON, at_once, later
from worker.core.channels import LIFE, Channel, Notice, Watch, renewal
from worker.core.connections import Account, Connection, StreamState
from worker.core.jobs import Trigger
from worker.store import Store
from worker.store.channels import HOLD, Heard, Turn

GOOGLE = "google_calendar"
HERE = "https://sync.example.com/webhooks/google-calendar"
MINUTE = timedelta(minutes=1)


def wish(name: str = "channel-1", token: str = "hush") -> Channel:
    return Channel(name, token, HERE, NOON + LIFE)


@pytest.fixture
def turn(store: Store, google: Connection) -> Turn:
    taken = store.channels.take_turn([GOOGLE], NOON)
    assert taken is not None
    return taken


@pytest.fixture
def begun(store: Store, turn: Turn, primary: StreamState) -> Channel:
    assert store.channels.begin(turn, primary.id, wish(), NOON)
    return wish()


def test_of_eight_that_want_the_turn_one_gets_it(store: Store, google: Connection) -> None:
    taken = [turn for turn in at_once(8, lambda _: store.channels.take_turn([GOOGLE], NOON)) if turn is not None]
    assert taken == [Turn(google.id, NOON + HOLD)]


def test_whoever_connects_is_due_and_who_is_longest_comes_first(store: Store, google: Connection) -> None:
    other = store.accounts.create("Other", NOON)[0]
    before = store.connections.connect(other.id, GOOGLE, {}, {}, NOON - MINUTE)
    assert store.channels.take_turn([GOOGLE], NOON - 2 * MINUTE) is None
    turns = [store.channels.take_turn([GOOGLE], NOON) for _ in range(3)]
    assert [turn and turn.connection_id for turn in turns] == [before.id, google.id, None]


def test_only_integrations_that_push_have_turns(store: Store, google: Connection) -> None:
    assert store.channels.take_turn(["outlook_calendar"], NOON) is None
    assert store.channels.take_turn([], NOON) is None


def test_a_turn_whose_holder_died_goes_to_another(store: Store, turn: Turn) -> None:
    assert store.channels.take_turn([GOOGLE], NOON + HOLD - MINUTE) is None
    assert store.channels.take_turn([GOOGLE], NOON + HOLD) == Turn(turn.connection_id, NOON + 2 * HOLD)


def test_who_lost_the_turn_begins_nothing_and_says_nothing(store: Store, turn: Turn, primary: StreamState) -> None:
    store.channels.take_turn([GOOGLE], NOON + HOLD)
    assert not store.channels.begin(turn, primary.id, wish(), NOON + HOLD)
    store.channels.end_turn(turn, None)
    assert store.channels.of(turn.connection_id) == []
    assert store.channels.take_turn([GOOGLE], NOON + 2 * HOLD) is not None


def test_a_turn_ends_with_the_next(store: Store, turn: Turn) -> None:
    store.channels.end_turn(turn, later(60))
    assert store.channels.take_turn([GOOGLE], later(59)) is None
    again = store.channels.take_turn([GOOGLE], later(60))
    assert again is not None
    store.channels.end_turn(again, None)
    assert store.channels.take_turn([GOOGLE], later(9999)) is None


def test_a_channel_is_known_before_it_is_answered_and_its_token_is_not_kept(
    store: Store, google: Connection, begun: Channel, database_url: str
) -> None:
    [known] = store.channels.of(google.id)
    assert (known.id, known.stream, known.address, known.remote_id) == ("channel-1", "primary", HERE, None)
    assert (known.created_at, known.expires_at, known.retired) == (NOON, NOON + LIFE, False)
    assert store.channels.heard(GOOGLE, Notice("channel-1", "hush")) == Heard(google.account_id, None, NOON)
    with store._database.reading() as reader:
        [row] = reader.exec_driver_sql("SELECT * FROM channels").all()
    assert "hush" not in str(row)


@pytest.mark.parametrize(
    ("integration", "channel_id", "token"),
    [(GOOGLE, "channel-1", "guess"), (GOOGLE, "channel-2", "hush"), ("outlook_calendar", "channel-1", "hush")],
)
def test_a_message_is_believed_only_with_the_channels_own_token(
    store: Store, begun: Channel, integration: str, channel_id: str, token: str
) -> None:
    assert store.channels.heard(integration, Notice(channel_id, token)) is None


def test_what_the_provider_answers_holds(store: Store, google: Connection, turn: Turn, begun: Channel) -> None:
    assert store.channels.opened(turn, "channel-1", Watch("resource", later(60)))
    [known] = store.channels.of(google.id)
    assert (known.remote_id, known.expires_at, known.renew_at) == ("resource", later(60), later(30))


def test_an_answer_for_a_channel_that_was_forgotten_says_so(store: Store, turn: Turn, begun: Channel) -> None:
    store.channels.remove("channel-1")
    assert not store.channels.opened(turn, "channel-1", Watch("resource", later(60)))


def test_an_answer_after_the_turn_went_to_another_is_noted_and_says_so(
    store: Store, google: Connection, turn: Turn, begun: Channel
) -> None:
    store.channels.seize_turn(google.id, NOON + MINUTE)
    assert not store.channels.opened(turn, "channel-1", Watch("resource", later(60)))
    assert store.channels.of(google.id)[0].remote_id == "resource"


def test_a_message_tells_the_name_of_a_channel_whose_answer_was_lost(
    store: Store, google: Connection, turn: Turn, begun: Channel
) -> None:
    store.channels.end_turn(turn, later(999))
    store.channels.learn("channel-1", "resource", None, NOON)
    [known] = store.channels.of(google.id)
    assert (known.remote_id, known.expires_at) == ("resource", NOON + LIFE)
    assert store.channels.take_turn([GOOGLE], NOON + HOLD) is not None
    store.channels.learn("channel-1", "other", later(1), NOON)
    assert store.channels.of(google.id) == [known]


def test_a_first_message_leaves_the_turn_to_whoever_opens_the_channel(
    store: Store, google: Connection, turn: Turn, begun: Channel, primary: StreamState
) -> None:
    store.channels.learn("channel-1", "resource", later(60), NOON + MINUTE)
    assert store.channels.of(google.id)[0].renew_at == renewal(NOON, later(60))
    assert store.channels.begin(turn, primary.id, wish("channel-2"), NOON + MINUTE)


def test_another_address_has_all_connected_ones_seen_to_once(store: Store, google: Connection, turn: Turn) -> None:
    for address in (HERE, "https://new.example.com", None):
        current = store.channels.take_turn([GOOGLE], later(999_999)) or turn
        store.channels.end_turn(current, None)
        store.channels.address_is(GOOGLE, address, later(5))
        taken = store.channels.take_turn([GOOGLE], later(5))
        assert taken is not None
        store.channels.end_turn(taken, None)
        store.channels.address_is(GOOGLE, address, later(6))
        assert store.channels.take_turn([GOOGLE], later(999)) is None


def test_connecting_anew_has_channels_replaced(store: Store, google: Connection, begun: Channel) -> None:
    store.connections.connect(google.account_id, GOOGLE, {}, {"": {"refresh_token": "rt-2"}}, later(1))
    assert [known.retired for known in store.channels.of(google.id)] == [True]
    assert store.channels.take_turn([GOOGLE], later(1)) is not None


def test_a_disconnect_forgets_channels_and_ends_turns(
    store: Store, account: Account, google: Connection, turn: Turn, begun: Channel, primary: StreamState
) -> None:
    store.connections.disconnect(account.id, GOOGLE, NOON)
    assert store.channels.of(google.id) == []
    assert store.channels.heard(GOOGLE, Notice("channel-1", "hush")) is None
    assert not store.channels.begin(turn, primary.id, wish("channel-2"), NOON)
    assert store.channels.take_turn([GOOGLE], later(9999)) is None


def test_a_revoked_grant_has_no_turns_and_is_poked_by_nothing(store: Store, google: Connection, begun: Channel) -> None:
    store.connections.revoke(google.id, "gone", NOON)
    assert store.channels.take_turn([GOOGLE], later(9999)) is None
    assert store.channels.heard(GOOGLE, Notice("channel-1", "hush")) is not None
    assert store.connections.poke(google.account_id, [GOOGLE], NOON, Trigger.PUSH) == 0


def test_a_channel_is_forgotten_when_its_time_is_over(store: Store, google: Connection, begun: Channel) -> None:
    store.channels.remove_ended(NOON + LIFE - MINUTE)
    assert len(store.channels.of(google.id)) == 1
    store.channels.remove_ended(NOON + LIFE)
    assert store.channels.of(google.id) == []
