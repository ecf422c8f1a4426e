"""msal's client for one authority, without its traps.

msal asks the authority for its endpoints whenever a client is made, takes https alone, has no time-outs, and answers a
repeated refusal from a memory of its own for a minute. So each call has a client of its own, which remembers nothing;
what the authority said of itself is kept here, once for each authority and process; and where the authority is a
plain http server on this machine, msal is told https and the requests go to http.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msal
import requests
from requests.adapters import HTTPAdapter

from worker.core.errors import Rejected
from worker.http.client import user_agent
from worker.providers.outlook_calendar.service import OutlookSettings

TIMEOUTS = (5.0, 20.0)
"""Seconds to connect and to read: together less than another holder waits for a refresh."""

DISCOVERY_HOLDS = 86_400.0


class Discoveries:
    """What authorities said of their endpoints, by URL, for a day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, requests.Response]] = {}

    def find(self, url: str) -> requests.Response | None:
        with self._lock:
            until, answer = self._known.get(url, (0.0, None))
        return answer if until > time.monotonic() else None

    def keep(self, url: str, answer: requests.Response) -> None:
        with self._lock:
            self._known[url] = (time.monotonic() + DISCOVERY_HOLDS, answer)


DISCOVERIES = Discoveries()


@dataclass(slots=True)
class Door:
    """What msal wants of an HTTP client; ``answered`` is the last answer, whose headers msal does not pass on, and
    ``posted`` says that a token was asked for."""

    session: requests.Session
    answered: requests.Response | None = None
    posted: bool = False

    def get(self, url: str, **options: Any) -> requests.Response:
        known = DISCOVERIES.find(url)
        if known is not None:
            return known
        self.answered = self.session.get(url, timeout=TIMEOUTS, **options)
        if _says(self.answered, "token_endpoint"):
            DISCOVERIES.keep(url, self.answered)
        return self.answered

    def post(self, url: str, **options: Any) -> requests.Response:
        """Raises InvalidJSONError for an answer that is none, which msal would write into the log whole."""
        self.posted = True
        self.answered = self.session.post(url, timeout=TIMEOUTS, allow_redirects=False, **options)
        if not (_says(self.answered, "access_token") or _says(self.answered, "error")):
            raise requests.exceptions.InvalidJSONError(f"status {self.answered.status_code}")
        return self.answered

    def close(self) -> None:
        self.session.close()


class _Plain(HTTPAdapter):
    """Sends to http on this machine what msal addresses to https, and has the answers name https."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        secure = str(request.url)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(secure))
        plain = origin.replace("https:", "http:", 1)
        request.url = secure.replace(origin, plain, 1)
        answer = super().send(request, *args, **options)
        answer._content = answer.content.replace(plain.encode(), origin.encode())
        return answer


def door(authority_url: str) -> Door:
    """A way to one authority; whoever opens it closes it."""
    session = requests.Session()
    session.headers["User-Agent"] = user_agent()
    if urlsplit(authority_url).scheme == "http":  # the settings take this for a loopback host alone
        session.trust_env = False
        session.mount(_secure(authority_url, path="/"), _Plain())
    return Door(session)


def client(settings: OutlookSettings, authority_url: str, through: Door) -> Any:
    """msal's client for our application at one authority.

    Raises Rejected where the operator has not said who we are, and what msal raises: ValueError for an authority that
    it does not take, and the errors of ``requests``.
    """
    if not (settings.client_id and settings.client_secret):
        words = "MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET are not set, so Microsoft cannot be asked for a token."
        raise Rejected(words, code="OAUTH_CLIENT_INVALID")
    return msal.ConfidentialClientApplication(
        settings.client_id,
        client_credential=settings.client_secret,
        authority=_secure(authority_url),
        instance_discovery=False,  # the operator has named the authority; nobody else need vouch for it
        http_client=through,
    )


def _says(answer: requests.Response, name: str) -> bool:
    """Whether the answer is a JSON object with something under this name."""
    try:
        body = answer.json()
    except ValueError:
        return False
    return isinstance(body, dict) and bool(body.get(name))


def of_tenant(authority_url: str, tenant: str) -> str:
    """The authority of one tenant, at the same host."""
    parts = urlsplit(authority_url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/').rpartition('/')[0]}/{tenant}"))


def _secure(url: str, path: str | None = None) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="https", **({} if path is None else {"path": path})))
