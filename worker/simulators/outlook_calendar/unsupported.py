"""Calls that Graph v1.0 does not have, and says so in words of its own."""

from __future__ import annotations

from worker.simulators.outlook_calendar.calls import Answer
from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.requests import Request


def events_delta(request: Request) -> Answer:
    """Beta only: https://learn.microsoft.com/graph/api/event-delta."""
    raise Refusal(400, "ErrorInvalidRequest", "Change tracking is not supported against 'microsoft.graph.event'.")
