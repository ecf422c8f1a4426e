"""The ways in to the books of a running system: the API, the command line, the browser."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.cli.shell import Shell
from tests.system.books import QUICKBOOKS, WithBooks
from worker.demo.books import REALM
from worker.wiring import now

API = "/api/v1/integrations/quickbooks"
SECRET = "do-not-repeat-me"
HTML = {"Accept": "text/html"}


@pytest.fixture
def api(books: WithBooks) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {books.api_key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{books.port}", headers=headers, timeout=20) as client:
        yield client


def test_the_api_syncs_a_scope_and_tells_of_it(books: WithBooks, api: httpx.Client) -> None:
    refused = api.post(f"{API}/sync", json={"scope": "everything"})
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["scope"])
    asked = api.post(f"{API}/sync", json={"scope": "customers", "mode": "full"})
    assert asked.status_code == 202, asked.text
    job = books.ended(books.job(asked.json()["job_id"]))
    told = api.get(f"/api/v1/integrations/jobs/{job.id}").json()
    records = api.get(f"/api/v1/integrations/jobs/{job.id}/records", params={"limit": 500}).json()["records"]
    assert (told["scope"], told["status"], told["counts"]["pushed"]) == ("customers", "succeeded", 0)
    assert told["records"]["clients"]["unchanged"] > 0
    assert told["records"]["invoices"]["unchanged"] == 0
    assert {record["kind"] for record in records} <= {"client"}


def test_the_status_and_the_feed_tell_of_the_books(books: WithBooks, api: httpx.Client) -> None:
    invoice = books.books.bill()
    books.in_the_books(invoice)
    books.settle()
    begin = _read(api)["next_cursor"]
    books.books.annotate(invoice, "Agreed on the telephone.")
    books.settle()
    there = books.books.posted(invoice)
    changes = _read(api, cursor=begin)["changes"]
    found = [(one["action"], one["entity"], one["local_id"], one["remote_id"]) for one in changes]
    assert found == [("updated", "invoices", invoice["id"], there["Id"])]
    status = api.get(f"{API}/status").json()
    assert (status["connected"], status["direction"], status["conflicts"]) == (True, "bidirectional", 0)
    assert (status["errors"], status["needs_attention"]) == ([], 0)


def test_the_command_line_connects_with_files_and_names_what_is_wrong(books: WithBooks) -> None:
    shell = Shell(books.folder, books.variables)
    account = shell("account", "create", "Files & Co", "--json").json["account_id"]
    good = shell.file("quickbooks.json", {"realm_id": REALM, "refresh_token": books.books.credentials["refresh_token"]})
    settings = shell.file("books.json", books.books.settings)
    wrong_credentials: list[tuple[Any, str]] = [
        ({"refresh_token": SECRET}, "realm_id"),
        ({"realm_id": REALM}, "refresh_token"),
        (f"realm_id={SECRET}", "not JSON"),
    ]
    for content, named in wrong_credentials:
        file = shell.file("wrong.json", content)
        done = shell("connect", QUICKBOOKS, "--account", account, "--credentials", file)
        assert (done.status, named in done.err, SECRET in done.err) == (2, True, False), done.err
        assert done.is_one_line_of_complaint()
    for setting in ("income_account", "item_accounts", "customer_match", "invoice_on_completed_visit", "incomeaccount"):
        file = shell.file("wrong.json", {setting: ["79"]})
        done = shell("connect", QUICKBOOKS, "--account", account, "--credentials", good, "--settings", file)
        assert (done.status, setting in done.err) == (2, True), done.err
        assert done.is_one_line_of_complaint()
    assert books.wiring.store.connections.find(account, QUICKBOOKS) is None
    done = shell("connect", QUICKBOOKS, "--account", account, "--credentials", good, "--settings", settings)
    assert done.out.startswith("quickbooks is connected.")
    connection = books.wiring.store.connections.find(account, QUICKBOOKS)
    assert connection is not None
    assert connection.settings == books.books.settings
    assert shell("disconnect", QUICKBOOKS, "--account", account).status == 0


def test_a_person_connects_the_books_in_the_browser(books: WithBooks) -> None:
    account, key, _ = books.wiring.store.accounts.create("Browser & Co", now())
    with httpx.Client(base_url=f"http://127.0.0.1:{books.port}", headers=HTML, follow_redirects=True) as browser:
        form = browser.get("/connect/quickbooks")
        assert (form.status_code, "Connect QuickBooks Online" in form.text) == (401, True)
        done = browser.post("/connect/quickbooks", data={"key": key}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (done.status_code, "QuickBooks Online is connected" in done.text) == (200, True)
    connection = books.wiring.store.connections.find(account.id, QUICKBOOKS)
    assert connection is not None
    grant = books.wiring.store.grants.grant(connection.id).read()
    assert (connection.connected, grant["realm_id"]) == (True, REALM)
    assert [one.id for one in books.wiring.store.connections.of_realm(QUICKBOOKS, REALM) if one.id == connection.id]
    books.wiring.store.connections.disconnect(account.id, QUICKBOOKS, now())


def _read(api: httpx.Client, **where: str) -> dict[str, Any]:
    """The feed to its end."""
    changes: list[dict[str, Any]] = []
    while True:
        page = api.get(f"{API}/sync", params={"limit": 500, **where}).json()
        changes += page["changes"]
        where = {"cursor": page["next_cursor"]}
        if not page["has_more"]:
            return {**page, "changes": changes}
