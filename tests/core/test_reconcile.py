"""The whole decision as tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.core.connections import FeedEntry
from worker.core.documents import CalendarEvent, Times
from worker.core.edits import Reschedule, Unschedule
from worker.core.errors import Gone, MassChangeHeld, Rejected, Transient, Uncertain, VersionConflict
from worker.core.links import Link, Stray
from worker.core.observation import absent, observe
from worker.core.ports import Change, Create, Delete, Done, Failed, Key, Update
from worker.core.preferences import CalendarPreferences
from worker.core.reconcile import Decision, after, decide, enough_published, hold_mass_change, removals

NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)
CAL = "tech1@example.com"
HOW = CalendarPreferences()


def event(hour: int = 0, title: str = "Boiler") -> CalendarEvent:
    start = NOON + timedelta(hours=hour)
    return CalendarEvent(title, Times.span(start, start + timedelta(hours=1)))


def published(**fields: Any) -> Link:
    link = Link(CAL, "vis_1", published=True, remote_id="evt1", version="v1", agreed=event())
    return replace(link, **fields)


def unpublished(**fields: Any) -> Link:
    return replace(Link(CAL, "vis_1", generation=1), **fields)


def change(
    document: CalendarEvent | None, version: str = "v2", remote_id: str = "evt1", key: Key | None = None
) -> Change:
    return Change(remote_id, version, key, document, NOON, {"summary": "x"} if document else {})


class TestObserve:
    def test_our_own_write_comes_back_unnoticed(self) -> None:
        assert observe(CAL, [published()], {}, [change(event(), "v1")]).empty

    def test_a_new_version_of_the_same_content_is_merely_noted(self) -> None:
        seen = observe(CAL, [published()], {}, [change(event(), "v2")])
        assert seen.noted == (published(version="v2"),)
        assert (seen.links, seen.feed) == ((), ())

    def test_content_that_differs_from_what_we_wrote_is_an_edit(self) -> None:
        seen = observe(CAL, [published()], {}, [change(event(3))])
        assert seen.links == (published(version="v2", seen=event(3)),)
        assert [(entry.action, entry.local_id) for entry in seen.feed] == [("updated", "vis_1")]

    def test_the_same_edit_seen_again_is_no_news(self) -> None:
        link = published(version="v2", seen=event(3))
        seen = observe(CAL, [link], {}, [change(event(3), "v3")])
        assert seen.noted == (replace(link, version="v3"),)
        assert not seen.feed

    def test_an_edit_taken_back_by_its_author_is_settled(self) -> None:
        seen = observe(CAL, [published(version="v2", seen=event(3))], {}, [change(event(), "v3")])
        assert seen.links == (published(version="v3"),)
        assert [entry.action for entry in seen.feed] == ["updated"], "others did it, and the feed tells of them"

    def test_a_write_whose_answer_was_lost_is_known_as_ours(self) -> None:
        link = published(offered=event(5))
        seen = observe(CAL, [link], {}, [change(event(5))])
        assert seen.links == (published(version="v2", agreed=event(5)),)
        assert not seen.feed

    def test_what_we_offered_stays_open_while_the_old_content_shows(self) -> None:
        seen = observe(CAL, [published(offered=event(5))], {}, [change(event(), "v2")])
        assert seen.noted == (published(version="v2", offered=event(5)),)

    def test_an_overruled_edit_stays_overruled_until_it_changes(self) -> None:
        link = published(version="v2", seen=event(3), overruled=True)
        same = observe(CAL, [link], {}, [change(event(3, "Mine"), "v3")])
        other = observe(CAL, [link], {}, [change(event(4), "v3")])
        assert [each.overruled for each in same.links] == [True]
        assert [each.overruled for each in other.links] == [False]

    def test_a_person_deletes_an_event(self) -> None:
        seen = observe(CAL, [published()], {}, [change(None)])
        assert seen.links == (Link(CAL, "vis_1", generation=1, removed=True),)
        assert [(entry.action, entry.local_id) for entry in seen.feed] == [("deleted", "vis_1")]

    def test_our_own_deletion_comes_back_as_ours(self) -> None:
        seen = observe(CAL, [published(leaving=True)], {}, [change(None)])
        assert seen.links == (Link(CAL, "vis_1", generation=1),)
        assert not seen.feed

    def test_an_object_with_our_key_is_adopted(self) -> None:
        found = change(event(), key=Key("vis_1", 0))
        seen = observe(CAL, [], {}, [found])
        assert seen.links == (published(version="v2"),)
        assert not seen.feed

    def test_an_object_that_we_were_creating_is_adopted_as_it_was_offered(self) -> None:
        offered = replace(event(), time_zone="America/New_York")
        link = Link(CAL, "vis_1", offered=offered)
        seen = observe(CAL, [link], {}, [change(event(), key=Key("vis_1", 0))])
        assert seen.links[0].agreed is offered
        assert seen.links[0].offered is None

    def test_a_second_object_with_our_key_is_a_stray(self) -> None:
        seen = observe(CAL, [published()], {}, [change(event(), remote_id="evt2", key=Key("vis_1", 1))])
        assert seen.strays == (Stray(CAL, "evt2", "v2", Key("vis_1", 1)),)
        assert not seen.links

    def test_a_stray_that_went_in_the_same_page_is_forgotten(self) -> None:
        came = change(event(), remote_id="evt2", key=Key("vis_1", 1))
        seen = observe(CAL, [published()], {}, [came, change(None, remote_id="evt2")])
        assert seen.strays == ()

    def test_a_moved_and_deleted_object_in_one_page_is_deleted(self) -> None:
        seen = observe(CAL, [published()], {}, [change(event(2)), change(None, "v3")])
        assert seen.links[0].removed
        assert [entry.action for entry in seen.feed] == ["updated", "deleted"]

    def test_a_link_adopted_in_a_page_is_known_later_in_it(self) -> None:
        seen = observe(CAL, [], {}, [change(event(), "v1", key=Key("vis_1", 0)), change(event(2), "v2")])
        assert seen.links == (published(version="v2", seen=event(2)),)

    @pytest.mark.parametrize(
        ("known", "arrived", "actions", "strangers"),
        [
            ({}, change(event(), "s1", "str1"), ["created"], {"str1": "s1"}),
            ({"str1": "s0"}, change(event(), "s1", "str1"), ["updated"], {"str1": "s1"}),
            ({"str1": "s1"}, change(event(), "s1", "str1"), [], {}),
            ({"str1": "s1"}, change(None, "s2", "str1"), ["deleted"], {"str1": None}),
            ({}, change(None, "s2", "str1"), [], {}),
        ],
    )
    def test_private_appointments_only_show_in_the_feed(
        self, known: dict[str, str], arrived: Change, actions: list[str], strangers: dict[str, str | None]
    ) -> None:
        seen = observe(CAL, [], known, [arrived])
        assert [entry.action for entry in seen.feed] == actions
        assert seen.strangers == strangers
        assert not seen.links

    def test_a_stranger_without_a_version_is_told_each_time(self) -> None:
        seen = observe(CAL, [], {"str1": ""}, [replace(change(event(), remote_id="str1"), version=None)])
        assert [entry.action for entry in seen.feed] == ["updated"]
        assert seen.strangers == {"str1": ""}

    def test_what_a_complete_listing_lacks_is_no_more(self) -> None:
        link, entry = absent(published())
        assert link == Link(CAL, "vis_1", generation=1, removed=True)
        assert entry == FeedEntry("deleted", "evt1", "absent.0", "vis_1")
        assert absent(published(leaving=True)) == (Link(CAL, "vis_1", generation=1), None)


def decided(link: Link | None, wanted: CalendarEvent | None, **how: Any) -> Decision:
    return decide(CAL, "vis_1", link, wanted, replace(HOW, **how))


class TestDecide:
    """The planning table of the design, row by row."""

    def test_nothing_there_and_nothing_wanted(self) -> None:
        assert decided(None, None) == Decision()
        assert decided(unpublished(), None).operation is None

    def test_not_published_but_wanted_is_created(self) -> None:
        decision = decided(None, event())
        assert decision.operation == Create(Key("vis_1", 0), event())
        assert decision.link == Link(CAL, "vis_1", offered=event())

    def test_a_new_generation_is_created_after_a_deletion(self) -> None:
        assert decided(unpublished(), event()).operation == Create(Key("vis_1", 1), event())

    def test_a_creation_whose_answer_was_lost_is_looked_up_first(self) -> None:
        assert decided(unpublished(offered=event()), event(1)).operation == Create(Key("vis_1", 1), event(1), True)

    def test_published_but_not_wanted_is_deleted(self) -> None:
        decision = decided(published(), None)
        assert decision.operation == Delete(Key("vis_1", 0), "evt1", "v1")
        assert decision.link == published(leaving=True)

    def test_the_same_fingerprint_is_left_alone(self) -> None:
        decision = decided(published(retry=True), replace(event(), time_zone="Asia/Tokyo"))
        assert decision == Decision(published())

    def test_a_deletion_that_was_called_off_leaves_nothing_behind(self) -> None:
        assert decided(published(leaving=True), event()) == Decision(published())
        changed = decided(published(leaving=True), event(2))
        assert changed.link == published(offered=event(2))

    def test_a_different_document_is_an_update_guarded_by_the_version_seen(self) -> None:
        decision = decided(published(), event(2))
        assert decision.operation == Update(Key("vis_1", 0), "evt1", "v1", event(2))
        assert decision.link == published(offered=event(2))

    def test_an_update_whose_answer_was_lost_is_sent_again(self) -> None:
        assert isinstance(decided(published(offered=event(2)), event()).operation, Update)

    @pytest.mark.parametrize("link", [unpublished(), published()])
    def test_content_that_was_refused_is_not_offered_again(self, link: Link) -> None:
        """Lesson 18: refused for good (400): offered again only when it changes."""
        refused = replace(link, refused=event(2).fingerprint(), reason="REJECTED", message="no")
        assert decided(refused, event(2)).operation is None
        changed = decided(refused, event(3))
        assert changed.operation is not None
        assert changed.link is not None
        assert (changed.link.refused, changed.link.reason, changed.link.message) == (None, None, None)


class TestEdits:
    """People change events in the calendar."""

    def test_a_moved_event_reschedules_the_visit(self) -> None:
        decision = decided(published(seen=event(3)), event())
        assert isinstance(decision.edit, Reschedule)
        assert decision.edit.times == event(3).times
        assert (decision.operation, decision.conflict) == (None, None)

    def test_the_same_edit_has_the_same_token(self) -> None:
        one, two = decided(published(seen=event(3)), event()), decided(published(seen=event(3)), event())
        moved_again = decided(published(seen=event(3), version="v9"), event())
        assert one.edit == two.edit
        assert one.edit != moved_again.edit

    def test_anything_else_is_put_back(self) -> None:
        decision = decided(published(seen=event(title="Mine now")), event())
        assert isinstance(decision.operation, Update)
        assert decision.conflict is None

    def test_a_moved_event_is_put_back_where_rescheduling_is_off(self) -> None:
        assert isinstance(decided(published(seen=event(3)), event(), remote_reschedule=False).operation, Update)

    def test_both_moved_and_fieldcamp_wins(self) -> None:
        decision = decided(published(seen=event(3)), event(5))
        assert isinstance(decision.operation, Update)
        assert decision.conflict is not None
        assert decision.conflict[0] == "BOTH_CHANGED"

    def test_both_moved_and_the_calendar_wins(self) -> None:
        decision = decided(published(seen=event(3)), event(5), on_both_changed="calendar")
        assert isinstance(decision.edit, Reschedule)
        assert decision.conflict is not None

    def test_both_moved_to_the_same_times_agree(self) -> None:
        decision = decided(published(seen=event(3)), event(3))
        assert decision == Decision(published(agreed=event(3)))

    def test_an_edit_that_the_source_refused_is_put_back_without_a_second_conflict(self) -> None:
        decision = decided(published(seen=event(3), overruled=True), event())
        assert isinstance(decision.operation, Update)
        assert (decision.edit, decision.conflict) == (None, None)

    def test_a_cancelled_visit_goes_whatever_a_person_did_to_its_event(self) -> None:
        assert isinstance(decided(published(seen=event(3)), None).operation, Delete)


class TestRemoteDeletion:
    """Lesson 11: a technician deletes the event on the phone: the visit survives."""

    def test_it_is_put_back_twice_and_then_flagged(self) -> None:
        for restored in (0, 1):
            decision = decided(unpublished(removed=True, restored=restored), event())
            assert isinstance(decision.operation, Create)
            assert decision.link is not None
            assert decision.link.restored == restored + 1
        flagged = decided(unpublished(removed=True, restored=2), event())
        assert (flagged.operation, flagged.edit) == (None, None)
        assert flagged.link is not None
        assert flagged.link.reason == "DELETED_AT_PROVIDER"
        assert decided(flagged.link, event()).operation is None
        assert isinstance(decided(flagged.link, event(1)).operation, Create)

    def test_flag_leaves_it_away(self) -> None:
        flagged = decided(unpublished(removed=True), event(), on_remote_delete="flag")
        assert (flagged.operation, flagged.edit) == (None, None)
        assert flagged.conflict is not None

    def test_unschedule_takes_the_visit_off_the_plan(self) -> None:
        decision = decided(unpublished(removed=True), event(), on_remote_delete="unschedule")
        assert isinstance(decision.edit, Unschedule)
        refused = decided(unpublished(removed=True, overruled=True), event(), on_remote_delete="unschedule")
        assert isinstance(refused.operation, Create)

    def test_nothing_is_owed_once_the_visit_is_gone_too(self) -> None:
        assert decided(unpublished(removed=True, retry=True), None) == Decision(unpublished())


class TestAfter:
    """What an outcome makes of a link."""

    def test_a_created_object_is_published_as_it_was_sent(self) -> None:
        link = Link(CAL, "vis_1", offered=event(), retry=True)
        assert after(link, Create(link.key, event()), Done("evt1", "v1")) == published()

    def test_an_update_ends_every_edit(self) -> None:
        link = published(seen=event(3), offered=event(2), overruled=True)
        update = Update(link.key, "evt1", "v1", event(2))
        assert after(link, update, Done("evt1", "v2")) == published(version="v2", agreed=event(2))

    def test_a_deleted_object_is_not_taken_for_a_persons_deed(self) -> None:
        link = published(leaving=True)
        assert after(link, Delete(link.key, "evt1", "v1"), Done("evt1")) == Link(CAL, "vis_1", generation=1)

    def test_a_lost_answer_keeps_what_was_offered(self) -> None:
        """A lost answer is not a failure."""
        link = published(offered=event(2))
        kept = after(link, Update(link.key, "evt1", "v1", event(2)), Failed(Uncertain("lost")))
        assert kept == replace(link, retry=True)

    def test_a_passing_failure_is_tried_again(self) -> None:
        link = published(offered=event(2))
        for error in (Transient("busy"), VersionConflict("changed")):
            kept = after(link, Update(link.key, "evt1", "v1", event(2)), Failed(error))
            assert kept == published(retry=True)

    def test_a_creation_that_may_have_happened_stays_open_when_it_fails_again(self) -> None:
        link = Link(CAL, "vis_1", offered=event())
        again, first = Create(link.key, event(), uncertain=True), Create(link.key, event())
        assert after(link, again, Failed(Transient("busy"))) == replace(link, retry=True)
        assert after(link, first, Failed(Transient("busy"))) == Link(CAL, "vis_1", retry=True)

    def test_a_used_up_key_is_answered_by_a_new_generation(self) -> None:
        link = Link(CAL, "vis_1", offered=event())
        kept = after(link, Create(link.key, event()), Failed(Gone("deleted")))
        assert kept == Link(CAL, "vis_1", generation=1, retry=True)

    def test_an_object_that_went_before_our_update_was_deleted_by_a_person(self) -> None:
        link = published(offered=event(2))
        kept = after(link, Update(link.key, "evt1", "v1", event(2)), Failed(Gone("deleted")))
        assert kept == Link(CAL, "vis_1", generation=1, removed=True, retry=True)

    def test_refused_content_is_remembered(self) -> None:
        link = published(offered=event(2))
        kept = after(link, Update(link.key, "evt1", "v1", event(2)), Failed(Rejected("too long", code="invalid")))
        assert kept == published(refused=event(2).fingerprint(), reason="invalid", message="too long")

    def test_a_refused_deletion_waits_for_a_person(self) -> None:
        link = published(leaving=True)
        kept = after(link, Delete(link.key, "evt1", "v1"), Failed(Rejected("read-only", code="forbidden")))
        assert kept == published(reason="forbidden", message="read-only")
        assert not kept.pending


class TestMassChange:
    @pytest.mark.parametrize(
        ("going", "there", "held"),
        [
            (3, 10, False),
            (4, 10, True),
            (9, 9, False),
            (10, 10, True),
            (30, 100, False),
            (31, 100, True),
            (0, 50, False),
        ],
    )
    def test_more_than_thirty_percent_of_at_least_ten_are_held(self, going: int, there: int, held: bool) -> None:
        if held:
            with pytest.raises(MassChangeHeld) as error:
                hold_mass_change(going, there)
            assert (error.value.removals, error.value.published) == (going, there)
        else:
            hold_mass_change(going, there)

    @pytest.mark.parametrize("going", [1, 3, 4, 30, 31, 3000])
    def test_counting_may_stop_where_it_cannot_matter_any_more(self, going: int) -> None:
        hold_mass_change(going, enough_published(going))

    def test_a_reassigned_visit_removes_nothing(self) -> None:
        """Lesson 10: technician A → B: the event moves, the visit survives."""
        leaves, comes = decided(published(), None), decided(None, event())
        assert removals([leaves, comes]) == 0
        assert removals([leaves]) == 1
        assert removals([leaves, decided(published(), event())]) == 0
        assert removals([leaves, decided(unpublished(), None)]) == 1
        assert removals([comes]) == 0


def test_a_key_is_read_as_it_was_written() -> None:
    assert Key.parse(str(Key("vis.1", 3))) == Key("vis.1", 3)


@pytest.mark.parametrize("text", [None, "", "vis_1", "vis_1.", ".1", "vis_1.x", "vis_1.-1", "vis_1.²"])
def test_other_texts_are_no_keys_of_ours(text: str | None) -> None:
    assert Key.parse(text) is None


@pytest.mark.parametrize(
    ("link", "pending"),
    [
        (published(), False),
        (published(retry=True), True),
        (published(leaving=True), True),
        (published(offered=event()), True),
        (unpublished(removed=True), True),
        (unpublished(), False),
    ],
)
def test_what_is_not_settled_is_pending(link: Link, pending: bool) -> None:
    assert link.pending is pending


def test_a_link_shows_what_was_last_seen() -> None:
    assert published().shown == event()
    assert published(seen=event(1)).shown == event(1)


def test_a_reason_is_told_since_it_first_held() -> None:
    first, later = datetime(2026, 5, 29, tzinfo=UTC), datetime(2026, 5, 30, tzinfo=UTC)
    refused = Link("primary", "vis_1", reason="REJECTED").told(first)
    assert refused.since == first
    assert refused.told(later).since == first
    assert Link("primary", "vis_1").told(first).since is None
