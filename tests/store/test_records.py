"""Records: the newest word of the source, and what depends on it."""

import pytest

from tests.store.things import NOON, client, job, later, visit
from worker.core.connections import Account, Connection
from worker.core.records import CLIENT, JOB, VISIT, Client, Job, Origin, Record, Visit
from worker.store import Store


@pytest.fixture
def house(store: Store, account: Account) -> Account:
    """vis_1 → job_1 → cli_1, vis_2 → cli_1, vis_3 needs nothing."""
    told = [
        client(name="Ada"),
        job(title="Boiler", client_id="cli_1"),
        visit("vis_1", job_id="job_1", start=NOON.isoformat()),
        visit("vis_2", client_id="cli_1"),
        visit("vis_3", notes="bring a ladder"),
    ]
    assert len(store.records.receive(account.id, told)) == 5
    return account


def known(store: Store, account: Account, local_id: str = "vis_1") -> Record:
    return store.records.get_many(account.id, VISIT, [local_id])[local_id]


def moved(store: Store, connection: Connection, after: int) -> tuple[list[str], int]:
    return store.plans.todo(connection, VISIT, after, 100)


def test_a_record_comes_back_as_it_was_told(store: Store, house: Account) -> None:
    told = known(store, house)
    assert (told.content, told.source_time, told.told_at) == (
        {"job_id": "job_1", "start": NOON.isoformat()},
        NOON,
        NOON,
    )


def test_a_later_word_fills_in_and_replaces_only_what_it_names(store: Store, house: Account) -> None:
    applied = store.records.receive(house.id, [visit("vis_3", later(1), status="arrived")])
    assert applied == [known(store, house, "vis_3")]
    assert applied[0].content == {"notes": "bring a ladder", "status": "arrived"}


def test_an_older_word_never_overwrites_a_newer_one(store: Store, house: Account) -> None:
    store.records.receive(house.id, [visit(at=later(2), notes="new")])
    assert store.records.receive(house.id, [visit(at=later(1), notes="old")]) == []
    assert known(store, house).content["notes"] == "new"


def test_several_words_on_one_record_in_one_page_are_taken_in_their_order(store: Store, house: Account) -> None:
    told = [visit(at=later(minute), notes=str(minute)) for minute in (1, 3, 2)]
    assert len(store.records.receive(house.id, told)) == 1
    assert known(store, house).content["notes"] == "3"


def test_completed_then_a_late_in_progress_stays_completed(store: Store, house: Account) -> None:
    store.records.receive(house.id, [visit(at=later(5), status="completed")])
    assert store.records.receive(house.id, [visit(at=later(5), status="in_progress")]) == []
    assert known(store, house).content["status"] == "completed"
    assert len(store.records.receive(house.id, [visit(at=later(6), status="in_progress")])) == 1


def test_what_means_the_same_moves_nothing_but_is_remembered_as_newer(
    store: Store, house: Account, google: Connection
) -> None:
    _, upto = moved(store, google, 0)
    assert store.records.receive(house.id, [visit("vis_3", later(9), notes="bring a ladder")]) == []
    assert moved(store, google, upto) == ([], upto)
    assert store.records.receive(house.id, [visit("vis_3", later(8), notes="late")]) == []


def test_a_changed_client_moves_the_visits_that_need_it_through_their_jobs_too(
    store: Store, house: Account, google: Connection
) -> None:
    _, upto = moved(store, google, 0)
    store.records.receive(house.id, [client(at=later(1), name="Ada L.")])
    local_ids, after = moved(store, google, upto)
    assert sorted(local_ids) == ["vis_1", "vis_2"]
    store.records.receive(house.id, [job(at=later(1), title="Stove")])
    assert moved(store, google, after)[0] == ["vis_1"]


def test_a_visit_that_no_longer_needs_a_client_is_not_moved_by_it(
    store: Store, house: Account, google: Connection
) -> None:
    told = [visit("vis_2", later(1), client_id="cli_2"), visit("vis_1", later(1), deleted=True)]
    store.records.receive(house.id, told)
    _, upto = moved(store, google, 0)
    store.records.receive(house.id, [client(at=later(1), name="Ada L.")])
    assert moved(store, google, upto)[0] == []


def test_views_hold_the_job_and_the_client_of_each_visit(store: Store, house: Account) -> None:
    store.records.receive(house.id, [visit("vis_4", deleted=True)])
    views = store.records.views(house.id, ["vis_1", "vis_2", "vis_3", "vis_4", "vis_5"])
    ada = Client("cli_1", name="Ada")
    assert views["vis_1"].job == Job("job_1", title="Boiler", client_id="cli_1")
    assert (views["vis_1"].visit.start, views["vis_1"].client) == (NOON, ada)
    assert (views["vis_2"].job, views["vis_2"].client) == (None, ada)
    assert views["vis_3"].visit == Visit("vis_3", notes="bring a ladder")
    assert (views["vis_4"], views["vis_5"]) == (None, None)


