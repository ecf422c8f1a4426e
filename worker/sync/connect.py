"""A connection comes and goes: credentials checked and stored, or revoked and forgotten."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from worker.core.connections import Connection, is_realm_id
from worker.core.errors import Invalid, NotConnected, SyncError
from worker.core.ports import Manifest
from worker.sync.house import House
from worker.sync.watch import stop_channels

FIRST_LOOK = timedelta(seconds=10)
"""How long a new connection waits for whoever made it to ask for the first sync, or to connect the next."""


def connect(
    house: House,
    account_id: str,
    integration: str,
    credentials: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    *,
    team: str = "",
) -> Connection:
    """Store a connection; with ``team`` the grant of one team member beside those of the others.

    Reconnecting keeps every link, so that nothing is published twice; without ``settings`` those from before stay.
    Another company's books (``realm_id``) are begun anew: what is ours there is known by its key.
    Raises Invalid that names the field.
    """
    if integration not in house.manifests:
        known = ", ".join(house.manifests)
        raise Invalid(f"integration: expected one of {known}", {"integration": f"expected one of {known}"})
    check_credentials(integration, credentials)
    if settings is None:
        before = house.store.connections.find(account_id, integration)
        settings = before.settings if before else {}
    _check_settings(house.manifests[integration], settings, team)
    return house.store.connections.connect(
        account_id,
        integration,
        settings,
        {team: credentials},
        due=house.now() + FIRST_LOOK,
        beside=bool(team),
        realm=credentials.get("realm_id"),
    )


def _check_settings(manifest: Manifest, settings: Mapping[str, Any], team: str) -> None:
    if team and not manifest.calendar:
        raise Invalid("--team: only calendars have one grant per team member", {"team": "calendars only"})
    if manifest.preferences is not None:
        manifest.preferences(settings)
    elif settings:
        raise Invalid(f"settings: {manifest.name} takes none", {"settings": "leave them out"})


def disconnect(house: House, account_id: str, integration: str, revoke: Callable[[Connection], None]) -> None:
    """Stop the push channels and revoke the grants, as far as the provider can be reached, and forget them; links stay.

    Raises NotConnected where there is nothing to disconnect.
    """
    connection = house.store.connections.find(account_id, integration)
    if connection is None or not (connection.connected or house.store.grants.teams(connection.id)):
        raise NotConnected(f"{integration} is not connected for this account.")
    if house.manifests[integration].pushes:
        stop_channels(house, connection)
    with suppress(SyncError):  # what counts is that we forget them; the provider may be away, or was quicker
        revoke(connection)
    house.store.connections.disconnect(account_id, integration, house.now())


def check_credentials(integration: str, credentials: Mapping[str, Any]) -> None:
    """Whether the credentials are as contract §3 says; raises Invalid that names the field and never its value."""
    options = _CREDENTIALS[integration]
    if not any(all(_is_given(credentials.get(name), kind) for name, kind in option.items()) for option in options):
        expected = " or ".join("{" + ", ".join(f'"{name}"' for name in option) + "}" for option in options)
        raise Invalid(f"credentials: expected {expected} with values", {"credentials": f"expected {expected}"})
    if not is_realm_id(str(credentials.get("realm_id", "0"))):
        expected = "expected the company's id, such as 4620816365"
        raise Invalid(f"credentials: realm_id: {expected}", {"credentials.realm_id": expected})
    account = credentials.get("service_account")
    if isinstance(account, Mapping):
        missing = [name for name in ("client_email", "private_key") if not isinstance(account.get(name), str)]
        if missing:
            raise Invalid(
                f"credentials: service_account: {missing[0]} is missing",
                {
                    f"service_account.{name}": "expected a text, as in the key file that Google gave you"
                    for name in missing
                },
            )


def _is_given(value: object, kind: type) -> bool:
    return isinstance(value, kind) and bool(value)


_CREDENTIALS: Mapping[str, tuple[dict[str, type], ...]] = {
    "fieldcamp": ({"api_key": str},),
    "google_calendar": ({"refresh_token": str}, {"service_account": dict}),
    "outlook_calendar": ({"refresh_token": str}, {"tenant_id": str}),
    "quickbooks": ({"realm_id": str, "refresh_token": str},),
    "review_rover": ({"token": str},),
    "zendesk_sell": ({"token": str},),
}
