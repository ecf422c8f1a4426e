"""The sync API, put together: every integration's routes, those of jobs, and those of matches."""

from fastapi import APIRouter

from worker.sync.house import House
from worker.web.bodies import DEFAULT_LIMITS, Limits, body_within
from worker.web.doors import doors
from worker.web.jobs import job_routes
from worker.web.keys import Doorkeeper
from worker.web.matches import match_routes
from worker.web.syncs import sync_routes


def api_routes(house: House, keeper: Doorkeeper, limits: Limits = DEFAULT_LIMITS) -> list[APIRouter]:
    """What is under `/api/`; each route lets in by its scope."""
    both = doors(keeper)
    body = body_within(limits)
    return [job_routes(house, both, body), sync_routes(house, both, body), match_routes(house, both, body)]
