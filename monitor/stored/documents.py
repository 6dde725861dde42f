"""Cuts a file into JSON documents: one a line, or one over all lines, packed or not. Says what is wrong with the rest.

Never holds more than one document and never reads on beyond the bounds, whatever the file claims to be.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

_GZIP = b"\x1f\x8b"
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Bounds:
    """In bytes, unpacked. The largest documents of OONI's are about 10 MB: tor, with ten consensuses in it."""

    file: int = 64 * _MB
    document: int = 16 * _MB


USUAL = Bounds()


@dataclass(frozen=True, slots=True)
class Document:
    """What stands at a line: a value, or one mistake in words."""

    line: int
    value: object = None
    mistake: str = ""


class _NotJson(ValueError):
    """Python's parser would take it, RFC 8259 or good sense would not."""


class _Bounded:
    """Reads on until the bound, and knows whether it stopped there."""

    def __init__(self, source: BinaryIO, most: int) -> None:
        self._source, self._left = source, most
        self.cut = False

    def readline(self, most: int) -> bytes:
        return self._counted(self._source.readline(min(most, self._left)))

    def read(self, most: int) -> bytes:
        return self._counted(self._source.read(min(most, self._left)))

    def _counted(self, text: bytes) -> bytes:
        self._left -= len(text)
        self.cut = self.cut or (self._left == 0 and bool(self._source.read(1)))
        return text


def documents(path: Path, bounds: Bounds = USUAL) -> Iterator[Document]:
    """Raises OSError only where the file itself cannot be read."""
    with path.open("rb") as file:
        if file.peek(2)[:2] != _GZIP:
            yield from _cut(file, bounds)
            return
        line = 0
        try:
            for document in _cut(cast(BinaryIO, gzip.GzipFile(fileobj=file)), bounds):
                line = document.line
                yield document
        except (gzip.BadGzipFile, EOFError, zlib.error):
            yield Document(line + 1, mistake="the gzip stream is broken or cut off here")


def _cut(file: BinaryIO, bounds: Bounds) -> Iterator[Document]:
    """One document a line if the first line is one, or a later one is; else the whole is one."""
    source = _Bounded(file, bounds.file)
    lines = _lines(source, bounds)
    first = next(lines, None)
    if first is None:
        yield Document(1, mistake="is empty")
        return
    number, text = first
    if text is None or not parse(text)[1]:
        yield from _each(itertools.chain([first], lines), source, bounds)
        return
    whole = text + b"\n" + source.read(bounds.document - len(text))
    rest = source.readline(bounds.document)
    value, mistake = (None, _too_large(bounds.document)) if rest else parse(whole)
    if mistake and _holds_an_object(whole := whole + rest):
        number -= 1
        inside = _lines(_Bounded(io.BytesIO(whole), len(whole)), bounds, number)
        after = _lines(source, bounds, number + whole.count(b"\n"))
        yield from _each(itertools.chain(inside, after), source, bounds)
    elif mistake:
        yield Document(number, mistake=mistake)
    else:
        yield from _unpacked(number, value)


def _too_large(most: int) -> str:
    return f"is larger than {most / _MB:.3g} MB"


def _lines(source: _Bounded, bounds: Bounds, number: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Lines that hold something, with their numbers; None for one that is too long to be a document."""
    while text := source.readline(bounds.document + 1):
        number += 1
        if len(text) > bounds.document:
            while (more := source.readline(bounds.document)) and not more.endswith(b"\n"):
                pass
            yield number, None
        elif stripped := text.strip():
            yield number, stripped


def _each(lines: Iterator[tuple[int, bytes | None]], source: _Bounded, bounds: Bounds) -> Iterator[Document]:
    for number, text in lines:
        value, mistake = parse(text) if text is not None else (None, _too_large(bounds.document))
        if source.cut and mistake:
            yield Document(number, mistake=f"{_too_large(bounds.file)}: no further line of the file is read")
        elif mistake:
            yield Document(number, mistake=mistake)
        else:
            yield from _unpacked(number, value)


def _unpacked(number: int, value: object) -> Iterator[Document]:
    """A list of measurements is as many documents."""
    if isinstance(value, list) and value:
        yield from (Document(number, each) for each in value)
    else:
        yield Document(number, value)


def _holds_an_object(text: bytes) -> bool:
    """Whether a line of it is an object by itself: then it is one document a line, and the first is broken."""
    lines = (line.strip() for line in io.BytesIO(text))
    return any(line[:1] == b"{" and line[-1:] == b"}" and isinstance(parse(line)[0], dict) for line in lines)


def parse(text: bytes) -> tuple[object, str]:
    """The value, or what is wrong with the text: twice the same key and numbers that are none are mistakes too."""
    try:
        words = text.decode("utf-8-sig")
        value = json.loads(words, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
        if r"\ud" in words or r"\uD" in words:  # halves of a character (RFC 8259, 8.2): no text, and not to be printed
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        return None, "is nested too deeply"
    except UnicodeDecodeError:
        return None, "is not JSON: no UTF-8 text"
    except json.JSONDecodeError as error:
        return None, f"is not JSON: {error.msg.lower()} (column {error.colno})"
    except _NotJson as error:
        return None, str(error)
    except ValueError:  # an integer of more than 4,300 digits (sys.set_int_max_str_digits)
        return None, "holds a number that is too long"
    return value, ""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotJson("holds the same key twice in one object")
    return found


def _no_number(word: str) -> object:
    raise _NotJson(f"is not JSON: {word} is no number")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise _NotJson("holds a number that is too large")
    return number
