"""A served QuickBooks simulator with one company, the provider that keeps its books, and a record of what we sent."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.routing import Mount

from tests.providers.suite import MemoryGrant
from worker.core.books import NO_TAX, Customer, Invoice, Item, Line, Part, Payment, cents
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers.quickbooks import QuickBooksOnline, QuickBooksSettings
from worker.providers.quickbooks.service import Rates
from worker.simulators.faults import Fault
from worker.simulators.quickbooks import QuickBooksSimulator
from worker.simulators.server import App, Message, Receive, Scope, Send, serve

REALM = "4620816365"
API = r"^/v3/"
FAST = Rates(per_minute=1e6, batches_per_minute=1e6, per_second=1e5)


@dataclass(frozen=True)
class Sent:
    """One request to the company; ``path`` is below its id, ``body`` is JSON, the text of a query, or None."""

    method: str
    path: str
    query: dict[str, list[str]]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text.startswith("{") else None


class Recorder:
    """Stands before the simulator and notes the bodies that its journal leaves out."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.sent: list[Sent] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parts: list[bytes] = []

        async def heard() -> Message:
            message = await receive()
            parts.append(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                self._note(scope, b"".join(parts))
            return message

        await self._app(scope, heard, send)

    def _note(self, scope: Scope, body: bytes) -> None:
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        if path.startswith("/v3/company/"):
            named = path.removeprefix("/v3/company/").partition("/")[2]
            self.sent.append(Sent(scope["method"], named, parse_qs(scope["query_string"].decode()), body.decode()))


@dataclass
class Company:
    """The remote side: the simulator, where it is served, and what was made to reach it."""

    simulator: QuickBooksSimulator
    recorder: Recorder
    settings: QuickBooksSettings
    made: list[QuickBooksOnline] = field(default_factory=list)
    later: timedelta = timedelta()

    def open(self, preset: str = "us_no_tax", **switches: Any) -> QuickBooksOnline:
        """A company of this kind, and the provider for it."""
        self.simulator.add_company(REALM, preset, **switches)
        self.simulator.set(minute_limit=None, second_limit=None, batch_minute_limit=None)
        return self.connected()

    def connected(self, now: Callable[[], datetime] | None = None, account_id: str = "acc_1") -> QuickBooksOnline:
        grant = MemoryGrant({"realm_id": REALM, "refresh_token": self.simulator.grant(REALM)})
        provider = QuickBooksOnline(self.settings, grant, Limits(), Slots(), account_id, now=now or self.now)
        self.made.append(provider)
        return provider

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later

    def pass_time(self, days: float) -> None:
        """For us and for QuickBooks."""
        self.later += timedelta(days=days)
        self.simulator.pass_time(days * 86_400)

    def fault(self, **how: Any) -> int:
        return self.simulator.faults.add(Fault(**{"path": API, **how}))

    def lose_answers(self, operation: str, times: int | None = 1, *, carried_out: bool = True) -> None:
        self.fault(operation=operation, drop="after" if carried_out else "before", reset=True, times=times)

    def requests(self) -> list[str]:
        """What was asked of the company so far, by the simulator's names for it; not what it did not take the token
        for."""
        entries = self.simulator.journal.entries()
        return [one.operation for one in entries if one.path.startswith("/v3/") and one.status != 401]

    def objects(self, entity: str) -> list[dict[str, Any]]:
        return self.simulator.objects(REALM, entity)

    def object(self, entity: str, remote_id: str) -> dict[str, Any]:
        return next(one for one in self.objects(entity) if one["Id"] == remote_id)

    def sent(self, path: str) -> list[Sent]:
        return [one for one in self.recorder.sent if one.path.startswith(path)]

    def bodies(self) -> Iterator[tuple[str, Any]]:
        """Each object that was written, with its entity, those inside batches too."""
        for one in list(self.recorder.sent):
            if one.path == "batch":
                for part in one.body["BatchItemRequest"]:
                    yield from ((name.lower(), part[name]) for name in part if isinstance(part[name], dict))
            elif one.method == "POST" and one.path != "query":
                yield one.path, one.body


@contextmanager
def served_company() -> Iterator[Company]:
    """The simulator behind a path prefix; what was made of it is closed at the end."""
    simulator = QuickBooksSimulator(seed=3)
    recorder = Recorder(simulator.app)
    with serve(Starlette(routes=[Mount("/quickbooks", app=recorder)])) as served:
        base = f"{served.url}/quickbooks"
        settings = QuickBooksSettings(base, f"{base}/oauth2/v1/tokens/bearer", "client-id", "client-secret", FAST)
        company = Company(simulator, recorder, settings)
        yield company
        for provider in company.made:
            provider.close()
        simulator.close()


def line(item: str, price: str = "100.00", quantity: str = "1", code: str | None = None, **fields: Any) -> Line:
    amount = cents(Decimal(price) * Decimal(quantity))
    return Line(item, amount, Decimal(quantity), Decimal(price), tax_code=code, **fields)


def invoice(customer: str, *lines: Line, tax: str = "0.00", regime: str = NO_TAX, **fields: Any) -> Invoice:
    """An invoice that adds up, without a discount unless ``fields`` say so."""
    taken = fields["discount"].amount if fields.get("discount") else Decimal(0)
    total = sum((one.amount for one in lines), Decimal(0)) - taken + Decimal(tax)
    days = {"issued": datetime(2026, 6, 1, tzinfo=UTC).date(), "due": datetime(2026, 6, 15, tzinfo=UTC).date()}
    return Invoice(customer, lines=lines, tax=Decimal(tax), total=total, regime=regime, **{**days, **fields})


def payment(customer: str, amount: str, *parts: tuple[str, str], **fields: Any) -> Payment:
    day = datetime(2026, 6, 2, tzinfo=UTC).date()
    shares = tuple(Part(remote_id, Decimal(share)) for remote_id, share in parts)
    return Payment(customer, Decimal(amount), shares, **{"paid_on": day, **fields})


ADA = Customer("Ada Lovelace", "Ada", "Lovelace", email="ada@example.com", phone="555 0100")
BOILER = Item("Boiler service", "Once a year", Decimal("89.5"), income_account="79", sku="B-1")
