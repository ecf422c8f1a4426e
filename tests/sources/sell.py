"""A simulated Zendesk Sell on the loopback, and how tests of its source reach it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.http.limits import Limits
from worker.simulators.faults import Fault
from worker.simulators.server import serve
from worker.simulators.zendesk_sell import ZendeskSellSimulator
from worker.sources.zendesk_sell.account import ZendeskSell
from worker.sources.zendesk_sell.preferences import SellPreferences

TOKEN = "sell-token-of-acme"
ACCOUNT = "acme"
LIST = "visits.list"
NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
REPS = {"1": "usr_1", "2": "usr_2"}


class Token:
    """A grant that holds a token."""

    def __init__(self, token: object = TOKEN) -> None:
        self.token = token

    def read(self) -> Mapping[str, Any]:
        return {"token": self.token}

    def renew(self, stale: str | None, refresh: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Mapping[str, Any]:
        raise AssertionError("a token is never renewed")


@dataclass
class Sell:
    """A simulated Sell with one account, and how to reach it; ``naps`` are the waits that were asked for."""

    simulator: ZendeskSellSimulator
    url: str
    naps: list[float]
    opened: list[ZendeskSell]
    clock: datetime = NOW

    def open(self, token: object = TOKEN, reps: Mapping[str, str] = REPS, **options: Any) -> ZendeskSell:
        options = {"per_second": 1e6, "sleep": self.naps.append, "limits": Limits(), **options}
        limits, url = options.pop("limits"), options.pop("url", self.url)
        source = ZendeskSell(url, Token(token), limits, "acc_1", lambda: self.clock, SellPreferences(reps), **options)
        self.opened.append(source)
        return source

    def visit(self, days_ago: float = 1, **fields: Any) -> int:
        """Somebody logs a visit; its number."""
        at = {"visited_at": stamp(self.clock - timedelta(days=days_ago)), "updated_at": stamp(self.clock)}
        return int(self.simulator.add_visit(ACCOUNT, **{**at, **fields})["id"])

    def edit(self, visit_id: int, **fields: Any) -> None:
        """Somebody corrects a visit, a second later."""
        self.clock += timedelta(seconds=1)
        self.simulator.edit_visit(ACCOUNT, visit_id, **{"updated_at": stamp(self.clock), **fields})

    def delete(self, visit_id: int) -> None:
        self.simulator.delete_visit(ACCOUNT, visit_id)

    def put(self, visit_id: int, **row: Any) -> None:
        """A row as no person would write it."""
        account = self.simulator.world.accounts[ACCOUNT]
        account.put([{**account.visits[visit_id], **row}])

    def fault(self, **fields: Any) -> None:
        self.simulator.faults.add(Fault(**fields))

    def asked(self) -> list[str]:
        """The query of every request so far."""
        return [entry.query for entry in self.simulator.journal.entries(LIST)]


@contextmanager
def served_sell() -> Iterator[Sell]:
    """Without a limit on requests, unless a test sets one."""
    simulator = ZendeskSellSimulator(rate_limit_per_second=None)
    simulator.add_account(ACCOUNT, TOKEN)
    with serve(simulator.app) as server:
        sell = Sell(simulator, server.url, [], [])
        yield sell
        for source in sell.opened:
            source.close()


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
