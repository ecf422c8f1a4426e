"""Records that may be in the books already: what people are asked, and their answers (contract §4.4)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import JSONResponse, Response

from worker.core.ports import Manifest
from worker.descriptors import answer_json, match_json
from worker.sync.house import House
from worker.sync.matches import accept, open_matches, reject
from worker.web.bodies import Body, json_object
from worker.web.cursors import Cursors
from worker.web.doors import Doors
from worker.web.examples import MATCH_ID
from worker.web.keys import Caller
from worker.web.openapi import answers, body_of
from worker.web.patience import in_time
from worker.web.questions import AcceptQuestion, MatchesQuestion, Nothing, Order, asked
from worker.web.schemas import MatchAnswer, MatchPage

MatchId = Annotated[str, Path(description="`mat_` and a ULID.", examples=[MATCH_ID])]
REFUSALS = (400, 401, 403, 404, 408, 413, 429, 503)


def match_routes(house: House, doors: Doors, body: Body) -> APIRouter:
    """The routes of every integration with books, made from its manifest."""
    router = APIRouter(prefix="/api/v1/integrations", tags=["matches"])
    for manifest in house.manifests.values():
        if manifest.books:
            _add_list(router, house, doors, manifest)
            _add_accept(router, house, doors, body, manifest)
            _add_reject(router, house, doors, body, manifest)
    return router


def _add_list(router: APIRouter, house: House, doors: Doors, manifest: Manifest) -> None:
    cursors = Cursors(house.store.cursors, f"matches:{manifest.name}")

    @router.get(
        f"/{manifest.slug}/matches",
        operation_id=f"matches_{manifest.name}",
        summary=f"What may be in {manifest.title} already",
        responses=answers(200, MatchPage, 400, 401, 403, 404, 429, 503),
    )
    @in_time
    def matches(
        caller: Annotated[Caller, Depends(doors.read)], wanted: Annotated[MatchesQuestion, Query()]
    ) -> Response:
        """Records that wait for a person to say which of the candidates they are, the oldest question first."""
        after = cursors.last(caller.account_id, wanted.cursor, "")
        found = open_matches(house, caller.account_id, manifest.name, after, wanted.limit + 1)
        page, has_more = found[: wanted.limit], len(found) > wanted.limit
        next_cursor = cursors.after(caller.account_id, page[-1].id if page else None, has_more=has_more)
        listed = [match_json(question) for question in page]
        return JSONResponse({"matches": listed, "next_cursor": next_cursor, "has_more": has_more})


def _add_accept(router: APIRouter, house: House, doors: Doors, body: Body, manifest: Manifest) -> None:
    @router.post(
        f"/{manifest.slug}/matches/{{match_id}}/accept",
        operation_id=f"accept_{manifest.name}",
        summary=f"Say which one of {manifest.title} it is",
        responses=answers(200, MatchAnswer, *REFUSALS),
        openapi_extra=body_of(AcceptQuestion, required=True),
    )
    @in_time
    def accept_match(
        caller: Annotated[Caller, Depends(doors.write)],
        raw: Annotated[bytes, Depends(body)],
        match_id: MatchId,
        _: Annotated[Nothing, Query()],
    ) -> Response:
        """The next sync, which is due at once, takes it; until then the last answer counts. Any customer that the books
        hold may be named, whether it was a candidate or not."""
        remote_id = asked(AcceptQuestion, json_object(raw)).remote_id
        return JSONResponse(
            answer_json(accept(house, caller.account_id, match_id, remote_id, integration=manifest.name))
        )


def _add_reject(router: APIRouter, house: House, doors: Doors, body: Body, manifest: Manifest) -> None:
    @router.post(
        f"/{manifest.slug}/matches/{{match_id}}/reject",
        operation_id=f"reject_{manifest.name}",
        summary=f"Say that {manifest.title} has none of it",
        responses=answers(200, MatchAnswer, *REFUSALS),
        openapi_extra=body_of(Order),
    )
    @in_time
    def reject_match(
        caller: Annotated[Caller, Depends(doors.write)],
        raw: Annotated[bytes, Depends(body)],
        match_id: MatchId,
        _: Annotated[Nothing, Query()],
    ) -> Response:
        """The next sync, which is due at once, makes a new customer; until then the last answer counts."""
        asked(Order, json_object(raw))
        return JSONResponse(answer_json(reject(house, caller.account_id, match_id, integration=manifest.name)))
