"""Access tokens for QuickBooks, from what a company granted.

Intuit replaces a refresh token about once a day, and the one before it goes on to be good for a day. Both are kept, so
that a crash between Intuit's answer and our commit costs nothing, whichever of the two came to be.
https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import httpx

from worker.core.connections import is_realm_id
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.core.ports import Grant
from worker.http.client import call, make_client
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after
from worker.http.tokens import TokenKeeper
from worker.providers.quickbooks.errors import LONGEST_WORDS, read_json
from worker.providers.quickbooks.service import QuickBooksSettings

TIMEOUTS = httpx.Timeout(6.0, connect=3.0)
"""Seconds: three requests, the most that one refresh makes, end before another holder would begin."""

REFUSALS: Mapping[str, type[SyncError]] = MappingProxyType(
    {
        "invalid_grant": ConnectionRevoked,
        "access_denied": ConnectionRevoked,
        "invalid_client": Rejected,
        "unauthorized_client": Rejected,
        "invalid_request": Rejected,
        "invalid_scope": Rejected,
        "unsupported_grant_type": Rejected,
        "redirect_uri_mismatch": Rejected,
    }
)
"""The token endpoint's errors. The first two are about the grant: only a person can mend it. The others are an
operator's mistake: they stop syncs, but disconnect nobody. What is not named passes."""

HARD_EXPIRY = MappingProxyType({"x-include-refresh-token-hard-expires-in": "true"})
"""Has Intuit say when the grant ends for good, five years after the consent, however often it is used."""

_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_VARIABLES = "QUICKBOOKS_CLIENT_ID and QUICKBOOKS_CLIENT_SECRET"


def keeper_for(grant: Grant, settings: QuickBooksSettings) -> TokenKeeper:
    """The token keeper for a company's grant."""
    return TokenKeeper(grant, lambda known: refreshed(known, settings))


def realm_of(credentials: Mapping[str, Any]) -> str:
    """The company that the credentials are for. Raises ConnectionRevoked where they name none."""
    realm_id = str(credentials.get("realm_id") or "")
    if not is_realm(realm_id):
        raise ConnectionRevoked("realm_id: expected the company's id in the credentials. Connect again.")
    return realm_id


def is_realm(text: str) -> bool:
    """Whether it can be a company's id, and stand in a path; today's are digits alone."""
    return is_realm_id(text)


def refreshed(credentials: Mapping[str, Any], settings: QuickBooksSettings) -> Mapping[str, Any]:
    """The credentials with the newest tokens; ``refresh_token`` is what Intuit gave last, and
    ``previous_refresh_token`` the one before.

    To be called by one holder at a time: Intuit may end a grant whose token comes twice at once. A request whose answer
    was lost is repeated at once, one time. Raises ConnectionRevoked where neither token is accepted, Rejected where our
    client is not, RateLimited, Transient.
    """
    newest, previous = credentials.get("refresh_token"), credentials.get("previous_refresh_token")
    if not newest:
        raise ConnectionRevoked("QuickBooks' access token is used up and there is no refresh token; connect again.")
    with token_client(settings) as client:
        asking = _Asking(client, settings)
        try:
            used, answer = newest, asking.refresh(newest)
        except ConnectionRevoked:
            if not previous or previous == newest:
                raise
            used, answer = previous, asking.refresh(previous)
    given = tokens_in(answer)
    current = given.setdefault("refresh_token", used)
    before = used if current != used else previous if used == newest else None
    return {**credentials, **given, "previous_refresh_token": before}


def revoke(grant: Grant, settings: QuickBooksSettings) -> None:
    """Gives the grant back to Intuit, with all its tokens; one that is gone already is no error.

    Raises Rejected where our client is not accepted, Transient, Uncertain.
    """
    credentials = grant.read()
    token = credentials.get("refresh_token") or credentials.get("access_token")
    if not token:
        return
    with token_client(settings) as client:
        answer = call(client, "POST", settings.revoke_url, json={"token": token})
    if answer.status_code != 200 and str(read_object(answer).get("error")) in _CLIENT:
        raise refused(answer)
    if answer.status_code >= 500:
        raise Transient(f"Intuit answered {answer.status_code} to a revocation.")


def token_client(settings: QuickBooksSettings) -> httpx.Client:
    """A client that names us to Intuit's OAuth server. Raises Rejected where the operator has not said who we are."""
    if not (settings.client_id and settings.client_secret):
        words = f"{_VARIABLES} are not set, so Intuit cannot be asked for a token."
        raise Rejected(words, code="OAUTH_CLIENT_INVALID")
    client = make_client()
    client.auth = httpx.BasicAuth(settings.client_id, settings.client_secret)
    client.timeout = TIMEOUTS
    return client


def tokens_in(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The tokens of an answer and when they end, in Unix seconds: ``refresh_expires_at`` is the earlier of its rolling
    end and its hard one."""
    now = time.time()
    ends = [_seconds(answer.get(f"x_refresh_token_{name}")) for name in ("expires_in", "hard_expires_in")]
    known = [end for end in ends if end is not None]
    return {
        "access_token": str(answer["access_token"]),
        "expires_at": now + (_seconds(answer.get("expires_in")) or 3600.0),
        **({"refresh_token": str(answer["refresh_token"])} if answer.get("refresh_token") else {}),
        **({"refresh_expires_at": now + min(known)} if known else {}),
    }


def refused(answer: httpx.Response, what: str = "the grant") -> SyncError:
    """What an answer of the token endpoint without a token means; ``what`` was offered to it."""
    body = read_object(answer)
    name, words = (redacted(str(body.get(part, ""))[:LONGEST_WORDS]) for part in ("error", "error_description"))
    wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    status = answer.status_code
    if status == 429:
        return RateLimited("Intuit's token endpoint asks us to slow down.", retry_after=wait)
    kind = REFUSALS.get(name)
    if status >= 500 or kind is None:
        return Transient(f"Intuit's token endpoint answered {status} {name}: {words}", retry_after=wait)
    if kind is ConnectionRevoked:
        return ConnectionRevoked(f"QuickBooks does not accept {what} ({name}): {words}. Connect again.")
    whose = _VARIABLES if name in _CLIENT else "this installation's request"
    code = "OAUTH_CLIENT_INVALID" if name in _CLIENT else f"OAUTH_{name.upper()}"
    return Rejected(f"Intuit refuses {whose} ({name}): {words}", code=code)


def read_object(answer: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer, {} where it is none."""
    body = read_json(answer.content)
    return body if isinstance(body, dict) else {}


class _Asking:
    """The requests of one refresh, one of which may be repeated."""

    def __init__(self, client: httpx.Client, settings: QuickBooksSettings) -> None:
        self._client = client
        self._url = settings.token_url
        self._repeated = False

    def refresh(self, token: str) -> Mapping[str, Any]:
        try:
            return self._once(token)
        except Transient as passing:
            if self._repeated or isinstance(passing, RateLimited):
                raise _lost(passing) from passing
        self._repeated = True
        return self.refresh(token)

    def _once(self, token: str) -> Mapping[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        answer = call(self._client, "POST", self._url, data=form, headers=HARD_EXPIRY)
        body = read_object(answer)
        if answer.status_code != 200 or not body.get("access_token"):
            raise refused(answer)
        return body


def _lost(passing: Transient) -> Transient:
    """A lost answer loses nothing here, for the token that was sent goes on to be good: so it is no Uncertain."""
    if isinstance(passing, RateLimited):
        return passing
    return Transient(passing.message, retry_after=passing.retry_after)


def _seconds(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
