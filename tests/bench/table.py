"""Prints what was measured."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> None:
    """A table with its title above and a ``note`` on how to read it below; numbers stand to the right."""
    table = Table(*columns, title=title, title_justify="left", caption=note or None, caption_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*map(_text, row))
    console = Console(width=140)
    console.print()
    console.print(table)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def ratio(value: float) -> str:
    """How many times as much."""
    return f"{value:.2f} ×" if value < 10 else f"{value:.0f} ×"
