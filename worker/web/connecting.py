"""Connecting in the browser: `GET /connect/{slug}` and its callback (contract §4.6)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from worker.core.connections import ApiKey
from worker.core.consents import ConsentRefused, Reason
from worker.core.errors import ConnectionRevoked, Invalid, Rejected, StoreUnavailable, SyncError, Transient
from worker.core.ports import Consents, Manifest
from worker.sync.consent import LIFE, Held, Setting, begin_consent, check_team, come_back, end_consent, held
from worker.sync.house import House
from worker.web import endings
from worker.web.answers import RETRY_AFTER, problem
from worker.web.bodies import Limits, read_body
from worker.web.browser import (
    Hostless,
    base_of,
    comes_from_us,
    form_of,
    keep_secret,
    kept_secret,
    presented_key,
    sane_key,
)
from worker.web.endings import Ending
from worker.web.pages import page, prefers_page
from worker.web.patience import in_time

SCOPE = "sync:write"
FORM = Limits(body_bytes=8 * 1024)
ERROR_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lobby:
    """What connecting in the browser needs of the rest.

    ``open_consents`` gives an integration's consents, or raises Invalid that names the variables which are not set.
    ``find_key`` gives the API key with a text, None for an unknown or revoked one.
    """

    house: House
    open_consents: Callable[[str], Consents]
    find_key: Callable[[str], ApiKey | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for; ``renew`` though it is connected already."""

    key: str = ""
    team: str = ""
    renew: bool = False


def connect_routes(lobby: Lobby) -> APIRouter:
    """The way to a provider's consent page and back; every answer is a page or leads to one."""
    router = APIRouter(include_in_schema=False)
    front = Front(lobby)

    @router.get("/connect/{slug}")
    @in_time
    def set_out(slug: str, request: Request) -> Response:
        """With a key in a header on to the consent page, else to a form that asks for it."""
        query = request.query_params
        asked = Asked(presented_key(request), query.get("team", ""), query.get("renew") == "1")
        return front.set_out(request, slug, asked)

    @router.post("/connect/{slug}")
    async def submit(slug: str, request: Request) -> Response:
        """The form, with the key in its body."""
        form = form_of(await read_body(request, FORM))
        asked = Asked(form.get("key", ""), form.get("team", "").strip(), form.get("renew") == "1")
        return await in_time(front.submit)(request, slug, asked)

    @router.get("/connect/{slug}/callback")
    def return_(slug: str, request: Request) -> Response:
        """Back from the consent page, with a code or an error."""
        return front.come_back(request, slug)

    return router


