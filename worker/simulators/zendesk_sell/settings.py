"""What can be switched on the Zendesk Sell simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """Change them with `ZendeskSellSimulator.configure(name=value)`."""

    rate_limit_per_second: int | None = 10
    """Requests of a token in one second, refused ones too; None for no limit."""
    unknown_parameters: Literal["refused", "ignored"] = "refused"
    resource_type_alone: bool = True
    """Whether `resource_type` may come without `resource_id`: the pages ask for the type with the id, Sell's own
    libraries ask for either with the other."""
    count: Literal["page", "total"] = "page"
    """What `meta.count` tells: the rows of this page, or all that the filters find."""
    next_page: Literal["inside", "beyond", "never"] = "inside"
    """Whether the last page of a window that hides rows has no `next_page`, has one that is refused, or no page has."""
    latency_seconds: float = 0.0
    """Added to each request."""
