"""The Outlook simulator's answers against Graph's own description, where that is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.outlook import served_outlook
from worker.simulators.outlook_calendar.subscriptions import Subscription

SPECIFICATION = Path(__file__).parents[3] / "shared" / "specs" / "graph_calendar.openapi3.json"


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="Graph's own description is not here")
def test_answers_have_the_shape_that_graph_describes() -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    components = _with_nulls(json.loads(SPECIFICATION.read_text()))["components"]
    for name, value in (("event", _event()), ("subscription", _subscription())):
        schema = {"$ref": f"#/components/schemas/microsoft.graph.{name}", "components": components}
        jsonschema_rs.validator_for(schema).validate(value)
        described = components["schemas"][f"microsoft.graph.{name}"]["properties"].keys()
        assert {key for key in value if not key.startswith("@")} - described == set()


def _event() -> dict[str, Any]:
    guests = [{"emailAddress": {"address": "a@example.com"}, "type": "required"}]
    with served_outlook() as graph:
        made = graph.create(attendees=guests, location={"displayName": "Here"}, transactionId="1")
    assert made.status_code == 201
    return dict(made.json())


def _subscription() -> dict[str, Any]:
    kinds, expires = frozenset({"created"}), 1_800_000_000.0
    url = "https://example.com/hook"
    one = Subscription("s", "m", None, "/me/events", kinds, url, None, "x", expires, "u", "c", "t", True)
    return one.as_json()


def _with_nulls(schema: Any) -> Any:
    """OpenAPI's `nullable` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_with_nulls(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _with_nulls(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner
