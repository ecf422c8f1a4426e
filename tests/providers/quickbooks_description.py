"""Intuit's own description of its API, where it is at hand: is a request one that it describes?"""

import json
from pathlib import Path
from typing import Self

import pytest

from tests.providers import graph_description

FILE = Path(__file__).parents[3] / "shared" / "specs" / "quickbooks.openapi3.json"


class Description(graph_description.Description):
    """Checks requests as the one of Graph does; parts of batches are described as their entities are."""

    @classmethod
    def at_hand(cls) -> Self:
        """Skips the test where the file is not there."""
        if not FILE.exists():
            pytest.skip("the description of QuickBooks is not at hand")
        return cls(json.loads(FILE.read_text()))
