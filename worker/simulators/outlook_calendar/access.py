"""Who may do what: mailboxes, delegates and permissions: https://learn.microsoft.com/graph/permissions-reference."""

from __future__ import annotations

from typing import Literal

from worker.simulators.outlook_calendar.grants import AccessToken
from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.state import Mailbox, World

Right = Literal["read", "write", "profile"]
PREFIX = "https://graph.microsoft.com/"
WRITE, READ, BASIC = "Calendars.ReadWrite", "Calendars.Read", "Calendars.ReadBasic"
SHARED = ".Shared"
DELEGATED = frozenset(
    {WRITE, READ, BASIC, WRITE + SHARED, READ + SHARED, "User.Read", "User.ReadBasic.All", "User.Read.All"}
)
SIGN_IN = frozenset({"openid", "profile", "email", "offline_access"})
APPLICATION = frozenset({WRITE, READ, BASIC, "User.Read.All"})
USUAL = frozenset({WRITE, WRITE + SHARED, "User.Read"}) | SIGN_IN


def mailbox_of(world: World, token: AccessToken, name: str | None) -> Mailbox:
    """The mailbox that a path means; `name` is None for `/me`.

    400 for `/me` with an application's token, 404 for a user who is not there, or not in the token's tenant.
    """
    if name is None and token.user is None:
        raise Refusal(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    mailbox = world.mailbox(name if name is not None else str(token.user))
    if mailbox is None or mailbox.tenant != token.tenant:
        raise Refusal(404, "Request_ResourceNotFound", f"Resource '{name}' does not exist or is not accessible.")
    return mailbox


def check(token: AccessToken, mailbox: Mailbox, right: Right) -> None:
    """403 unless this token may do this with this mailbox; 404 where the user has no mailbox."""
    if right == "profile":
        _check_profile(token, mailbox)
        return
    if not mailbox.enabled:
        raise Refusal(404, "MailboxNotEnabledForRESTAPI")
    if not token.scopes & _sufficient(token, mailbox, right):
        raise Refusal(403, "ErrorAccessDenied")
    if token.delegated and token.user != mailbox.id and not _is_delegate(token, mailbox, right):
        raise Refusal(403, "ErrorAccessDenied")


def plain(scope: str) -> str:
    """The short name of a permission: clients may send it with Graph's address before it."""
    return scope.removeprefix(PREFIX)


def _sufficient(token: AccessToken, mailbox: Mailbox, right: Right) -> set[str]:
    enough = {WRITE} if right == "write" else {WRITE, READ}
    if token.delegated and token.user != mailbox.id:
        return {scope + SHARED for scope in enough}
    return enough


def _is_delegate(token: AccessToken, mailbox: Mailbox, right: Right) -> bool:
    role = mailbox.delegates.get(str(token.user))
    return role == "write" or (role == "read" and right == "read")


def _check_profile(token: AccessToken, mailbox: Mailbox) -> None:
    enough = {"User.Read.All"}
    if token.delegated:
        enough |= {"User.Read"} if token.user == mailbox.id else {"User.ReadBasic.All"}
    if not token.scopes & enough:
        raise Refusal(403, "Authorization_RequestDenied")
