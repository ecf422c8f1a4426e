"""The Fernet keys that are kept beside a SQLite file, made once."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet

from worker import setting_values as values
from worker.core.errors import Invalid


def kept_keys(database: Path) -> tuple[str, ...]:
    """The keys in ``<database>.keys``; the first process to ask makes one, readable by its owner alone.

    Raises Invalid with one line if the file cannot be made or read, or holds no keys.
    """
    kept = database.with_name(f"{database.name}.keys")
    try:
        if not kept.exists():
            _make(kept)
        keys = values.fernet_keys(kept.read_text("ascii"))
    except OSError as error:
        raise _refused(f"is missing, and {kept} cannot be made or read: {error.strerror}") from None
    except ValueError:
        keys = ()
    if not keys:
        raise _refused(
            f"is missing, and {kept} holds no Fernet keys; put them back, or remove the file to start afresh"
        )
    return keys


def _make(kept: Path) -> None:
    # Linked into place when complete: of several processes one wins, and nobody ever reads half a key.
    draft = kept.with_name(f"{kept.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, kept)
    finally:
        draft.unlink()


def _refused(complaint: str) -> Invalid:
    return Invalid(f"SECRET_KEYS {complaint}", {"SECRET_KEYS": complaint})
