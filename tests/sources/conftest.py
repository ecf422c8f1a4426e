"""A simulated FieldCamp with an account, a client, a job and a team."""

from collections.abc import Iterator

import pytest

from tests.sources.place import KEY, OTHER_KEY, Place
from tests.sources.sell import Sell, served_sell
from worker.simulators.fieldcamp import FieldCampSimulator
from worker.simulators.server import serve


@pytest.fixture
def place() -> Iterator[Place]:
    simulator = FieldCampSimulator(rate_limit_per_minute=None)
    simulator.add_account(KEY)
    simulator.add_account(OTHER_KEY)
    simulator.add_team_member(KEY, "usr_1", firstName="Ann", lastName="Lee", email="ann@example.com")
    simulator.add_team_member(KEY, "usr_2", firstName="Bo", email="bo@example.com")
    simulator.add_client(KEY, id="cli_1", name="Acme", email="acme@example.com")
    simulator.add_job(
        KEY, id="job_1", clientId="cli_1", title="Boiler", jobAddress={"street": "Main", "houseNumber": "1"}
    )
    with serve(simulator.app) as server:
        found = Place(simulator, server.url, [], [])
        yield found
        for source in found.opened:
            source.close()
    simulator.close()


@pytest.fixture
def owed(place: Place) -> Place:
    """The place with an invoice of 71.96 that nobody paid."""
    place.simulator.add_invoice(KEY, id="inv_1", clientId="cli_1", lineItems=[{"price": 35.98, "quantity": 2}])
    return place


@pytest.fixture
def sell() -> Iterator[Sell]:
    with served_sell() as found:
        yield found
