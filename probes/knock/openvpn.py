"""OpenVPN's first exchange: a hard reset, answered by one that echoes our session id. No account, no tunnel.

Layout (OpenVPN src/openvpn/ssl_pkt.h, openvpn-rfc openvpn-wire-protocol.xml): opcode 7 in the upper five bits, key id
0, 8 bytes of session id, an empty list of acknowledgements, packet id 0. The server's opcode 8 acknowledges packet 0
and repeats our session id. TCP puts a big-endian length of two bytes before each packet. A server with tls-auth or
tls-crypt is silent to whoever lacks its key: without one, its silence says something only where a control hears the
same server answer. With the key (probes/knock/static_key.py) the answer shows that the far end holds it too; where
every customer of a provider gets the same key, that is not much of a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from probes.knock.static_key import HEAD_BYTES, Bare, TlsAuth, TlsCrypt, Wrap, key_of, keys_of_v2
from probes.knock.talk import Ask, Reply
from probes.words import Transport

SESSION_ID_BYTES = 8
CLIENT_RESET, CLIENT_RESET_WITH_KEY = 7 << 3, 10 << 3
_SERVER_HARD_RESET = 8 << 3
_REPLY_BYTES = 26
_MOST_BYTES = 512


@dataclass(slots=True)
class HardReset:
    """`number` counts openings: a wrapped packet that came before is dropped as a replay."""

    session_id: bytes
    transport: Transport
    wrap: Wrap = field(default_factory=Bare)
    opcode: int = CLIENT_RESET
    number: int = 0

    def opening(self) -> bytes:
        self.number += 1
        head = bytes([self.opcode]) + self.session_id
        packet = self.wrap.wrapped(head, b"\0" + bytes(4), self.number)
        return packet if self.transport is Transport.UDP else len(packet).to_bytes(2, "big") + packet

    def read(self, data: bytes) -> Reply:
        if self.transport is Transport.UDP:
            return self._packet(data)
        if len(data) < 2:
            return Reply.MORE
        length = int.from_bytes(data[:2], "big")
        if not _REPLY_BYTES <= length <= _MOST_BYTES:
            return Reply.OTHER
        if len(data) >= 3 and data[2] & 0xF8 != _SERVER_HARD_RESET:
            return Reply.OTHER
        return self._packet(data[2 : 2 + length]) if len(data) >= 2 + length else Reply.MORE

    def _packet(self, data: bytes) -> Reply:
        """Opcode, their session id [1:9], one acknowledgement [9], of packet 0 [10:14], of our session [14:22]."""
        packet = self.wrap.unwrapped(data) if HEAD_BYTES <= len(data) <= _MOST_BYTES else b""
        if len(packet) < _REPLY_BYTES or packet[0] & 0xF8 != _SERVER_HARD_RESET:
            return Reply.OTHER
        acknowledged = packet[9] == 1 and packet[10:14] == bytes(4)
        return Reply.PROVEN if acknowledged and packet[14:22] == self.session_id else Reply.OTHER


def of(ask: Ask) -> HardReset:
    session_id, transport, now_s = ask.token(SESSION_ID_BYTES), ask.endpoint.transport, ask.now_ms // 1000
    match ask.secrets:
        case {"tls_auth_file": text}:
            direction = ask.options.get("key_direction")
            digest = ask.options.get("auth", "SHA1")
            signed = TlsAuth(key_of(text), None if direction is None else int(direction), digest, now_s)
            return HardReset(session_id, transport, signed)
        case {"tls_crypt_file": text}:
            return HardReset(session_id, transport, TlsCrypt(key_of(text), now_s))
        case {"tls_crypt_v2_file": text}:
            key, sealed = keys_of_v2(text)
            return HardReset(session_id, transport, TlsCrypt(key, now_s, sealed), CLIENT_RESET_WITH_KEY)
        case _:
            return HardReset(session_id, transport)
