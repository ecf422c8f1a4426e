"""``visit-sync account key``: who may call the API."""

import re
from typing import Annotated, Any

import typer

from worker.cli.opening import account_of, opened
from worker.cli.speech import say, say_json, table
from worker.core.connections import SCOPES, ApiKey
from worker.core.errors import Invalid
from worker.descriptors import rfc_3339
from worker.wiring import now

KEY_ID = re.compile(r"key_[0-9a-f]{16}", re.ASCII)
LONGEST_LABEL = 100
COLUMNS = ("key", "label", "begins", "scopes", "created", "last used", "revoked")

Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="The account; not needed if there is one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="API keys of an account.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_keys)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")


def create(
    account: Account = None,
    scope: Annotated[list[str] | None, typer.Option(help="sync:read or sync:write, once for each; else both.")] = None,
    label: Annotated[str | None, typer.Option(help="What people call it: who uses it, and for what.")] = None,
    as_json: Json = False,
) -> None:
    """Make a further API key; it is shown this once."""
    scopes, words = _scopes(scope), _label(label)
    with opened() as wiring:
        key, raw_key = wiring.store.keys.create(account_of(wiring, account).id, scopes, now(), words)
    if as_json:
        made = {"key_id": key.id, "api_key": raw_key, "scopes": sorted(key.scopes), "label": key.label}
        say_json({**made, "account_id": key.account_id})
        return
    facts = {"key_id": key.id, "api_key": raw_key, "scopes": _listed(key), "label": key.label or "none"}
    for field, value in facts.items():
        say(f"{field:15} {value}")
    say("The API key is not shown again. Requests carry it as: Authorization: Bearer <key>, or X-API-Key: <key>")


def list_keys(account: Account = None, as_json: Json = False) -> None:
    """List the keys of an account, revoked ones too; what they are is never shown."""
    with opened() as wiring:
        keys = wiring.store.keys.of(account_of(wiring, account).id)
    if as_json:
        say_json({"keys": [_json(key) for key in keys]})
        return
    table(COLUMNS, [_row(key) for key in keys])


def revoke(key_id: Annotated[str, typer.Argument(metavar="KEY_ID")], account: Account = None) -> None:
    """Have a key open nothing any more, from the next request on."""
    if not KEY_ID.fullmatch(key_id):
        # It may be the key itself that somebody gave here, so it is not repeated.
        expected = "expected key_ and 16 hex digits, as visit-sync account key list shows it"
        raise Invalid(f"KEY_ID: {expected}", {"key_id": expected})
    with opened() as wiring:
        chosen = account_of(wiring, account)
        if not wiring.store.keys.revoke(chosen.id, key_id, now()):
            raise Invalid(f"KEY_ID: the account {chosen.id} has no key {key_id}", {"key_id": "unknown"})
    say(f"{key_id} is revoked.")


def _scopes(given: list[str] | None) -> tuple[str, ...]:
    if any(scope not in SCOPES for scope in given or ()):
        expected = f"expected {' or '.join(SCOPES)}"
        raise Invalid(f"--scope: {expected}", {"scope": expected})
    return tuple(given or SCOPES)


def _label(given: str | None) -> str | None:
    words = " ".join((given or "").split())
    if len(words) > LONGEST_LABEL:
        expected = f"expected at most {LONGEST_LABEL} characters"
        raise Invalid(f"--label: {expected}", {"label": expected})
    return words or None


def _json(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "prefix": key.prefix,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "created_at": rfc_3339(key.created_at),
        "last_used_at": rfc_3339(key.last_used_at),
        "revoked_at": rfc_3339(key.revoked_at),
    }


def _row(key: ApiKey) -> tuple[object, ...]:
    moments = (rfc_3339(key.created_at), rfc_3339(key.last_used_at), rfc_3339(key.revoked_at))
    return (key.id, key.label, f"{key.prefix}…", _listed(key), *moments)


def _listed(key: ApiKey) -> str:
    return " ".join(sorted(key.scopes))
