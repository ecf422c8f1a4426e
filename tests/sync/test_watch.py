"""Push channels: opened, renewed with overlap, stopped, and never trusted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sync.memory import Died
from tests.sync.small_house import GOOGLE, ONE, TWO, SmallHouse
from tests.sync.watched_house import HERE, MINUTE, Watched
from worker.core.channels import AGAIN, ANSWER, LIFE, REFUSED, RENEWAL, Channel, Notice
from worker.core.errors import (
    ConnectionRevoked,
    NotConnected,
    RateLimited,
    Rejected,
    StoreUnavailable,
    SyncError,
    Transient,
    Uncertain,
)
from worker.core.jobs import Trigger
from worker.core.ports import Stream
from worker.store.channels import HOLD
from worker.sync import watching
from worker.sync.connect import connect, disconnect
from worker.sync.house import House
from worker.sync.request import look_when_due
from worker.sync.watch import callback, notified, see_to_channels, stop_channels


@pytest.fixture
def watched(small: SmallHouse) -> Watched:
    return Watched(small)


@pytest.fixture
def open_both(watched: Watched) -> Watched:
    see_to_channels(watched.house)
    assert watched.post.streams() == [ONE, TWO]
    watched.be_quiet()
    return watched


class TestOpening:
    def test_each_calendar_gets_a_channel_with_our_address_and_a_secret_of_its_own(self, watched: Watched) -> None:
        assert see_to_channels(watched.house) == 1
        channels = [channel for _, channel in watched.post.open.values()]
        assert watched.post.streams() == [ONE, TWO]
        assert {channel.address for channel in channels} == {HERE} == {callback(watched.house, GOOGLE)}
        assert len({channel.token for channel in channels} | {channel.id for channel in channels}) == 4
        assert all(len(channel.id) <= 64 and 32 <= len(channel.token) <= 256 for channel in channels)

    def test_what_is_open_costs_no_request(self, open_both: Watched) -> None:
        open_both.minutes(30)
        assert see_to_channels(open_both.house) == 0
        assert open_both.post.asked == [ONE, TWO]
        assert open_both.post.stopped == []

    def test_without_a_public_address_none_is_ever_opened(self, watched: Watched) -> None:
        watched.house = replace(watched.house, public_url=None)
        watched.minutes(5)
        watched.pass_time(9 * LIFE)
        assert watched.post.asked == []
        assert watched.known == []

    def test_only_providers_that_push_are_asked(self, watched: Watched) -> None:
        watched.house = replace(watched.house, manifests=watched.small.house.manifests)
        assert see_to_channels(watched.house) == 0
        assert watched.post.asked == []

    def test_two_ticks_at_once_open_one_channel_each(self, watched: Watched) -> None:
        watched.post.meanwhile.append(lambda _: assert_nothing_to_do(watched.house))
        see_to_channels(watched.house)
        assert watched.post.streams() == [ONE, TWO]

    def test_what_happened_before_anybody_told_is_looked_for(self, watched: Watched) -> None:
        watched.be_quiet()
        see_to_channels(watched.house)
        assert watched.due == watched.small.clock + watched.house.debounce
        assert watched.small.connection.look_trigger == Trigger.PUSH

    def test_a_worker_that_is_told_to_stop_opens_no_more_and_another_goes_on(self, watched: Watched) -> None:
        stopped: list[bool] = []
        house = replace(watched.house, stopping=lambda: bool(stopped))
        watched.post.meanwhile.append(lambda _: stopped.append(True))
        see_to_channels(house)
        assert watched.post.streams() == [ONE]
        see_to_channels(watched.house)
        assert watched.post.streams() == [ONE, TWO]

    def test_a_turn_has_an_end_and_the_rest_comes_next(self, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watching, "MOST_REQUESTS", 1)
        assert see_to_channels(watched.house, most=1) == 1
        assert watched.post.streams() == [ONE]
        assert see_to_channels(watched.house, most=1) == 1
        assert watched.post.streams() == [ONE, TWO]

    def test_a_slow_provider_does_not_keep_the_worker(self, watched: Watched) -> None:
        watched.post.meanwhile.append(lambda _: watched.small.tick(60))
        assert see_to_channels(watched.house) == 1
        assert watched.post.streams() == [ONE]


class TestTrouble:
    def test_a_calendar_that_refuses_push_is_not_asked_every_minute(self, watched: Watched) -> None:
        watched.post.trouble[ONE] = Rejected("not for this calendar", code="pushNotSupportedForRequestedResource")
        watched.minutes(60)
        assert watched.post.asked.count(ONE) == 1
        assert watched.post.streams() == [TWO]
        watched.pass_time(REFUSED)
        assert watched.post.asked.count(ONE) == 2
        assert watched.known == [TWO]

    def test_passing_trouble_is_passed_with_patience(self, watched: Watched) -> None:
        watched.post.trouble[ONE] = Transient("away")
        watched.minutes(14)
        assert watched.post.asked.count(ONE) == 1
        watched.post.trouble.clear()
        watched.minutes(3)
        assert watched.post.streams() == [ONE, TWO]

    def test_a_limit_that_is_used_up_is_left_alone_for_as_long_as_it_says(self, watched: Watched) -> None:
        watched.post.trouble = {ONE: RateLimited("full", retry_after=300), TWO: RateLimited("full", retry_after=300)}
        watched.minutes(4)
        assert watched.post.asked == [ONE]
        watched.post.trouble.clear()
        watched.minutes(3)
        assert watched.post.streams() == [ONE, TWO]

    def test_a_revoked_grant_is_left_to_the_sync(self, watched: Watched) -> None:
        watched.post.trouble = {ONE: ConnectionRevoked("gone"), TWO: ConnectionRevoked("gone")}
        watched.minutes(60)
        assert watched.post.asked == [ONE]
        assert watched.small.connection.connected

    def test_a_provider_that_cannot_be_opened_is_left_to_the_sync(self, watched: Watched) -> None:
        watched.opening = NotConnected("no grant")
        assert see_to_channels(watched.house) == 1
        watched.opening = None
        watched.minutes(60)
        assert watched.post.asked == []

    def test_the_database_being_away_is_no_trouble_of_the_providers(self, watched: Watched) -> None:
        watched.opening = StoreUnavailable("away")
        with pytest.raises(StoreUnavailable):
            see_to_channels(watched.house)

    def test_a_lost_answer_is_found_out_from_the_first_message(self, watched: Watched) -> None:
        def tell_and_lose(channel: Channel) -> None:
            assert notified(watched.house, GOOGLE, watched.post.notice(changed=False))
            raise Uncertain("lost")

        watched.post.meanwhile.append(tell_and_lose)
        watched.minutes(60)
        assert watched.post.asked == [ONE, TWO]
        assert watched.known == [ONE, TWO]

    def test_without_a_first_message_another_is_opened_and_the_lost_one_is_heard_until_it_can_be_stopped(
        self, watched: Watched
    ) -> None:
        def lose(_: Channel) -> None:
            raise Uncertain("lost")

        watched.post.meanwhile.append(lose)
        see_to_channels(watched.house)
        lost = watched.post.notice()
        watched.minutes(1)
        assert watched.post.asked == [ONE, TWO]
        watched.minutes(2)
        assert watched.post.streams() == [ONE, ONE, TWO]
        watched.minutes(60)
        assert watched.post.asked == [ONE, TWO, ONE]

        assert notified(watched.house, GOOGLE, lost)
        watched.minutes(3)
        assert watched.post.streams() == [ONE, TWO]
        assert watched.post.stopped == [ONE]
        assert not notified(watched.house, GOOGLE, lost)

    def test_answers_that_always_get_lost_are_asked_for_less_and_less(self, watched: Watched) -> None:
        watched.post.trouble[ONE] = Uncertain("lost")
        watched.minutes(24 * 60)
        assert 5 < watched.post.asked.count(ONE) < 12
        watched.post.trouble.clear()
        watched.pass_time(LIFE)
        watched.minutes(5)
        assert watched.known == [ONE, TWO]

    @pytest.mark.parametrize("killed_before_it_was_asked", [True, False])
    def test_a_worker_that_dies_over_a_channel_leaves_nothing_that_does_not_heal(
        self, watched: Watched, killed_before_it_was_asked: bool
    ) -> None:
        def die(channel: Channel) -> None:
            if killed_before_it_was_asked:
                del watched.post.open[channel.id]
            raise Died

        watched.post.meanwhile.append(die)
        with pytest.raises(Died):
            see_to_channels(watched.house)
        watched.minutes(int(HOLD / MINUTE) - 1)
        assert watched.post.asked == [ONE]
        watched.minutes(2 * int(ANSWER / MINUTE))
        assert set(watched.post.streams()) == {ONE, TWO}
        watched.pass_time(LIFE)
        watched.minutes(3)
        assert watched.known == [ONE, TWO]


class TestRenewal:
    def test_a_channel_is_renewed_before_it_ends_and_the_old_one_is_stopped_after(self, open_both: Watched) -> None:
        """Lesson 15."""
        before = set(open_both.post.open)
        open_both.pass_time(LIFE * RENEWAL - MINUTE)
        assert set(open_both.post.open) == before
        open_both.minutes(2)
        assert open_both.post.streams() == [ONE, TWO]
        assert not before & set(open_both.post.open)
        assert sorted(open_both.post.stopped) == [ONE, TWO]
        assert open_both.post.seen_open[2:] == [3, 4], "the old ones were open until the new ones were"
        assert open_both.known == [ONE, TWO]

    def test_a_renewal_starts_no_sync_for_nothing_went_untold(self, open_both: Watched) -> None:
        open_both.small.clock += LIFE * RENEWAL + MINUTE
        open_both.be_quiet()
        see_to_channels(open_both.house)
        assert len(open_both.post.asked) == 4
        assert open_both.post.streams() == [ONE, TWO]
        assert open_both.due is not None
        assert open_both.due > open_both.small.clock + 10 * MINUTE

    def test_a_channel_that_ends_sooner_than_asked_is_renewed_sooner(self, watched: Watched) -> None:
        watched.post.most = timedelta(hours=4)
        see_to_channels(watched.house)
        watched.pass_time(timedelta(hours=1, minutes=59))
        assert watched.post.asked == [ONE, TWO]
        watched.minutes(2)
        assert watched.post.asked == [ONE, TWO, ONE, TWO]

    def test_the_old_channel_goes_on_while_the_new_one_cannot_be_opened(self, open_both: Watched) -> None:
        open_both.post.trouble[ONE] = Transient("away")
        open_both.pass_time(LIFE * RENEWAL + MINUTE)
        assert open_both.post.stopped == [TWO]
        assert notified(open_both.house, GOOGLE, open_both.post.notice())
        open_both.post.trouble.clear()
        open_both.pass_time(AGAIN)
        assert open_both.post.stopped == [TWO, ONE]
        assert open_both.known == [ONE, TWO]

    def test_a_channel_that_expired_while_nothing_ran_is_replaced_and_the_gap_is_looked_into(
        self, open_both: Watched
    ) -> None:
        """Lesson 15."""
        late = open_both.post.notice()
        open_both.pass_time(LIFE + MINUTE)
        assert open_both.post.asked == [ONE, TWO, ONE, TWO]
        assert open_both.post.stopped == []
        assert open_both.known == [ONE, TWO]
        assert not notified(open_both.house, GOOGLE, late)
        assert open_both.due is not None
        assert open_both.due <= open_both.small.clock + open_both.house.debounce

    def test_another_public_address_has_all_channels_opened_anew(self, open_both: Watched) -> None:
        open_both.house = replace(open_both.house, public_url="https://new.example.com")
        see_to_channels(open_both.house)
        addresses = {channel.address for _, channel in open_both.post.open.values()}
        assert addresses == {"https://new.example.com/webhooks/google-calendar"}
        assert open_both.known == [ONE, TWO]
        open_both.minutes(5)
        assert len(open_both.post.asked) == 4

    def test_where_the_public_address_is_taken_away_all_channels_are_stopped(self, open_both: Watched) -> None:
        open_both.house = replace(open_both.house, public_url=None)
        open_both.minutes(5)
        assert open_both.post.streams() == open_both.known == []
        assert len(open_both.post.asked) == len(open_both.post.stopped) == 2

    def test_a_calendar_that_the_settings_no_longer_name_tells_nothing_more(self, open_both: Watched) -> None:
        open_both.small.routes.pop(TWO)
        open_both.small.reconnect()
        see_to_channels(open_both.house)
        assert open_both.post.streams() == open_both.known == [ONE]

    def test_whoever_reconnects_gets_channels_of_the_new_grant(self, open_both: Watched) -> None:
        before = set(open_both.post.open)
        open_both.small.reconnect()
        see_to_channels(open_both.house)
        assert open_both.post.streams() == open_both.known == [ONE, TWO]
        assert not before & set(open_both.post.open)

    @pytest.mark.parametrize(
        ("error", "left"), [(Transient("away"), [ONE, ONE, TWO, TWO]), (Rejected("no"), [ONE, TWO])]
    )
    def test_what_cannot_be_stopped_is_tried_again_or_forgotten(
        self, open_both: Watched, error: SyncError, left: list[str]
    ) -> None:
        open_both.post.away = error
        open_both.small.reconnect()
        see_to_channels(open_both.house)
        assert open_both.known == left
        open_both.post.away = None
        open_both.pass_time(AGAIN)
        assert open_both.known == [ONE, TWO]


class TestMessages:
    def test_a_burst_of_messages_ends_in_one_sync(self, open_both: Watched) -> None:
        house, store = open_both.house, open_both.small.store
        for stream in (ONE, TWO, ONE, ONE, TWO):
            assert notified(house, GOOGLE, open_both.post.notice(stream))
            open_both.small.tick(0.1)
        assert look_when_due(house) == 0
        open_both.small.tick(house.debounce.total_seconds())
        assert look_when_due(house) == 1
        job = store.jobs.active(open_both.small.connection.id)
        assert job is not None
        assert job.request.trigger is Trigger.PUSH

    def test_a_message_during_a_sync_is_looked_into_by_the_next(self, open_both: Watched) -> None:
        open_both.small.calendars.before_apply.append(lambda: assert_taken(open_both.house, open_both.post.notice()))
        open_both.small.arrive("vis_1")
        open_both.small.sync()
        assert open_both.due is not None
        assert open_both.due <= open_both.small.clock + open_both.house.debounce

    def test_the_first_message_is_verified_and_starts_nothing(self, open_both: Watched) -> None:
        due = open_both.due
        first = open_both.post.notice(changed=False)
        assert notified(open_both.house, GOOGLE, first)
        assert not notified(open_both.house, GOOGLE, replace(first, token="guess"))
        assert open_both.due == due

    @pytest.mark.parametrize("wrong", [{"token": "guess"}, {"channel_id": "guess"}])
    def test_what_nobody_of_ours_sent_starts_nothing(self, open_both: Watched, wrong: dict[str, str]) -> None:
        due = open_both.due
        assert not notified(open_both.house, GOOGLE, open_both.post.notice(**wrong))
        assert not notified(open_both.house, "outlook_calendar", open_both.post.notice())
        assert open_both.due == due

    def test_a_message_wakes_no_other_account(self, open_both: Watched) -> None:
        store = open_both.small.store
        other = store.accounts.create("Other", open_both.small.clock)[0]
        theirs = store.connections.connect(other.id, GOOGLE, {}, {}, open_both.small.clock + timedelta(hours=5))
        assert notified(open_both.house, GOOGLE, open_both.post.notice())
        assert store.connections.get(theirs.id) == theirs


class TestDisconnect:
    def test_a_disconnect_stops_the_channels_while_the_grant_still_exists(self, open_both: Watched) -> None:
        small, stopped_by_then = open_both.small, []
        disconnect(open_both.house, small.account_id, GOOGLE, lambda _: stopped_by_then.extend(open_both.post.stopped))
        assert sorted(stopped_by_then) == [ONE, TWO]
        assert open_both.post.streams() == open_both.known == []
        open_both.minutes(9)
        assert len(open_both.post.asked) == 2

    def test_channels_are_forgotten_though_the_provider_is_away(self, open_both: Watched) -> None:
        last, open_both.post.away = open_both.post.notice(), Transient("away")
        disconnect(open_both.house, open_both.small.account_id, GOOGLE, lambda _: None)
        assert open_both.known == []
        assert not open_both.small.connection.connected
        assert not notified(open_both.house, GOOGLE, last)

    def test_a_grant_that_is_gone_does_not_keep_anybody_from_disconnecting(self, open_both: Watched) -> None:
        open_both.opening = ConnectionRevoked("gone")
        disconnect(open_both.house, open_both.small.account_id, GOOGLE, lambda _: None)
        assert open_both.known == []

    def test_a_channel_that_is_just_being_opened_is_stopped_by_whoever_opens_it(self, watched: Watched) -> None:
        def leave(_: Channel) -> None:
            disconnect(watched.house, watched.small.account_id, GOOGLE, lambda _: None)

        watched.post.meanwhile.append(leave)
        see_to_channels(watched.house)
        assert watched.post.asked == [ONE]
        assert watched.post.streams() == watched.known == []

    def test_a_channel_that_is_answered_in_the_middle_of_a_disconnect_is_stopped(self, watched: Watched) -> None:
        def leave(_: Channel) -> None:
            watched.small.tick()
            stop_channels(watched.house, watched.small.connection)

        watched.post.meanwhile.append(leave)
        see_to_channels(watched.house)
        assert watched.post.asked == [ONE]
        assert watched.post.streams() == watched.known == []

    def test_a_disconnect_that_dies_on_the_way_leaves_a_connection_that_is_told_again(self, open_both: Watched) -> None:
        stop_channels(open_both.house, open_both.small.connection)
        assert open_both.post.streams() == []
        open_both.minutes(3)
        assert open_both.post.streams() == [ONE, TWO]

    def test_reconnecting_opens_them_anew(self, open_both: Watched) -> None:
        disconnect(open_both.house, open_both.small.account_id, GOOGLE, lambda _: None)
        connect(open_both.house, open_both.small.account_id, GOOGLE, {"refresh_token": "x"})
        open_both.minutes(1)
        assert open_both.post.streams() == open_both.known == [ONE, TWO]

    def test_a_disconnect_does_not_wait_for_ever(self, open_both: Watched) -> None:
        def slow(stream: Stream, *_: str) -> None:
            open_both.small.tick(60)
            open_both.post.stopped.append(stream.name)

        open_both.post.unwatch = slow  # type: ignore[method-assign]
        disconnect(open_both.house, open_both.small.account_id, GOOGLE, lambda _: None)
        assert len(open_both.post.stopped) == 1
        assert open_both.known == []


def assert_nothing_to_do(house: House) -> None:
    assert see_to_channels(house) == 0


def assert_taken(house: House, notice: Notice) -> None:
    assert notified(house, GOOGLE, notice)
