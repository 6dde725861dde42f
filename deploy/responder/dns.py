"""Answers for one zone of our own, and for nothing else (RFC 1035 section 4). Bytes in, bytes out; it asks nobody."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

_HEADER = 12
_A, _IN = 1, 1
_QR, _OPCODE, _AA, _RD = 0x8000, 0x7800, 0x0400, 0x0100
_NXDOMAIN, _NOTIMP = 3, 4
_TTL_S = 60
MOST_ADDED = 16  # bytes an answer may be longer than the query


@dataclass(frozen=True, slots=True)
class Question:
    """`walk`: SHA-256 of id and question as they came. `end`: where the question ends in the query."""

    name: str
    kind: int
    class_: int
    end: int
    walk: str


@dataclass(frozen=True, slots=True)
class Zone:
    """`name` and everything below it stand at `address`."""

    name: str
    address: ipaddress.IPv4Address

    def holds(self, name: str) -> bool:
        return name == self.name or name.endswith("." + self.name)

    def answer(self, query: bytes) -> tuple[Question, bytes] | None:
        """The question and what is sent back; None for what is no query, which is met with silence."""
        question = read(query)
        if question is None:
            return None
        flags = int.from_bytes(query[2:4], "big")
        back = _QR | (flags & (_OPCODE | _RD)) | _AA
        record = b""
        if flags & _OPCODE:
            back |= _NOTIMP
        elif not self.holds(question.name):
            back = (back & ~_AA) | _NXDOMAIN
        elif (question.kind, question.class_) == (_A, _IN):
            record = b"\xc0\x0c" + _A.to_bytes(2, "big") + _IN.to_bytes(2, "big") + _TTL_S.to_bytes(4, "big")
            record += b"\0\x04" + self.address.packed
        counts = b"\0\1" + (1 if record else 0).to_bytes(2, "big") + bytes(4)
        return question, query[:2] + back.to_bytes(2, "big") + counts + query[_HEADER : question.end] + record


def read(query: bytes) -> Question | None:
    """The one question of a query; None for replies, for several questions, and for what breaks off."""
    if len(query) < _HEADER or int.from_bytes(query[2:4], "big") & _QR or query[4:6] != b"\0\1":
        return None
    labels: list[str] = []
    at = _HEADER
    while True:
        length = query[at] if at < len(query) else 64
        if length > 63 or at - _HEADER + length > 254:  # a pointer has nothing to point at in a question
            return None
        at += 1
        if not length:
            break
        labels.append(query[at : at + length].decode("latin-1").lower())
        at += length
    end = at + 4
    if end > len(query):
        return None
    walk = hashlib.sha256(query[:2] + query[_HEADER:end]).hexdigest()
    kind, class_ = (int.from_bytes(query[at + step : at + step + 2], "big") for step in (0, 2))
    return Question(".".join(labels), kind, class_, end, walk)
