"""ReviewRover as a Provider."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from worker.core.errors import ConnectionRevoked, RateLimited, SyncError
from worker.core.ports import Failed, Grant, Operation, Outcome, Page, Stream
from worker.http.limits import Limits
from worker.providers.review_rover.line import PER_MINUTE, Line
from worker.providers.review_rover.reading import READ, everything
from worker.providers.review_rover.writing import Writing

STREAM = Stream("visits", "visits")


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class ReviewRover:
    """One account's visits; see ``worker.core.ports.Provider``. ``close`` it.

    ``base_url`` serves ``/v1/visits``; ``limits`` are shared by all workers; ``per_minute`` are the requests that its
    token may make.
    """

    def __init__(
        self,
        base_url: str,
        grant: Grant,
        limits: Limits,
        *,
        now: Callable[[], datetime] = utc_now,
        per_minute: float = PER_MINUTE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._line = Line(base_url, grant, limits, now, per_minute=per_minute, sleep=sleep)
        self._writing = Writing(self._line)
        self._listed = False

    def streams(self) -> Sequence[Stream]:
        return (STREAM,)

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        """Everything without a cursor; with one nothing, for ReviewRover does not tell what changed."""
        if cursor is None:
            for page in everything(self._line):
                self._listed = self._listed or page.complete
                yield page
        else:
            yield Page((), cursor=READ)

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """One after the other; after a limit or a refused token nothing more is sent."""
        outcomes: list[Outcome] = []
        stopped: SyncError | None = None
        for operation in operations:
            outcome = Failed(stopped) if stopped else self._outcome(operation)
            if isinstance(outcome, Failed) and isinstance(outcome.error, ConnectionRevoked | RateLimited):
                stopped = outcome.error
                if not outcomes:
                    raise stopped
            outcomes.append(outcome)
        return outcomes

    def close(self) -> None:
        """Closes idle connections."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _outcome(self, operation: Operation) -> Outcome:
        try:
            return self._writing.carry_out(operation, listed=self._listed)
        except SyncError as error:
            return Failed(error)
