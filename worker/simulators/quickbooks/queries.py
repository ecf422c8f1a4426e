"""The query language: https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from worker.simulators.quickbooks.refusal import Refused, unparsed

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<sign><=|>=|=|<|>|\(|\)|,|\*)|(?P<word>[\w.:+-]+)|(?P<bad>\S))", re.DOTALL
)
SIGNS = ("=", "<", ">", "<=", ">=")
USUAL_ROWS = 100


@dataclass(frozen=True)
class Condition:
    """`sign` is one of `=`, `<`, `>`, `<=`, `>=`, `IN`, `LIKE`; values are as they were written, without quotes."""

    field: str
    sign: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """`fields` is `("*",)` for all, `count` asks for their number alone, `start` counts from 1."""

    entity: str
    fields: tuple[str, ...] = ("*",)
    count: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """Fields, with whether each is from the highest to the lowest."""
    start: int = 1
    most: int = USUAL_ROWS


def parsed(text: str) -> Query:
    """Refused (4000) for what is not of the language: OR, JOIN, GROUP BY, clauses in another order."""
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    for match in TOKEN.finditer(text.rstrip()):
        kind = match.lastgroup or "bad"
        if kind == "bad":
            raise _lost(match.group(kind))
        found.append((kind, match.group(kind)))
    return found


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = [*tokens, ("end", "<EOF>")]
        self._place = 0

    def query(self) -> Query:
        self._expect("select")
        count, fields = self._selection()
        self._expect("from")
        entity = self._word()
        conditions = self._conditions() if self._skip("where") else ()
        order = self._order()
        start = self._number() if self._skip("startposition") else 1
        most = self._number() if self._skip("maxresults") else USUAL_ROWS
        if self._peek()[0] != "end":
            raise _lost(self._peek()[1])
        return Query(entity, fields, count, conditions, order, max(start, 1), most)

    def _selection(self) -> tuple[bool, tuple[str, ...]]:
        if self._skip("count"):
            for sign in ("(", "*", ")"):
                self._expect(sign)
            return True, ("*",)
        fields = [self._field_or_all()]
        while self._skip(","):
            fields.append(self._field_or_all())
        return False, tuple(fields)

    def _field_or_all(self) -> str:
        return "*" if self._skip("*") else self._word()

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._skip("and"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        field = self._word()
        if self._skip("in"):
            return Condition(field, "IN", self._values())
        if self._skip("like"):
            return Condition(field, "LIKE", (self._value(),))
        _, sign = self._take()
        if sign not in SIGNS:
            raise _lost(sign)
        return Condition(field, sign, (self._value(),))

    def _values(self) -> tuple[str, ...]:
        self._expect("(")
        found = [self._value()]
        while self._skip(","):
            found.append(self._value())
        self._expect(")")
        return tuple(found)

    def _value(self) -> str:
        """A text in quotes; a number or a truth value may do without."""
        kind, value = self._take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
        if kind == "word" and re.fullmatch(r"true|false|-?\d+(\.\d+)?", value, re.IGNORECASE):
            return value
        raise _lost(value)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if self._skip("order"):
            self._expect("by")
        elif not self._skip("orderby"):
            return ()
        found = [(self._word(), self._falling())]
        while self._skip(","):
            found.append((self._word(), self._falling()))
        return tuple(found)

    def _falling(self) -> bool:
        return self._skip("desc") or (self._skip("asc") and False)

    def _number(self) -> int:
        kind, value = self._take()
        if kind != "word" or not value.isdecimal() or len(value) > 9:
            raise _lost(value)
        return int(value)

    def _word(self) -> str:
        kind, value = self._take()
        if kind != "word":
            raise _lost(value)
        return value

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place]

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._place += token[0] != "end"
        return token

    def _skip(self, word: str) -> bool:
        kind, value = self._peek()
        found = kind != "text" and value.lower() == word
        self._place += found
        return found

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise _lost(self._peek()[1])


def _lost(token: str) -> Refused:
    return unparsed(f'Encountered " "{token}" "" at line 1, column 1.')
