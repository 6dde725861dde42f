"""Answers a WireGuard initiation of a peer whose key it knows, and nobody else's; there is no tunnel behind it.

Written from the protocol's paper (Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", section 5.4) and
wireguard.com/protocol: Noise_IKpsk2 over X25519, ChaCha20-Poly1305 and BLAKE2s. Bytes in, bytes out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from deploy.responder.datagrams import Answered

_CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
_IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
_LABEL_MAC1 = b"mac1----"
_INITIATION, _RESPONSE = 1, 2
# type and reserved, sender, ephemeral, static and tag, timestamp and tag, mac1, mac2
_INITIATION_LAYOUT = struct.Struct("<II32s48s28s16s16s")
INITIATION_BYTES, RESPONSE_BYTES = _INITIATION_LAYOUT.size, 92
_MAC_BYTES, _MACS = 16, 32
_NO_PSK = bytes(32)
_NONCE = bytes(12)  # every key of the handshake is used once


class Ignored(StrEnum):
    """Why silence is the answer."""

    BAD_MAC1 = "bad_mac1"  # meant for another key than ours
    FORGED = "forged"
    UNKNOWN_PEER = "unknown_peer"
    REPLAYED = "replayed"


@dataclass(slots=True)
class Noise:
    """The symmetric half of the handshake: chaining key and hash."""

    chain: bytes
    hash: bytes

    @classmethod
    def towards(cls, responder: bytes) -> Noise:
        chain = _hash(_CONSTRUCTION)
        return cls(chain, _hash(_hash(chain, _IDENTIFIER), responder))

    def mix_hash(self, data: bytes) -> None:
        self.hash = _hash(self.hash, data)

    def mix_key(self, data: bytes) -> bytes:
        """The key for what comes next."""
        self.chain, key = _derived(self.chain, data, 2)
        return key

    def opened(self, key: bytes, sealed: bytes) -> bytes:
        """Raises InvalidTag."""
        plain = ChaCha20Poly1305(key).decrypt(_NONCE, sealed, self.hash)
        self.mix_hash(sealed)
        return plain


@dataclass(slots=True)
class Listener:
    """Our key, and who is answered. What was said last by each peer is remembered, so that nobody can say it again."""

    key: X25519PrivateKey
    peers: Iterable[bytes]
    token: Callable[[int], bytes] = secrets.token_bytes
    protocol: str = "wireguard"
    _newest: dict[bytes, bytes] = field(default_factory=dict)
    _public: bytes = b""

    def __post_init__(self) -> None:
        self._public = self.key.public_key().public_bytes_raw()
        self._newest = dict.fromkeys(self.peers, bytes(12))

    def answer(self, data: bytes) -> Answered | None:
        if len(data) != INITIATION_BYTES or data[:4] != bytes([_INITIATION, 0, 0, 0]):
            return None
        _, sender, ephemeral, sealed_static, sealed_time, mac1, _ = _INITIATION_LAYOUT.unpack(data)
        walk = hashlib.sha256(ephemeral).hexdigest()
        if not hmac.compare_digest(mac1, mac1_of(self._public, data[:-_MACS])):
            return Answered(b"", walk, Ignored.BAD_MAC1)  # before any sum that costs us more than it cost them
        noise = Noise.towards(self._public)
        try:
            static, at = self._opened(noise, ephemeral, sealed_static, sealed_time)
            if (newest := self._newest.get(static)) is None:
                return Answered(b"", walk, Ignored.UNKNOWN_PEER)
            if at <= newest:
                return Answered(b"", walk, Ignored.REPLAYED)
            reply = self._response(noise, sender, ephemeral, static)
        except (InvalidTag, ValueError):  # ValueError: a point of low order, which gives no secret
            return Answered(b"", walk, Ignored.FORGED)
        self._newest[static] = at
        return Answered(reply, walk)

    def _opened(self, noise: Noise, ephemeral: bytes, sealed_static: bytes, sealed_time: bytes) -> tuple[bytes, bytes]:
        """The peer's public key, and its TAI64N time: big-endian, so that later is greater."""
        noise.mix_hash(ephemeral)
        (noise.chain,) = _derived(noise.chain, ephemeral, 1)
        static = noise.opened(noise.mix_key(_shared(self.key, ephemeral)), sealed_static)
        return static, noise.opened(noise.mix_key(_shared(self.key, static)), sealed_time)

    def _response(self, noise: Noise, sender: int, ephemeral: bytes, static: bytes) -> bytes:
        own = X25519PrivateKey.from_private_bytes(self.token(32))
        own_public = own.public_key().public_bytes_raw()
        noise.mix_hash(own_public)
        for data in (own_public, _shared(own, ephemeral), _shared(own, static)):
            (noise.chain,) = _derived(noise.chain, data, 1)
        noise.chain, mixed, key = _derived(noise.chain, _NO_PSK, 3)
        noise.mix_hash(mixed)
        sealed = ChaCha20Poly1305(key).encrypt(_NONCE, b"", noise.hash)
        head = struct.pack("<I4sI32s16s", _RESPONSE, self.token(4), sender, own_public, sealed)
        return head + mac1_of(static, head) + bytes(_MAC_BYTES)


def mac1_of(receiver: bytes, head: bytes) -> bytes:
    """What proves that the sender knows the receiver's public key: over all that stands before it."""
    return hashlib.blake2s(head, digest_size=_MAC_BYTES, key=_hash(_LABEL_MAC1, receiver)).digest()


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def _derived(key: bytes, data: bytes, count: int) -> tuple[bytes, ...]:
    """KDF of the paper: HKDF (RFC 5869) with HMAC-BLAKE2s."""
    secret = hmac.digest(key, data, hashlib.blake2s)
    out: list[bytes] = []
    for number in range(1, count + 1):
        out.append(hmac.digest(secret, (out[-1] if out else b"") + bytes([number]), hashlib.blake2s))
    return tuple(out)


def _shared(own: X25519PrivateKey, other: bytes) -> bytes:
    return own.exchange(X25519PublicKey.from_public_bytes(other))
