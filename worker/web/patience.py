"""How long an answer waits for what may block."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from anyio import to_thread

from worker.core.errors import StoreUnavailable
from worker.store import store_deadline
from worker.web.bodies import DEFAULT_LIMITS

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
IN_TIME = 0.95
"""The part of the time in which a commit has to begin, so that its end can still be told."""


def in_time(
    act: Callable[Asked, Answer], seconds: float = DEFAULT_LIMITS.store_seconds
) -> Callable[Asked, Coroutine[Any, Any, Answer]]:
    """``act`` in a thread, awaited for so many seconds: a database that froze says nothing, and no caller waits for
    ever. Raises StoreUnavailable after that; the thread is left to end by itself, and commits nothing any more.
    """

    @wraps(act)
    async def acting(*given: Asked.args, **named: Asked.kwargs) -> Answer:
        try:
            with store_deadline(seconds * IN_TIME):
                async with asyncio.timeout(seconds):
                    return await to_thread.run_sync(partial(act, *given, **named), abandon_on_cancel=True)
        except TimeoutError:
            raise StoreUnavailable("The database did not answer in time.") from None

    return acting
