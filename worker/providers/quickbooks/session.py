"""What python-quickbooks sends its requests through: time-outs, and answers judged before its parser mangles them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from quickbooks import QuickBooks

from worker.core.errors import Transient, Uncertain
from worker.http.client import call, make_client, user_agent
from worker.providers.quickbooks.errors import judge
from worker.providers.quickbooks.service import READ_TIMEOUT

MINOR_VERSION = 75
"""The oldest that Intuit serves: https://blogs.intuit.com/2025/01/21/changes-to-our-accounting-api-that-may-impact-your-application/"""

TIMEOUTS = httpx.Timeout(READ_TIMEOUT, connect=5.0, pool=30.0)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the library wants of an answer."""

    status_code: int
    text: str


class Session:
    """One call's way out. ``reading`` says that it changes nothing, whatever its method; ``date`` is what the answer's
    header says of the time."""

    def __init__(self, client: httpx.Client, access_token: str, *, reading: bool, account_id: str = "") -> None:
        self.access_token = access_token
        self.date: str | None = None
        self._client = client
        self._reading = reading
        self._log = log.bind(account=account_id)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        data: object = None,
    ) -> Reply:
        """One request, sent once. Raises what a refusal means; Transient where nothing left or nothing was to change,
        Uncertain where the answer was lost."""
        content = data.encode() if isinstance(data, str) else None
        answer = self._sent(method, url, {**(headers or {}), "User-Agent": user_agent()}, params, content)
        self.date = answer.headers.get("date")
        error = judge(answer.status_code, answer.content, reading=self._reading)
        self._note(method, url, answer, None if error is None else error.code)
        if error is not None:
            raise error
        return Reply(answer.status_code, answer.content.decode("utf-8", "replace"))

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], params: Mapping[str, Any] | None, content: bytes | None
    ) -> httpx.Response:
        try:
            return call(self._client, method, url, headers=headers, params=params, content=content)
        except Uncertain as lost:
            if self._reading:
                raise Transient(lost.message) from lost
            raise

    def _note(self, method: str, url: str, answer: httpx.Response, refused: str | None) -> None:
        """Intuit's support asks for ``intuit_tid``; the company is not named, and what was said is not repeated."""
        noted = {
            "method": method,
            "about": _about(url),
            "status": answer.status_code,
            "intuit_tid": answer.headers.get("intuit_tid", "")[:64],
            "seconds": round(answer.elapsed.total_seconds(), 3),
        }
        if refused is not None:
            self._log.info("quickbooks_refused", code=refused, **noted)
        elif self._reading:
            self._log.debug("quickbooks_read", **noted)
        else:
            self._log.info("quickbooks_written", **noted)


def open_client(base_url: str) -> httpx.Client:
    """A pooled client that waits as long as Intuit may take. Whoever opens it closes it."""
    client = make_client(base_url)
    client.timeout = TIMEOUTS
    return client


def company(base_url: str, realm_id: str, session: Session) -> Any:
    """python-quickbooks' client of one company, which asks nobody for a token and sends through ``session``: for one
    call, because it is not safe to share between threads."""
    client = QuickBooks(
        auth_client=_Bearer(session.access_token), company_id=realm_id, minorversion=MINOR_VERSION, use_decimal=True
    )
    client.session = session
    client.api_url_v3 = f"{base_url}/v3"
    return client


@dataclass(frozen=True, slots=True)
class _Bearer:
    """What the library wants of Intuit's own client. The refresh token is none of its business."""

    access_token: str
    refresh_token: str = ""
    client_id: str = ""
    environment: str = "production"


def _about(url: str) -> str:
    """The entity or the operation of an address, without the company and without ids."""
    return urlsplit(url).path.partition("/company/")[2].partition("/")[2].partition("/")[0]
