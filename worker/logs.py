"""What the processes say: for people on a terminal, as JSON lines everywhere else."""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal, TextIO

import structlog
from structlog.types import Processor

from worker.http.redaction import HIDDEN, redacted

Style = Literal["people", "json"]

SECRETIVE = re.compile(r"(token|secret|password|authorization|api_?key|signature|cookie)s?$", re.IGNORECASE)
"""Names whose values are secrets, whatever these look like."""

QUIET_BELOW = logging.WARNING
"""Below this, what Celery, uvicorn and the SDKs say is of no use to whoever reads ours."""


def configure(style: Style | None = None, *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Sends everything that is logged in this process to ``stream`` (standard error), redacted.

    Without a ``style`` it is for people where the stream is a terminal, else JSON.
    """
    target = stream or sys.stderr
    chosen = style or ("people" if target.isatty() else "json")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last = _last(chosen, colours=target.isatty())
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    _route_stdlib(target, shared, last)


@contextmanager
def bound(**names: str | None) -> Iterator[None]:
    """Within the block each line carries these names that are not None: ``job``, ``account``, ``integration``."""
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in names.items() if value is not None}):
        yield


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line without secrets and e-mail addresses, however deep they stand."""
    return {name: HIDDEN if SECRETIVE.search(name) else _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        # Line by line: a traceback may be long, one line of it need not be.
        return "\n".join(redacted(line) for line in value.split("\n"))
    if isinstance(value, Mapping):
        return redact(None, "", {str(name): inner for name, inner in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, logging.LogRecord):
        return value
    return redacted(value)


def _last(style: Style, *, colours: bool) -> Processor:
    if style == "people":
        return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _route_stdlib(target: TextIO, shared: list[Processor], last: Processor) -> None:
    handler = logging.StreamHandler(target)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[remove, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(QUIET_BELOW)
    logging.captureWarnings(True)
