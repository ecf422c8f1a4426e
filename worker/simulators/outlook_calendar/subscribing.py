"""The subscription endpoints: https://learn.microsoft.com/graph/api/subscription-post-subscriptions.

They block while the receiver is asked whether it wants to be told, and so run in threads of their own.
"""

from __future__ import annotations

import re
from dataclasses import replace

from worker.simulators.outlook_calendar.access import check, mailbox_of
from worker.simulators.outlook_calendar.calls import Answer, Call, Query
from worker.simulators.outlook_calendar.fields import known
from worker.simulators.outlook_calendar.grants import AccessToken
from worker.simulators.outlook_calendar.notices import Notices
from worker.simulators.outlook_calendar.preferences import preferences
from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.state import Mailbox, World
from worker.simulators.outlook_calendar.subscriptions import Subscription, Wish, new_id, until, wish
from worker.simulators.outlook_calendar.words import words

MOST_PER_MAILBOX = 1000
NONE: frozenset[str] = frozenset()


class Subscribing:
    """Makes, tells, renews and ends subscriptions."""

    def __init__(self, world: World, notices: Notices) -> None:
        self._world = world
        self._notices = notices

    def answer(self, call: Call, token: AccessToken, path: re.Match[str]) -> Answer:
        """The answer to a call of `/subscriptions`, `/subscriptions/{id}` or its `/reauthorize`."""
        Query(call.query, NONE)
        subscription_id, reauthorizes = path[1], path[2]
        if subscription_id is None:
            return self._of_all(call, token)
        with self._world.lock:
            subscription = self._mine(token, subscription_id)
            if reauthorizes and call.method == "POST":
                self._world.counters["reauthorizations"] += 1
                return Answer(204)
            if reauthorizes or call.method not in ("GET", "PATCH", "DELETE"):
                raise _no_such_method()
            return self._of_one(call, subscription)

    def _of_all(self, call: Call, token: AccessToken) -> Answer:
        if call.method == "POST":
            return self._create(call, token)
        if call.method != "GET":
            raise _no_such_method()
        with self._world.lock:
            value = [one.as_json() for one in self._notices.live() if _owns(token, one)]
        return Answer(200, {"@odata.context": f"{call.base}/v1.0/$metadata#subscriptions", "value": value})

    def _of_one(self, call: Call, subscription: Subscription) -> Answer:
        if call.method == "DELETE":
            del self._notices.subscriptions[subscription.id]
            self._world.counters["unsubscribe"] += 1
            return Answer(204)
        if call.method == "PATCH":
            body = known(call.json(), words("@odata.type expirationDateTime"), "subscription")
            subscription.expires = until(body, self._world.now(), self._longest())
            self._world.counters["renew"] += 1
        return Answer(200, _told(call, subscription))

    def _create(self, call: Call, token: AccessToken) -> Answer:
        wished = wish(call.json(), self._world.now(), self._longest())
        with self._world.lock:
            self._check(token, wished)
        self._notices.shake_hands(wished.url, "Subscription")
        if wished.lifecycle_url is not None:
            self._notices.shake_hands(wished.lifecycle_url, "Lifecycle")
        with self._world.lock:
            subscription = self._made(call, token, wished, self._check(token, wished))
            self._notices.subscriptions[subscription.id] = subscription
            self._world.counters["subscribe"] += 1
        return Answer(201, _told(call, subscription))

    def _check(self, token: AccessToken, wished: Wish) -> Mailbox:
        """The mailbox; with a user's token only the user's own, delegates or not."""
        mailbox = mailbox_of(self._world, token, wished.user)
        check(token, mailbox, "read")
        if token.delegated and token.user != mailbox.id:
            raise Refusal(403, "ErrorAccessDenied")
        if wished.calendar is not None and wished.calendar not in mailbox.calendars:
            raise Refusal(404, "ErrorItemNotFound")
        if sum(one.mailbox == mailbox.id for one in self._notices.live()) >= MOST_PER_MAILBOX:
            raise Refusal(403, "TooManySubscriptions")
        return mailbox

    def _made(self, call: Call, token: AccessToken, wished: Wish, mailbox: Mailbox) -> Subscription:
        return Subscription(
            new_id(),
            mailbox.id,
            wished.calendar,
            wished.resource,
            wished.kinds,
            wished.url,
            wished.lifecycle_url,
            wished.state,
            wished.expires,
            token.user or token.client_id,
            token.client_id,
            token.tenant,
            preferences(call.headers.get("prefer", "")).immutable,
        )

    def _mine(self, token: AccessToken, subscription_id: str) -> Subscription:
        subscription = self._notices.subscriptions.get(subscription_id)
        lapsed = subscription is None or subscription.expires <= self._world.now()
        if subscription is None or lapsed or not _owns(token, subscription):
            raise Refusal(404, "ResourceNotFound", "The object was not found.")
        return subscription

    def _longest(self) -> float:
        return self._world.settings.longest_subscription_minutes * 60.0


def _owns(token: AccessToken, subscription: Subscription) -> bool:
    same_tenant = token.delegated or token.tenant == subscription.tenant
    return same_tenant and (token.client_id, token.user or token.client_id) == (
        subscription.client_id,
        subscription.creator,
    )


def _told(call: Call, subscription: Subscription) -> dict[str, object]:
    context = f"{call.base}/v1.0/$metadata#subscriptions/$entity"
    return {"@odata.context": context, **replace(subscription).as_json()}


def _no_such_method() -> Refusal:
    return Refusal(405, "BadRequest", "The method is not allowed here.")
