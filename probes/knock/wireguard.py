"""WireGuard's handshake up to the responder's answer, which only the holder of its key can give. No tunnel.

Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (wireguard.com/papers/wireguard.pdf sections 5.4.2 to 5.4.4 and 5.4.7): 148 bytes
out with a time in them, 92 back. A responder is silent to keys it does not know, and to a time that is not later than
the last one of that key: each opening is a new handshake, an answer to any of them counts, and every vantage needs a
key of its own. After our clock was set back, it is silent until the old time has come again.

Under load it sends a cookie instead (64 bytes). That counts too, for to make one takes our datagram and the responder's
public key, which is on no wire; but it is a weaker proof than the handshake: that key is no secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from probes.knock.talk import Ask, Reply

_CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
_IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
_INITIATION, _RESPONSE, _COOKIE = b"\x01\0\0\0", b"\x02\0\0\0", b"\x03\0\0\0"
_RESPONSE_BYTES, _COOKIE_BYTES = 92, 64
_TAI_EPOCH = 2**62 + 10  # of 1970, as WireGuard says it: leap seconds are not counted
_NONCE = bytes(12)  # each key seals one message
_NO_MAC = bytes(16)


@dataclass(frozen=True, slots=True)
class Keys:
    """Ours, the responder's, and what both share besides; zeros where that is nothing."""

    own: X25519PrivateKey
    responder: bytes
    preshared: bytes = field(default=bytes(32), repr=False)


@dataclass(frozen=True, slots=True)
class Said:
    """One initiation: what its answer is read with."""

    message: bytes
    ephemeral: X25519PrivateKey
    chaining: bytes
    hash: bytes

    @property
    def index(self) -> bytes:
        return self.message[4:8]

    @property
    def mac1(self) -> bytes:
        return self.message[116:132]


class Handshake:
    """`token` gives unpredictable bytes; `now_ms` is UTC, and each further opening says a millisecond more."""

    def __init__(self, keys: Keys, token: Callable[[int], bytes], now_ms: int) -> None:
        self._keys, self._token, self._now_ms = keys, token, now_ms
        self._said: list[Said] = []

    def opening(self) -> bytes:
        ephemeral = X25519PrivateKey.from_private_bytes(self._token(32))
        self._said.append(_initiation(self._keys, ephemeral, self._token(4), self._now_ms + len(self._said)))
        return self._said[-1].message

    def read(self, data: bytes) -> Reply:
        is_answer = {_RESPONSE_BYTES: _is_response, _COOKIE_BYTES: _is_cookie}.get(len(data))
        if is_answer is None:
            return Reply.OTHER
        return Reply.PROVEN if any(is_answer(self._keys, said, data) for said in self._said) else Reply.OTHER


def of(ask: Ask) -> Handshake:
    shared = ask.secrets.get("preshared_key_file")
    keys = Keys(
        own=X25519PrivateKey.from_private_bytes(base64.b64decode(ask.secrets["private_key_file"])),
        responder=base64.b64decode(ask.options["public_key"]),
        preshared=base64.b64decode(shared) if shared else bytes(32),
    )
    return Handshake(keys, ask.token, ask.now_ms)


# ---------------------------------------------------------------- the messages


def _initiation(keys: Keys, ephemeral: X25519PrivateKey, index: bytes, at_ms: int) -> Said:
    """Section 5.4.2."""
    public, own = ephemeral.public_key().public_bytes_raw(), keys.own.public_key().public_bytes_raw()
    chaining = _hash(_CONSTRUCTION)
    state = _hash(_hash(_hash(chaining, _IDENTIFIER), keys.responder), public)
    (chaining,) = _derived(chaining, public, 1)
    chaining, key = _derived(chaining, _shared(ephemeral, keys.responder), 2)
    static = ChaCha20Poly1305(key).encrypt(_NONCE, own, state)
    state = _hash(state, static)
    chaining, key = _derived(chaining, _shared(keys.own, keys.responder), 2)
    time = struct.pack("!QI", _TAI_EPOCH + at_ms // 1000, at_ms % 1000 * 1_000_000)
    sealed = ChaCha20Poly1305(key).encrypt(_NONCE, time, state)
    body = _INITIATION + index + public + static + sealed
    return Said(body + _mac1(keys.responder, body) + _NO_MAC, ephemeral, chaining, _hash(state, sealed))


def _is_response(keys: Keys, said: Said, data: bytes) -> bool:
    """Section 5.4.3. We gave no cookie, so mac2 is empty. A key of low order would make the secrets guessable."""
    own = keys.own.public_key().public_bytes_raw()
    ephemeral, empty, mac1, mac2 = data[12:44], data[44:60], data[60:76], data[76:]
    if data[:4] != _RESPONSE or data[8:12] != said.index or mac1 != _mac1(own, data[:60]) or mac2 != _NO_MAC:
        return False
    secrets = _shared(said.ephemeral, ephemeral), _shared(keys.own, ephemeral)
    if not (all(map(any, secrets)) and any(_shared(keys.own, keys.responder))):
        return False
    (chaining,) = _derived(said.chaining, ephemeral, 1)
    state = _hash(said.hash, ephemeral)
    for secret in secrets:
        (chaining,) = _derived(chaining, secret, 1)
    _, stirred, key = _derived(chaining, keys.preshared, 3)
    return _opens(key, _NONCE, empty, _hash(state, stirred))


def _is_cookie(keys: Keys, said: Said, data: bytes) -> bool:
    """Section 5.4.7; XChaCha20-Poly1305 is draft-irtf-cfrg-xchacha section 2."""
    if data[:4] != _COOKIE or data[4:8] != said.index:
        return False
    nonce, sealed = data[8:32], data[32:]
    key = hchacha20(_hash(b"cookie--", keys.responder), nonce[:16])
    return _opens(key, bytes(4) + nonce[16:], sealed, said.mac1)


# ---------------------------------------------------------------- what they are made of


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """draft-irtf-cfrg-xchacha section 2.2: ChaCha20's block without the words it began with being added."""
    block = struct.unpack("<16I", Cipher(ChaCha20(key, nonce), None).encryptor().update(bytes(64)))
    added = struct.unpack("<8I", b"expand 32-byte k" + nonce)
    words = ((word - began) % 2**32 for word, began in zip(block[:4] + block[12:], added, strict=True))
    return struct.pack("<8I", *words)


def _opens(key: bytes, nonce: bytes, sealed: bytes, beside: bytes) -> bool:
    try:
        ChaCha20Poly1305(key).decrypt(nonce, sealed, beside)
    except InvalidTag:
        return False
    return True


def _shared(private: X25519PrivateKey, public: bytes) -> bytes:
    """All zeros with a key of low order (RFC 7748 section 6.1)."""
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        return bytes(32)


def _hash(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def _mac1(receiver: bytes, message: bytes) -> bytes:
    """Section 5.4.4: under a key that whoever knows the receiver's public key can make."""
    return hashlib.blake2s(message, digest_size=16, key=_hash(b"mac1----", receiver)).digest()


def _derived(chaining: bytes, secret: bytes, count: int) -> list[bytes]:
    """HKDF with HMAC-BLAKE2s, as section 5.4 has it."""
    extracted, made = hmac.digest(chaining, secret, "blake2s"), [b""]
    for number in range(1, count + 1):
        made.append(hmac.digest(extracted, made[-1] + bytes([number]), "blake2s"))
    return made[1:]
