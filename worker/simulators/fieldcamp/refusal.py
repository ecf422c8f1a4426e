"""How FieldCamp says no."""

from __future__ import annotations


class Refused(Exception):
    """A request that FieldCamp does not carry out: HTTP `status`, a `sentence` for people, seconds in `retry_after`."""

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after


def invalid(sentence: str) -> Refused:
    return Refused(400, sentence)


def conflict(sentence: str) -> Refused:
    return Refused(409, sentence)


def missing(what: str, record_id: str) -> Refused:
    return Refused(404, f"{what} {record_id} was not found")
