"""How OpenVPN wraps its first packets in a key that both sides hold: tls-auth signs them, tls-crypt hides them too.

Layout (OpenVPN src/openvpn/ssl_pkt.c swap_hmac, tls_crypt.h, crypto.h, doc/tls-crypt-v2.txt). A static key is two
halves of 64 bytes for a cipher and 64 for an HMAC each. head: opcode and session id, 9 bytes; stamp: packet id and
time, 4 each.
    tls-auth   head | HMAC(stamp head body) | stamp | body
    tls-crypt  head | stamp | tag = HMAC-SHA256(head stamp body) | AES-256-CTR(iv = tag[:16], body)
tls-crypt-v2 gives each client a key of its own, which rides, sealed for the server, behind the client's first packet.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

DIGEST_BYTES: Mapping[str, int] = {"SHA1": 20, "SHA224": 28, "SHA256": 32, "SHA384": 48, "SHA512": 64}

HEAD_BYTES = 9
_STAMP_BYTES = 8
_HALF_BYTES = 128
_V2_KEY_BYTES = 2 * _HALF_BYTES
_TAG_BYTES = 32
_EARLY_NEGOTIATION = 0x0F000000  # in a packet id: the client can be answered without a state (cookie)


class Wrap(Protocol):
    """How packets look on the line."""

    def wrapped(self, head: bytes, body: bytes, number: int) -> bytes:
        """`number`: 1 for the first packet, and one more for each."""

    def unwrapped(self, packet: bytes) -> bytes:
        """The packet as it would be without; empty if the key's holder did not make it."""


@dataclass(frozen=True, slots=True)
class Bare:
    def wrapped(self, head: bytes, body: bytes, number: int) -> bytes:
        return head + body

    def unwrapped(self, packet: bytes) -> bytes:
        return packet


@dataclass(frozen=True, slots=True)
class TlsAuth:
    """`direction`: which half is ours to send with, 0 or 1; None: both sides use the first."""

    key: bytes = field(repr=False)
    direction: int | None
    digest: str
    now_s: int

    def wrapped(self, head: bytes, body: bytes, number: int) -> bytes:
        stamp = number.to_bytes(4, "big") + self.now_s.to_bytes(4, "big")
        return head + self._mac(self.direction or 0, stamp + head + body) + stamp + body

    def unwrapped(self, packet: bytes) -> bytes:
        end = HEAD_BYTES + DIGEST_BYTES[self.digest]
        head, mac = packet[:HEAD_BYTES], packet[HEAD_BYTES:end]
        stamp, body = packet[end : end + _STAMP_BYTES], packet[end + _STAMP_BYTES :]
        theirs = 0 if self.direction is None else 1 - self.direction
        return head + body if hmac.compare_digest(mac, self._mac(theirs, stamp + head + body)) else b""

    def _mac(self, half: int, data: bytes) -> bytes:
        start = half * _HALF_BYTES + 64
        return hmac.digest(self.key[start : start + DIGEST_BYTES[self.digest]], data, self.digest)


@dataclass(frozen=True, slots=True)
class TlsCrypt:
    """A client sends with the second half. `sealed`: the key as the server gave it out, for tls-crypt-v2 only."""

    key: bytes = field(repr=False)
    now_s: int
    sealed: bytes = field(default=b"", repr=False)

    def wrapped(self, head: bytes, body: bytes, number: int) -> bytes:
        number |= _EARLY_NEGOTIATION if self.sealed else 0
        head += number.to_bytes(4, "big") + self.now_s.to_bytes(4, "big")
        tag = self._tag(1, head + body)
        return head + tag + self._crossed(1, tag, body) + self.sealed

    def unwrapped(self, packet: bytes) -> bytes:
        start = HEAD_BYTES + _STAMP_BYTES
        head, tag, hidden = packet[:start], packet[start : start + _TAG_BYTES], packet[start + _TAG_BYTES :]
        if len(tag) < _TAG_BYTES:
            return b""
        body = self._crossed(0, tag, hidden)
        return head[:HEAD_BYTES] + body if hmac.compare_digest(tag, self._tag(0, head + body)) else b""

    def _tag(self, half: int, data: bytes) -> bytes:
        start = half * _HALF_BYTES + 64
        return hmac.digest(self.key[start : start + 32], data, "sha256")

    def _crossed(self, half: int, tag: bytes, data: bytes) -> bytes:
        start = half * _HALF_BYTES
        return Cipher(AES(self.key[start : start + 32]), CTR(tag[:16])).encryptor().update(data)


def key_of(text: str) -> bytes:
    """The 256 bytes of a static key file, version 1."""
    return bytes.fromhex(_within(text))


def keys_of_v2(text: str) -> tuple[bytes, bytes]:
    """The key in a client's file for tls-crypt-v2, and the same sealed for the server."""
    both = base64.b64decode(_within(text))
    return both[:_V2_KEY_BYTES], both[_V2_KEY_BYTES:]


def _within(text: str) -> str:
    """What stands between the two lines of dashes; comments may come before."""
    return "".join(text[text.index("-----BEGIN ") :].split("-----")[2].split())
