"""A person connects an integration in the browser: from setting out to the consent page until coming back from it."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from worker.core.connections import Connection
from worker.core.consents import Consent, ConsentRefused, Reason, challenge, hashed, is_other_person, replaced
from worker.core.errors import ConnectionRevoked, Invalid
from worker.core.ports import Consents
from worker.sync.connect import connect
from worker.sync.house import House

LIFE = timedelta(minutes=10)
"""How long a person may take; Google's codes live as long."""
KEPT = timedelta(days=1)
"""How long after that a late one is still told that it is late."""
LONGEST_TEAM = 100
DECLINED = "access_denied"
"""https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"""


@dataclass(frozen=True, slots=True)
class Setting:
    """Which connection is to get a grant: of one account at one integration, for one team member or ('') for all."""

    account_id: str
    integration: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser (``url``), and the secret that it keeps until it comes back."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Held:
    """The grants that a new one takes the place of: ``teams`` as in the store, and whose they are where that is known.

    Empty where nothing is connected or nothing of it is touched.
    """

    teams: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)


def held(house: House, setting: Setting) -> Held:
    """What connecting now would take the place of."""
    connection = house.store.connections.find(setting.account_id, setting.integration)
    if connection is None or not connection.connected:
        return Held()
    teams = replaced(house.store.grants.teams(connection.id), setting.team)
    known = [_credentials(house, connection, team) for team in teams]
    return Held(teams, [str(one["person"]) for one in known if one.get("person")])


def begin_consent(
    house: House, consents: Consents, setting: Setting, redirect_uri: str, browser: str | None = None
) -> Begun:
    """A person sets out. ``browser`` is the secret that their browser has from an earlier time, if any: two flows side
    by side share it.

    The verifier of PKCE never leaves the house. Raises Invalid that names the field.
    """
    check_team(house, setting)
    browser = browser or secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(48)
    consent = Consent(
        account_id=setting.account_id,
        integration=setting.integration,
        team=setting.team,
        browser=hashed(browser),
        verifier=verifier,
        redirect_uri=redirect_uri,
        expires_at=house.now() + LIFE,
    )
    state = house.store.consents.begin(consent)
    hint = _known(house, setting).get("identity")
    return Begun(consents.authorize_url(state, challenge(verifier), redirect_uri, hint), browser)


def check_team(house: House, setting: Setting) -> None:
    """Whether the setting's team member may be one; raises Invalid."""
    if setting.team and not house.manifests[setting.integration].calendar:
        raise Invalid("team: only calendars have one grant per team member", {"team": "calendars only"})
    if len(setting.team) > LONGEST_TEAM or not setting.team.isprintable():
        raise Invalid("team: expected a team member's id", {"team": "expected an id such as usr_1"})


def come_back(house: House, integration: str, query: Mapping[str, str]) -> Consent:
    """A person comes back with ``query``: whose consent it is. A state is good for one return, whatever becomes of it.

    Raises ConsentRefused for a state that is missing, forged, used or expired.
    """
    return house.store.consents.take(query.get("state", ""), integration, house.now())


def end_consent(
    house: House, consents: Consents, consent: Consent, query: Mapping[str, str], browser: str | None
) -> tuple[Connection, str]:
    """The connection, and who granted it, in words for people. ``browser`` is the secret that came with the request.

    Raises ConsentRefused, ConnectionRevoked (the provider does not accept the code), Rejected (nor our client),
    Transient; nothing is stored then.
    """
    _check_return(consent, query, browser)
    credentials = consents.exchange(query["code"], consent.verifier, consent.redirect_uri, query)
    # Who is connected is looked up after the exchange, which may take long. A grant that is not wanted is dropped and
    # not given back: with one of a person's grants a provider may take the others, also those of other accounts.
    known = _known(house, Setting(consent.account_id, consent.integration, consent.team))
    if is_other_person(known, credentials):
        raise ConsentRefused(Reason.OTHER_PERSON, str(known.get("person", "")))
    connection = connect(house, consent.account_id, consent.integration, credentials, team=consent.team)
    return connection, str(credentials.get("person", ""))


def _check_return(consent: Consent, query: Mapping[str, str], browser: str | None) -> None:
    if not hmac.compare_digest(consent.browser, hashed(browser or "")):
        raise ConsentRefused(Reason.ELSEWHERE)
    error = query.get("error", "")
    if error:
        raise ConsentRefused(Reason.DECLINED if error == DECLINED else Reason.REFUSED, error)
    if not query.get("code"):
        raise ConsentRefused(Reason.REFUSED)


def _known(house: House, setting: Setting) -> Mapping[str, Any]:
    """The credentials that the team member, or the connection, has now; {} for none."""
    connection = house.store.connections.find(setting.account_id, setting.integration)
    return {} if connection is None else _credentials(house, connection, setting.team)


def _credentials(house: House, connection: Connection, team: str) -> Mapping[str, Any]:
    try:
        return house.store.grants.grant(connection.id, team).read()
    except ConnectionRevoked:
        return {}
