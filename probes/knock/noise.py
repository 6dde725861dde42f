"""The initiator's half of Noise_XX_25519_AESGCM_SHA256, until it is known who answers; who asks is never said.

Spec: noiseprotocol.org/noise.html revision 34, sections 5 and 7.5; checked against cacophony's published vector. The
third message, which would carry a key of our own, is never made.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NAME = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\0")  # 28 bytes: padded, not hashed
_FIRST_NONCE = bytes(12)


class Unproven(Exception):
    """What came does not fit what only the holder of the keys could have sent."""


class Initiator:
    """One handshake.

    Args:
        prologue: what both sides have said before Noise begins.
        secret: 32 unpredictable bytes, for this handshake alone.
    """

    def __init__(self, prologue: bytes, secret: bytes) -> None:
        self._ephemeral = X25519PrivateKey.from_private_bytes(secret)
        self._chaining = self._hash = _NAME
        self._key = b""
        self._mix_hash(prologue)
        self.public = self._ephemeral.public_key().public_bytes_raw()
        self._mix_hash(self.public)

    def said(self, payload: bytes) -> None:
        """The payload that went with the first message, in clear. WhatsApp sends none, not even an empty one."""
        self._mix_hash(payload)

    def heard(self, ephemeral: bytes, static: bytes, payload: bytes) -> tuple[bytes, bytes]:
        """The far end's static key and its payload, from the three parts of the second message. Raises Unproven."""
        self._mix_hash(ephemeral)
        self._mix_key(ephemeral)
        static_key = self._opened(static)
        self._mix_key(static_key)
        return static_key, self._opened(payload)

    def _mix_hash(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix_key(self, public: bytes) -> None:
        """HKDF-SHA256 with the chaining key as salt (RFC 5869, no info): a new chaining key, a new cipher key."""
        try:
            shared = self._ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:  # no key, or one of low order (RFC 7748 section 6.1)
            raise Unproven from None
        extracted = hmac.digest(self._chaining, shared, "sha256")
        self._chaining = hmac.digest(extracted, b"\x01", "sha256")
        self._key = hmac.digest(extracted, self._chaining + b"\x02", "sha256")

    def _opened(self, sealed: bytes) -> bytes:
        """Each key opens one message here, so the nonce is always the first."""
        try:
            opened = AESGCM(self._key).decrypt(_FIRST_NONCE, sealed, self._hash)
        except (InvalidTag, ValueError):
            raise Unproven from None
        self._mix_hash(sealed)
        return opened
