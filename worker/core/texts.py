"""Text that compares by meaning, and fingerprints of what it means."""

import hashlib
import json
import unicodedata


def fingerprint_of(meaning: object) -> str:
    """32 hex digits, equal for equal JSON values whatever the order of their keys."""
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def plain_text(text: str | None, limit: int) -> str:
    """Text as every calendar gives it back: NFC, ``\\n`` line ends, no trailing blanks, at most ``limit``
    characters.
    """
    normal = unicodedata.normalize("NFC", text or "").replace("\r\n", "\n").replace("\r", "\n")
    normal = "".join(char for char in normal if char in "\n\t" or unicodedata.category(char) != "Cc")
    return "\n".join(line.rstrip() for line in normal.strip().split("\n"))[:limit].rstrip()


def one_line(text: str | None, limit: int) -> str:
    """Text of one line: NFC, blanks and line ends as one blank each, at most ``limit`` characters."""
    return " ".join(plain_text(text, 10 * limit).split())[:limit].rstrip()
