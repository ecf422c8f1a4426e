"""A key that people were given and that is sent as it is: read from its grant, and told to nobody else."""

import hashlib

from worker.core.errors import ConnectionRevoked
from worker.core.ports import Grant


def read_key(grant: Grant, field: str, title: str) -> str:
    """The key that stands in ``field`` of the credentials of ``title``, as people know that system.

    Raises ConnectionRevoked where there is none, or one that no header can carry.
    """
    key = grant.read().get(field)
    if not isinstance(key, str) or not key or not (key.isascii() and key.isprintable()):
        raise ConnectionRevoked(f"There is no usable {field.replace('_', ' ')} for {title}; connect {title} again.")
    return key


def limit_name(integration: str, key: str) -> str:
    """The name of a key's share of the limits, from which nobody learns the key."""
    return f"{integration}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
