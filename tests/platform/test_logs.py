"""What the logs say, and what they never say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from worker import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(stream=stream)
    return stream


def last(lines: io.StringIO) -> dict[str, object]:
    return dict(json.loads(lines.getvalue().splitlines()[-1]))


def test_each_line_is_json_and_carries_what_is_bound(lines: io.StringIO) -> None:
    with logs.bound(job="syn_1", account="acc_1", integration=None):
        structlog.get_logger().info("sync.done", pushed=3)
    line = last(lines)
    assert line.pop("timestamp")
    assert line == {"event": "sync.done", "level": "info", "job": "syn_1", "account": "acc_1", "pushed": 3}
    structlog.get_logger().info("later")
    assert "job" not in last(lines)


def test_secrets_and_addresses_are_hidden_however_deep(lines: io.StringIO) -> None:
    about = {"people": [{"mail": "ann@example.com"}], "text": "Authorization: Bearer abcdefgh12345"}
    structlog.get_logger().warning("told bob@example.com", about=about, access_token="tk-1", more={"api_key": "tk-2"})
    try:
        raise ValueError("refresh_token=verysecret of carol@example.com")
    except ValueError:
        structlog.get_logger().exception("failed")
    written = lines.getvalue()
    for secret in ("ann@", "bob@", "carol@", "abcdefgh12345", "verysecret", "tk-1", "tk-2"):
        assert secret not in written
    assert "ValueError" in written


def test_others_are_heard_from_warnings_up_and_redacted_too(lines: io.StringIO) -> None:
    logging.getLogger("celery.worker").info("chatter")
    assert lines.getvalue() == ""
    logging.getLogger("celery.worker").warning("lost %s", "redis://:pass@host/0")
    line = last(lines)
    assert (line["level"], line["logger"]) == ("warning", "celery.worker")
    assert "pass@" not in lines.getvalue()


def test_an_exception_of_others_keeps_its_traceback(lines: io.StringIO) -> None:
    try:
        raise ValueError("of dave@example.com")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("boom")
    assert "Traceback" in str(last(lines)["exception"])
    assert "dave@" not in lines.getvalue()


def test_a_terminal_gets_lines_for_people() -> None:
    terminal = Terminal()
    logs.configure(stream=terminal)
    structlog.get_logger().info("sync.done", pushed=3)
    assert "sync.done" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_a_style_may_be_asked_for() -> None:
    stream = io.StringIO()
    logs.configure("people", stream=stream)
    structlog.get_logger().info("sync.done", pushed=3)
    assert "pushed=3" in stream.getvalue()
