"""Signed assertions of service accounts: JWT with RS256."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key


class NotSigned(ValueError):
    """The assertion is no JWT, or not signed with this key."""


def claims(assertion: str) -> dict[str, Any]:
    """What an assertion claims, unverified."""
    try:
        _, payload, _ = assertion.split(".")
        content = json.loads(_decoded(payload))
    except ValueError as error:
        raise NotSigned("Invalid JWT: malformed.") from error
    if not isinstance(content, dict):
        raise NotSigned("Invalid JWT: malformed.")
    return content


def check_signature(assertion: str, public_key_pem: str) -> None:
    signed, _, signature = assertion.rpartition(".")
    key = load_pem_public_key(public_key_pem.encode())
    try:
        algorithm = json.loads(_decoded(signed.partition(".")[0])).get("alg")
        if algorithm != "RS256" or not isinstance(key, RSAPublicKey):
            raise NotSigned("Invalid JWT: RS256 is expected.")
        key.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, AttributeError) as error:
        raise NotSigned("Invalid JWT Signature.") from error
    except ValueError as error:
        raise NotSigned(str(error)) from error


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("Invalid JWT: malformed.") from error
