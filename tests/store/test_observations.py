"""What a reading saw is saved with its cursor, or not at all."""

import pytest

from tests.store.things import NOON, document, later, published, start
from worker.core.connections import Connection, FeedEntry, StreamState
from worker.core.jobs import Ending, Job, JobStatus, Lease
from worker.core.links import Link, Stray
from worker.core.observation import Observed
from worker.core.ports import Key
from worker.core.records import VISIT
from worker.store import Store

PAGE = Observed(
    links=(published(seen=document("moved"), version="2"),),
    strays=(Stray("primary", "r-second", "5", Key("vis_1", 3)),),
    strangers={"r-dentist": "7"},
    feed=(
        FeedEntry("updated", "r-vis_1", "updated:2", "vis_1", later(-1), {"summary": "moved"}),
        FeedEntry("created", "r-dentist", "created:7"),
    ),
)


class Reading:
    """A running sync that reads one calendar."""

    def __init__(self, store: Store, job: Job, lease: Lease, stream: StreamState) -> None:
        self.store, self.job, self.lease, self.stream = store, job, lease, stream

    def save(self, observed: Observed, **more: object) -> None:
        save = self.store.observations.save
        save(self.lease, self.job, self.stream, observed, target="me@x", now=NOON, **more)

    def context(self, *remote_ids: str) -> tuple[list[Link], dict[str, str]]:
        return self.store.observations.context(self.stream, remote_ids, [])


@pytest.fixture
def reading(store: Store, running: tuple[Job, Lease], primary: StreamState) -> Reading:
    return Reading(store, *running, primary)


def test_what_was_seen_comes_back_as_the_next_pages_context(reading: Reading) -> None:
    reading.save(PAGE, cursor="c-1")
    assert reading.context("r-vis_1", "r-dentist", "r-second", "r-nobody") == ([PAGE.links[0]], {"r-dentist": "7"})
    assert reading.store.observations.context(reading.stream, [], ["vis_1"])[0] == [PAGE.links[0]]
    after = reading.store.streams.all(reading.job.connection_id)["primary"]
    assert (after.cursor, after.read_at) == ("c-1", NOON)


def test_a_page_saved_again_after_a_crash_shows_once_in_the_feed(reading: Reading) -> None:
    reading.save(PAGE)
    reading.save(PAGE, cursor="c-1")
    feed = reading.store.feed.changes(reading.job.connection_id)
    assert [change.entry for change in feed] == list(PAGE.feed)
    assert {(change.target, change.job_id, change.seen_at) for change in feed} == {("me@x", reading.job.id, NOON)}
    assert reading.store.feed.changes(reading.job.connection_id, feed[0].number) == feed[1:]
    assert reading.store.feed.changes(reading.job.connection_id, since=later(1)) == []


def test_a_page_that_cannot_be_saved_leaves_nothing_behind(reading: Reading) -> None:
    broken = Observed(PAGE.links, feed=(FeedEntry("updated", "r-vis_1", "2", changed_at=NOON.replace(tzinfo=None)),))
    with pytest.raises(Exception, match="without a time zone"):
        reading.save(broken, cursor="c-1")
    assert reading.context("r-vis_1") == ([], {})
    assert reading.store.streams.all(reading.job.connection_id)["primary"].cursor is None


def test_a_new_version_alone_gives_planning_nothing_to_do(reading: Reading, store: Store, google: Connection) -> None:
    reading.save(PAGE)
    upto = store.plans.todo(google, VISIT, 0, 10)[1]
    noted = published(seen=document("moved"), version="3")
    reading.save(Observed(noted=(noted,)))
    assert reading.context("r-vis_1")[0] == [noted]
    assert store.plans.todo(google, VISIT, upto, 10)[0] == []


def test_nothing_seen_writes_nothing(reading: Reading, store: Store, google: Connection) -> None:
    store.jobs.release(reading.lease)
    reading.save(Observed())
    reading.save(Observed(), listed=["r-1"])


