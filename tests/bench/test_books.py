"""What does it cost to post a thousand invoices?"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.bench.books import ITEMS, REALM, Ledgers, ledgers
from tests.bench.table import ratio, show

pytestmark = pytest.mark.bench

INVOICES, CLIENTS = 1_000, 300
LOOP = 50
BATCH = 30
LATENCY = 0.05
TEN_MINUTES = 600
"""Seconds: the last five minutes are read twice, and in these a thousand invoices were made, more than CDC tells."""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, keys: list[str]) -> Iterator[Ledgers]:
    with capture_logs(), ledgers(tmp_path_factory.mktemp("ledgers"), keys, INVOICES, CLIENTS) as found:
        found.town.quickbooks.set(latency=LATENCY)
        yield found


def test_a_thousand_invoices_for_three_hundred_clients_in_the_fewest_requests_that_are_safe(big: Ledgers) -> None:
    """Compares a first sync of 1,000 new invoices for 300 new clients with a loop that does each object alone and looks
    it up first (50 of the invoices, times twenty), QuickBooks answering each request after 50 ms; and counts requests.

    Customers and items have unique names, so that a lost one is found by its name: they leave in batches of thirty.
    An invoice whose answer is lost could be made twice, and a batch takes no request id for each of its parts: so each
    is sent alone under one, eight side by side. Nothing is looked up where no answer was lost.
    """
    looped = _loop(big)
    loop = looped * INVOICES / LOOP
    big.requests()
    begun = time.perf_counter()
    job = big.sync()
    took = time.perf_counter() - begun
    counts = big.requests()
    batches = -(-CLIENTS // BATCH) + -(-ITEMS // BATCH)
    reads = counts["query"] + counts["cdc"] + counts["preferences.read"]
    rows = [
        ("customers and items: batches of 30", counts["batch"], f"{CLIENTS} / 30 + {ITEMS} / 30"),
        ("invoices: one by one, with a request id", counts["invoice.create"], "a lost answer must not double money"),
        ("reads: preferences, taxes, four lists", reads, "once each"),
        ("tokens", counts["token"], "one grant"),
        ("all", sum(counts.values()), ""),
        ("a loop that looks up each first", 2 * (INVOICES + CLIENTS + ITEMS), "2 × (1,000 + 300 + 10)"),
    ]
    show(f"{INVOICES:,} new invoices for {CLIENTS} new clients", ("", "requests", "why"), rows)
    show(
        f"the same, each request answered after {LATENCY * 1000:.0f} ms",
        ("", "seconds"),
        [("a loop of look-ups and creates", loop), ("one sync", took), ("the loop against it", ratio(loop / took))],
        note=f"the loop's time is that of {LOOP} invoices, times {INVOICES // LOOP}, without its customers;"
        " our own rates a minute and a second are raised for this",
    )
    assert job.counts.pushed == INVOICES + CLIENTS + ITEMS
    assert (counts["batch"], counts["invoice.create"]) == (batches, INVOICES)
    assert reads <= 8
    assert sum(counts.values()) <= INVOICES + batches + 10
    assert big.town.quickbooks.counters()["refused"] == {}
    assert took < loop


def test_nothing_to_do_is_one_request_for_changes_and_the_queries_for_taxes(big: Ledgers) -> None:
    """Counts the requests of a sync that finds nothing to do: change data capture tells of all entities in one answer,
    and does not know taxes, which are asked for by two queries. Whatever is more is paid at every look.
    """
    big.town.quickbooks.pass_time(TEN_MINUTES)
    big.sync()
    big.requests()
    begun = time.perf_counter()
    job = big.sync()
    took = time.perf_counter() - begun
    counts = big.requests()
    show(
        "Nothing to do",
        ("", "changes", "queries for taxes", "others", "seconds"),
        [("QuickBooks", counts["cdc"], counts["query"], _others(counts), took)],
    )
    assert (counts["cdc"], counts["query"], _others(counts)) == (1, 2, 0)
    assert job.counts.pushed == 0


def _others(counts: Mapping[str, int]) -> int:
    return sum(counts.values()) - counts["cdc"] - counts["query"]


def _loop(big: Ledgers) -> float:
    """Seconds for so many invoices, each looked up by its number and then made, over one connection."""
    books = big.town.quickbooks
    customer = books.add_customer(REALM, "Somebody in a loop")["Id"]
    item = books.add(REALM, "Item", Name="A loop", Type="Service", IncomeAccountRef={"value": "79"})["Id"]
    begun = time.perf_counter()
    with big.caller() as client:
        for number in range(LOOP):
            _look_up(client, f"LOOP-{number}")
            client.post("/invoice", json=_invoice(customer, item, number)).raise_for_status()
    took = time.perf_counter() - begun
    for one in books.objects(REALM, "Invoice"):
        books.delete(REALM, "Invoice", one["Id"])
    return took


def _look_up(client: httpx.Client, number: str) -> None:
    query = f"SELECT * FROM Invoice WHERE DocNumber = '{number}'"
    client.get("/query", params={"query": query}).raise_for_status()


def _invoice(customer: str, item: str, number: int) -> dict[str, Any]:
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": 10}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": customer}, "DocNumber": f"LOOP-{number}", "Line": [line]}
