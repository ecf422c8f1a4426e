"""The simulators of the two small systems, each served once for a module and started over for each test."""

from collections.abc import Iterator

import pytest

from tests.simulators.review_rover import Rover, served_rover
from tests.simulators.zendesk_sell import Sell, served_sell


@pytest.fixture(scope="module")
def review_rover() -> Iterator[Rover]:
    with served_rover() as rover:
        yield rover


@pytest.fixture
def rover(review_rover: Rover) -> Rover:
    review_rover.start_over()
    return review_rover


@pytest.fixture(scope="module")
def zendesk_sell() -> Iterator[Sell]:
    with served_sell() as sell:
        yield sell


@pytest.fixture
def sell(zendesk_sell: Sell) -> Sell:
    zendesk_sell.start_over()
    return zendesk_sell
