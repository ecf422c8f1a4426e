"""Books on both sides under everything that can happen: after it falls quiet, each thing is there once, to the cent."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.sync.books_fate import FATE, REQUEST, SENDING, TOKEN, WRITE, entrust, fateful
from tests.sync.books_house import BOOKS, FC_KEY, SETTINGS, BooksHouse, Street, street
from tests.sync.books_people import DEEDS, MAILS, NAMES, PHONES, Deed, People
from tests.sync.books_quiet import Quiet
from tests.sync.books_shift import Shift
from tests.sync.books_weather import (
    BUSY,
    CALLS,
    DAY,
    FIELDCAMP_BUSY,
    FIELDS,
    LESS,
    LINES,
    LOST,
    MODE,
    MOMENT,
    MOODS,
    PARTS,
    PLACE,
    SHARE,
    SWITCHES,
    TRIGGER,
)
from worker.core.jobs import Mode, Trigger
from worker.simulators.faults import Fault

MEMORY = Path("/dev/shm")


class Books(RuleBasedStateMachine):
    """People work on both sides, answers are lost, ids and cursors are forgotten, workers die and wake."""

    street: ClassVar[Street]

    @initialize(match=st.sampled_from(["suggest", "create"]), switches=SWITCHES, accepts=st.booleans())
    def open(self, match: str, switches: dict[str, Any], accepts: bool) -> None:
        FATE.clear()
        self.folder = Path(tempfile.mkdtemp(prefix="books", dir=MEMORY if MEMORY.is_dir() else None))
        told = {**SETTINGS, "customer_match": match}
        self.there = BooksHouse(self.street, self.folder / "sync.db", settings=told, switches=switches)
        entrust(self.there.store)
        self.people = People(self.there)
        self.quiet = Quiet(self.there, self.people, accepts)
        self.shift = Shift(self.there)
        self.people.adds_an_item("Boiler service", 100)
        for place in (0, 1):
            self.people.adds_a_client(NAMES[place], MAILS[place], PHONES[place])
            self.people.writes_an_invoice(place, [{"place": 0, "price": 100, "quantity": 1, "extra": {}}])
        self.shift.run()

    def teardown(self) -> None:
        if hasattr(self, "there"):
            try:
                self.fall_quiet()
            finally:
                FATE.clear()
                self.there.close()
                shutil.rmtree(self.folder)

    # At FieldCamp

    @rule(name=st.sampled_from(NAMES), email=st.sampled_from(MAILS), phone=st.sampled_from(PHONES))
    def client_is_added(self, **fields: Any) -> None:
        if len(self.people.clients()) < 4:
            self.people.adds_a_client(**fields)

    @rule(place=PLACE, name=st.sampled_from(NAMES), email=st.sampled_from(MAILS))
    def client_changes(self, place: int, **fields: Any) -> None:
        self.people.changes_a_client(place, **fields)

    @rule(name=st.sampled_from(["Filter", "Tap", "Filter "]), price=st.sampled_from([10, 0.05]))
    def item_is_added(self, name: str, price: float) -> None:
        if len(self.there.told("items")) < 4:
            self.people.adds_an_item(name, price)

    @rule(place=PLACE, name=st.sampled_from(["Filter", "Tap", "Valve"]), price=st.sampled_from([12, 0.5]))
    def item_changes(self, place: int, **fields: Any) -> None:
        self.people.changes_an_item(place, **fields)

    @rule(place=PLACE, lines=LINES, fields=FIELDS, number=st.sampled_from([None, None, "7"]))
    def invoice_is_written(self, place: int, lines: list[Any], fields: dict[str, Any], number: str | None) -> None:
        if len(self.there.told("invoices")) < 6:
            numbered = fields if number is None else {**fields, "number": number}
            self.people.writes_an_invoice(place, lines, **numbered)

    @rule(place=PLACE, lines=st.none() | LINES, fields=FIELDS)
    def invoice_changes(self, place: int, lines: list[Any] | None, fields: dict[str, Any]) -> None:
        self.people.changes_an_invoice(place, lines, **fields)

    @rule(place=PLACE)
    def invoice_is_voided(self, place: int) -> None:
        self.people.voids_an_invoice(place)

    @rule(place=PLACE)
    def invoice_is_deleted(self, place: int) -> None:
        self.people.deletes_an_invoice(place)

    @rule(place=PLACE, share=SHARE)
    def payment_is_taken(self, place: int, share: Decimal) -> None:
        self.people.takes_a_payment(place, share)

    @rule(place=PLACE, share=LESS)
    def payment_is_corrected(self, place: int, share: Decimal) -> None:
        self.people.corrects_a_payment(place, share)

    @rule(place=PLACE)
    def payment_is_deleted(self, place: int) -> None:
        self.people.deletes_a_payment(place)

    # In QuickBooks

    @rule(places=st.lists(PLACE, min_size=1, max_size=3), share=LESS, over=st.sampled_from([Decimal(0), Decimal(5)]))
    def bookkeeper_records_a_payment(self, **how: Any) -> None:
        self.people.records(**how)

    @rule(place=PLACE, share=LESS, day=st.none() | DAY)
    def bookkeeper_amends_a_payment(self, **how: Any) -> None:
        self.people.amends(**how)

    @rule(place=PLACE, share=LESS)
    def bookkeeper_amends_a_payment_of_ours(self, **how: Any) -> None:
        self.people.meddles(**how)

    @rule(place=PLACE, own=st.booleans(), deleted=st.booleans())
    def bookkeeper_takes_a_payment_back(self, **how: Any) -> None:
        self.people.takes_back(**how)

    @rule(place=PLACE, deleted=st.booleans())
    def bookkeeper_withdraws_an_invoice(self, **how: Any) -> None:
        self.people.withdraws(**how)

    @rule(place=PLACE)
    def bookkeeper_writes_a_memo(self, place: int) -> None:
        self.people.edits_an_invoice(place, "CustomerMemo", {"value": "As agreed"})

    @rule(place=PLACE, day=DAY)
    def bookkeeper_grants_more_time(self, place: int, day: str) -> None:
        self.people.edits_an_invoice(place, "DueDate", day)

    @rule(place=PLACE)
    def bookkeeper_corrects_a_telephone(self, place: int) -> None:
        self.people.edits_a_telephone(place, "555 999 0000")

    @rule(entity=st.sampled_from(["Customer", "Vendor"]), name=st.sampled_from(NAMES), email=st.sampled_from(MAILS))
    def bookkeeper_enters_somebody(self, **whom: Any) -> None:
        self.people.enters(**whom)

    @rule(place=PLACE)
    def bookkeeper_retires_a_customer(self, place: int) -> None:
        self.people.retires(place)

    # The weather

    @rule(mood=MOODS)
    def quickbooks_has_another_mood(self, mood: dict[str, Any]) -> None:
        self.there.quickbooks.set(**mood)

    @rule()
    def request_ids_are_forgotten(self) -> None:
        self.there.quickbooks.forget_request_ids()

    @rule()
    def idempotency_keys_are_forgotten(self) -> None:
        self.there.fieldcamp._account(FC_KEY).replays._given.clear()

    @rule()
    def access_tokens_expire(self) -> None:
        self.there.quickbooks.expire_access_tokens()

    @rule(days=st.sampled_from([0.02, 2.0, 45.0]))
    def time_passes(self, days: float) -> None:
        """Within the overlap nothing can be missed; after thirty days no cursor is good any more."""
        self.there.ahead += timedelta(days=days)
        self.there.quickbooks.pass_time(days * 86_400)

    @rule()
    def books_are_disconnected_and_connected_again(self) -> None:
        self.shift.recover()
        self.there.store.connections.disconnect(self.there.account_id, BOOKS, self.there.now())
        self.there.connect()

    @rule(order=st.randoms(use_true_random=False), twice=st.booleans(), lost=st.booleans())
    def events_arrive(self, order: random.Random, twice: bool, lost: bool) -> None:
        self.shift.deliver(order, twice=twice, lost=lost)

    # Syncs

    @rule(mode=MODE, trigger=TRIGGER)
    def sync(self, mode: Mode, trigger: Trigger) -> None:
        self.shift.run(mode, trigger)

    @rule(scope=st.sampled_from(["customers", "items", "invoices", "payments", "taxes"]))
    def sync_of_one_scope(self, scope: str) -> None:
        self.shift.run(scope=scope)

    @rule(mode=MODE)
    def dry_run(self, mode: Mode) -> None:
        self.shift.recover()
        writes = self.quiet.writes()
        self.shift.run(mode, dry_run=True)
        assert self.quiet.writes() == writes

    @rule(mode=MODE, operation=CALLS, drop=LOST, skip=st.integers(0, 2), times=st.integers(1, 3))
    def sync_with_lost_answers(self, mode: Mode, **how: Any) -> None:
        self.shift.run_with(mode, [Fault(reset=True, **how)])

    @rule(mode=MODE, operation=CALLS, busy=BUSY, skip=st.integers(0, 2), times=st.integers(1, 3))
    def sync_while_quickbooks_is_busy(self, mode: Mode, busy: dict[str, Any], **how: Any) -> None:
        self.shift.run_with(mode, [Fault(parts=False, **busy, **how)])

    @rule(mode=MODE, part=PARTS, skip=st.integers(0, 2), times=st.integers(1, 3))
    def sync_while_parts_are_refused(self, mode: Mode, part: dict[str, Any], **how: Any) -> None:
        self.shift.run_with(mode, [Fault(parts=True, **part, **how)])

    @rule(mode=MODE, busy=FIELDCAMP_BUSY, method=st.sampled_from(["POST", "PUT", "DELETE"]), times=st.integers(1, 3))
    def sync_while_fieldcamp_is_busy(self, mode: Mode, busy: dict[str, Any], **how: Any) -> None:
        self.shift.run_with(mode, at_fieldcamp=[Fault(path="payments", **busy, **how)])

    @rule(mode=MODE, trigger=TRIGGER, left=MOMENT, after=st.booleans())
    def sync_of_a_worker_that_dies_at_a_request(self, mode: Mode, trigger: Trigger, **moment: Any) -> None:
        self.shift.doomed(lambda: FATE.await_(REQUEST, TOKEN, **moment), mode, trigger)

    @rule(mode=MODE, left=st.integers(0, 2), after=st.booleans(), price=st.sampled_from([70, 33.33]), place=PLACE)
    def sync_of_a_worker_that_dies_over_news(self, mode: Mode, price: float, place: int, **moment: Any) -> None:
        """What is new on both sides is on its way just then."""
        self.people.writes_an_invoice(place, [{"place": place, "price": price, "quantity": 1, "extra": {}}])
        self.people.takes_a_payment(place, Decimal("0.5"))
        self.people.records([place], Decimal("0.25"), Decimal(0))
        self.shift.doomed(lambda: FATE.await_(SENDING, **moment), mode)

    @rule(mode=MODE, left=st.integers(0, 2), after=st.booleans(), place=PLACE)
    def sync_of_a_zombie_over_news(self, mode: Mode, place: int, **moment: Any) -> None:
        self.people.takes_a_payment(place, Decimal("0.5"))
        self.people.records([place], Decimal("0.25"), Decimal(0))
        self.shift.doomed(lambda: FATE.await_(SENDING, hook=self.shift.take_over, **moment), mode)
        self.shift.recover()

    @rule(mode=MODE, left=st.integers(0, 40), after=st.booleans())
    def sync_of_a_worker_that_dies_at_its_store(self, mode: Mode, **moment: Any) -> None:
        self.shift.doomed(lambda: FATE.await_(WRITE, **moment), mode)

    @rule(mode=MODE, where=st.sampled_from([REQUEST, WRITE]), left=st.integers(0, 30), after=st.booleans())
    def sync_of_a_zombie(self, mode: Mode, where: str, **moment: Any) -> None:
        """The worker sleeps past its lease; another takes over and ends; then the first wakes and goes on."""
        self.shift.doomed(lambda: FATE.await_(where, hook=self.shift.take_over, **moment), mode)
        self.shift.recover()

    @rule(left=MOMENT, deed=st.sampled_from(DEEDS), place=PLACE)
    def sync_while_people_work(self, left: int, deed: Deed, place: int) -> None:
        def done() -> None:
            deed(self.people, place)

        self.shift.doomed(lambda: FATE.await_(REQUEST, left=left, after=False, hook=done))

    @rule()
    def fall_quiet(self) -> None:
        self.shift.recover()
        self.shift.deliver_all()
        self.quiet.fall()


@pytest.fixture(scope="module", autouse=True)
def both_sides() -> Iterator[Street]:
    with street() as served, fateful():
        Books.street = served
        yield served


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=12,
    stateful_step_count=22,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds, and making one smaller takes hundreds of them
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
