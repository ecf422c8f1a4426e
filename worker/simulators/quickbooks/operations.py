"""What a request means: its name for journals and faults, and what it does to an object."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

Verb = Literal["create", "update", "void", "delete"]
COMPANY = re.compile(r"/v3/company/(?P<realm>[^/]+)/(?P<rest>.+)")
OAUTH = {"/oauth2/v1/tokens/bearer": "token", "/v2/oauth2/tokens/revoke": "revoke", "/connect/oauth2": "consent"}
WHOLE = frozenset({"query", "cdc", "batch"})
VOID_AS_UPDATE = frozenset({"payment", "salesreceipt", "billpayment"})
"""Voided with `operation=update&include=void`; all others with `operation=void`."""


def name_of(method: str, path: str, params: Mapping[str, str], body: bytes) -> str:
    """Such as "invoice.create", "customer.read", "query", "cdc", "batch", "token"; "" for an unknown path."""
    found = COMPANY.fullmatch(path)
    if found is None:
        return OAUTH.get(path, "")
    head = found["rest"].partition("/")[0].lower()
    if head in WHOLE:
        return head
    return f"{head}.read" if method == "GET" else f"{head}.{verb(params, has_id(_object(body)))}"


def realm_of(path: str) -> str:
    """The company that a path below the mount names; "" for none."""
    found = COMPANY.fullmatch(path)
    return found["realm"] if found else ""


def part_name(item: Mapping[str, Any]) -> str:
    """The same name for an item of a batch."""
    if "Query" in item:
        return "query"
    entity = next((name for name in item if name not in {"bId", "operation", "optionsData"}), "")
    done = "void" if item.get("optionsData") == "void" else str(item.get("operation", ""))
    return f"{entity.lower()}.{done}"


def verb(params: Mapping[str, str], known: bool) -> Verb:
    """What a POST does, by its query parameters and whether its body has an Id."""
    operation = params.get("operation")
    if operation == "void" or params.get("include") == "void":
        return "void"
    if operation == "delete":
        return "delete"
    return "update" if operation == "update" or known else "create"


def is_supported(entity: str, params: Mapping[str, str]) -> bool:
    """Whether these query parameters mean anything for the entity, in lower case."""
    operation, include = params.get("operation"), params.get("include")
    if include == "void":
        return operation == "update" and entity in VOID_AS_UPDATE
    if operation == "void":
        return entity not in VOID_AS_UPDATE
    return operation in {None, "update", "delete"}


def has_id(body: Mapping[str, Any]) -> bool:
    return bool(body.get("Id"))


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
