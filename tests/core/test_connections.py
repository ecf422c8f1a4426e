"""What stands in a path at the provider is looked at before it gets there."""

import pytest

from worker.core.connections import is_realm_id


@pytest.mark.parametrize("text", ["4620816365", "a-b_c", "9" * 64])
def test_a_companys_id_may_stand_in_a_path(text: str) -> None:
    assert is_realm_id(text)


@pytest.mark.parametrize("text", ["", "1/2", "..", "1?x", "1 2", "é", "9" * 65, "-"])
def test_nothing_else_may(text: str) -> None:
    assert not is_realm_id(text)