def test_what_a_visit_or_its_job_needs_and_nobody_told_is_missing(store: Store, house: Account) -> None:
    told = [visit("vis_4", job_id="job_4"), job("job_5", client_id="cli_5"), visit("vis_5", job_id="job_5")]
    store.records.receive(house.id, told)
    assert store.records.missing_needs(house.id, ["vis_1", "vis_2"]) == {}
    assert store.records.missing_needs(house.id, ["vis_4", "vis_5"]) == {JOB: {"job_4"}, CLIENT: {"cli_5"}}


def test_a_full_reading_shows_what_it_did_not_tell(store: Store, account: Account) -> None:
    told = [visit(f"vis_{day}", start=later(day * 24 * 60).isoformat()) for day in range(4)]
    store.records.receive(account.id, told, listing=1)
    store.records.receive(account.id, [*told[:1], visit("vis_9", deleted=True)], listing=2)
    window = (NOON, later(2 * 24 * 60 + 1))
    assert [one.local_id for one in store.records.absent_from(account.id, VISIT, 2, window=window)] == [
        "vis_1",
        "vis_2",
    ]
    assert [one.local_id for one in store.records.absent_from(account.id, VISIT, 2, after="vis_1", limit=1)] == [
        "vis_2"
    ]
    assert store.records.count_live(account.id, VISIT, window) == 3
    assert store.records.count_live(account.id, VISIT) == 4


SELLS, FIELDCAMPS = Origin("sell:"), Origin("", others=("sell:",))


def test_of_two_sources_each_misses_its_own_records_alone(store: Store, account: Account) -> None:
    told = [visit(name, start=NOON.isoformat()) for name in ("vis_1", "vis_2", "sell:1", "sell:2", "sellx1")]
    store.records.receive(account.id, told, listing=1)
    store.records.receive(account.id, [visit("vis_1"), visit("sell:1")], listing=2)
    window = (NOON, later(60))

    def absent(mine: Origin) -> list[str]:
        found = [one.local_id for one in store.records.absent_from(account.id, VISIT, 2, mine=mine)]
        assert found == [
            one.local_id for one in store.records.absent_from(account.id, VISIT, 2, window=window, mine=mine)
        ]
        assert len(found) == store.records.count_absent(account.id, VISIT, 2, None, mine)
        assert len(found) == store.records.count_absent(account.id, VISIT, 2, window, mine)
        return found

    assert absent(SELLS) == ["sell:2"]
    assert absent(FIELDCAMPS) == ["sellx1", "vis_2"]
    assert absent(Origin()) == ["sell:2", "sellx1", "vis_2"]
    assert store.records.count_live(account.id, VISIT, None, SELLS) == 2
    assert store.records.count_live(account.id, VISIT, window, FIELDCAMPS) == 3
    assert store.records.count_live(account.id, VISIT) == 5


def test_a_prefix_is_no_pattern(store: Store, account: Account) -> None:
    store.records.receive(account.id, [visit("a_b:1"), visit("axb:1"), visit("a%:1"), visit("anything:1")], listing=1)
    assert [one.local_id for one in store.records.absent_from(account.id, VISIT, 2, mine=Origin("a_b:"))] == ["a_b:1"]
    assert [one.local_id for one in store.records.absent_from(account.id, VISIT, 2, mine=Origin("a%:"))] == ["a%:1"]


def test_a_stale_word_still_counts_as_present_in_a_full_reading(store: Store, house: Account) -> None:
    store.records.receive(house.id, [visit("vis_3", later(-5), notes="old")], listing=7)
    assert "vis_3" not in [one.local_id for one in store.records.absent_from(house.id, VISIT, 7)]


def test_accounts_do_not_see_each_others_records(store: Store, house: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    store.records.receive(other.id, [client(at=later(1), name="Bob")])
    assert store.records.views(other.id, ["vis_1"]) == {"vis_1": None}
    assert store.records.get_many(house.id, CLIENT, ["cli_1"])["cli_1"].content == {"name": "Ada"}


def test_a_thousand_visits_of_one_client_move_with_it(store: Store, account: Account, google: Connection) -> None:
    told = [visit(f"vis_{place:04}", client_id="cli_1") for place in range(1000)]
    store.records.receive(account.id, told)
    _, upto = moved(store, google, 0)
    store.records.receive(account.id, [client(name="Ada")])
    seen: list[str] = []
    while True:
        local_ids, upto = store.plans.todo(google, VISIT, upto, 300)
        if not local_ids:
            break
        seen += local_ids
    assert sorted(seen) == [record.local_id for record in told]


def test_of_two_readings_at_once_the_later_ones_marks_stand(store: Store, account: Account) -> None:
    store.records.receive(account.id, [visit("vis_1"), visit("vis_2")], listing=2)
    store.records.receive(account.id, [visit("vis_1")], listing=1)
    assert store.records.absent_from(account.id, VISIT, 2) == []
