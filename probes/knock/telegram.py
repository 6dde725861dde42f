"""Telegram's first exchange: MTProto's req_pq_multi, answered with our nonce and a key we know of. No account.

Layout (core.telegram.org/mtproto: mtproto-transports, description, samples-auth_key): the intermediate transport,
little-endian lengths of four bytes, under its obfuscation, as the apps have it: 64 bytes that look random give both
sides a keystream. In it auth_key_id 0, a message id from the time, a length, the body. resPQ#05162463 {nonce 16,
server_nonce 16, pq string, vector of 64-bit fingerprints of RSA keys} comes back; what may stand behind it is not
looked at.

resPQ is not signed: our nonce in it and a published fingerprint show that MTProto was spoken to us by something that
says it holds Telegram's key, not that it does. That would take the next message.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from probes.knock.talk import Ask, Reply

NONCE_BYTES, START_BYTES = 16, 64
_TRANSPORT, _TRANSPORT_AT = b"\xee" * 4, 56
_TAKEN = frozenset(b"\xef\xee\xddHGPO\x16")  # first bytes of other transports, of HTTP's methods and of TLS
_REQ_PQ_MULTI, _RES_PQ, _VECTOR = 0xBE7E8EF1, 0x05162463, 0x1CB5C415
_ENVELOPE_BYTES = 20
_LEAST_BYTES = _ENVELOPE_BYTES + 4 + 16 + 16 + 4 + 8  # an empty list behind a short number
_MOST_BYTES = 1024
_MOST_PQ_BYTES = 16


@dataclass(frozen=True, slots=True)
class ReqPq:
    """`known`: the fingerprints of which one must be among the server's. `start`: 64 bytes that hide all others."""

    nonce: bytes
    known: frozenset[int]
    now_ms: int
    start: bytes

    def opening(self) -> bytes:
        """The message id is unixtime * 2^32, divisible by four."""
        message_id = (self.now_ms << 32) // 1000 & ~3
        body = struct.pack("<I", _REQ_PQ_MULTI) + self.nonce
        message = struct.pack("<QQI", 0, message_id, len(body)) + body
        hidden = _keystream(self.start, self.start + struct.pack("<I", len(message)) + message)
        return self.start[:_TRANSPORT_AT] + hidden[_TRANSPORT_AT:]

    def read(self, data: bytes) -> Reply:
        if len(data) < 4:
            return Reply.MORE
        plain = _keystream(self.start[::-1], data[: 4 + _MOST_BYTES])
        length = int.from_bytes(plain[:4], "little")
        if not _LEAST_BYTES <= length <= _MOST_BYTES:  # also what MTProto says when it refuses: four bytes
            return Reply.OTHER
        if len(plain) < 4 + length:
            return Reply.MORE
        return Reply.PROVEN if self._is_proof(plain[4 : 4 + length]) else Reply.OTHER

    def _is_proof(self, message: bytes) -> bool:
        key, _, length, said = struct.unpack_from("<QQII", message)
        body = message[_ENVELOPE_BYTES:]
        pq_bytes = body[36]
        vector = 36 + (1 + pq_bytes + 3) // 4 * 4
        if key or said != _RES_PQ or length > len(body) or body[4:20] != self.nonce or pq_bytes > _MOST_PQ_BYTES:
            return False
        head = body[vector : vector + 8]
        if len(head) < 8 or int.from_bytes(head[:4], "little") != _VECTOR:
            return False
        count = int.from_bytes(head[4:], "little")
        listed = body[vector + 8 : vector + 8 + 8 * min(count, _MOST_BYTES)]
        return len(listed) == 8 * count and not self.known.isdisjoint(
            each for (each,) in struct.iter_unpack("<Q", listed)
        )


def of(ask: Ask) -> ReqPq:
    known = frozenset(int(each, 16) for each in ask.options["fingerprints"].split(","))
    return ReqPq(ask.token(NONCE_BYTES), known, ask.now_ms, start_of(ask.token(START_BYTES)))


def start_of(random: bytes) -> bytes:
    """The same bytes with the transport's name in them; never what another transport, HTTP or TLS begins with."""
    first = bytes([random[0] ^ 0x40 if random[0] in _TAKEN else random[0]])
    second = random[4:8] if any(random[4:8]) else _TRANSPORT
    return first + random[1:4] + second + random[8:_TRANSPORT_AT] + _TRANSPORT + random[_TRANSPORT_AT + 4 :]


def _keystream(start: bytes, data: bytes) -> bytes:
    """AES-256-CTR, which hides and shows alike."""
    return Cipher(AES(start[8:40]), CTR(start[40:56])).encryptor().update(data)
