"""``visit-sync match``: which objects of the books are records of ours, as people say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from worker.cli.opening import account_of, opened
from worker.cli.speech import say, say_json, table
from worker.core.errors import Invalid, NotFound
from worker.core.matches import Question
from worker.descriptors import match_json
from worker.sync.matches import accept as accept_match
from worker.sync.matches import open_matches
from worker.sync.matches import reject as reject_match
from worker.wiring import MANIFESTS, Wiring

PAGE = 200
COLUMNS = ("match", "record", "reached by", "customer", "called", "reached by", "evidence")
UNKNOWN = "expected mat_ and a ULID, as visit-sync match list shows it; this one there is not, or it is settled by now"

Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="The account; not needed if there is one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MatchId = Annotated[str, typer.Argument(metavar="MATCH_ID", help="As the list shows it.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="Customers that may be in the books already.", no_args_is_help=True)
    group.command("list")(list_matches)
    group.command("accept")(accept)
    group.command("reject")(reject)
    app.add_typer(group, name="match")


def list_matches(account: Account = None, as_json: Json = False) -> None:
    """List the records that wait for a person to say which of the candidates they are, oldest first."""
    with opened() as wiring:
        found = list(_open(wiring, account_of(wiring, account).id))
    if as_json:
        say_json({"matches": [match_json(question) for question in found]})
        return
    if not found:
        say("Nothing waits for an answer.")
        return
    table(COLUMNS, [row for question in found for row in _rows(question)])
    say("Say which one it is:      visit-sync match accept MATCH_ID CUSTOMER")
    say("Have a new one made:      visit-sync match reject MATCH_ID")


def accept(
    match_id: MatchId,
    remote_id: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id in the books.")],
    account: Account = None,
) -> None:
    """Say which customer of the books it is: a candidate, or any other."""
    with opened() as wiring:
        chosen = account_of(wiring, account).id
        with _known_by_its_argument():
            said = accept_match(wiring.house, chosen, match_id, remote_id)
        say(f"{said.kind} {said.local_id} is customer {said.chosen} of the books. {_next(wiring, said, chosen)}")


def reject(match_id: MatchId, account: Account = None) -> None:
    """Say that none of the candidates is it, so that a new customer is made."""
    with opened() as wiring:
        chosen = account_of(wiring, account).id
        with _known_by_its_argument():
            said = reject_match(wiring.house, chosen, match_id)
        say(f"{said.kind} {said.local_id} becomes a new customer in the books. {_next(wiring, said, chosen)}")


@contextmanager
def _known_by_its_argument() -> Iterator[None]:
    """A question that there is not is a mistake in what was asked for; its id is not repeated."""
    try:
        yield
    except NotFound:
        raise Invalid(f"MATCH_ID: {UNKNOWN}", {"match_id": UNKNOWN}) from None


def _open(wiring: Wiring, account_id: str) -> Iterator[Question]:
    """All open questions of the account, page by page. Raises NotConnected where no books are connected."""
    books = [name for name, manifest in MANIFESTS.items() if manifest.books]
    live = [each.integration for each in wiring.store.connections.of(account_id) if each.connected]
    for name in [name for name in books if name in live] or books[:1]:
        after = ""
        while page := open_matches(wiring.house, account_id, name, after, PAGE):
            yield from page
            after = page[-1].id


def _next(wiring: Wiring, said: Question, account_id: str) -> str:
    connection = wiring.store.connections.get(said.connection_id or 0)
    assert connection is not None, "connections stay"
    sync = f"visit-sync sync {connection.integration} --account {account_id} --wait"
    return f"The next sync, which is due now, takes that; until then you may change your mind. To see it happen: {sync}"


def _rows(question: Question) -> Iterator[tuple[object, ...]]:
    """One for each candidate; the record is named in the first alone."""
    told = match_json(question)
    record: tuple[object, ...] = (told["match_id"], f"{told['name']} ({told['local_id']})", _reached_by(told))
    for candidate in told["candidates"] or [None]:
        yield (*record, *_columns(candidate))
        record = ("", "", "")


def _columns(candidate: dict[str, Any] | None) -> tuple[object, ...]:
    if candidate is None:
        return ("", "", "", "")
    name = candidate["name"] if candidate["active"] else f"{candidate['name']} (inactive)"
    return (candidate["remote_id"], name, _reached_by(candidate), ", ".join(candidate["evidence"]))


def _reached_by(known: dict[str, Any]) -> str:
    return ", ".join(known[name] for name in ("email", "phone") if known[name])
