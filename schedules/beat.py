"""The timetable as Celery's beat keeps it; `python -m schedules.beat` is the process."""

import sys
from collections.abc import Iterable
from typing import Any

from celery import Celery

from schedules.timetable import TIMETABLE, Row
from worker import app as application
from worker import logs, settings
from worker.core.errors import Invalid


def beat_schedule(rows: Iterable[Row] = TIMETABLE) -> dict[str, dict[str, Any]]:
    """The rows in the words of Celery's ``beat_schedule``."""
    return {row.name: _entry(row) for row in rows}


def _entry(row: Row) -> dict[str, Any]:
    options = {"queue": row.queue, "expires": row.expires.total_seconds(), "ignore_result": True}
    return {"task": row.task, "schedule": row.every.total_seconds(), "options": options}


def ticking(chosen: settings.Settings) -> Celery:
    """The application of a beat: it sends the timetable's ticks and waits for no broker."""
    app = application.make_publisher(chosen)
    app.conf.beat_schedule = beat_schedule()
    return app


def run(chosen: settings.Settings) -> None:
    """Ticks until SIGTERM. Any number of beats may tick: the sweep is safe with all of them."""
    ticking(chosen).Beat(loglevel="WARNING", quiet=True).run()


def main() -> int:
    logs.configure()
    try:
        run(settings.load())
    except Invalid as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - a user's mistake, in one line
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
