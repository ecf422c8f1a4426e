"""What happens in the demo between FieldCamp and ReviewRover, and both side by side, request by request."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from worker.demo.billing import Billing
from worker.demo.company import API_KEY
from worker.demo.stage import REVIEWS, Stage
from worker.simulators.faults import Fault
from worker.simulators.town import Town
from worker.sync.connect import connect

CAMPAIGN = "demo"
DONE, CALLED_OFF = ("vis_96", "vis_97", "vis_98", "vis_175", "vis_176"), "vis_99"
"""Visits that are completed, the last two of a client without an e-mail address, and one that is cancelled before."""

AGAIN, LATER = DONE[0], DONE[2]
"""One that is reopened and completed again, and one that is cancelled after it was completed."""

SHARES = ("1", "0.5")
Record = Mapping[str, Any]
Row = tuple[str, object, object]


@dataclass
class Reviews:
    """The part of the story that is about reviews. ``completed`` are the visits that were completed at some time."""

    stage: Stage
    billing: Billing
    completed: set[str] = field(default_factory=set)

    def open(self) -> str:
        """The company joins a campaign for reviews."""
        token = self.stage.town.review_rover.add_account(CAMPAIGN)
        connect(self.stage.wiring.house, self.stage.account_id, REVIEWS, {"token": token}, {"create_on": "completed"})
        self.stage.settle()
        return f"{len(self._requests())} review requests"

    def finish(self) -> str:
        """Visits are completed and paid while answers are lost; then one is reopened, and two are cancelled."""
        faults = self.stage.town.review_rover.faults
        faults.add(Fault(operation="visits.create", drop="after", times=2))
        for visit_id, share in zip(DONE, (*SHARES, *("1",) * len(DONE)), strict=False):
            visit = self.change(visit_id, visitStatus="completed")
            self.stage.books.pay(self.billing.bill_visit(visit), share)
        self.stage.settle()
        asked = len(self._requests())
        self.change(AGAIN, visitStatus="in_progress")
        for visit_id in (CALLED_OFF, LATER):
            self.change(visit_id, visitStatus="cancelled")
        self.stage.settle()
        self.change(AGAIN, visitStatus="completed")
        self.stage.settle()
        more = len(self._requests()) - asked
        return f"{asked} review requests, {faults.fired()} answers lost, {more} more for the second completion"

    def change(self, visit_id: str, **fields: Any) -> dict[str, Any]:
        """What a dispatcher or a technician changes of a visit; the visit as it is then."""
        if fields.get("visitStatus") == "completed":
            self.completed.add(visit_id)
        visit = dict(self.stage.town.fieldcamp.change_visit(API_KEY, visit_id, **fields))
        self.stage.tend()
        return visit

    def writes(self) -> int:
        """What was written to ReviewRover."""
        return sum(entry.method != "GET" for entry in self.stage.town.review_rover.journal.entries())

    def _requests(self) -> Sequence[Record]:
        return self.stage.town.review_rover.review_requests(CAMPAIGN)


@dataclass(frozen=True, slots=True)
class Asked:
    """One row for reviews that were asked for, and one for what was paid on those visits: at FieldCamp, and at
    ReviewRover; and each difference in words."""

    rows: list[Row]
    differences: list[str]


def compare_reviews(town: Town, completed: Collection[str] = frozenset()) -> Asked:
    """What both sides say: each visit that is completed, of a client with an e-mail address, has one review request.
    One that was ``completed`` and is no more may have one, too."""
    due, possible = _due(town)
    times = Counter(one["external_id"] for one in town.review_rover.review_requests(CAMPAIGN))
    asked = {visit_id: times[visit_id] for visit_id in times if visit_id in due}
    paid, collected = _paid(town, due), _collected(town, due)
    rows: list[Row] = [
        ("reviews asked", len(due), sum(asked.values())),
        ("collected", f"{sum(paid.values()):,.2f}", f"{sum(collected.values()):,.2f}"),
    ]
    found = [f"{visit_id}: no review is asked for" for visit_id in due - times.keys()]
    found += [f"{visit_id}: a review is asked for {number} times" for visit_id, number in times.items() if number > 1]
    wrong = times.keys() - due - (possible & set(completed))
    found += [f"{visit_id}: no review should be asked for" for visit_id in wrong]
    found += [
        f"{visit_id}: {paid[visit_id]} is paid at FieldCamp, {collected[visit_id]} at ReviewRover"
        for visit_id in due & times.keys()
        if paid[visit_id] != collected[visit_id]
    ]
    return Asked(rows, sorted([*found, *_called_off(town)]))


def _due(town: Town) -> tuple[set[str], set[str]]:
    """The visits that are completed, and all visits, of clients who have an e-mail address."""
    clients = {one["id"] for one in town.fieldcamp.records(API_KEY, "clients") if one["email"]}
    jobs = {one["id"] for one in town.fieldcamp.records(API_KEY, "jobs") if one["clientId"] in clients}
    visits = [one for one in town.fieldcamp.visits(API_KEY) if one["jobId"] in jobs]
    done = {one["id"] for one in visits if one["visitStatus"] == "completed"}
    return done, {one["id"] for one in visits}


def _called_off(town: Town) -> list[str]:
    """Each visit that was told and is cancelled since says so, and no deleted one is there."""
    states = {one["id"]: one["visitStatus"] for one in town.fieldcamp.visits(API_KEY)}
    found = []
    for told in town.review_rover.visits(CAMPAIGN):
        visit_id, state = told["external_id"], states.get(told["external_id"])
        if state is None:
            found.append(f"{visit_id}: is deleted at FieldCamp, and at ReviewRover still")
        elif (state == "cancelled") != bool(told["date_cancelled"]):
            found.append(f"{visit_id}: is {state} at FieldCamp, date_cancelled is {told['date_cancelled']}")
    return found


def _paid(town: Town, visits: Collection[str]) -> dict[str, Decimal]:
    of = {one["id"]: one["visitId"] for one in town.fieldcamp.records(API_KEY, "invoices")}
    paid = dict.fromkeys(visits, Decimal("0.00"))
    for payment in town.fieldcamp.records(API_KEY, "payments"):
        visit_id = of.get(payment["invoiceId"])
        if visit_id in paid:
            paid[visit_id] += _money(payment["amount"])
    return paid


def _collected(town: Town, visits: Collection[str]) -> dict[str, Decimal]:
    told = {one["external_id"]: _money(one["amount_collected"] or 0) for one in town.review_rover.visits(CAMPAIGN)}
    return {visit_id: told.get(visit_id, Decimal("0.00")) for visit_id in visits}


def _money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))
