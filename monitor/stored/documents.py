"""Cuts a file into JSON documents: one a line, or one over all lines, packed or not. Says what is wrong with the rest.

Never holds more than one document and never reads on beyond `MOST_BYTES`, whatever the file claims to be.
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

MOST_BYTES = 64 * 2**20  # of a file, unpacked
MOST_DOCUMENT = 16 * 2**20  # the largest of OONI's are about 10 MB: tor, with ten consensuses in it
_GZIP = b"\x1f\x8b"
_TOO_LARGE = f"is larger than {MOST_DOCUMENT // 2**20} MB"


@dataclass(frozen=True, slots=True)
class Document:
    """What stands at a line: a value, or one mistake in words."""

    line: int
    value: object = None
    mistake: str = ""


class _NotJson(ValueError):
    """Python's parser would take it, RFC 8259 or good sense would not."""


def documents(path: Path) -> Iterator[Document]:
    """Raises OSError only where the file itself cannot be read."""
    with path.open("rb") as file:
        if file.peek(2)[:2] != _GZIP:
            yield from _cut(file)
            return
        line = 0
        try:
            for document in _cut(cast(BinaryIO, gzip.GzipFile(fileobj=file))):
                line = document.line
                yield document
        except (gzip.BadGzipFile, EOFError, zlib.error):
            yield Document(line + 1, mistake="the gzip stream is broken or cut off here")


def _cut(source: BinaryIO) -> Iterator[Document]:
    lines = _lines(source)
    first = next(lines, None)
    if first is None:
        yield Document(1, mistake="is empty")
        return
    number, text = first
    if text is None or not parse(text)[1]:
        yield from _each(itertools.chain([first], lines))
        return
    whole = text + b"\n" + source.read(MOST_DOCUMENT - len(text))
    value, mistake = parse(whole) if not (cut := source.readline(MOST_DOCUMENT)) else (None, _TOO_LARGE)
    whole += cut
    if mistake and _holds_an_object(whole):
        yield from _each(_lines(io.BytesIO(whole), number - 1))
        yield from _each(_lines(source, number - 1 + whole.count(b"\n"), read=len(whole)))
    elif mistake:
        yield Document(number, mistake=mistake)
    else:
        yield from _unpacked(number, value)


def _lines(source: BinaryIO, number: int = 0, read: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Lines that hold something, with their numbers; None for one that is too long to be a document."""
    while text := source.readline(MOST_DOCUMENT + 1):
        number += 1
        read += len(text)
        if read > MOST_BYTES:
            return
        if len(text) > MOST_DOCUMENT:
            while (more := source.readline(MOST_DOCUMENT)) and not more.endswith(b"\n") and read < MOST_BYTES:
                read += len(more)
            yield number, None
        elif stripped := text.strip():
            yield number, stripped


def _each(lines: Iterator[tuple[int, bytes | None]]) -> Iterator[Document]:
    for number, text in lines:
        value, mistake = parse(text) if text is not None else (None, _TOO_LARGE)
        if mistake:
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
        value = json.loads(
            text.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
        )
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
