"""Change data capture: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.instants import understood
from worker.simulators.quickbooks.kinds import Kind, kind_of
from worker.simulators.quickbooks.refusal import Json, invalid, missing


def changed(books: Books, entities: Sequence[str], since: str) -> list[Json]:
    """What changed at `since` or later, an object for each entity: empty where nothing did.

    Objects come by their last change, deleted ones after the others; times are to the second. Refused beyond 30 days,
    and for taxes. What is over the limit of one answer is left out without a word.
    """
    kinds = [_kind(entity) for entity in entities if entity.strip()]
    if not kinds:
        raise missing("entities")
    begin, room, groups = _since(books, since), books.switches.cdc_most, []
    for kind in kinds:
        told = _changes(books, kind, begin)[:room]
        room -= len(told)
        groups.append({kind.name: told, "startPosition": 1, "maxResults": len(told)} if told else {})
    return groups


def _kind(entity: str) -> Kind:
    kind = kind_of(entity.strip())
    if not kind.in_cdc:
        raise invalid("entities", f"{kind.name} is not supported by change data capture")
    return kind


def _since(books: Books, since: str) -> datetime:
    try:
        begin = understood(since)
    except ValueError as error:
        raise invalid("changedSince", "a date with a time is expected") from error
    if begin < books.now() - timedelta(days=books.switches.cdc_days):
        raise invalid("changedSince", f"the time must be within the last {books.switches.cdc_days} days")
    return begin


def _changes(books: Books, kind: Kind, begin: datetime) -> list[Json]:
    living = [one for one in books.all(kind.name) if _moved(one, begin)]
    stones = [one for one in books.stones[kind.name].values() if _moved(one, begin)]
    return [one for group in (living, stones) for one in sorted(group, key=lambda one: _turn(books, kind, one))]


def _moved(one: Json, begin: datetime) -> bool:
    return understood(one["MetaData"]["LastUpdatedTime"]) >= begin.replace(microsecond=0)


def _turn(books: Books, kind: Kind, one: Json) -> int:
    return books.changes[kind.name, one["Id"]]
