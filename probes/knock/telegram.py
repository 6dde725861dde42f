"""Telegram's first exchange: MTProto's req_pq_multi, answered with our nonce and a key we know of. No account.

Layout (core.telegram.org/mtproto: mtproto-transports, description, samples-auth_key): the intermediate transport, four
bytes ee, then little-endian lengths of four bytes; in it auth_key_id 0, a message id from the time, a length, the
body. resPQ#05162463 {nonce 16, server_nonce 16, pq string, vector of 64-bit fingerprints of RSA keys} comes back; what
may stand behind it is not looked at.

resPQ is not signed: our nonce in it and a published fingerprint show that MTProto was spoken to us by something that
says it holds Telegram's key, not that it does. That would take the next message. The apps hide this transport under a
keystream (obfuscated2); ours goes in clear, so a filter that knows the one may not know the other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from probes.knock.talk import Ask, Reply

NONCE_BYTES = 16
_TRANSPORT = b"\xee" * 4
_REQ_PQ_MULTI, _RES_PQ, _VECTOR = 0xBE7E8EF1, 0x05162463, 0x1CB5C415
_ENVELOPE_BYTES = 20
_LEAST_BYTES = _ENVELOPE_BYTES + 4 + 16 + 16 + 4 + 8  # an empty list behind a short number
_MOST_BYTES = 1024
_MOST_PQ_BYTES = 16


@dataclass(frozen=True, slots=True)
class ReqPq:
    """`known`: the fingerprints of which one must be among the server's."""

    nonce: bytes
    known: frozenset[int]
    now_ms: int

    def opening(self) -> bytes:
        """The message id is unixtime * 2^32, divisible by four."""
        message_id = (self.now_ms << 32) // 1000 & ~3
        body = struct.pack("<I", _REQ_PQ_MULTI) + self.nonce
        message = struct.pack("<QQI", 0, message_id, len(body)) + body
        return _TRANSPORT + struct.pack("<I", len(message)) + message

    def read(self, data: bytes) -> Reply:
        if len(data) < 4:
            return Reply.MORE
        length = int.from_bytes(data[:4], "little")
        if not _LEAST_BYTES <= length <= _MOST_BYTES:  # also what MTProto says when it refuses: four bytes
            return Reply.OTHER
        if len(data) < 4 + length:
            return Reply.MORE
        return Reply.PROVEN if self._is_proof(data[4 : 4 + length]) else Reply.OTHER

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
    return ReqPq(ask.token(NONCE_BYTES), known, ask.now_ms)
