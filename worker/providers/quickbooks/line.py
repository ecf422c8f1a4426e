"""The way to one company: its grant, its share of the limits, python-quickbooks through a session of ours."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from quickbooks.exceptions import QuickbooksException

from worker.core.errors import RateLimited, Transient
from worker.core.ports import Grant
from worker.http.limits import Bucket, Limits
from worker.http.slots import Slots
from worker.providers.quickbooks.answers import (
    Answer,
    batch_items,
    cdc_response,
    query_response,
    server_time,
    the_object,
)
from worker.providers.quickbooks.encoding import encoded
from worker.providers.quickbooks.errors import PAUSE, TokenRefused, fault_in, of_library, refusal
from worker.providers.quickbooks.service import QuickBooksSettings
from worker.providers.quickbooks.session import Session, company, open_client
from worker.providers.quickbooks.tokens import keeper_for, realm_of

MOST = 30
"""Items of a batch: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch"""

LONGEST_REQUEST_ID = 50
LONGEST_BATCH_ID = 36
LONGEST_ITEM_ID = 10
"""Characters; a longer item id makes Intuit refuse a batch with a request id.
https://blogs.intuit.com/2015/04/06/15346/"""

Ask = Callable[[Any], Mapping[str, Any]]
Take = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class _Call:
    """What to ask python-quickbooks' client for, and what to take out of the answer. ``reading``: it changes nothing,
    so it may be sent twice."""

    ask: Ask
    take: Take
    reading: bool
    is_batch: bool = False


class Line:
    """One company's line to QuickBooks; safe to share between threads.

    All that it does raises ConnectionRevoked, RateLimited, Rejected (and its kinds NameTaken and ObjectMissing),
    VersionConflict and Transient; a writing whose answer was lost raises Uncertain. Only readings are sent twice.
    ``slots`` shall have a lease of at least ``SLOT_LEASE``.
    """

    def __init__(
        self, settings: QuickBooksSettings, grant: Grant, limits: Limits, slots: Slots, account_id: str
    ) -> None:
        rates = settings.rates
        self.realm_id = realm_of(grant.read())
        name = f"quickbooks:{self.realm_id}"
        self._realm = Bucket(name, rates.per_minute)
        self._second = Bucket(f"{name}:second", rates.per_second * 60, 1 / 60)
        self._batches = Bucket(f"{name}:batches", rates.batches_per_minute)
        self._at_once = rates.at_once
        self._base_url = settings.base_url
        self._account_id = account_id
        self._keeper = keeper_for(grant, settings)
        self._client = open_client(settings.base_url)
        self._limits = limits
        self._slots = slots

    def query(self, text: str) -> Answer:
        """The inside of ``QueryResponse``; {} where nothing was found.

        https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
        """
        return self._read(lambda client: client.query(text), query_response)

    def cdc(self, entities: Sequence[str], since: str) -> Answer:
        """What changed since a moment (RFC 3339, with its offset): the dicts inside ``QueryResponse``, one for each
        entity, {} for one without changes. At most 1,000 objects come, and nothing says that there are more.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/changedatacapture
        """
        return self._read(lambda client: client.change_data_capture(",".join(entities), since), cdc_response)

    def read(self, entity: str, object_id: str) -> Answer:
        """One object as it is now. Raises ObjectMissing."""
        named = quote(object_id, safe="")
        return self._read(
            lambda client: client.get_single_object(entity, named), lambda body: the_object(body, entity, reading=True)
        )

    def preferences(self) -> Answer:
        """The company's one ``Preferences`` object."""
        return self._read(
            lambda client: client.get(_at(client, "preferences")),
            lambda body: the_object(body, "Preferences", reading=True),
        )

    def write(
        self,
        entity: str,
        body: Mapping[str, Any],
        *,
        request_id: str | None = None,
        operation: str | None = None,
        include: str | None = None,
    ) -> Answer:
        """The object as it is after a create (no ``Id``), update, void or delete; sent once.

        ``request_id`` (at most 50 characters) makes QuickBooks give the first answer again instead of doing it again.
        ``body`` holds Decimals for amounts. Raises Uncertain where the answer was lost.
        """
        assert len(request_id or "") <= LONGEST_REQUEST_ID, "QuickBooks refuses longer request ids"
        told = {name: value for name, value in (("operation", operation), ("include", include)) if value}
        text = encoded(body)
        return self._answer(
            _Call(
                lambda client: client.update_object(entity, text, request_id=request_id, params=dict(told)),
                lambda answer: the_object(answer, entity, reading=False),
                reading=False,
            )
        )

    def batch(self, items: Sequence[Mapping[str, Any]], *, request_id: str | None = None) -> Answer:
        """What became of up to 30 items, by the ``bId`` that each has (at most 10 characters): the item as QuickBooks
        answers it, also one with a ``Fault``. What is not in the answer may have been carried out. Sent once.

        ``request_id`` has at most 36 characters. Raises Uncertain where the answer was lost, or, where all items are
        queries, Transient.
        """
        assert len(items) <= MOST, "QuickBooks takes thirty items"
        assert all(len(item["bId"]) <= LONGEST_ITEM_ID for item in items), "QuickBooks refuses longer item ids"
        assert len(request_id or "") <= LONGEST_BATCH_ID, "QuickBooks refuses longer request ids"
        reading = all("Query" in item for item in items)
        text = encoded({"BatchItemRequest": items})
        answer = self._answer(
            _Call(
                lambda client: client.post(_at(client, "batch"), text, request_id=request_id),
                lambda body: batch_items(body, reading=reading),
                reading,
                is_batch=True,
            )
        )
        self._heed(answer.body.values())
        return answer

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _read(self, ask: Ask, take: Take) -> Answer:
        return self._answer(_Call(ask, take, reading=True))

    def _answer(self, one: _Call) -> Answer:
        """What QuickBooks does not take the token for was not carried out: it is sent once more, with another."""
        token = self._keeper.token()  # a refresh may take its time, and nobody shall hold a slot for it
        try:
            return self._tried(one, token)
        except TokenRefused:
            return self._tried(one, self._keeper.renewed(token))

    def _tried(self, one: _Call, token: str) -> Answer:
        """A reading that failed in passing is tried once more."""
        try:
            return self._once(one, token)
        except Transient as passing:
            if not one.reading or type(passing) is not Transient:
                raise
        time.sleep(0.2 + 0.2 * random.random())  # noqa: S311 - spreads workers apart, no secret
        return self._once(one, token)

    def _once(self, one: _Call, token: str) -> Answer:
        self._limits.acquire((self._realm, self._second, *((self._batches,) if one.is_batch else ())), 1)
        session = Session(self._client, token, reading=one.reading, account_id=self._account_id)
        with self._slots.held(self._realm.name, 1, self._at_once):
            return self._sent(one, session)

    def _sent(self, one: _Call, session: Session) -> Answer:
        try:
            body = one.ask(company(self._base_url, self.realm_id, session))
            return Answer(one.take(body), server_time(body, session.date, reading=one.reading))
        except RateLimited:
            self._limits.pause(self._realm.name, PAUSE)
            raise
        except QuickbooksException as error:
            raise of_library(error, reading=one.reading) from None  # its own words may hold the whole answer

    def _heed(self, items: Iterable[Mapping[str, Any]]) -> None:
        """A batch may come through while items of it are over the limit."""
        faults = (fault_in(item) for item in items)
        if any(isinstance(refusal(fault), RateLimited) for fault in faults if fault is not None):
            self._limits.pause(self._realm.name, PAUSE)


def _at(client: Any, path: str) -> str:
    return f"{client.api_url}/company/{client.company_id}/{path}"
