"""STUN's binding request, and the success that repeats our transaction id. Our own address in it is never read out.

Layout (RFC 8489 sections 5, 6.3 and 14): type, length of what follows the header, magic cookie, 12 bytes of
transaction id; then attributes of type, length, value, padded to four bytes. What is demanded is that a mapped address
is there, never which. Nothing is signed: whoever can read the request can answer it, so this says that STUN passes,
not who answers. TCP needs no framing besides (section 6.2.2).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from probes.knock.talk import Ask, Reply
from probes.words import Transport

TRANSACTION_BYTES = 12
_HEADER_BYTES = 20
_COOKIE = 0x2112A442
_REQUEST, _SUCCESS = 0x0001, 0x0101
_MAPPED = {0x0001, 0x0020}  # MAPPED-ADDRESS, XOR-MAPPED-ADDRESS
_MOST_BYTES = 1500


@dataclass(frozen=True, slots=True)
class Binding:
    transaction: bytes
    transport: Transport

    def opening(self) -> bytes:
        return struct.pack("!HHI", _REQUEST, 0, _COOKIE) + self.transaction

    def read(self, data: bytes) -> Reply:
        if self.transport is Transport.UDP:
            return self._message(data)
        expected = struct.pack("!H", _SUCCESS)
        if data[:2] != expected[: len(data)]:
            return Reply.OTHER
        if len(data) < _HEADER_BYTES:
            return Reply.MORE
        size = _HEADER_BYTES + int.from_bytes(data[2:4], "big")
        if len(data) < size <= _MOST_BYTES:
            return Reply.MORE
        return self._message(data[:size])

    def _message(self, message: bytes) -> Reply:
        if len(message) < _HEADER_BYTES:
            return Reply.OTHER
        said, length, cookie = struct.unpack_from("!HHI", message)
        whole = length == len(message) - _HEADER_BYTES and len(message) <= _MOST_BYTES
        ours = cookie == _COOKIE and message[8:_HEADER_BYTES] == self.transaction
        proven = said == _SUCCESS and whole and ours and _holds_an_address(message[_HEADER_BYTES:])
        return Reply.PROVEN if proven else Reply.OTHER


def _holds_an_address(attributes: bytes) -> bool:
    at, found = 0, False
    while at + 4 <= len(attributes):
        kind, length = struct.unpack_from("!HH", attributes, at)
        found = found or kind in _MAPPED
        at += 4 + length + -length % 4
    return found and at == len(attributes)


def of(ask: Ask) -> Binding:
    return Binding(ask.token(TRANSACTION_BYTES), ask.endpoint.transport)
