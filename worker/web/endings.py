"""What people read at the end of connecting in the browser: what happened, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from worker.core.consents import Reason


@dataclass(frozen=True, slots=True)
class Ending:
    """A page: ``{title}`` is the integration's, ``{shown}`` what the case brings along. ``link`` names the way to begin
    again, '' for none; ``command`` is for whoever runs the installation.
    """

    status: int
    heading: str
    sentences: tuple[str, ...]
    link: str = "Begin again"
    command: str = ""


UNCHANGED = "Nothing was stored or changed."
TELL = "If it happens again, show this page to whoever runs Visit Sync."

CONNECTED = Ending(
    200,
    "{title} is connected",
    ("The first sync begins within seconds. You may close this page.",),
    link="",
)
ALREADY = Ending(
    200,
    "{title} is connected already",
    (
        "There is nothing to do, unless it stopped working or somebody else is to sign in.",
        "If you go on, the sign-in that you give now takes the place of: {shown}. What is published stays where it is.",
    ),
    link="Go on to {title}",
)
REASONS: Mapping[Reason, Ending] = MappingProxyType(
    {
        Reason.UNKNOWN: Ending(
            400,
            "This address leads nowhere",
            ("It does not come from a sign-in that was begun here, or a part of it got lost.", UNCHANGED),
        ),
        Reason.USED: Ending(
            400,
            "This step was taken before",
            (
                "Each sign-in comes back once. If you loaded the page again, or went back to it, nothing is wrong.",
                "To see whether {title} is connected, begin again: you will be told.",
            ),
        ),
        Reason.EXPIRED: Ending(
            400,
            "That took too long",
            ("A sign-in has to come back within ten minutes.", UNCHANGED),
        ),
        Reason.ELSEWHERE: Ending(
            400,
            "This is another browser",
            (
                "A sign-in has to end in the browser in which it began, at the same address and with cookies allowed.",
                "If somebody sent you the link that led here, close this page: they would have got what is yours.",
                UNCHANGED,
            ),
        ),
        Reason.DECLINED: Ending(
            403,
            "You did not allow it",
            (
                "So {title} was not connected. Nothing was stored or changed.",
                "If you changed your mind, begin again and allow Visit Sync in.",
            ),
        ),
        Reason.REFUSED: Ending(
            502,
            "{title} did not let us in",
            ("Its answer was: {shown}.", UNCHANGED, f"Begin again. {TELL}"),
        ),
        Reason.NARROWED: Ending(
            403,
            "A box was not ticked",
            (
                "{title} asked what Visit Sync may do, and the box for the access that it needs was not ticked.",
                UNCHANGED,
                "Begin again and tick every box.",
            ),
        ),
        Reason.PASSING: Ending(
            502,
            "The permission would not last",
            (
                "{title} let Visit Sync in for an hour only.",
                UNCHANGED,
                "Take Visit Sync off the list of apps in the settings of your account there, then begin again.",
            ),
        ),
        Reason.OTHER_PERSON: Ending(
            409,
            "Somebody else is connected",
            (
                "{title} is connected as {shown}, and you signed in as somebody else. Nothing was stored or changed.",
                "Begin again and sign in as {shown}. Or, if the account is to change, have it disconnected first:",
            ),
            command="visit-sync disconnect {integration} --account …",
        ),
    }
)
UNACCEPTED = Ending(
    502,
    "{title} does not know this sign-in any more",
    ("Its code was used before, or came too late.", UNCHANGED, f"Begin again. {TELL}"),
)
MISFIT = Ending(
    502,
    "This installation is not set up right",
    (
        "{title} refuses the client id, the secret or the address that Visit Sync uses ({shown}).",
        UNCHANGED,
        "Show this page to whoever runs Visit Sync.",
    ),
)
UNSET = Ending(
    501,
    "{title} cannot be connected here yet",
    ("Whoever runs Visit Sync has to set {shown} and start it again.",),
    link="",
)
AWAY = Ending(
    503,
    "{title} does not answer",
    (UNCHANGED, f"Begin again in a minute. {TELL}"),
)
CLOSED = Ending(
    503,
    "Visit Sync cannot do this now",
    ("Its database is away or busy.", "Begin again in a minute."),
)
HOSTLESS = Ending(
    400,
    "This address names no host",
    ("Visit Sync cannot tell where your browser reaches it.", UNCHANGED, "Open it by the name that you were given."),
    link="",
)
CROSS_SITE = Ending(
    403,
    "This form came from another site",
    ("Visit Sync takes it from its own page alone.", UNCHANGED),
    link="Open the page",
)
MISSING = Ending(
    404,
    "There is nothing here",
    ("Visit Sync knows no such system, or it is not connected in the browser.",),
    link="",
)
