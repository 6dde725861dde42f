"""Log lines on stderr, logfmt or JSON, times in UTC. Never an address of ours, a key, or a URL that holds one."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum

import structlog


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Form(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


def set_up(level: Level, form: Form) -> None:
    """For the whole process. Libraries speak through it from warning on."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form is Form.JSON
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="level=%(levelname)s event=%(message)r")
