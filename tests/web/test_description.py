"""`/openapi.json` and `/docs`: the contract's examples, what every operation refuses, and nothing of other hosts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.web.house import served
from tests.web.premises import Premises, premises
from worker.wiring import MANIFESTS

WITH_BOOKS = [name for name, manifest in MANIFESTS.items() if manifest.books]
REFUSALS = {"400", "401", "403", "429", "503"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
EXAMPLES = {
    "JobDescriptor": {"job_id", "integration", "mode", "status", "created_at"},
    "CalendarChanges": {"integration", "changes", "next_cursor", "has_more"},
    "BooksChanges": {"integration", "changes", "next_cursor", "has_more"},
    "MatchPage": {"matches", "next_cursor", "has_more"},
    "MatchShape": {"match_id", "kind", "local_id", "name", "email", "phone", "candidates", "created_at"},
    "MatchAnswer": {"match_id", "kind", "local_id", "accepted"},
    "Status": {
        *("integration", "connected", "last_synced_at", "next_scheduled_sync_at", "active_job_id", "errors"),
        *("direction", "last_job", "pending_events", "conflicts", "needs_attention"),
    },
    "JobShape": {
        *("job_id", "integration", "mode", "scope", "trigger", "dry_run", "status", "created_at", "started_at"),
        *("finished_at", "attempts", "progress", "counts", "records", "error"),
    },
    "RecordShape": {"kind", "local_id", "remote_id", "target", "outcome", "reason", "message", "at"},
    "Received": {"received", "event_id", "duplicate"},
    "Problem": {"success", "error", "code", "details"},
}
"""The fields of the contract's examples, by our name for the shape."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    told: Json


@dataclass(frozen=True, slots=True)
class Site:
    """The site, its description, and a client who may do everything."""

    premises: Premises
    client: httpx.Client
    told: Json
    job_id: str

    def operations(self) -> list[Operation]:
        paths = self.told["paths"].items()
        return [Operation(method, path, told) for path, ways in paths for method, told in ways.items()]

    def of_api(self) -> list[Operation]:
        return [operation for operation in self.operations() if operation.path.startswith("/api/")]

    def ask(self, operation: Operation, query: str = "", **how: Any) -> httpx.Response:
        path = operation.path.replace("{job_id}", self.job_id) + query
        return self.client.request(operation.method, path, **how)

    def fits(self, schema: Json, value: Any) -> bool:
        whole = {**schema, "components": self.told["components"]}
        return jsonschema_rs.validator_for(whole, validate_formats=True).is_valid(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("described") / "visit-sync.db"
    with premises(path) as found, served(found.site) as url:
        headers = {"Authorization": f"Bearer {found.key}"}
        with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
            partial = client.get("/api/v1/integrations/jobs", params={"status": "partial"}).json()["jobs"]
            yield Site(found, client, client.get("/openapi.json").json(), partial[0]["job_id"])


def inside(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from inside(each)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_contracts_examples_are_there_and_fit_their_schemas(site: Site, name: str) -> None:
    schema = site.told["components"]["schemas"][name]
    [example] = schema["examples"]
    assert set(example) == EXAMPLES[name]
    assert site.fits({"$ref": f"#/components/schemas/{name}"}, example)
    assert not site.fits({"$ref": f"#/components/schemas/{name}"}, {**example, "surprise": 1})


def test_the_contracts_event_is_there_and_fits_its_schema(site: Site) -> None:
    body = site.told["paths"]["/webhooks/fieldcamp/{account_id}"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    [example] = schema["examples"]
    assert (example["type"], example["api_version"]) == ("visit.status_changed", "2024-10-01")
    assert site.fits(schema, example)
    assert not site.fits(schema, {**example, "data": {}})
    assert site.fits(schema, {**example, "type": "crew.moved", "data": {}})


def test_every_schema_that_is_named_is_there(site: Site) -> None:
    named = {each["$ref"] for each in inside(site.told) if isinstance(each, dict) and "$ref" in each}
    assert named <= {f"#/components/schemas/{name}" for name in site.told["components"]["schemas"]}
    assert "$defs" not in str(site.told)


def test_every_operation_has_a_name_of_its_own(site: Site) -> None:
    names = [operation.told["operationId"] for operation in site.operations()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)


def test_every_operation_of_the_api_wants_a_key_and_tells_how_it_refuses(site: Site) -> None:
    operations = site.of_api()
    assert len(operations) >= 12
    for operation in operations:
        assert operation.told["security"] == [{"bearer": []}, {"api_key": []}], operation.path
        assert set(operation.told["responses"]) >= REFUSALS, operation.path
        assert "422" not in operation.told["responses"]


def test_every_refusal_is_described_as_the_one_envelope(site: Site) -> None:
    refusals = [
        answer["content"]
        for operation in site.operations()
        for status, answer in operation.told["responses"].items()
        if status >= "400"
    ]
    assert refusals
    assert all(each == {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}} for each in refusals)


def test_pages_for_people_are_not_described(site: Site) -> None:
    assert not [path for path in site.told["paths"] if path.startswith(("/connect", "/docs"))]


def test_what_is_described_without_a_key_is_served_with_one_alone(site: Site) -> None:
    for operation in site.of_api():
        answer = httpx.request(operation.method, str(site.client.base_url).rstrip("/") + operation.path)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED"), operation.path


def test_every_operation_refuses_an_unknown_parameter_by_name(site: Site) -> None:
    for operation in site.of_api():
        answer = site.ask(operation, "?surprise=1")
        assert answer.status_code == 400, operation.path
        assert list(answer.json()["details"]) == ["surprise"], operation.path


def test_every_operation_refuses_a_parameter_that_comes_twice_by_name(site: Site) -> None:
    for operation in site.of_api():
        answer = site.ask(operation, "?surprise=1&surprise=1")
        assert list(answer.json()["details"]) == ["surprise"], operation.path


def test_every_body_refuses_an_unknown_field_by_name(site: Site) -> None:
    taking = [operation for operation in site.of_api() if "requestBody" in operation.told]
    assert len(taking) == len(MANIFESTS) + 2 + 2 * len(WITH_BOOKS)
    for operation in taking:
        schema = operation.told["requestBody"]["content"]["application/json"]["schema"]
        needed = dict.fromkeys(schema.get("required", ()), "58")
        answer = site.ask(operation, json={**needed, "surprise": 1})
        assert (answer.status_code, list(answer.json()["details"])) == (400, ["surprise"])


def test_every_moment_in_an_answer_is_in_utc_with_z(site: Site) -> None:
    moments = []
    for operation in site.of_api():
        if operation.method == "get":
            found = inside(site.ask(operation).json())
            moments += [text for text in found if isinstance(text, str) and MOMENT.match(text)]
    assert len(moments) > 20
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment) for moment in moments)


