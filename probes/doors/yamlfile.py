"""YAML read strictly: duplicate keys are mistakes, `NO` stays Norway, every value knows its line.

libyaml takes the text apart, by PyYAML: 13 times as fast as a parser in Python (tests/bench/starting.py). What a scalar
means is decided here, by the core schema of YAML 1.2: PyYAML's own reading, in which `NO` is false, is not asked.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
Location = tuple[str | int, ...]

_PARSER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the same events, one slowly
_MOST_BYTES = 1024 * 1024
_MOST_NODES = 100_000  # an alias bomb is small on disk and endless in memory
_MOST_OPEN = 100  # brackets; ruamel looks at all of them at each further word: 3 KB of them took it 5 s (measured)
_TOO_MUCH = "unfolds into too much: too deep, or aliases of aliases"
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """`FILE:LINE: key: what is wrong`, lines counted from 1."""

    file: str
    line: int
    key: str
    what: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.key}: {self.what}" if self.key else f"{self.file}:{self.line}: {self.what}"
        )


@dataclass(frozen=True, slots=True)
class Document:
    file: str
    value: Value
    lines: Mapping[Location, int]
    mistakes: tuple[Mistake, ...]

    def mistake(self, location: Location, what: str) -> Mistake:
        """A mistake at this place, or at the nearest place above it that stands in the file."""
        found = location
        while found and found not in self.lines:
            found = found[:-1]
        return Mistake(self.file, self.lines.get(found, 1), dotted(location), what)


def dotted(location: Location) -> str:
    """`("targets", 0, "ports", 1)` as a person writes it: `targets[0].ports[1]`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return " ".join(path.removeprefix(".").split())


def read(path: Path) -> Document:
    """The file's value with the line of each part. Never raises: what cannot be read is a mistake on its line."""
    try:
        data = path.read_bytes()[: _MOST_BYTES + 1]
    except OSError as error:
        return _unreadable(path, 1, f"cannot be read: {(error.strerror or str(error)).lower()}")
    if len(data) > _MOST_BYTES:
        return _unreadable(path, 1, "is larger than 1 MB")
    if _open_at_once(data) > _MOST_OPEN:
        return _unreadable(path, 1, _TOO_MUCH)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unreadable(path, data[: error.start].count(b"\n") + 1, "is not UTF-8 text")
    reader = _Reader(str(path), text)
    try:
        value = reader.document()
    except (_TooMuch, RecursionError):
        return _unreadable(path, 1, _TOO_MUCH)
    except MarkedYAMLError as error:
        mark, ends = error.problem_mark or error.context_mark, len(text.splitlines())  # it may point behind the last
        return _unreadable(path, min(mark.line + 1, ends) if mark else 1, f"is not YAML: {error.problem}")
    except YAMLError as error:
        return _unreadable(path, 1, f"is not YAML: {str(error).splitlines()[0]}")
    return Document(str(path), value, reader.lines, tuple(reader.mistakes))


def _open_at_once(data: bytes) -> int:
    """How many brackets stand open at most, also those in texts."""
    opened = itertools.accumulate(1 if found in b"[{" else -1 for found in re.findall(rb"[\[\]{}]", data))
    return max(opened, default=0)


def _unreadable(path: Path, line: int, what: str) -> Document:
    return Document(str(path), None, {}, (Mistake(str(path), line, "", what),))


class _TooMuch(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What an alias stands for: a value, where it stood, and which places were noted while it was read."""

    value: Value
    location: Location
    places: slice
    nodes: int


class _Reader:
    """Builds plain values from the parser's events, and remembers where each stood. No syntax tree is kept."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines: dict[Location, int] = {}
        self.mistakes: list[Mistake] = []
        self._next: Callable[[], Event] = _PARSER(text).get_event
        self._places: list[Location] = []  # the keys of `lines`, in their order
        self._anchors: dict[str, _Anchor | None] = {}  # None: its node has not ended yet
        self._nodes = 0

    def document(self) -> Value:
        """The only one of the file; None where there is none. Raises YAMLError, _TooMuch, RecursionError."""
        self._next()  # the stream's own beginning
        if isinstance(self._next(), StreamEndEvent):
            return None
        value = self._value(self._next(), ())
        self._next()  # the document's end
        if not isinstance(after := self._next(), StreamEndEvent):
            raise MarkedYAMLError(problem="but found another document", problem_mark=after.start_mark)
        return value

    def _value(self, event: Event, location: Location) -> Value:
        if isinstance(event, AliasEvent):
            return self._alias(event, location)
        before, first = self._nodes, len(self._places)
        self._count(1)
        self._note(location, event.start_mark.line + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        value = self._unfolded(event, location)
        if event.anchor is not None:
            places = slice(first, len(self._places))
            self._anchors[event.anchor] = _Anchor(value, location, places, self._nodes - before)
        return value

    def _unfolded(self, event: Event, location: Location) -> Value:
        match event:
            case ScalarEvent():
                return _scalar(event)
            case MappingStartEvent():
                return self._mapping(location)
            case SequenceStartEvent():
                values: list[Value] = []
                while not isinstance(each := self._next(), SequenceEndEvent):
                    values.append(self._value(each, (*location, len(values))))
                return values
        raise AssertionError(event)

    def _mapping(self, location: Location) -> dict[str, Value]:
        values: dict[str, Value] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            line = event.start_mark.line + 1
            key = self._key(event, location)
            here = (*location, key)
            if key in values:
                what = f"is given twice (first on line {self.lines[here]})"
                self.mistakes.append(Mistake(self.file, line, dotted(here), what))
                self._value(self._next(), here)
                continue
            self._note(here, line)
            values[key] = self._value(self._next(), here)
        return values

    def _key(self, event: Event, location: Location) -> str:
        """As it is written: `NO:` is a key of two letters, and `1:` one of one."""
        if isinstance(event, ScalarEvent):
            if event.anchor is not None:
                self._value(event, (*location, event.value))
            return str(event.value)
        value = self._value(event, location)
        if isinstance(event, AliasEvent) and isinstance(value, str):
            return value
        line = event.start_mark.line + 1
        self.mistakes.append(Mistake(self.file, line, dotted(location), "a key must be a word"))
        return str(value)

    def _alias(self, event: AliasEvent, location: Location) -> Value:
        if event.anchor not in self._anchors:
            raise MarkedYAMLError(problem=f"found undefined alias {event.anchor!r}", problem_mark=event.start_mark)
        anchor = self._anchors[event.anchor]
        if anchor is None:  # it stands within what it stands for
            raise _TooMuch
        self._count(anchor.nodes)
        for place in self._places[anchor.places]:
            self._note((*location, *place[len(anchor.location) :]), self.lines[place])
        return anchor.value

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            raise _TooMuch

    def _note(self, location: Location, line: int) -> None:
        if location not in self.lines:
            self.lines[location] = line
            self._places.append(location)


def _scalar(event: ScalarEvent) -> Value:
    """YAML 1.2 core schema for plain scalars; dates and everything quoted stay text."""
    text = str(event.value)
    if event.style:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?", text):
        return float(text)
    return text
