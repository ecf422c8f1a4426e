"""Lets the contract suite's asserts explain themselves."""

import pytest

pytest.register_assert_rewrite("tests.providers.suite")
