"""Bytes sealed to somebody's public key: who holds the box cannot read them, whoever holds the private key can.

A sealed piece is `MAGIC | ephemeral X25519 public key (32) | ChaCha20-Poly1305 ciphertext`, its key by HKDF-SHA256 over
the shared secret, bound to both public keys (the scheme of libsodium's sealed boxes and of RFC 9180 base mode,
restated with what `cryptography` has). The nonce is zero: every piece has a key of its own.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"didban-seal-1\n"
_KEY_BYTES = 32
_NONCE = bytes(12)


class NotOurs(ValueError):
    """What should be opened was sealed to somebody else, was changed, or is nothing sealed at all."""


def new_key() -> str:
    """A private key in base64, for a file only its owner reads."""
    return base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()


def public_of(private: str) -> str:
    """Its public half in base64, which goes into every box. Raises ValueError for what is no key."""
    return base64.b64encode(_private(private).public_key().public_bytes_raw()).decode()


def check_public(given: str) -> str:
    """The same again, if it is a public key in base64; else raises ValueError."""
    _raw(given)
    return given


def seal(plain: bytes, public: str) -> bytes:
    """Sealed to a public key in base64; what comes out differs every time."""
    ephemeral, far = X25519PrivateKey.generate(), _raw(public)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(far))
    mine = ephemeral.public_key().public_bytes_raw()
    return MAGIC + mine + _cipher(shared, mine, far).encrypt(_NONCE, plain, MAGIC)


def unseal(sealed: bytes, private: str) -> bytes:
    """What was sealed to the public half of this key. Raises NotOurs."""
    start = len(MAGIC) + _KEY_BYTES
    if not sealed.startswith(MAGIC) or len(sealed) < start:
        raise NotOurs("it is nothing sealed")
    key, theirs = _private(private), sealed[len(MAGIC) : start]
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(theirs))
        return _cipher(shared, theirs, key.public_key().public_bytes_raw()).decrypt(_NONCE, sealed[start:], MAGIC)
    except (InvalidTag, ValueError):
        raise NotOurs("it was sealed to another key, or changed since") from None


def _cipher(shared: bytes, ephemeral: bytes, far: bytes) -> ChaCha20Poly1305:
    derived = HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=MAGIC + ephemeral + far).derive(shared)
    return ChaCha20Poly1305(derived)


def _private(given: str) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(_raw(given))


def _raw(given: str) -> bytes:
    try:
        raw = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is no key in base64") from None
    if len(raw) != _KEY_BYTES:
        raise ValueError(f"is no key of {_KEY_BYTES} bytes")
    return raw
