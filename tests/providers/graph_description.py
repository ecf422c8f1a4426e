"""Microsoft's own description of Graph, where it is at hand: is a request one that it describes?"""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import jsonschema_rs
import pytest

FILE = Path(__file__).parents[3] / "shared" / "specs" / "graph_calendar.openapi3.json"


class Description:
    """Checks requests against an OpenAPI 3 document: their path and method, query parameters and bodies."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    @classmethod
    def at_hand(cls) -> Self:
        """Skips the test where the file is not there."""
        if not FILE.exists():
            pytest.skip("the description of Graph is not at hand")
        return cls(json.loads(FILE.read_text()))

    def check(self, method: str, path: str, body: Any) -> None:
        """Fails for a request that is not described."""
        plain, _, query = path.partition("?")
        operation = self._operation(method, plain)
        self._check_query(operation, query)
        wanted = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        assert (body is None) == (wanted is None), f"{method} {plain}: a body where none is described, or none"
        if wanted is not None:
            schema = {**wanted, "components": self._document["components"]}
            jsonschema_rs.Draft4Validator(schema).validate(body)

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for pattern, operations in self._paths:
            if pattern.fullmatch(path) and method.lower() in operations:
                return dict(operations[method.lower()])
        raise AssertionError(f"{method} {path} is not described")

    def _check_query(self, operation: dict[str, Any], query: str) -> None:
        described = [self._resolved(one) for one in operation.get("parameters", ())]
        known = {one["name"]: one for one in described if one["in"] == "query"}
        given = dict(parse_qsl(query, keep_blank_values=True))
        if given.keys() & {"$skiptoken", "$deltatoken"}:
            return  # a link of Graph's own, used as it came
        assert given.keys() <= known.keys(), f"{given.keys() - known.keys()} are not described"
        assert {name for name, one in known.items() if one.get("required")} <= given.keys()
        for name, value in given.items():
            self._check_value(known[name]["schema"], value)

    def _check_value(self, schema: dict[str, Any], value: str) -> None:
        kinds: dict[str, Any] = {"array": value.split(","), "integer": int(value) if value.isdigit() else value}
        whole = {**schema, "components": self._document["components"]}
        jsonschema_rs.Draft4Validator(whole).validate(kinds.get(str(schema.get("type")), value))

    def _resolved(self, parameter: dict[str, Any]) -> dict[str, Any]:
        name = parameter.get("$ref", "").rpartition("/")[2]
        return dict(self._document["components"]["parameters"][name]) if name else parameter

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        return [
            (re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))), operations)
            for path, operations in self._document["paths"].items()
        ]