def test_every_moment_of_an_answer_is_described_with_z(site: Site) -> None:
    shapes = inside(site.told["components"]["schemas"])
    moments = [each for each in shapes if isinstance(each, dict) and each.get("format") == "date-time"]
    assert len(moments) >= 8
    assert {each.get("pattern") for each in moments} == {"Z$"}


def test_every_link_leads_to_something(site: Site) -> None:
    by_name = {operation.told["operationId"]: operation for operation in site.operations()}
    followed = []
    for operation in site.of_api():
        for status, answer in operation.told["responses"].items():
            if links := answer.get("links"):
                came = _at_last(site, operation)
                assert came.status_code == int(status), operation.path
                followed += [
                    _followed(site, by_name[link["operationId"]], link["parameters"], came.json())
                    for link in links.values()
                ]
    assert len(followed) == 5 * len(MANIFESTS) + 8
    assert max(followed) < 500


def _at_last(site: Site, operation: Operation) -> httpx.Response:
    """The answer once no other sync stands in the way."""
    deadline = time.monotonic() + 20
    while (answer := site.ask(operation)).status_code == 409 and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def _followed(site: Site, operation: Operation, parameters: Json, answer: Json) -> int:
    values = {name: answer[source.removeprefix("$response.body#/")] for name, source in parameters.items()}
    path = operation.path.replace("{job_id}", values.pop("job_id", ""))
    reply = site.client.request(operation.method, path, params=values)
    assert reply.status_code != 404, operation.path
    return reply.status_code


def test_docs_are_shown_and_ask_no_other_host(site: Site) -> None:
    page = site.client.get("/docs")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert re.findall(r"https?://[^\s\"'<>]*", page.text) == []
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "'unsafe-eval'" not in page.headers["Content-Security-Policy"]
    files = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(files) == 3
    for file in files:
        assert site.client.get(file).status_code == 200, file
    assert "url: '/openapi.json'" in page.text


def test_nothing_in_the_description_tells_of_this_installation(site: Site) -> None:
    text = site.client.get("/openapi.json").text
    for secret in (site.premises.account_id, site.premises.key, site.premises.secret, str(Path(__file__).parents[2])):
        assert secret not in text
