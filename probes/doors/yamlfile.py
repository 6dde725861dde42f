"""YAML 1.2 read strictly through ruamel: duplicate keys are mistakes, `NO` stays Norway, every value knows its line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
Location = tuple[str | int, ...]

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
        root = YAML(typ="safe", pure=True).compose(data.decode("utf-8"))
    except RecursionError:
        return _unreadable(path, 1, _TOO_MUCH)
    except UnicodeDecodeError as error:
        return _unreadable(path, data[: error.start].count(b"\n") + 1, "is not UTF-8 text")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unreadable(path, mark.line + 1 if mark else 1, f"is not YAML: {error.problem or error.context}")
    except (YAMLError, ValueError) as error:
        return _unreadable(path, 1, f"is not YAML: {str(error).splitlines()[0]}")
    reader = _Reader(str(path))
    try:
        value = reader.value(root, ()) if root is not None else None
    except (_TooMuch, RecursionError):
        return _unreadable(path, 1, _TOO_MUCH)
    return Document(str(path), value, reader.lines, tuple(reader.mistakes))


def _open_at_once(data: bytes) -> int:
    """How many brackets stand open at most, also those in texts."""
    opened = itertools.accumulate(1 if found in b"[{" else -1 for found in re.findall(rb"[\[\]{}]", data))
    return max(opened, default=0)


def _unreadable(path: Path, line: int, what: str) -> Document:
    return Document(str(path), None, {}, (Mistake(str(path), line, "", what),))


class _TooMuch(Exception):
    pass


class _Reader:
    """Unfolds the node tree into plain values, and remembers where each stood."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Location, int] = {}
        self.mistakes: list[Mistake] = []
        self._nodes = 0

    def value(self, node: Node, location: Location) -> Value:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise _TooMuch
        self.lines.setdefault(location, node.start_mark.line + 1)
        match node:
            case MappingNode():
                return self._mapping(node, location)
            case SequenceNode():
                return [self.value(item, (*location, index)) for index, item in enumerate(node.value)]
            case ScalarNode():
                return _scalar(node)
        raise AssertionError(node)

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            here = (*location, key)
            if key in values:
                what = f"is given twice (first on line {self.lines[here]})"
                self.mistakes.append(Mistake(self.file, line, dotted(here), what))
                continue
            self.lines[here] = line
            values[key] = self.value(value_node, here)
        return values


def _scalar(node: ScalarNode) -> Value:
    """YAML 1.2 core schema for plain scalars; dates and everything quoted stay text."""
    text = str(node.value)
    if node.style == ">":
        text = text.replace("\a", "")  # where ruamel's own writer would fold again
    if node.style is not None:
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
