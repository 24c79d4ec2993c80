"""Structured logs: one line a fact, with the mail's id on every line from its arrival to the last delivery.

On a terminal they are for eyes, elsewhere JSON for machines. Never in them: a thread address's token, a secret, a mail's text.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger


def configure(stream: TextIO | None = None, level: int = logging.INFO, watch: Processor | None = None) -> FilteringBoundLogger:
    """The process's logger, to stderr if no stream is given. `watch` sees every event, below `level` as well."""
    out = stream or sys.stderr
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=out.isatty())]
        if out.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            *((watch, _at_least(level)) if watch else ()),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if watch else level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    # The libraries below speak stdlib logging; only their warnings are of interest.
    logging.basicConfig(stream=out, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", force=True)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def _at_least(level: int) -> Processor:
    levels = logging.getLevelNamesMapping()

    def drop(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if levels.get(method.upper(), level) < level:
            raise structlog.DropEvent
        return event

    return drop
