"""Google Calendar v3 as a local server: events, sync tokens, batches, push channels and the token endpoint."""

from worker.simulators.google_calendar.simulator import GoogleCalendarSimulator

__all__ = ["GoogleCalendarSimulator"]
