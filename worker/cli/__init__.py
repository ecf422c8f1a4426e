"""``visit-sync``: the command line of contract §3."""

import sys
from typing import Any

import typer

from worker.cli import accounts, connections, database, demo, explain, matches, processes, syncs
from worker.cli.speech import fail
from worker.core.errors import Invalid, NotConnected, SyncError, SyncInProgress
from worker.logs import configure

FAILED, MISTAKE, CONFLICT, NOT_CONNECTED = 1, 2, 3, 4

MISUSE: type[Any] = typer.BadParameter.__mro__[1]
"""A command line that cannot be understood: Typer offers this special case of it alone under a public name."""

app = typer.Typer(
    name="visit-sync",
    help="Keeps FieldCamp visits, calendars and books in agreement.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (processes, demo, database, accounts, connections, syncs, explain, matches):
    part.add_to(app)


def main() -> None:
    """Run the command; a user's mistake is one line on standard error and never a traceback."""
    configure()
    try:
        status = app(standalone_mode=False)
    except SyncError as error:
        fail(error.message)
        sys.exit(exit_status(error))
    except MISUSE as error:
        _explain(error)
        sys.exit(MISTAKE)
    except typer.Abort:
        sys.exit(FAILED)
    sys.exit(status)


def _explain(error: Any) -> None:
    message: str = error.format_message()
    if message.startswith("Usage:"):
        error.show()  # nothing was asked for: this is the help
    else:
        fail(f"{message} Help: visit-sync {' '.join([*_commands(error.ctx), '--help'])}")


def _commands(context: Any) -> list[str]:
    """The command that was being read, without the name of the program."""
    if context is None or context.parent is None:
        return []
    return [*_commands(context.parent), context.info_name]


def exit_status(error: SyncError) -> int:
    """3 for a conflict, 4 for not connected, 2 for a mistake in what was asked, 1 for the rest (contract §3)."""
    if isinstance(error, SyncInProgress):
        return CONFLICT
    if isinstance(error, NotConnected):
        return NOT_CONNECTED
    return MISTAKE if isinstance(error, Invalid) else FAILED
