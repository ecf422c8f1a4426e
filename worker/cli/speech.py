"""How the command line speaks: tables for people, JSON for programs, one line for what went wrong."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

PAGE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe, where nobody's window is too narrow."""

COLOURS = {
    "succeeded": "green",
    "partial": "yellow",
    "failed": "red",
    "cancelled": "magenta",
    "running": "cyan",
    "queued": "blue",
}


def say(text: str) -> None:
    """A line on standard output."""
    print(text)  # noqa: T201 - this is where the command line speaks


def fail(text: str) -> None:
    """A line on standard error."""
    print(f"visit-sync: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201 - as above


def say_json(value: Any) -> None:
    """A JSON value on standard output."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on standard output; states take their colour."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        shown.add_column(column, no_wrap=place == 0)  # what a row is called by is never cut
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    Console(width=None if sys.stdout.isatty() else PAGE_WIDTH).print(shown)


def _cell(value: object) -> str:
    text = "" if value is None else escape(str(value))
    return f"[{COLOURS[text]}]{text}[/]" if text in COLOURS else text
