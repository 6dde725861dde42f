"""Log lines on stderr, logfmt or JSON, times in UTC. Never an address of ours, a key, or a URL that holds one."""

from __future__ import annotations

import datetime
import json
import logging
import sys
from collections.abc import Mapping
from enum import StrEnum

from probes.doors.clock import SystemClock

_PLAIN_NEEDS = frozenset(' "=\\')  # what a logfmt value is quoted for, beside what cannot be shown


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Form(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


_ORDER = tuple(Level)


class Log:
    """An event in one word, and what is to be known of it by name."""

    least = Level.WARNING  # of the whole process
    form = Form.LOGFMT

    def debug(self, event: str, **values: object) -> None:
        self._say(Level.DEBUG, event, values)

    def info(self, event: str, **values: object) -> None:
        self._say(Level.INFO, event, values)

    def warning(self, event: str, **values: object) -> None:
        self._say(Level.WARNING, event, values)

    def error(self, event: str, **values: object) -> None:
        self._say(Level.ERROR, event, values)

    def _say(self, level: Level, event: str, values: Mapping[str, object]) -> None:
        if _ORDER.index(level) < _ORDER.index(Log.least):
            return
        now = datetime.datetime.fromtimestamp(SystemClock().now_ms() / 1000, datetime.UTC)
        at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said: dict[str, object] = {"timestamp": at, "level": level.value, "event": event, **values}
        line = json.dumps(said, default=str, ensure_ascii=False) if Log.form is Form.JSON else _logfmt(said)
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def set_up(level: Level, form: Form) -> None:
    """For the whole process. Libraries speak through it from warning on."""
    Log.least, Log.form = level, form
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="level=%(levelname)s event=%(message)r")


def _logfmt(said: Mapping[str, object]) -> str:
    return " ".join(f"{key}={_value(value)}" for key, value in said.items())


def _value(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
    text = str(value)
    if text.isprintable() and not _PLAIN_NEEDS & set(text):
        return text
    return json.dumps(text, ensure_ascii=False)  # a line is one line, whatever stands in it
