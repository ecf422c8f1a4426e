"""What reps change in Zendesk Sell, over HTTP: each change once and in order (contract §4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sources.sell import NOW, Sell, served_sell, stamp
from tests.sync.sell_house import SellHouse
from tests.web.house import FakeHouse, served
from tests.web.office import API, Json, Office
from worker.core.jobs import Mode
from worker.descriptors import rfc_3339
from worker.web.api import api_routes
from worker.web.app import make_web
from worker.web.keys import Doorkeeper
from worker.web.quota import Quota
from worker.web.schemas import VisitChanges

SALES = f"{API}/zendesk-sell/sync"
AT = NOW - timedelta(days=1)


@pytest.fixture
def sell() -> Iterator[Sell]:
    with served_sell() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, sell: Sell) -> Iterator[SellHouse]:
    found = SellHouse(tmp_path / "office.db", sell)
    yield found
    found.close()


@pytest.fixture
def office(house: SellHouse) -> Iterator[Office]:
    doorkeeper = Doorkeeper(house.store.keys.find, Quota())
    site = make_web(FakeHouse(), more=api_routes(house.house, doorkeeper), keeper=doorkeeper)
    with ExitStack() as closing:
        yield Office(house, closing.enter_context(served(site)), closing, [])


def log(sell: Sell, **fields: Any) -> int:
    told = {"resource_type": "lead", "resource_id": 4711, "creator_id": 1, **fields}
    return sell.visit(**told)


def test_a_sales_visit_is_shown_as_an_event_that_is_on_no_calendar(
    office: Office, house: SellHouse, sell: Sell
) -> None:
    visit_id = log(sell)
    job = house.pull()
    page = office.get(SALES)
    assert page["changes"] == [
        {
            "action": "created",
            "visit_id": f"sell:{visit_id}",
            "event_id": str(visit_id),
            "calendar": None,
            "changed_at": stamp(sell.clock),
            "seen_at": rfc_3339(house.clock),
            "job_id": job.id,
            "event": {
                "summary": "Lead 4711",
                "start": stamp(AT),
                "end": stamp(AT + timedelta(minutes=30)),
                "status": "confirmed",
            },
        }
    ]
    VisitChanges.model_validate(page)


def test_edits_and_deletions_follow_and_each_comes_once(office: Office, house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    house.pull()
    cursor = office.get(SALES)["next_cursor"]
    sell.edit(visit_id, summary="Hot")
    house.pull()
    sell.delete(visit_id)
    house.pull(Mode.FULL)
    found: list[Json] = []
    while True:
        page = office.get(SALES, cursor=cursor, limit=1)
        found += page["changes"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert [(change["action"], change["visit_id"]) for change in found] == [
        ("updated", f"sell:{visit_id}"),
        ("deleted", f"sell:{visit_id}"),
    ]
    assert found[1]["event"] == {"summary": None, "start": None, "end": None, "status": "cancelled"}
    house.pull(Mode.FULL)
    assert office.get(SALES, cursor=cursor)["changes"] == []


def test_showing_them_on_calendars_is_nobodys_change(office: Office, house: SellHouse, sell: Sell) -> None:
    log(sell)
    house.show()
    house.show()
    assert len(office.get(SALES)["changes"]) == 1
    assert office.get(f"{API}/google-calendar/sync")["changes"] == []
    assert office.get(f"{API}/fieldcamp/sync")["changes"] == []


def test_a_job_of_the_source_tells_what_became_of_each_visit(office: Office, house: SellHouse, sell: Sell) -> None:
    log(sell)
    gone = log(sell)
    house.pull()
    sell.delete(gone)
    job = house.pull(Mode.FULL)
    told = office.get(f"{API}/jobs/{job.id}")
    assert told["progress"] == {"done": 2, "total": 2}
    assert told["records"]["visits"] == {"created": 0, "updated": 0, "deleted": 1, "unchanged": 1, "failed": 0}
    records = office.get(f"{API}/jobs/{job.id}/records")["records"]
    assert [(each["local_id"], each["remote_id"], each["outcome"]) for each in records] == [
        (f"sell:{gone}", str(gone), "deleted")
    ]
