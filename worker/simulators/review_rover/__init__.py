"""ReviewRover as a local server: visits, contacts and the review requests that go out for finished visits.

Where ReviewRover's own behaviour is not known, the setting for it has the least kind default (`settings.py`). An `:id`
of digits alone is ReviewRover's own number first and an `external_id` second.
"""

from worker.simulators.review_rover.settings import Settings
from worker.simulators.review_rover.simulator import ReviewRoverSimulator

__all__ = ["ReviewRoverSimulator", "Settings"]
