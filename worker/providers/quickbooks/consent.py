"""A person's consent in the browser, as Intuit asks for it: they choose the company there."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from worker.core.consents import ConsentRefused, Reason
from worker.core.errors import Rejected, Transient
from worker.http.client import call
from worker.providers.quickbooks.answers import the_object
from worker.providers.quickbooks.service import QuickBooksSettings
from worker.providers.quickbooks.session import Session, company, open_client
from worker.providers.quickbooks.tokens import HARD_EXPIRY, is_realm, read_object, refused, token_client, tokens_in

SCOPE = "com.intuit.quickbooks.accounting"

TIMEOUTS = httpx.Timeout(8.0, connect=3.0)
"""Seconds; a person waits for the company's name, and can do without it."""


class QuickBooksConsents:
    """The core's ``Consents`` port:
    https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0"""

    def __init__(self, settings: QuickBooksSettings) -> None:
        self._settings = settings

    @property
    def page(self) -> str:
        return self._settings.consent_url

    def authorize_url(self, state: str, challenge: str, redirect_uri: str, hint: str | None = None) -> str:
        """The company is chosen on Intuit's page, so ``hint`` is of no use here. Intuit says nothing of PKCE: the
        challenge is there for the day on which it does."""
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.page}?{urlencode(query)}"

    def exchange(self, code: str, verifier: str, redirect_uri: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """See the port. A code is good for one exchange, so nothing is sent twice; ``query["realmId"]`` is the company.

        Raises ConnectionRevoked, too, where the company is not the one that was granted.
        """
        realm_id = query.get("realmId", "")
        if not is_realm(realm_id):
            raise Rejected("Intuit did not say which company was chosen (realmId).", code="OAUTH_IDENTITY_MISSING")
        tokens = tokens_in(self._exchanged(code, verifier, redirect_uri))
        if not tokens.get("refresh_token"):
            raise ConsentRefused(Reason.PASSING)
        person = self._name(realm_id, tokens["access_token"])
        return {"realm_id": realm_id, **tokens, "identity": realm_id, "person": person}

    def _exchanged(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
        with token_client(self._settings) as client:
            answer = call(client, "POST", self._settings.token_url, data=form, headers=HARD_EXPIRY)
        body = read_object(answer)
        if answer.status_code != 200 or not body.get("access_token"):
            raise refused(answer, "the code")
        return body

    def _name(self, realm_id: str, access_token: str) -> str:
        """The company's name, "" where it cannot be had. A realm id comes by way of the browser: that the token opens
        this company shows that it is the one granted."""
        with open_client(self._settings.base_url) as client:
            client.timeout = TIMEOUTS
            asked = company(self._settings.base_url, realm_id, Session(client, access_token, reading=True))
            try:
                found = the_object(asked.get_single_object("companyinfo", realm_id), "CompanyInfo", reading=True)
            except (Transient, Rejected):
                return ""
        return str(found.get("CompanyName") or "")
