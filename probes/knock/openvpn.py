"""OpenVPN's first exchange: a hard reset, answered by one that echoes our session id. No key, no account, no tunnel.

Layout (OpenVPN src/openvpn/ssl_pkt.h, openvpn-rfc openvpn-wire-protocol.xml): opcode 7 in the upper five bits, key id
0, 8 bytes of session id, an empty list of acknowledgements, packet id 0. The server's opcode 8 acknowledges packet 0
and repeats our session id. TCP puts a big-endian length of two bytes before each packet. A server with tls-auth or
tls-crypt is silent to this: its silence says something only where a control hears the same server answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes.knock.talk import Ask, Reply
from probes.words import Transport

SESSION_ID_BYTES = 8
_CLIENT_HARD_RESET = 7 << 3
_SERVER_HARD_RESET = 8 << 3
_REPLY_BYTES = 26


@dataclass(frozen=True, slots=True)
class HardReset:
    session_id: bytes
    transport: Transport

    def opening(self) -> bytes:
        packet = bytes([_CLIENT_HARD_RESET]) + self.session_id + b"\0" + bytes(4)
        return packet if self.transport is Transport.UDP else len(packet).to_bytes(2, "big") + packet

    def read(self, data: bytes) -> Reply:
        if self.transport is Transport.UDP:
            return self._packet(data)
        if len(data) < 2:
            return Reply.MORE
        length = int.from_bytes(data[:2], "big")
        if length < _REPLY_BYTES:
            return Reply.OTHER
        if len(data) >= 3 and data[2] & 0xF8 != _SERVER_HARD_RESET:
            return Reply.OTHER
        return self._packet(data[2 : 2 + length]) if len(data) >= 2 + _REPLY_BYTES else Reply.MORE

    def _packet(self, packet: bytes) -> Reply:
        """Opcode, their session id [1:9], one acknowledgement [9], of packet 0 [10:14], of our session [14:22]."""
        if len(packet) < _REPLY_BYTES or packet[0] & 0xF8 != _SERVER_HARD_RESET:
            return Reply.OTHER
        acknowledged = packet[9] == 1 and packet[10:14] == bytes(4)
        return Reply.PROVEN if acknowledged and packet[14:22] == self.session_id else Reply.OTHER


def of(ask: Ask) -> HardReset:
    return HardReset(ask.token(SESSION_ID_BYTES), ask.endpoint.transport)
