"""Answers OpenVPN's hard reset, and says no word of the tunnel behind it: there is none. Bytes in, bytes out.

Layout (openvpn-rfc, openvpn-wire-protocol): one byte of opcode (upper five bits) and key id, 8 bytes of session id, a
count of acknowledgements, for each of them a packet id of 4 bytes, the far end's session id if there was one, and our
own packet id. By TCP each packet follows its length in two bytes.
"""

from __future__ import annotations

import hashlib
import struct

_CLIENT_RESET_V2, _SERVER_RESET_V2 = 7, 8
_PLAIN_RESET = struct.Struct("!B8sBI")  # opcode, session, no acknowledgements, packet id
LENGTH_BYTES = 2
MOST_PACKET = 1500


def walk_of(packet: bytes) -> str | None:
    """SHA-256 of the session id of a client's hard reset without tls-auth; None for anything else."""
    if len(packet) != _PLAIN_RESET.size:
        return None
    opcode, session, acknowledgements, number = _PLAIN_RESET.unpack(packet)
    if opcode >> 3 != _CLIENT_RESET_V2 or acknowledgements or number:
        return None
    return hashlib.sha256(session).hexdigest()


def reply(packet: bytes, own_session: bytes) -> bytes:
    """The server's hard reset: it acknowledges packet 0 of the session that `packet` began."""
    return struct.pack("!B8sBI8sI", _SERVER_RESET_V2 << 3, own_session, 1, 0, packet[1:9], 0)


def framed(packet: bytes) -> bytes:
    return len(packet).to_bytes(LENGTH_BYTES, "big") + packet
