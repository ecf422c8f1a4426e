"""``visit-sync account``: workspaces."""

from typing import Annotated

import typer

from worker.cli import keys
from worker.cli.opening import opened
from worker.cli.speech import say, say_json
from worker.core.errors import Invalid
from worker.wiring import now

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Accounts: one for each FieldCamp workspace.", no_args_is_help=True)
    group.command("create")(create)
    keys.add_to(group)
    app.add_typer(group, name="account")


def create(name: Annotated[str, typer.Argument(help="What people call the company.")], as_json: Json = False) -> None:
    """Make an account; its API key is shown this once."""
    if not name.strip():
        raise Invalid("NAME: expected a name", {"name": "expected a name"})
    with opened() as wiring:
        account, key, secret = wiring.store.accounts.create(name.strip(), now())
    made = {"account_id": account.id, "api_key": key, "webhook_secret": secret}
    if as_json:
        say_json(made)
        return
    for field, value in made.items():
        say(f"{field:15} {value}")
    say("The API key is not shown again. Next: visit-sync connect fieldcamp --account " + account.id)
