"""Structured logs: one line a fact, with the mail's id on every line from its arrival to the last delivery.

On a terminal they are for eyes, elsewhere JSON for machines. Never in them: a thread address's token, a secret, a mail's text.
Tokens and passwords are kept out by `veil`, through which every line goes, ours and those of libraries, with their tracebacks.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from relay.address import brief

_IN_URL = re.compile(r"(://[^\s/:@]*):[^\s/]*@")
_PARAMETER = re.compile(r"""(?i)\b((?:[a-z_]*password|passwd|[a-z_]*secret(?:_access)?(?:_key)?)\s?=\s?)[^\s&"';,]+""")


def configure(stream: TextIO | None = None, level: int = logging.INFO, watch: Processor | None = None) -> FilteringBoundLogger:
    """The process's logger, to stderr if no stream is given. `watch` sees every event, below `level` as well."""
    out = stream or sys.stderr
    # Without a formatter of its own, the console's shows what every variable of a traceback holds.
    console = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    renderer: Processor = console if out.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            *((watch, _at_least(level)) if watch else ()),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            veiled,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if watch else level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    # The libraries below speak stdlib logging; only their warnings are of interest.
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Veiled("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def veil(text: str) -> str:
    """A text without what must not be in a log: tokens are shortened (see `address.brief`), passwords of URLs are stars.

    >>> veil("smtp://relay:secret@mx.example said no to t-abcdefghijklmnopqrstuvwxyz@relay.example")
    'smtp://relay:***@mx.example said no to t-abcde…@relay.example'
    """
    return _PARAMETER.sub(r"\1***", _IN_URL.sub(r"\1:***@", brief(text)))


def veiled(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """structlog's processor: every value of the line, however deep."""
    return {name: _value(value) for name, value in line.items()}


def _value(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {veil(str(name)): _value(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_value(inner) for inner in value]
        case _:
            return veil(value if isinstance(value, str) else repr(value))


class _Veiled(logging.Formatter):
    """What libraries say, and their tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return veil(super().format(record))


def _at_least(level: int) -> Processor:
    levels = logging.getLevelNamesMapping()

    def drop(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if levels.get(method.upper(), level) < level:
            raise structlog.DropEvent
        return event

    return drop
