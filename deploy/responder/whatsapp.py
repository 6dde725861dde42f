"""Answers WhatsApp's greeting under a root key of its own, so that its protocol can be asked of who is not WhatsApp.

Layout as in probes/knock/whatsapp.py (field notes, from public clients): "WA", magic, dictionary version, then frames
of a big-endian length of three bytes; HandshakeMessage{clientHello=2{ephemeral=1}} in, {serverHello=3{ephemeral=1,
static=2, payload=3}} out, the payload a CertChain{leaf=1, intermediate=2}. Noise_XX_25519_AESGCM_SHA256, the answering
half up to the second message (noiseprotocol.org/noise.html revision 34, sections 5 and 7.5). Nobody can log in here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from deploy.responder.datagrams import Answered

HEADER_BYTES, LENGTH_BYTES = 4, 3
MOST_FRAME_BYTES = 256  # a true greeting has 36
_MAGIC = b"WA\x06"
_BEFORE_KEY, _KEY_BYTES = b"\x12\x22\x0a\x20", 32  # field 2 of 34 bytes, in it field 1 of 32
_NAME = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\0")  # 28 bytes: padded, not hashed
_NONCE = bytes(12)  # every key seals one message here
_P = 2**255 - 19
_BETWEEN_SERIAL, _LEAF_SERIAL = 1, 2  # the root's own is 0, and is not written


class Signer:
    """An Ed25519 key that passes for a Curve25519 one: it signs as signal.org/docs/specifications/xeddsa verifies."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        point = key.public_key().public_bytes_raw()
        self._sign = point[31] & 0x80
        y = int.from_bytes(point, "little") & (2**255 - 1)
        self.public = ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")

    def sign(self, message: bytes) -> bytes:
        """With the sign of the point in the last bit, as libsignal has it."""
        plain = self._key.sign(message)
        return plain[:63] + bytes([plain[63] | self._sign])


@dataclass(slots=True)
class Noise:
    """The responder's half, up to what it says: chaining key, hash, and whom it speaks to."""

    theirs: bytes
    chain: bytes = _NAME
    hash: bytes = _NAME

    def mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def said(self, own: X25519PrivateKey, static: X25519PrivateKey, payload: bytes) -> tuple[bytes, bytes, bytes]:
        """The three parts of the second message. Raises ValueError for a key of theirs of low order."""
        public = own.public_key().public_bytes_raw()
        self.mix_hash(public)
        sealed_static = self._sealed(own, static.public_key().public_bytes_raw())
        return public, sealed_static, self._sealed(static, payload)

    def _sealed(self, secret: X25519PrivateKey, plain: bytes) -> bytes:
        """Under the key that this secret of ours and their ephemeral one make (RFC 5869, no info)."""
        extracted = hmac.digest(self.chain, secret.exchange(X25519PublicKey.from_public_bytes(self.theirs)), "sha256")
        self.chain = hmac.digest(extracted, b"\x01", "sha256")
        sealed = AESGCM(hmac.digest(extracted, self.chain + b"\x02", "sha256")).encrypt(_NONCE, plain, self.hash)
        self.mix_hash(sealed)
        return sealed


@dataclass(slots=True)
class Listener:
    """`root`: whose public half vantages are told. What it signs is made anew at every start, and is kept nowhere."""

    root: Ed25519PrivateKey
    token: Callable[[int], bytes] = secrets.token_bytes
    protocol: str = "whatsapp"
    _static: X25519PrivateKey = field(init=False)
    _chain: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._static = X25519PrivateKey.from_private_bytes(self.token(_KEY_BYTES))
        between = Signer(Ed25519PrivateKey.from_private_bytes(self.token(_KEY_BYTES)))
        own = self._static.public_key().public_bytes_raw()
        issuer = _numbered(1, _BETWEEN_SERIAL) + _packed(3, between.public)
        leaf = _numbered(1, _LEAF_SERIAL) + _numbered(2, _BETWEEN_SERIAL) + _packed(3, own)
        self._chain = _packed(1, _packed(1, leaf) + _packed(2, between.sign(leaf))) + _packed(
            2, _packed(1, issuer) + _packed(2, Signer(self.root).sign(issuer))
        )

    def answer(self, data: bytes) -> Answered | None:
        """To a header and one frame; None for what is no greeting of WhatsApp's."""
        head, frame = data[:HEADER_BYTES], data[HEADER_BYTES + LENGTH_BYTES :]
        theirs = frame[len(_BEFORE_KEY) :]
        if not head.startswith(_MAGIC) or not frame.startswith(_BEFORE_KEY) or len(theirs) != _KEY_BYTES:
            return None
        noise = Noise(theirs)
        noise.mix_hash(head)
        noise.mix_hash(theirs)
        own = X25519PrivateKey.from_private_bytes(self.token(_KEY_BYTES))
        walk = hashlib.sha256(theirs).hexdigest()
        try:
            parts = noise.said(own, self._static, self._chain)
        except ValueError:
            return Answered(b"", walk, "no_key")
        hello = _packed(3, b"".join(_packed(number, part) for number, part in enumerate(parts, start=1)))
        return Answered(len(hello).to_bytes(LENGTH_BYTES, "big") + hello, walk)


def public_of(root: Ed25519PrivateKey) -> bytes:
    """The root key as a vantage knows it: 32 bytes."""
    return Signer(root).public


def _numbered(number: int, value: int) -> bytes:
    """A protobuf field of a number below 128."""
    return bytes([number << 3, value])


def _packed(number: int, data: bytes) -> bytes:
    """A protobuf field of fewer than 16384 bytes."""
    size = len(data)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + data
