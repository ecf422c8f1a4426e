"""The Outlook simulator's identity platform, asked by Microsoft's own library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.simulators.outlook import TECH
from worker.simulators.outlook_calendar import OutlookCalendarSimulator
from worker.simulators.outlook_calendar.simulator import CLIENT_ID, CLIENT_SECRET, TENANT
from worker.simulators.server import serve

msal = pytest.importorskip("msal")
SCOPES = ["https://graph.microsoft.com/Calendars.ReadWrite"]


class InTheClear(HTTPAdapter):
    """Takes what goes to https on the loopback over plain http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = str(request.url).replace("https://127.0.0.1", "http://127.0.0.1", 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def simulator() -> OutlookCalendarSimulator:
    simulator = OutlookCalendarSimulator()
    simulator.add_user(TECH, refresh_token="first")
    simulator.add_tenant()
    return simulator


@pytest.fixture
def authority(simulator: OutlookCalendarSimulator) -> Iterator[str]:
    """Below a mount, as in the town."""
    with serve(Starlette(routes=[Mount("/outlook", app=simulator.app)])) as served:
        yield f"https://127.0.0.1:{served.port}/outlook"


def application(authority: str, tenant: str, secret: str = CLIENT_SECRET) -> Any:
    session = requests.Session()
    session.mount("https://127.0.0.1", InTheClear())
    return msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=secret,
        authority=f"{authority}/{tenant}",
        instance_discovery=False,
        http_client=session,
    )


def test_a_refresh_brings_tokens_and_says_who_it_is(simulator: OutlookCalendarSimulator, authority: str) -> None:
    answer = application(authority, "common").acquire_token_by_refresh_token("first", SCOPES)
    assert answer["access_token"]
    assert answer["refresh_token"] != "first"
    assert answer["id_token_claims"]["preferred_username"] == TECH
    assert simulator.counters()["refreshes"] == 1


def test_an_application_gets_a_token_for_its_tenant(simulator: OutlookCalendarSimulator, authority: str) -> None:
    answer = application(authority, TENANT).acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert answer["access_token"]
    assert simulator.counters()["applications"] == 1


def test_what_is_refused_comes_back_as_a_dictionary(simulator: OutlookCalendarSimulator, authority: str) -> None:
    wrong = application(authority, "common", "wrong").acquire_token_by_refresh_token("first", SCOPES)
    assert (wrong["error"], wrong["error_codes"]) == ("invalid_client", [7000215])
    simulator.revoke(TECH)
    gone = application(authority, "common").acquire_token_by_refresh_token("first", SCOPES)
    assert (gone["error"], gone["error_codes"]) == ("invalid_grant", [50173])
