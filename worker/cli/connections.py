"""``visit-sync connect`` and ``disconnect``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from worker.cli.opening import account_of, opened
from worker.cli.speech import say
from worker.core.errors import Invalid
from worker.sync.connect import connect, disconnect

Integration = Annotated[str, typer.Argument(help="fieldcamp, google_calendar …")]
Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="The account; not needed if there is one.")
]


def add_to(app: typer.Typer) -> None:
    app.command("connect")(connect_command)
    app.command("disconnect")(disconnect_command)


def connect_command(
    integration: Integration,
    credentials: Annotated[Path, typer.Option(help="JSON file, as the README shows for each integration.")],
    account: Account = None,
    settings: Annotated[Path | None, typer.Option(help="JSON file: calendars, time zone, who wins …")] = None,
    team: Annotated[str, typer.Option(metavar="usr_1", help="The one team member whose grant this is.")] = "",
) -> None:
    """Connect an integration without a browser."""
    with opened() as wiring:
        chosen = account_of(wiring, account)
        wanted = _json_object(settings, "--settings") if settings is not None else None
        connect(wiring.house, chosen.id, integration, _json_object(credentials, "--credentials"), wanted, team=team)
    say(f"{integration} is connected. Next: visit-sync sync {integration} --account {chosen.id} --wait")


def disconnect_command(integration: Integration, account: Account = None) -> None:
    """Revoke the grant and forget the tokens. Links stay, so that reconnecting makes no duplicates."""
    with opened() as wiring:
        disconnect(wiring.house, account_of(wiring, account).id, integration, wiring.revoke)
    say(f"{integration} is disconnected.")


def _json_object(path: Path, option: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Invalid(f"{option}: {path}: {error.strerror}", {option: "cannot be read"}) from None
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its encoding"
        raise Invalid(f"{option}: {path} is not JSON, see {where}", {option: "expected JSON"}) from None
    if not isinstance(value, dict):
        raise Invalid(f"{option}: {path}: expected a JSON object", {option: "expected an object"})
    return value