def test_a_stray_waits_to_be_deleted_and_moves_its_record(reading: Reading, store: Store, google: Connection) -> None:
    store.plans.offer(reading.lease, [published()])
    upto = store.plans.todo(google, VISIT, 0, 10)[1]
    reading.save(Observed(strays=PAGE.strays))
    assert store.plans.todo(google, VISIT, upto, 10)[0] == ["vis_1"]
    assert store.plans.strays(google.id) == list(PAGE.strays)


def test_a_stray_that_a_link_takes_over_is_not_deleted(reading: Reading, store: Store, google: Connection) -> None:
    reading.save(PAGE)
    reading.save(Observed(links=(published(generation=3, remote_id="r-second", version="5"),)))
    assert store.plans.strays(google.id) == []


def test_a_stranger_that_went_is_forgotten(reading: Reading) -> None:
    reading.save(PAGE)
    reading.save(Observed(strangers={"r-dentist": None}))
    assert reading.context("r-dentist") == ([], {})


def test_a_full_reading_shows_what_it_did_not_list(reading: Reading, store: Store, google: Connection) -> None:
    links = tuple(published(f"vis_{place}") for place in range(5))
    strays = tuple(Stray("primary", f"r-stray-{place}", "1", Key("vis_0", place)) for place in range(2))
    reading.save(Observed(links, strays=strays, strangers={"r-a": "1", "r-b": "1"}))
    listing = store.streams.begin_listing(reading.lease, reading.stream.id)
    reading.save(Observed(), listed=["r-vis_0", "r-vis_3", "r-a", "r-stray-1"], listing=listing)
    observations, stream = store.observations, reading.stream
    assert [link.local_id for link in observations.unlisted(stream, listing)] == ["vis_1", "vis_2", "vis_4"]
    assert [link.local_id for link in observations.unlisted(stream, listing, "vis_1", 1)] == ["vis_2"]
    assert observations.unlisted_strangers(stream, listing) == {"r-b": "1"}
    assert observations.count_unlisted(stream, listing) == 3
    assert observations.forget_unlisted_strays(reading.lease, stream, listing) == 1
    assert [stray.remote_id for stray in store.plans.strays(google.id)] == ["r-stray-1"]
    assert [observations.count_published(google.id, at_most) for at_most in (3, 9)] == [3, 5]


def test_a_vanished_object_is_no_longer_published(reading: Reading, store: Store, google: Connection) -> None:
    reading.save(Observed(links=(published(),)))
    gone = published().vanished()
    reading.save(Observed(links=(gone,)))
    assert store.plans.links_of(google.id, ["vis_1"]) == {"vis_1": [gone]}
    assert store.observations.count_published(google.id, 9) == 0
    assert store.plans.pending(google.id) == ["vis_1"]


def test_two_calendars_of_one_connection_have_cursors_of_their_own(reading: Reading, store: Store) -> None:
    connection_id = reading.job.connection_id
    both = store.streams.ensure(connection_id, ["primary", "second"])
    store.streams.save_cursor(reading.lease, both["second"].id, "c-second", NOON)
    reading.save(Observed(), cursor="c-1")
    assert {name: state.cursor for name, state in store.streams.all(connection_id).items()} == {
        "primary": "c-1",
        "second": "c-second",
    }
    store.streams.forget_cursor(reading.lease, both["second"].id)
    assert store.streams.ensure(connection_id, ["second"])["second"].cursor is None


def test_the_feed_forgets_what_is_old(reading: Reading, store: Store, google: Connection) -> None:
    reading.save(PAGE)
    assert store.feed.forget(NOON) == 0
    assert store.feed.forget(later(1)) == 2
    assert store.feed.changes(google.id) == []


def test_the_next_sync_goes_on_where_the_last_one_ended(reading: Reading, store: Store, google: Connection) -> None:
    reading.save(PAGE, cursor="c-1")
    store.jobs.finish(reading.lease, Ending(JobStatus.SUCCEEDED), NOON)
    start(store, google)
    assert store.streams.ensure(google.id, ["primary"])["primary"].cursor == "c-1"
