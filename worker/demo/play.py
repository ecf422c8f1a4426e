"""Plays the demo: once, with a summary at the end, or on and on."""

import random
import sys
import time
from collections import Counter

from rich.console import Console

from worker.cli.speech import fail, say, table
from worker.core.jobs import JobStatus
from worker.demo.company import API_KEY
from worker.demo.comparison import Comparison, compare
from worker.demo.stage import Stage, Stuck, set_up
from worker.demo.story import AT_FIRST, IN_ALL, WAY, WITH_OUTLOOK, Story
from worker.settings import Settings

PAUSE = 2.0


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
        found = compare(stage.town, stage.company.on_outlook)
        _summary(stage, found)
    return found.agree


def play_on(settings: Settings, port: int) -> None:
    """A company that goes on until somebody stops it."""
    with set_up(settings, port, AT_FIRST, WITH_OUTLOOK) as stage:
        story = Story(stage)
        started = time.monotonic()
        for headline, step in list(story.steps())[:2]:
            _tell(headline, step(), started)
        _summary(stage, compare(stage.town, stage.company.on_outlook))
        say(f"Open {stage.web_url}/healthz while it runs. Events keep coming; stop with Ctrl-C.")
        try:
            _go_on(stage, story, started)
        except KeyboardInterrupt:
            say("Stopping.")
            story.settle()
            _summary(stage, compare(stage.town, stage.company.on_outlook))


def _go_on(stage: Stage, story: Story, started: float) -> None:
    chance = random.Random()  # noqa: S311 - which visit moves next need not be secret
    states: Counter[str] = Counter()
    while True:
        visit_id = f"vis_{chance.randrange(IN_ALL)}"
        status = (*WAY, "scheduled")[states[visit_id] % (len(WAY) + 1)]
        states[visit_id] += 1
        stage.town.fieldcamp.change_visit(API_KEY, visit_id, visitStatus=status)
        _tell(f"{visit_id} is {status}", f"{len(stage.jobs())} syncs so far", started)
        resting = time.monotonic() + PAUSE
        stage.wait_until("the next event", lambda: time.monotonic() > resting)  # noqa: B023 - used at once


def _tell(headline: str, what: str, started: float) -> None:
    Console().print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {headline} [cyan]→ {what}[/]", highlight=False)
    sys.stdout.flush()


def _summary(stage: Stage, found: Comparison) -> None:
    rows = [(*row, "yes" if row[1] == row[2] else "NO") for row in found.rows]
    table(("calendar", "visits", "events", "private", "agree"), rows, title="FieldCamp and the calendars")
    jobs = stage.jobs()
    words = Counter(str(job.status) for job in jobs)
    google, outlook = stage.town.google.counters(), stage.town.outlook.counters()
    facts = [
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
        ("workers killed", stage.kills),
        ("taken over", sum(job.attempts > 1 for job in jobs if job.status is not JobStatus.QUEUED)),
    ]
    table(("what", "how many"), facts, title="Counts")
    for difference in found.differences[:20]:
        fail(difference)
    say("Both sides agree." if found.agree else f"The two sides differ in {len(found.differences)} places.")
