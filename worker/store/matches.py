"""Matches: what a person is asked about records that may be in the books already, and the answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, literal, or_, select, update
from ulid import ULID

from worker.core.documents import from_json, to_json
from worker.core.jobs import Lease, Trigger
from worker.core.matches import NONE, Choice, Question
from worker.store import numbers
from worker.store.connections import poke
from worker.store.engine import AnyRow, Database, chunks
from worker.store.fencing import held
from worker.store.tables import connections, entities, links, matches, streams


class Matches:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self, account_id: str, connection_id: int | None = None, after: str = "", limit: int = 100
    ) -> list[Question]:
        """The questions of an account that nobody has answered, oldest first, by id from ``after`` on."""
        its = [matches.c.account_id == account_id, matches.c.chosen.is_(None), matches.c.id > after]
        if connection_id is not None:
            its.append(matches.c.connection_id == connection_id)
        with self._database.reading() as connection:
            rows = connection.execute(select(matches).where(*its).order_by(matches.c.id).limit(limit))
            return [_question(row) for row in rows]

    def get(self, account_id: str, match_id: str) -> Question | None:
        """The account's question, answered or not."""
        its = (matches.c.account_id == account_id, matches.c.id == match_id)
        with self._database.reading() as connection:
            row = connection.execute(select(matches).where(*its)).first()
        return None if row is None else _question(row)

    def answers(self, connection_id: int, kind: str, local_ids: Collection[str]) -> dict[str, str]:
        """What people chose for these records: remote ids, '' where none is it."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(local_ids))):
                its = (matches.c.connection_id == connection_id, matches.c.kind == kind, matches.c.local_id.in_(some))
                rows = connection.execute(select(matches.c.local_id, matches.c.chosen).where(*its))
                found.update((row.local_id, row.chosen) for row in rows if row.chosen is not None)
        return found

    def ask(
        self, lease: Lease, questions: Sequence[Question], settled: Collection[tuple[str, str]], at: datetime
    ) -> None:
        """Put questions, each with what may be it by now, and withdraw those about ``settled`` (kind, local id)
        records. A question that is open keeps its id.

        An answer stays as it is until a link shows that it was taken, for a sync may die in between; only one that
        names what is no longer in the directory is asked for again."""
        if not questions and not settled:
            return
        with self._database.writing() as connection:
            job = held(connection, lease)
            for kind in {kind for kind, _ in settled}:
                _withdraw(connection, job.connection_id, kind, [local_id for its, local_id in settled if its == kind])
            place = {"account_id": job.account_id, "connection_id": job.connection_id}
            rows = [{**place, **_row(question, at)} for question in questions]
            for kind in {question.kind for question in questions}:
                asked = [question.local_id for question in questions if question.kind == kind]
                _reopen(connection, job.connection_id, kind, asked)
            if rows:
                insert = self._database.insert(matches)
                again = {name: insert.excluded[name] for name in ("wanted", "candidates")}
                known, is_open = ["connection_id", "kind", "local_id"], matches.c.chosen.is_(None)
                connection.execute(insert.on_conflict_do_update(index_elements=known, set_=again, where=is_open), rows)

    def answer(self, account_id: str, match_id: str, chosen: str, now: datetime) -> Question | None:
        """Note what a person chose, and have the connection looked at; None where there is no such question, or its
        answer was taken. The last answer before the next sync counts."""
        its = (matches.c.account_id == account_id, matches.c.id == match_id, ~_is_taken())
        with self._database.writing() as connection:
            numbers.hold(connection, [account_id])
            place = select(connections.c.integration).join(matches, matches.c.connection_id == connections.c.id)
            integration = connection.execute(place.where(*its)).scalar()
            if integration is None:
                return None
            poke(connection, [account_id], [integration], now, Trigger.API)  # connections are locked before the rest
            statement = update(matches).where(*its).values(chosen=chosen, settled_at=now).returning(matches)
            row = connection.execute(statement).first()
            if row is None:
                return None
            _have_looked_at(connection, row)
        return _question(row)


def _is_taken() -> ColumnElement[bool]:
    """Whether the record is in the books, or on its way there."""
    its_link = (links.c.connection_id == matches.c.connection_id, links.c.kind == matches.c.kind)
    under_way = or_(links.c.published, links.c.offered.is_not(None))
    return exists(select(literal(1)).where(*its_link, links.c.local_id == matches.c.local_id, under_way))


def _have_looked_at(connection: Connection, row: AnyRow) -> None:
    """A new answer is another try of what was refused."""
    its_link = (links.c.connection_id == row.connection_id, links.c.kind == row.kind)
    its_record = links.c.local_id == row.local_id
    connection.execute(update(links).where(*its_link, its_record).values(retry=True, pending=True, refused=None))


def _withdraw(connection: Connection, connection_id: int, kind: str, local_ids: Sequence[str]) -> None:
    for some in chunks(local_ids):
        its = (matches.c.connection_id == connection_id, matches.c.kind == kind, matches.c.local_id.in_(some))
        connection.execute(delete(matches).where(*its, or_(matches.c.chosen.is_(None), _is_taken())))


def _reopen(connection: Connection, connection_id: int, kind: str, local_ids: Sequence[str]) -> None:
    """Take back answers that cannot be followed: what they name has left the books."""
    stream = (streams.c.connection_id == connection_id, streams.c.kind == kind, streams.c.id == entities.c.stream_id)
    is_there = exists(select(literal(1)).where(*stream, entities.c.remote_id == matches.c.chosen))
    for some in chunks(local_ids):
        its = (matches.c.connection_id == connection_id, matches.c.kind == kind, matches.c.local_id.in_(some))
        stale = update(matches).where(*its, matches.c.chosen != NONE, ~is_there)
        connection.execute(stale.values(chosen=None, settled_at=None))


def _row(question: Question, at: datetime) -> dict[str, Any]:
    choices = [
        {"remote_id": each.remote_id, "document": to_json(each.document), "evidence": list(each.evidence)}
        for each in question.choices
    ]
    place = {"id": f"mat_{ULID.from_datetime(at)}", "kind": question.kind, "local_id": question.local_id}
    return {**place, "wanted": to_json(question.wanted), "candidates": choices, "created_at": at}


def _question(row: AnyRow) -> Question:
    choices = tuple(
        Choice(each["remote_id"], from_json(each["document"]), tuple(each["evidence"])) for each in row.candidates
    )
    wanted = from_json(row.wanted)
    return Question(
        row.id, row.kind, row.local_id, wanted, choices, row.created_at, row.chosen, connection_id=row.connection_id
    )
