"""Plays the demo: once, with a summary at the end, or on and on."""

import random
import sys
import time
from collections import Counter

from rich.console import Console

from worker.cli.speech import fail, say, table
from worker.core.jobs import JobStatus
from worker.demo.audit import Audit, audit
from worker.demo.books import REALM
from worker.demo.comparison import Comparison, compare
from worker.demo.reviews import Asked, compare_reviews
from worker.demo.sales import Logged, compare_sales
from worker.demo.stage import Stage, Stuck, set_up
from worker.demo.story import AT_FIRST, WAY, WITH_OUTLOOK, Story
from worker.settings import Settings

PAUSE = 2.0
ON_THE_ROAD = 4
"""Visits that move in a running demo: few, so that one is completed and billed every now and then."""

AT_FIRST_STEPS = 6
"""How far the scenario goes before a running demo goes its own way."""


def play_once(settings: Settings, port: int) -> bool:
    """The whole scenario and its summary; whether both sides agree at the end."""
    with set_up(settings, port, AT_FIRST, WITH_OUTLOOK) as stage:
        story = Story(stage)
        started = time.monotonic()
        try:
            for headline, step in story.steps():
                _tell(headline, step(), started)
        except Stuck as error:
            fail(error.message)
            say(stage.output.getvalue()[-4000:])
        return _summary(stage, story)


def play_on(settings: Settings, port: int) -> None:
    """A company that goes on until somebody stops it."""
    with set_up(settings, port, AT_FIRST, WITH_OUTLOOK) as stage:
        story = Story(stage)
        started = time.monotonic()
        for headline, step in list(story.steps())[:AT_FIRST_STEPS]:
            _tell(headline, step(), started)
        _summary(stage, story)
        say(f"Open {stage.web_url}/healthz while it runs. Events keep coming; stop with Ctrl-C.")
        try:
            _go_on(stage, story, started)
        except KeyboardInterrupt:
            say("Stopping.")
            story.settle()
            _summary(stage, story)


def _go_on(stage: Stage, story: Story, started: float) -> None:
    chance = random.Random()  # noqa: S311 - which visit moves next need not be secret
    states: Counter[str] = Counter()
    while True:
        visit_id = f"vis_{chance.randrange(ON_THE_ROAD)}"
        status = (*WAY, "scheduled")[states[visit_id] % (len(WAY) + 1)]
        states[visit_id] += 1
        visit = story.reviews.change(visit_id, visitStatus=status)
        told = f"{len(stage.jobs())} syncs so far"
        if status == "completed":
            told = f"{story.billing.go_on(visit)}; {told}"
        _tell(f"{visit_id} is {status}", told, started)
        resting = time.monotonic() + PAUSE
        stage.wait_until("the next event", lambda: time.monotonic() > resting)  # noqa: B023 - used at once


def _tell(headline: str, what: str, started: float) -> None:
    Console().print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {headline} [cyan]→ {what}[/]", highlight=False)
    sys.stdout.flush()


def _summary(stage: Stage, story: Story) -> bool:
    """Print both sides; whether they agree."""
    calendars = compare(stage.town, stage.company.on_outlook)
    money = audit(stage.town, story.billing.memos)
    asked = compare_reviews(stage.town, story.reviews.completed)
    logged = compare_sales(stage.town, stage.company.on_outlook)
    _show_calendars(calendars)
    _show_money(money)
    _show_reviews(asked)
    _show_sales(logged)
    table(("what", "how many"), _facts(stage), title="Counts")
    differences = [*calendars.differences, *money.differences, *asked.differences, *logged.differences]
    for difference in differences[:20]:
        fail(difference)
    say("Both sides agree." if not differences else f"The two sides differ in {len(differences)} places.")
    return not differences


def _show_calendars(found: Comparison) -> None:
    rows = [(*row, "yes" if row[1] == row[2] else "NO") for row in found.rows]
    table(("calendar", "visits", "events", "private", "agree"), rows, title="FieldCamp and the calendars")


def _show_money(found: Audit) -> None:
    rows = [
        (name, here, f"{ours:,.2f}", there, f"{theirs:,.2f}", "yes" if ours == theirs else "NO")
        for name, here, ours, there, theirs in found.rows
    ]
    columns = ("books", "at FieldCamp", "amount", "in QuickBooks", "amount", "agree")
    table(columns, rows, title="FieldCamp and the books")


def _show_reviews(found: Asked) -> None:
    rows = [(*row, "yes" if row[1] == row[2] else "NO") for row in found.rows]
    table(("visits", "at FieldCamp", "at ReviewRover", "agree"), rows, title="FieldCamp and ReviewRover")


def _show_sales(found: Logged) -> None:
    rows = [(*row, "yes" if row[1] == row[2] else "NO") for row in found.rows]
    table(("rep", "sales visits", "events", "agree"), rows, title="Zendesk Sell and the calendars")


def _facts(stage: Stage) -> list[tuple[str, object]]:
    jobs = stage.jobs()
    words = Counter(str(job.status) for job in jobs)
    google, outlook = stage.town.google.counters(), stage.town.outlook.counters()
    books = stage.town.quickbooks.counters()
    return [
        ("syncs", ", ".join(f"{count} {status}" for status, count in sorted(words.items()))),
        ("pulled", sum(job.counts.pulled for job in jobs)),
        ("pushed", sum(job.counts.pushed for job in jobs)),
        ("skipped", sum(job.counts.skipped for job in jobs)),
        ("failed, and done later", sum(job.counts.failed for job in jobs)),
        ("conflicts", sum(job.counts.conflicts for job in jobs)),
        ("writes at Google", google["writes"]),
        ("batches at Google", google["batches"]),
        ("writes at Outlook", outlook["writes"]),
        ("batches at Outlook", outlook["batches"]),
        ("most at one mailbox at once", max(outlook["highest"].values(), default=0)),
        ("mails sent by either", google["mails"] + outlook["mails"]),
        ("invoices and payments sent to QuickBooks", books.get("invoice.create", 0) + books.get("payment.create", 0)),
        ("batches at QuickBooks", books["batches"]),
        ("most at the company's books at once", books["highest"].get(REALM, 0)),
        ("turned away by QuickBooks for too many", sum(books["refused"].values())),
        ("workers killed", stage.kills),
        ("taken over", sum(job.attempts > 1 for job in jobs if job.status is not JobStatus.QUEUED)),
    ]
