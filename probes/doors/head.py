"""The head of an HTTP/1.1 answer out of bytes (RFC 9112 sections 2 to 6), as strict as h11: a status and its fields.

h11 makes objects on the way to the same verdict and costs a tenth of a whole walk, most of which ends at the head
(tests/bench/walk_cpu.py). tests/probes/test_head.py holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_END = re.compile(rb"\n\r?\n")
_TEXT = rb"[^\x00\s]"  # RFC 9110 section 5.5, with the bytes beyond ASCII that servers do send
_STATUS = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3})(?: (?:[ \t]|" + _TEXT + rb")*)?")
# h11 has `{_TEXT}+(?:[ \t]+{_TEXT}+)*` between spaces, which is the same and takes three times as long
_FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9a-zA-Z]+):([^\x00\n\r\x0b\x0c]*)")
_LENGTH = re.compile(rb"[0-9]{1,20}")
_FIRST_VISIBLE = 0x21


class NoHead(Exception):
    """What came is no HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Head:
    """`fields`: names in small letters, and of several with one name the last. `size_bytes`: where the body begins."""

    status: int
    fields: dict[str, str]
    size_bytes: int


def read(data: bytes) -> Head | None:
    """The head at the beginning of `data`; None while more must come. Raises NoHead."""
    if data[:1] and data[0] < _FIRST_VISIBLE:
        raise NoHead
    end = _END.search(data)
    if end is None:
        return None
    first, *lines = data[: end.start()].split(b"\n")
    said = _STATUS.fullmatch(_plain(first))
    if said is None:
        raise NoHead
    found = list(_fields(lines))
    _check_framing(found)
    return Head(int(said[1]), {name: value.decode("latin-1") for name, value in found}, end.end())


def _plain(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line


def _fields(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    for line in _unfolded(lines):
        field = _FIELD.fullmatch(line)
        if field is None:
            raise NoHead
        yield field[1].decode("ascii").lower(), field[2].strip(b" \t")


def _unfolded(lines: Iterable[bytes]) -> list[bytes]:
    """A line that begins with a space goes on with the one before (RFC 9112 section 5.2)."""
    whole: list[bytes] = []
    for line in map(_plain, lines):
        if not line.startswith((b" ", b"\t")):
            whole.append(line)
        elif whole:
            whole[-1] += b" " + line.lstrip(b" \t")
        else:
            raise NoHead
    return whole


def _check_framing(fields: Iterable[tuple[str, bytes]]) -> None:
    """Raises NoHead where nobody could say how long the body is (RFC 9112 section 6.3)."""
    lengths: set[bytes] = set()
    codings: list[bytes] = []
    for name, value in fields:
        if name == "content-length":
            lengths.update(each.strip() for each in value.split(b","))
        elif name == "transfer-encoding":
            codings.append(value.lower())
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)) or codings not in ([], [b"chunked"]):
        raise NoHead
