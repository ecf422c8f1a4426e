"""Where QuickBooks is, who we are there, and how much may be asked of it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

TOKEN_HOST = "oauth.platform.intuit.com"  # noqa: S105 - an address
TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
CONSENT_URL = "https://appcenter.intuit.com/connect/oauth2"
CONSENT_PATH = "/connect/oauth2"
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
REVOKE_PATH = "/v2/oauth2/tokens/revoke"

READ_TIMEOUT = 130.0
"""Seconds; Intuit cuts a request off after 120, and whoever gives up before it is left without knowing."""

SLOT_LEASE = 150.0
"""Seconds for ``Slots(lease=…)``: longer than a call can take. With a shorter one a slow call would lose its slot while
it is under way, and an eleventh would be let in; the price is that what a dead worker held comes free that late."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What one company takes of our app: requests and batches a minute, requests a second, requests at once.

    https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features#limits-and-throttles
    """

    per_minute: float = 500
    batches_per_minute: float = 40
    per_second: float = 10
    at_once: int = 10


@dataclass(frozen=True, slots=True)
class QuickBooksSettings:
    """``base_url`` serves ``/v3/company/{realmId}/…``; where people consent and where a grant is given back follow from
    the token endpoint: for Intuit's they are the documented ones, else they stand beside it, as the simulator has them.

    https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/openid-connect#discovery-document
    """

    base_url: str = "https://quickbooks.api.intuit.com"
    token_url: str = f"https://{TOKEN_HOST}{TOKEN_PATH}"
    client_id: str = ""
    client_secret: str = ""
    rates: Rates = field(default_factory=Rates)

    @property
    def consent_url(self) -> str:
        return self._beside(CONSENT_URL, CONSENT_PATH)

    @property
    def revoke_url(self) -> str:
        return self._beside(REVOKE_URL, REVOKE_PATH)

    def _beside(self, documented: str, path: str) -> str:
        parts = urlsplit(self.token_url)
        if parts.hostname == TOKEN_HOST:
            return documented
        prefix, found, _ = parts.path.rpartition(TOKEN_PATH)
        return urlunsplit(parts._replace(path=(prefix if found else "") + path, query=""))
