"""Microsoft Graph v1.0 as a local server: events, delta links, batches, subscriptions and the identity platform.

Where Graph's own behaviour is not known, the setting for it has the least kind default (`settings.py`). Ids: an id of
the kind that a request did not ask for with `Prefer: IdType="ImmutableId"` is not found (404), and what cannot be an id
at all is malformed (400). Not simulated: open extensions, exceptions of a series, attachments, `/cancel`, and
subscriptions that are dropped because their receiver was slow for a long time.
"""

from worker.simulators.outlook_calendar.simulator import OutlookCalendarSimulator

__all__ = ["OutlookCalendarSimulator"]
