"""Reads a ClientHello from the first bytes of a TLS connection (RFC 8446 sections 4.1.2, 5.1). Bytes in, words out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum, auto

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_RECORD_HEADER, _MESSAGE_HEADER = 5, 4
_MOST_RECORD = 2**14 + 256
MOST_BYTES = 16 * 1024
_FEWEST_BYTES = _MESSAGE_HEADER + 2 + 32


class Early(Enum):
    """What the first bytes are, when they are no whole ClientHello."""

    MORE = auto()
    NO_TLS = auto()


@dataclass(frozen=True, slots=True)
class Hello:
    """`walk`: SHA-256 of its random, by which both ends know it. `body`: of the whole message, as it arrived."""

    walk: str
    body: str
    length: int


def read(data: bytes) -> Hello | Early:
    """The ClientHello at the beginning of `data`, however many records it was cut into."""
    message = b""
    at = 0
    while True:
        wanted = _wanted(message)
        if wanted is None:
            return Early.NO_TLS
        if wanted and len(message) >= wanted:
            return _hello(message[:wanted])
        fragment = _fragment(data, at)
        if isinstance(fragment, Early):
            return fragment
        message += fragment
        at += _RECORD_HEADER + len(fragment)


def _fragment(data: bytes, at: int) -> bytes | Early:
    """The content of the record at that place. RFC 8446: a handshake record is never empty."""
    header = data[at : at + _RECORD_HEADER]
    if header and (header[0] != _HANDSHAKE or (len(header) > 1 and header[1] != 3)):
        return Early.NO_TLS
    if len(header) < _RECORD_HEADER:
        return Early.MORE
    length = int.from_bytes(header[3:], "big")
    if not 0 < length <= _MOST_RECORD:
        return Early.NO_TLS
    fragment = data[at + _RECORD_HEADER : at + _RECORD_HEADER + length]
    return fragment if len(fragment) == length else Early.MORE


def _wanted(message: bytes) -> int | None:
    """How long the message is; 0 while it is unknown, None if it is no ClientHello or too long for one."""
    if message and message[0] != _CLIENT_HELLO:
        return None
    if len(message) < _MESSAGE_HEADER:
        return 0
    length = _MESSAGE_HEADER + int.from_bytes(message[1:_MESSAGE_HEADER], "big")
    return length if _FEWEST_BYTES <= length <= MOST_BYTES else None


def _hello(message: bytes) -> Hello:
    random = message[6:38]  # header 4, legacy_version 2
    return Hello(hashlib.sha256(random).hexdigest(), hashlib.sha256(message).hexdigest(), len(message))
