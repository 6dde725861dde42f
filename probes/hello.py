"""What we said first on a connection, read back from the stream: by it a witness's log is joined with a walk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from probes.ports import Stream

_HANDSHAKE_RECORD, _CLIENT_HELLO = 0x16, 0x01
_RECORD_HEADER = 5
_RANDOM = slice(6, 38)  # behind the message's header and legacy_version, RFC 8446 section 4.1.2
_MOST_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Hello:
    """SHA-256, in hexadecimal digits. The random is the same in a second ClientHello, the body is not."""

    random_sha256: str
    body_sha256: str


class FirstWords:
    """A stream that remembers what was said first on it; for everything else it is the stream below."""

    def __init__(self, below: Stream) -> None:
        self._below = below
        self._said = b""

    async def send(self, data: bytes) -> None:
        if len(self._said) < _MOST_BYTES:
            self._said += data
        await self._below.send(data)

    async def receive(self, most: int) -> bytes:
        return await self._below.receive(most)

    def close(self) -> None:
        self._below.close()

    @property
    def said(self) -> bytes:
        """As much of it as is remembered."""
        return self._said

    def hello(self) -> Hello | None:
        """The first ClientHello; None if nothing like one was said."""
        return read(self._said)


def read(said: bytes) -> Hello | None:
    """The ClientHello at the beginning of `said`: our own library made it, in records of RFC 8446 section 5.1."""
    message = b""
    while said[:1] == bytes([_HANDSHAKE_RECORD]):
        end = _RECORD_HEADER + int.from_bytes(said[3:_RECORD_HEADER], "big")
        message += said[_RECORD_HEADER:end]
        said = said[end:]
    length = 4 + int.from_bytes(message[1:4], "big")
    if message[:1] != bytes([_CLIENT_HELLO]) or not _RANDOM.stop <= length <= len(message):
        return None
    return Hello(hashlib.sha256(message[_RANDOM]).hexdigest(), hashlib.sha256(message[:length]).hexdigest())
