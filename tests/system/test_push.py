"""Google tells of changes, and real processes follow within seconds, long before their timer would look."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, update

from tests.system.system import GOOGLE, System
from worker.core.jobs import Trigger
from worker.store.tables import channels, connections
from worker.sync.connect import disconnect
from worker.wiring import now

SOON = 15.0
"""Seconds; the timer of these systems looks once an hour."""


class Told(System):
    """A system that Google reaches."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, f"sqlite:///{folder / 'visit-sync.db'}", 8)
        self.variables["PUBLIC_URL"] = f"http://127.0.0.1:{self.port}"

    def see_to_channels(self) -> None:
        """Tick as beat does each minute."""
        self.stranger().send_task("visit_sync.watch", queue="syncs")

    @property
    def addresses(self) -> set[str]:
        return {channel["address"] for channel in self.town.google.channels()}

    @property
    def open(self) -> set[str]:
        return {channel["id"] for channel in self.town.google.channels()}

    @property
    def watched(self) -> list[str]:
        return sorted(channel["calendar"] for channel in self.town.google.channels())

    @property
    def calendars(self) -> list[str]:
        return sorted({row["calendar"] for row in self.company.settings["calendars"]})

    def renew_now(self) -> None:
        """As if half of the channels' life were over."""
        with create_engine(self.database_url).begin() as transaction:
            transaction.execute(update(channels).values(renew_at=now()))
            transaction.execute(update(connections).values(watch_at=now()))

    def be_still(self) -> None:
        """Until the messages of our own writes, too, have been looked into."""
        self.assert_agreement()
        known = -1
        while known != len(self.jobs()):
            known = len(self.jobs())
            time.sleep(1)
            self.settle()

    def person_moves(self, visit_id: str) -> datetime:
        """Somebody drags the visit's event to another day; its new start."""
        [(calendar, event)] = self.shown(visit_id)
        start = datetime.fromisoformat(event["start"]["dateTime"]) + timedelta(days=30)
        end = start + timedelta(hours=1)
        self.town.google.person_moves(calendar, event["id"], start.isoformat(), end.isoformat())
        return start

    def starts(self, visit_id: str) -> datetime:
        return datetime.fromisoformat(self.visit(visit_id)["scheduledStart"])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Web, worker and beat with a public address, all channels open."""
    told = Told(tmp_path_factory.mktemp("told"))
    try:
        told.have(web=1, worker=1, beat=1)
        told.wait_until("the first sync", told.agrees)
        told.see_to_channels()
        told.wait_until("a channel for each calendar", lambda: told.watched == told.calendars, SOON)
        told.settle()
        yield told
    finally:
        told.close()


def follows(told: Told) -> None:
    [visit_id] = told.add_visits(1)
    told.assert_agreement()
    moved = told.person_moves(visit_id)
    told.wait_until("the visit to follow its event", lambda: told.starts(visit_id) == moved, SOON)
    told.assert_agreement()


def test_a_person_moves_an_event_and_the_visit_follows_within_seconds(told: Told) -> None:
    assert told.addresses == {f"http://127.0.0.1:{told.port}/webhooks/google-calendar"}
    follows(told)
    assert Trigger.PUSH in {job.request.trigger for job in told.jobs()}
    answered = {notice["status"] for notice in told.town.google.notifications()}
    assert answered == {200}


def test_a_message_that_google_did_not_send_is_refused(told: Told) -> None:
    told.be_still()
    known = len(told.jobs())
    [channel_id, *_] = told.open
    forged = {"X-Goog-Channel-ID": channel_id, "X-Goog-Channel-Token": "guess", "X-Goog-Resource-State": "exists"}
    started = time.monotonic()
    answer = httpx.post(f"http://127.0.0.1:{told.port}/webhooks/google-calendar", headers=forged)
    assert time.monotonic() - started < 1
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    told.settle()
    assert len(told.jobs()) == known


def test_a_channel_that_expired_without_a_word_is_replaced_and_a_sync_finds_what_came_between(told: Told) -> None:
    """Lesson 15: renewed, and polling covers the gap."""
    [visit_id] = told.add_visits(1)
    told.be_still()
    told.town.google.expire_channels()
    moved = told.person_moves(visit_id)
    time.sleep(1)
    assert told.starts(visit_id) != moved
    assert told.watched == []

    told.renew_now()
    told.see_to_channels()
    told.wait_until("the channels to be replaced", lambda: told.watched == told.calendars, SOON)

    told.ended(told.request())
    assert told.starts(visit_id) == moved
    follows(told)


def test_channels_are_renewed_before_they_end_and_the_old_ones_are_stopped(told: Told) -> None:
    """Lesson 15."""
    before = told.open
    told.renew_now()
    told.see_to_channels()
    told.wait_until("other channels", lambda: not before & told.open and told.watched == told.calendars, SOON)
    assert told.town.google.counters()["stop"] >= len(before)
    follows(told)


def test_a_disconnect_stops_them(told: Told) -> None:
    told.settle()
    disconnect(told.wiring.house, told.account_id, GOOGLE, told.wiring.revoke)
    assert told.open == set()
    assert told.rows(channels) == []
    told.see_to_channels()
    time.sleep(1)
    assert told.open == set()
