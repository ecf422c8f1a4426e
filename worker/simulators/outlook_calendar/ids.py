"""Ids of events, default and immutable: https://learn.microsoft.com/graph/outlook-immutable-id.

Two events in a row have ids that differ in the case of one letter only, as real ones may: ids are case-sensitive.
"""

from __future__ import annotations

import base64
import hashlib
import re

DEFAULT_PREFIX, IMMUTABLE_PREFIX = "AAMkA", "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
SHAPE = re.compile(r"AA(?:Mk|kALg)[A-Za-z0-9_-]{60,}=")


def default_id(mailbox: str, calendar: str, number: int, moves: int, day: str = "") -> str:
    """Another one in each calendar, and after each move."""
    body = _digits(f"{mailbox}/{calendar}/{number // 2}/{moves}/{day}", 108)
    return f"{DEFAULT_PREFIX}{_marked(body, number)}AAA="


def immutable_id(mailbox: str, number: int, day: str = "") -> str:
    """The same in all calendars of a mailbox."""
    return f"{IMMUTABLE_PREFIX}{_marked(_digits(f'{mailbox}/{number // 2}/{day}', 60), number)}AA="


def is_shaped(text: str) -> bool:
    """Whether this could be an id at all."""
    return SHAPE.fullmatch(text) is not None


def _marked(body: str, number: int) -> str:
    return f"{body[:40]}{'K' if number % 2 else 'k'}{body[40:]}"


def _digits(text: str, length: int) -> str:
    return base64.urlsafe_b64encode(hashlib.shake_128(text.encode()).digest(length)).decode().rstrip("=")
