"""Logs as the processes configure them: structlog's own default takes seconds over a traceback."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from worker import logs


@pytest.fixture(autouse=True, scope="module")
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