class Front:
    """The pages, one method for each way in."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._house = lobby.house

    def submit(self, request: Request, slug: str, asked: Asked) -> Response:
        """A form that somebody sent; another site's could connect its own account in this person's name."""
        manifest = self._manifest(slug)
        if manifest is not None and not comes_from_us(request, self._house.public_url):
            return _ending(endings.CROSS_SITE, manifest, begin=_begin(manifest, asked.team))
        return self.set_out(request, slug, asked)

    def set_out(self, request: Request, slug: str, asked: Asked) -> Response:
        """The consent page, or what stands before it."""
        manifest = self._manifest(slug)
        if manifest is None:
            return _nothing_here(request)
        try:
            consents = self._lobby.open_consents(manifest.name)
        except Invalid as error:
            return _ending(endings.UNSET, manifest, shown=" and ".join(error.details))
        try:
            return self._admitted(request, manifest, consents, asked)
        except Hostless:
            return _ending(endings.HOSTLESS, manifest)
        except Transient as error:
            return _trouble(error, manifest, _begin(manifest, asked.team))

    def _admitted(self, request: Request, manifest: Manifest, consents: Consents, asked: Asked) -> Response:
        key = self._key(asked.key)
        if key is None:
            complaint = "This key is unknown or was revoked." if asked.key else ""
            return _form(manifest, consents, asked, 401, complaint)
        if SCOPE not in key.scopes:
            return _form(manifest, consents, asked, 403, f"This key lacks the scope {SCOPE}.")
        setting = Setting(key.account_id, manifest.name, asked.team)
        try:
            check_team(self._house, setting)
        except Invalid as error:
            return _form(manifest, consents, asked, 400, f"Team member: {error.details['team']}.")
        return self._begin(request, manifest, consents, setting, asked)

    def _begin(
        self, request: Request, manifest: Manifest, consents: Consents, setting: Setting, asked: Asked
    ) -> Response:
        base = base_of(request, self._house.public_url)
        there = Held() if asked.renew else held(self._house, setting)
        callback = f"{base}/connect/{manifest.slug}/callback"
        begun = begin_consent(self._house, consents, setting, callback, kept_secret(request, base))
        log.info("connect.begun", account=setting.account_id, integration=manifest.name, again=bool(there.teams))
        if there.teams:
            answer = _ending(endings.ALREADY, manifest, shown=_words(there), begin=begun.url)
        else:
            answer = RedirectResponse(begun.url, 303)
        keep_secret(answer, base, begun.browser, LIFE.total_seconds())
        return answer

    def come_back(self, request: Request, slug: str) -> Response:
        """What became of it."""
        manifest = self._manifest(slug)
        if manifest is None:
            return _nothing_here(request)
        team = ""
        try:
            base = base_of(request, self._house.public_url)  # looked at first: a state is good for one return
            consents = self._lobby.open_consents(manifest.name)
            consent = come_back(self._house, manifest.name, request.query_params)
            team = consent.team
            browser = kept_secret(request, base)
            connection, person = end_consent(self._house, consents, consent, request.query_params, browser)
        except Hostless:
            return _ending(endings.HOSTLESS, manifest)
        except Invalid as error:
            return _ending(endings.UNSET, manifest, shown=" and ".join(error.details))
        except SyncError as error:
            return _trouble(error, manifest, f"../{_begin(manifest, team or getattr(error, 'team', ''))}")
        log.info("connect.ended", account=connection.account_id, integration=manifest.name)
        return _ending(endings.CONNECTED, manifest, who=person)

    def _manifest(self, slug: str) -> Manifest | None:
        manifests = self._house.manifests.values()
        return next((one for one in manifests if one.slug == slug and one.consents), None)

    def _key(self, text: str) -> ApiKey | None:
        key = sane_key(text)
        return None if key is None else self._lobby.find_key(key)


def _form(manifest: Manifest, consents: Consents, asked: Asked, status: int, complaint: str) -> Response:
    parts = urlsplit(consents.page)
    # The redirect that follows a form counts as its target. The page's own address holds no secret, and without a
    # referrer policy of its own its form would come with an origin of "null".
    return page(
        "connect.html",
        f"Connect {manifest.title}",
        status,
        form_targets=("'self'", f"{parts.scheme}://{parts.netloc}"),
        headers={"Referrer-Policy": "same-origin", "WWW-Authenticate": "Bearer"},
        title=manifest.title,
        begin=_begin(manifest, ""),
        complaint=complaint,
        has_teams=manifest.calendar,
        team=asked.team,
        renew=asked.renew,
    )


def _trouble(error: SyncError, manifest: Manifest, begin: str) -> Response:
    """The page of an error; one that nobody can mend or wait for is raised again."""
    log.info("connect.failed", integration=manifest.name, error=type(error).__name__, reason=_reason(error))
    match error:
        case ConsentRefused():
            return _ending(endings.REASONS[error.reason], manifest, shown=_shown(error), begin=begin)
        case ConnectionRevoked():
            return _ending(endings.UNACCEPTED, manifest, begin=begin)
        case Rejected():
            return _ending(endings.MISFIT, manifest, shown=error.code, begin=begin)
        case StoreUnavailable():
            return _ending(endings.CLOSED, manifest, begin=begin)
        case Transient():
            return _ending(endings.AWAY, manifest, begin=begin)
        case _:
            raise error


def _reason(error: SyncError) -> str:
    return str(error.reason) if isinstance(error, ConsentRefused) else error.code


def _shown(refused: ConsentRefused) -> str:
    """Another site may have written an error's name into the address: what is none is not shown."""
    if refused.reason is Reason.REFUSED and not ERROR_NAME.fullmatch(refused.shown):
        return "no reason"
    return refused.shown or "somebody else"


def _ending(ending: Ending, manifest: Manifest, *, shown: str = "", begin: str = "", who: str = "") -> Response:
    words = {"title": manifest.title, "shown": shown, "integration": manifest.name}
    sentences = [f"You signed in as {who}."] if who else []
    return page(
        "ending.html",
        ending.heading.format(**words),
        ending.status,
        headers={"Retry-After": str(RETRY_AFTER)} if ending.status == 503 else {},
        sentences=[*sentences, *(sentence.format(**words) for sentence in ending.sentences)],
        command=ending.command.format(**words),
        link=begin if ending.link else "",
        link_words=ending.link.format(**words),
    )


def _words(there: Held) -> str:
    """What a new grant takes the place of, for people."""
    if there.people:
        return ", ".join(there.people)
    named = [team for team in there.teams if team]
    return f"the sign-in of {', '.join(named)}" if named else "the sign-in that is there"


def _begin(manifest: Manifest, team: str) -> str:
    """The page to begin at, as seen from itself: whatever stands before it in the address stays."""
    return f"{manifest.slug}?{urlencode({'team': team})}" if team else manifest.slug


def _nothing_here(request: Request) -> Response:
    if not prefers_page(request):
        return problem(404)
    missing = endings.MISSING
    return page("ending.html", missing.heading, 404, sentences=missing.sentences, command="", link="", link_words="")
