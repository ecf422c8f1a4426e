"""All simulators on one port, each under its own path."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from worker.simulators.fieldcamp import FieldCampSimulator
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.outlook_calendar import OutlookCalendarSimulator
from worker.simulators.quickbooks import QuickBooksSimulator
from worker.simulators.review_rover import ReviewRoverSimulator
from worker.simulators.server import App, Served, serve
from worker.simulators.zendesk_sell import ZendeskSellSimulator

CLIENT_ID, CLIENT_SECRET = "visit-sync-demo", "not-a-secret"
WEBHOOK_VERIFIER = "not-a-secret-either"


@dataclass
class Town:
    """The simulated systems, and the variables of contract §2 that point at them."""

    fieldcamp: FieldCampSimulator = field(default_factory=FieldCampSimulator)
    google: GoogleCalendarSimulator = field(default_factory=GoogleCalendarSimulator)
    outlook: OutlookCalendarSimulator = field(default_factory=OutlookCalendarSimulator)
    quickbooks: QuickBooksSimulator = field(default_factory=QuickBooksSimulator)
    review_rover: ReviewRoverSimulator = field(default_factory=ReviewRoverSimulator)
    zendesk_sell: ZendeskSellSimulator = field(default_factory=ZendeskSellSimulator)

    def __post_init__(self) -> None:
        for simulator in (self.google, self.outlook, self.quickbooks):
            simulator.add_client(CLIENT_ID, CLIENT_SECRET)

    @property
    def app(self) -> App:
        async def index(_: Request) -> JSONResponse:
            return JSONResponse(
                {
                    "fieldcamp": "/fieldcamp",
                    "google_calendar": "/google",
                    "outlook_calendar": "/outlook",
                    "quickbooks": "/quickbooks",
                    "review_rover": "/review-rover",
                    "zendesk_sell": "/zendesk-sell",
                }
            )

        mounts = [
            Mount("/fieldcamp", app=self.fieldcamp.app),
            Mount("/google", app=self.google.app),
            Mount("/outlook", app=self.outlook.app),
            Mount("/quickbooks", app=self.quickbooks.app),
            Mount("/review-rover", app=self.review_rover.app),
            Mount("/zendesk-sell", app=self.zendesk_sell.app),
        ]
        return Starlette(routes=[Route("/", index), *mounts])

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Served:
        """Serve it all from a background thread; see ``server.serve``."""
        return serve(self.app, host, port)

    def close(self) -> None:
        self.fieldcamp.close()
        self.quickbooks.close()


def variables(url: str) -> Mapping[str, str]:
    """The settings that make Visit Sync use the town at ``url``."""
    return {
        "FIELDCAMP_BASE_URL": f"{url}/fieldcamp",
        "GOOGLE_BASE_URL": f"{url}/google",
        "GOOGLE_TOKEN_URL": f"{url}/google/token",
        "GOOGLE_CLIENT_ID": CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
        "MICROSOFT_GRAPH_URL": f"{url}/outlook/v1.0",
        "MICROSOFT_AUTHORITY_URL": f"{url}/outlook/common",
        "MICROSOFT_CLIENT_ID": CLIENT_ID,
        "MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
        "QUICKBOOKS_BASE_URL": f"{url}/quickbooks",
        "QUICKBOOKS_TOKEN_URL": f"{url}/quickbooks/oauth2/v1/tokens/bearer",
        "QUICKBOOKS_CLIENT_ID": CLIENT_ID,
        "QUICKBOOKS_CLIENT_SECRET": CLIENT_SECRET,
        "QUICKBOOKS_WEBHOOK_VERIFIER": WEBHOOK_VERIFIER,
        "REVIEW_ROVER_BASE_URL": f"{url}/review-rover",
        "ZENDESK_SELL_BASE_URL": f"{url}/zendesk-sell",
    }
