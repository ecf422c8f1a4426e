"""The two doors of the API: for those who read, and for those who ask for something."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from worker.core.connections import READ, WRITE
from worker.core.errors import Invalid
from worker.web.keys import Caller, Doorkeeper
from worker.web.patience import in_time

Admit = Callable[..., Caller | Awaitable[Caller]]


@dataclass(frozen=True, slots=True)
class Doors:
    """Dependencies that let callers in, and then refuse a query which names a parameter twice."""

    read: Admit
    write: Admit


def doors(keeper: Doorkeeper) -> Doors:
    return Doors(_unambiguous(in_time(keeper.admit(READ))), _unambiguous(in_time(keeper.admit(WRITE))))


def _unambiguous(admit: Admit) -> Admit:
    async def admitted(request: Request, caller: Annotated[Caller, Depends(admit)]) -> Caller:
        names = [name for name, _ in request.query_params.multi_items()]
        twice = {name: "expected once" for name in names if names.count(name) > 1}
        if twice:
            raise Invalid(f"{next(iter(twice))}: expected once", twice)
        return caller

    return admitted
