"""QUIC's version negotiation: asks in a version nobody speaks, and hears which are spoken. Names no host.

Layout (RFC 8999 sections 5.1 and 6; RFC 9000 sections 6 and 17.2.1): a long header with version 0xbabababa, reserved to
force negotiation (section 15), in a datagram of 1200 bytes; back comes version 0, our two connection ids swapped, and a
list of versions. It is not signed: it says that QUIC passes here and back, never who answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes.knock.talk import Ask, Reply

DESTINATION_BYTES, SOURCE_BYTES = 16, 20
_VERSION = bytes.fromhex("babababa")
_LONG_HEADER = 0x80
_TWO_BYTES = 0x4000  # of a number (RFC 9000 section 16)
_INITIAL_BYTES = 1200  # a server answers nothing shorter (RFC 9000 section 14.1)


@dataclass(frozen=True, slots=True)
class Unspoken:
    """`destination` and `source` are connection ids; `filling` follows them: noise, like any Initial's payload."""

    destination: bytes
    source: bytes
    filling: bytes

    def opening(self) -> bytes:
        """What follows the ids is shaped as in version 1: some servers read on before they look at it."""
        head = b"\xcf" + _VERSION + _sized(self.destination) + _sized(self.source)
        no_token = b"\0"
        length = _TWO_BYTES | (_INITIAL_BYTES - len(head) - len(no_token) - 2)
        return (head + no_token + length.to_bytes(2, "big") + self.filling).ljust(_INITIAL_BYTES, b"\0")

    def read(self, data: bytes) -> Reply:
        swapped = bytes(4) + _sized(self.source) + _sized(self.destination)
        head, versions = data[1 : 1 + len(swapped)], data[1 + len(swapped) :]
        if not data or not data[0] & _LONG_HEADER or head != swapped:
            return Reply.OTHER
        spoken = [versions[at : at + 4] for at in range(0, len(versions), 4)]
        whole = bool(spoken) and len(spoken[-1]) == 4
        return Reply.PROVEN if whole and _VERSION not in spoken else Reply.OTHER


def _sized(connection_id: bytes) -> bytes:
    return bytes([len(connection_id)]) + connection_id


def of(ask: Ask) -> Unspoken:
    used = 7 + DESTINATION_BYTES + SOURCE_BYTES + 3
    return Unspoken(ask.token(DESTINATION_BYTES), ask.token(SOURCE_BYTES), ask.token(_INITIAL_BYTES - used))
