"""A WireGuard responder of our own, from the paper (sections 5.4.2 to 5.4.7): it believes nothing, and can be under load."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from probes.knock.wireguard import hchacha20


def hashed(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def keyed(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(chaining: bytes, data: bytes) -> tuple[bytes, bytes, bytes]:
    def mac(key: bytes, text: bytes) -> bytes:
        return hmac.new(key, text, hashlib.blake2s).digest()

    zero = mac(chaining, data)
    one = mac(zero, b"\x01")
    two = mac(zero, one + b"\x02")
    return one, two, mac(zero, two + b"\x03")


def public(private: X25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


@dataclass
class Responder:
    """`peers`: the public keys it knows, and the last time each has said."""

    static: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    preshared: bytes = bytes(32)
    peers: dict[bytes, bytes] = field(default_factory=dict)
    under_load: bool = False

    def answer(self, data: bytes) -> list[bytes]:
        own = public(self.static)
        if len(data) != 148 or data[:4] != b"\x01\0\0\0":
            return []
        if data[116:132] != keyed(hashed(b"mac1----", own), data[:116]):
            return []
        if self.under_load:
            return [self._cookie(data)]
        try:
            return [self._response(data)]
        except (InvalidTag, PermissionError):
            return []

    def _cookie(self, data: bytes) -> bytes:
        nonce = os.urandom(24)
        key = hchacha20(hashed(b"cookie--", public(self.static)), nonce[:16])
        sealed = ChaCha20Poly1305(key).encrypt(bytes(4) + nonce[16:], os.urandom(16), data[116:132])
        return b"\x03\0\0\0" + data[4:8] + nonce + sealed

    def _response(self, data: bytes) -> bytes:
        theirs = X25519PublicKey.from_public_bytes(data[8:40])
        chaining = hashed(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        state = hashed(hashed(chaining, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), public(self.static))
        state = hashed(state, data[8:40])
        chaining, _, _ = kdf(chaining, data[8:40])
        chaining, key, _ = kdf(chaining, self.static.exchange(theirs))
        peer = ChaCha20Poly1305(key).decrypt(bytes(12), data[40:88], state)
        state = hashed(state, data[40:88])
        chaining, key, _ = kdf(chaining, self.static.exchange(X25519PublicKey.from_public_bytes(peer)))
        stamp = ChaCha20Poly1305(key).decrypt(bytes(12), data[88:116], state)
        state = hashed(state, data[88:116])
        if peer not in self.peers or stamp <= self.peers[peer]:
            raise PermissionError
        self.peers[peer] = stamp
        ephemeral = X25519PrivateKey.generate()
        state = hashed(state, public(ephemeral))
        chaining, _, _ = kdf(chaining, public(ephemeral))
        chaining, _, _ = kdf(chaining, ephemeral.exchange(theirs))
        chaining, _, _ = kdf(chaining, ephemeral.exchange(X25519PublicKey.from_public_bytes(peer)))
        chaining, stirred, key = kdf(chaining, self.preshared)
        empty = ChaCha20Poly1305(key).encrypt(bytes(12), b"", hashed(state, stirred))
        body = b"\x02\0\0\0" + os.urandom(4) + data[4:8] + public(ephemeral) + empty
        return body + keyed(hashed(b"mac1----", peer), body) + bytes(16)
