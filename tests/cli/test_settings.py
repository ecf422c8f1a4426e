"""A wrong variable stops every command with one line that names it."""

import pytest

from tests.cli.shell import Shell

SECRET = "do-not-repeat-me"


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        (("up",), "PORT", "eighty"),
        (("web",), "HOST", "not a host"),
        (("worker",), "REDIS_URL", f"http://:{SECRET}@localhost"),
        (("beat",), "SYNC_CADENCE_SECONDS", "often"),
        (("jobs",), "DATABASE_URL", f"mysql://root:{SECRET}@localhost/visits"),
        (("db", "upgrade"), "SECRET_KEYS", SECRET),
        (("demo", "--once"), "PORT", "99999"),
    ],
)
def test_a_wrong_variable_is_named(shell: Shell, command: tuple[str, ...], variable: str, value: str) -> None:
    done = shell(*command, **{variable: value})
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert variable in done.err
    assert SECRET not in done.err


def test_postgresql_without_keys_is_refused(shell: Shell) -> None:
    done = shell("worker", DATABASE_URL="postgresql://localhost/visits")
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert "SECRET_KEYS" in done.err
