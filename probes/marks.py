"""What only the two ends know of a conversation, read back from what we said first. Sends nothing, knows no witness.

By the SHA-256 of it a witness's log is joined with a walk (deploy/responder, which reads the same out of what arrived).
For TLS that is the ClientHello's random (probes/hello.py). What is wrapped under a key of the server's is not read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from probes.knock.openvpn import CLIENT_RESET, SESSION_ID_BYTES
from probes.words import Kind

_PLAIN_RESET_BYTES = 1 + SESSION_ID_BYTES + 1 + 4  # opcode, session, no acknowledgement, packet id
_INITIATION, _INITIATION_BYTES, _EPHEMERAL = b"\x01\0\0\0", 148, slice(8, 40)  # WireGuard's paper, section 5.4.2
_LONG_HEADER = 0x80
_DNS_HEADER = 12  # RFC 1035 section 4.1.1


def of(kind: Kind, openings: Iterable[bytes]) -> tuple[str, ...] | None:
    """One for each different opening; None where a witness would not know any of them."""
    read = _READERS.get(kind)
    found = [read(each) for each in openings] if read else []
    return tuple(dict.fromkeys(hashlib.sha256(each).hexdigest() for each in found if each)) or None


def _session(opening: bytes) -> bytes:
    """OpenVPN's, of a reset that is neither signed nor sealed (by TCP its length stands before it)."""
    packet = opening if len(opening) == _PLAIN_RESET_BYTES else opening[2:]
    plain = len(packet) == _PLAIN_RESET_BYTES and packet[0] == CLIENT_RESET
    return packet[1 : 1 + SESSION_ID_BYTES] if plain else b""


def _ephemeral(opening: bytes) -> bytes:
    return opening[_EPHEMERAL] if opening[:4] == _INITIATION and len(opening) == _INITIATION_BYTES else b""


def _destination(opening: bytes) -> bytes:
    """The connection id of a long header (RFC 8999 section 5.1)."""
    if len(opening) < 6 or not opening[0] & _LONG_HEADER:
        return b""
    return opening[6 : 6 + opening[5]]


def _question(query: bytes) -> bytes:
    """Id and question of our own query: one question, no pointers in it."""
    at = _DNS_HEADER
    while at < len(query) and query[at]:
        at += 1 + query[at]
    return query[:2] + query[_DNS_HEADER : at + 5] if at + 5 <= len(query) else b""


_READERS: Mapping[Kind, Callable[[bytes], bytes]] = {
    Kind.OPENVPN: _session,
    Kind.WIREGUARD: _ephemeral,
    Kind.QUIC: _destination,
    Kind.DOQ: _destination,
    Kind.DNS: _question,
}
