"""What a provider of books promises for each of its streams: one class, to which a stream adds its fixtures.

Subclass ``BooksContract`` and give it the fixtures ``company``, ``provider`` and ``sample``, each new for each test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.providers.quickbooks import Company
from tests.providers.suite import done, error
from worker.core.books import Entity
from worker.core.errors import ConnectionRevoked, CursorExpired, Gone, Rejected, Uncertain, VersionConflict
from worker.core.ports import Change, Create, Key, Outcome, Page, Provider, Stream, Update


@dataclass(frozen=True)
class Sample:
    """Documents of one stream. ``made`` gives the n-th of different ones; ``changed`` what becomes of one; ``refused``
    is what nobody takes. ``people`` edits the object of an id, as people do."""

    stream: Stream
    entity: str
    made: Callable[[int], Entity]
    changed: Callable[[Entity], Entity]
    refused: Entity
    people: Callable[[str], None]
    has_key: bool


def key(number: int, generation: int = 0) -> Key:
    return Key(f"rec_{number}", generation)


def creates(sample: Sample, count: int, *, uncertain: bool = False) -> list[Create]:
    return [Create(key(number), sample.made(number), uncertain) for number in range(count)]


def read(provider: Provider, stream: Stream, cursor: str | None = None) -> tuple[list[Change], Page]:
    """All changes, and the last page."""
    pages = list(provider.changes(stream, cursor))
    assert all(page.cursor is None and not page.complete for page in pages[:-1])
    assert pages[-1].cursor
    return [change for page in pages for change in page.changes], pages[-1]


def by_id(changes: Sequence[Change]) -> dict[str, Change]:
    found = {change.remote_id: change for change in changes}
    assert len(found) == len(changes)
    return found


def ids(outcomes: Sequence[Outcome]) -> list[str]:
    return [done(outcome).remote_id for outcome in outcomes]


class BooksContract:
    """The promises, each a sentence."""

    def test_what_was_created_is_read_back_with_its_meaning_and_its_key(
        self, provider: Provider, sample: Sample
    ) -> None:
        outcomes = provider.apply(sample.stream, creates(sample, 3))
        assert all(done(outcome).document is None and done(outcome).note is None for outcome in outcomes)
        changes, page = read(provider, sample.stream)
        seen = by_id(changes)
        assert page.complete
        for number, outcome in enumerate(outcomes):
            change = seen[done(outcome).remote_id]
            assert change.document is not None
            assert change.document.fingerprint() == sample.made(number).fingerprint()
            assert change.version == done(outcome).version
            assert change.key == (key(number) if sample.has_key else None)

    def test_an_update_sends_what_differs_and_shows_the_new_document(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        before, after = sample.made(0), sample.changed(sample.made(0))
        [made] = map(done, provider.apply(sample.stream, creates(sample, 1)))
        update = Update(key(0), made.remote_id, made.version, after, before=before)
        [outcome] = provider.apply(sample.stream, [update])
        change = by_id(read(provider, sample.stream)[0])[made.remote_id]
        assert done(outcome).version == change.version != made.version
        assert change.document is not None
        assert change.document.fingerprint() == after.fingerprint()
        _, body = list(company.bodies())[-1]
        assert body["sparse"] is True
        assert len(body) < 8, "the whole object was sent"

    def test_an_update_without_anything_known_of_the_object_is_carried_out(
        self, provider: Provider, sample: Sample
    ) -> None:
        [made] = map(done, provider.apply(sample.stream, creates(sample, 1)))
        after = sample.changed(sample.made(0))
        [outcome] = provider.apply(sample.stream, [Update(key(0), made.remote_id, None, after)])
        change = by_id(read(provider, sample.stream)[0])[made.remote_id]
        assert change.version == done(outcome).version
        assert change.document is not None
        assert change.document.fingerprint() == after.fingerprint()

    def test_an_update_in_which_nothing_differs_sends_nothing(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        [made] = map(done, provider.apply(sample.stream, creates(sample, 1)))
        asked = len(company.requests())
        update = Update(key(0), made.remote_id, made.version, sample.made(0), before=sample.made(0))
        assert provider.apply(sample.stream, [update]) == [made]
        assert len(company.requests()) == asked

    def test_a_stale_version_is_a_conflict_and_the_edit_of_a_person_is_not_erased(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        """Lesson 28."""
        [made] = map(done, provider.apply(sample.stream, creates(sample, 1)))
        sample.people(made.remote_id)
        theirs = company.object(sample.entity, made.remote_id)
        update = Update(key(0), made.remote_id, made.version, sample.changed(sample.made(0)), before=sample.made(0))
        [outcome] = provider.apply(sample.stream, [update])
        assert isinstance(error(outcome), VersionConflict)
        assert company.object(sample.entity, made.remote_id) == theirs

    def test_an_update_of_what_is_gone_says_so(self, provider: Provider, sample: Sample) -> None:
        after = sample.changed(sample.made(0))
        for version in ("0", None):
            [outcome] = provider.apply(sample.stream, [Update(key(0), "4711", version, after, before=sample.made(0))])
            assert isinstance(error(outcome), Gone)

    def test_a_reading_since_a_cursor_tells_what_changed_and_by_whom_it_may_be(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        outcomes = provider.apply(sample.stream, creates(sample, 3))
        company.pass_time(0.01)
        cursor = read(provider, sample.stream)[1].cursor
        company.pass_time(0.01)
        changed = ids(outcomes)[1]
        sample.people(changed)
        changes, page = read(provider, sample.stream, cursor)
        assert [change.remote_id for change in changes] == [changed]
        assert not page.complete
        assert read(provider, sample.stream, page.cursor)[0] == changes, "what is near the edge is told twice"
        company.pass_time(0.01)
        later = read(provider, sample.stream, page.cursor)[1].cursor
        assert read(provider, sample.stream, later)[0] == []

    def test_a_cursor_45_days_old_has_expired_and_nothing_is_asked_for_with_it(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        """Lesson 9."""
        provider.apply(sample.stream, creates(sample, 1))
        cursor = read(provider, sample.stream)[1].cursor
        company.pass_time(45)
        asked = len(company.requests())
        for lost in (cursor, "nonsense"):
            with pytest.raises(CursorExpired):
                list(provider.changes(sample.stream, lost))
        assert len(company.requests()) == asked
        assert len(read(provider, sample.stream)[0]) >= 1

    @pytest.mark.parametrize("carried_out", [True, False])
    @pytest.mark.parametrize("count", [1, 5])
    def test_a_lost_answer_leaves_exactly_one_object(
        self, provider: Provider, sample: Sample, company: Company, count: int, carried_out: bool
    ) -> None:
        """Lesson 6."""
        there = len(company.objects(sample.entity))
        company.fault(method="POST", drop="after" if carried_out else "before", reset=True, times=1)
        company.simulator.set(request_id_life=0)  # only the look-up helps
        first = provider.apply(sample.stream, creates(sample, count))
        assert any(isinstance(getattr(outcome, "error", None), Uncertain) for outcome in first)
        again = provider.apply(sample.stream, creates(sample, count, uncertain=True))
        assert len(set(ids(again))) == len(company.objects(sample.entity)) - there == count
        for number, outcome in enumerate(again):
            body = company.object(sample.entity, done(outcome).remote_id)
            assert done(outcome).version == body["SyncToken"]
            assert (done(outcome).document or sample.made(number)).fingerprint() == sample.made(number).fingerprint()

    def test_when_no_answer_comes_at_all_the_outcome_is_uncertain(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        company.simulator.access_token("4620816365")
        list(provider.changes(provider.streams()[0], None))
        company.fault(method="POST", path=r"/(batch|invoice|payment)$", drop="after", reset=True, times=None)
        outcomes = provider.apply(sample.stream, creates(sample, 2))
        assert [type(error(outcome)) for outcome in outcomes] == [Uncertain, Uncertain]

    def test_what_is_refused_does_not_stop_its_neighbours(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        documents = [sample.made(0), sample.refused, sample.made(1)]
        there = len(company.objects(sample.entity))
        one, bad, other = provider.apply(
            sample.stream, [Create(key(number), document) for number, document in enumerate(documents)]
        )
        refusal = error(bad)
        assert isinstance(refusal, Rejected)
        assert refusal.message
        assert len({done(one).remote_id, done(other).remote_id}) == 2
        assert len(company.objects(sample.entity)) == there + 2

    def test_outcomes_come_in_the_order_of_the_operations(
        self, provider: Provider, sample: Sample, company: Company
    ) -> None:
        outcomes = provider.apply(sample.stream, creates(sample, 12))
        seen = by_id(read(provider, sample.stream)[0])
        shown: list[Any] = [seen[remote_id].document for remote_id in ids(outcomes)]
        assert [one.fingerprint() for one in shown] == [sample.made(number).fingerprint() for number in range(12)]

    def test_a_revoked_grant_is_told_as_such(self, provider: Provider, sample: Sample, company: Company) -> None:
        cursor = read(provider, sample.stream)[1].cursor
        wanted = creates(sample, 2)
        company.simulator.revoke("4620816365")
        with pytest.raises(ConnectionRevoked):
            list(provider.changes(sample.stream, cursor))
        for count in (1, 2):
            with pytest.raises(ConnectionRevoked):
                provider.apply(sample.stream, wanted[:count])
