"""``visit-sync db``: the schema."""

import typer

from worker.cli.speech import say
from worker.settings import load
from worker.wiring import Wiring


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="The database.", no_args_is_help=True)
    group.command("upgrade")(upgrade)
    app.add_typer(group, name="db")


def upgrade() -> None:
    """Create the schema, or migrate it to this version. Safe while other processes do the same."""
    wiring = Wiring(load())
    try:
        wiring.store.upgrade()
    finally:
        wiring.close()
    say("The database is up to date.")
