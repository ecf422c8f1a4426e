"""Our name on an invoice or a payment, so that it is known again and never made twice."""

import re
from urllib.parse import quote, unquote

from worker.core.ports import Key
from worker.core.texts import fingerprint_of

MARK = "FieldCamp"
LIMIT = 4000
"""Characters of a PrivateNote: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice"""

VOIDED = re.compile(r"\s*voided\b[\s:,.–-]*", re.IGNORECASE)
"""What QuickBooks puts before the note of what is voided."""

_PLAIN = "!#$&'()*+,/:;=?@[]~"
_LINE = re.compile(rf"^[^\S\n]*{MARK} (\S+)[^\S\n]*$", re.MULTILINE)


def note_with(key: Key, note: str = "") -> str:
    """A PrivateNote that says whose the object is, on a line of its own before everything else."""
    line = f"{MARK} {quote(str(key), safe=_PLAIN)}"
    return f"{line}\n{note}"[:LIMIT].rstrip() if note else line


def key_of(note: object) -> Key | None:
    """The key in a PrivateNote, whatever people wrote on other lines; None where there is none."""
    text = VOIDED.sub("", str(note or "").replace("\r\n", "\n").replace("\r", "\n"), count=1)
    found = (Key.parse(unquote(line)) for line in _LINE.findall(text))
    return next((key for key in found if key is not None), None)


def is_void_note(note: object) -> bool:
    """Whether a PrivateNote begins as that of something voided does."""
    return VOIDED.match(str(note or "")) is not None


def request_id(account_id: str, entity: str, key: Key, fingerprint: str, attempt: str = "") -> str:
    """The ``requestid`` under which QuickBooks creates this content of this key once, however often it is sent.

    At most 50 characters. Another body or generation has another id, and so has another ``attempt``.
    https://blogs.intuit.com/2015/04/06/15346/
    """
    return "vs-" + fingerprint_of([account_id, entity, str(key), fingerprint, attempt])
