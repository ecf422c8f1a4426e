"""Where Microsoft is, and who we are there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutlookSettings:
    """``authority_url`` ends with a tenant, ``common`` for people of any; ``mailbox_per_minute`` are requests of our
    whole app to one mailbox.

    https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits: 10,000 in ten minutes.
    """

    graph_url: str = "https://graph.microsoft.com/v1.0"
    authority_url: str = "https://login.microsoftonline.com/common"
    client_id: str = ""
    client_secret: str = ""
    mailbox_per_minute: float = 1000
