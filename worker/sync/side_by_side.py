"""Runs the streams of one connection side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


def side_by_side(width: int, do: Callable[[Work], Result], work: Sequence[Work]) -> list[Result]:
    """Do each piece of work, at most ``width`` at once; their results in order.

    The first error is raised after every piece that had begun has ended, so that no thread writes after its sync is
    over.
    """
    if len(work) <= 1:
        return [do(piece) for piece in work]
    with ThreadPoolExecutor(max_workers=min(width, len(work)), thread_name_prefix="stream") as pool:
        started = [pool.submit(copy_context().run, do, piece) for piece in work]
        try:
            return [piece.result() for piece in started]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
