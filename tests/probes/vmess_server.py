"""A VMess server of our own (AEAD header): it answers in the asked host's place, and only what its user's id opens."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

ID = "b831381d-6324-4d53-ad4f-8cda48b30811"
_TOLERATED_S = 120


def derived(key: bytes, *path: bytes) -> bytes:
    digest = _within(path)
    digest.update(key)
    return digest.digest()


def _within(path: tuple[bytes, ...]) -> hmac.HMAC:
    """As in the specification: hashlib's HMAC, told that its hash is another HMAC."""
    if not path:
        return hmac.new(b"VMess AEAD KDF", digestmod="sha256")
    return hmac.new(path[-1], digestmod=lambda: _within(path[:-1]))


def fnv1a(data: bytes) -> bytes:
    number = 2166136261
    for byte in data:
        number = ((number ^ byte) * 16777619) % 2**32
    return number.to_bytes(4, "big")


@dataclass(frozen=True)
class Heard:
    """A request that opened: what the answer is made of, and whom and what was asked."""

    iv: bytes
    key: bytes
    v: int
    asked: tuple[bytes, int, bytes]


@dataclass
class Server:
    """`asked`: host, port and words of the last request that opened."""

    user: str = ID
    now_s: Callable[[], float] = time.time
    met: set[bytes] = field(default_factory=set)
    asked: tuple[bytes, int, bytes] | None = None

    def answer(self, request: bytes, words: bytes = b"HTTP/1.1 204 No Content\r\n\r\n") -> bytes:
        """What goes back; nothing to a stranger, to one who is late or early, or to words that were said before."""
        heard = self.heard(request)
        return b"" if heard is None else said(heard, words)

    def heard(self, request: bytes) -> Heard | None:
        own = hashlib.md5(uuid.UUID(self.user).bytes + b"c48619fe-8f02-49e0-b9e9-edf763e17e21").digest()
        auth, nonce = request[:16], request[34:42]
        if not self._known(own, auth):
            return None

        def opened(what: bytes, sealed: bytes) -> bytes:
            key = derived(own, b"VMess Header AEAD Key" + what, auth, nonce)[:16]
            return AESGCM(key).decrypt(derived(own, b"VMess Header AEAD Nonce" + what, auth, nonce)[:12], sealed, auth)

        end = 42 + int.from_bytes(opened(b"_Length", request[16:34]), "big") + 16
        heard = _read(opened(b"", request[42:end]), request[end:])
        self.asked = heard.asked
        return heard

    def _known(self, own: bytes, auth: bytes) -> bool:
        """In a stranger's AuthID the check sum is wrong."""
        plain = Cipher(AES(derived(own, b"AES Auth ID Encryption")[:16]), ECB()).decryptor().update(auth)
        if zlib.crc32(plain[:12]) != int.from_bytes(plain[12:], "big") or auth in self.met:
            return False
        self.met.add(auth)
        return abs(int(self.now_s()) - int.from_bytes(plain[:8], "big", signed=True)) <= _TOLERATED_S

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer(await reader.read(4096)))
        await reader.read()


def _read(header: bytes, body: bytes) -> Heard:
    """A header that opened, and the one chunk after it."""
    assert header[-4:] == fnv1a(header[:-4])
    version, iv, key, v = header[0], header[1:17], header[17:33], header[33]
    options, how, reserved, command = header[34:38]
    assert (version, reserved, command) == (1, 0, 1)
    assert (options, how & 15) == (1 | 4, 3)  # chunks, with masked lengths; AES-128-GCM
    port, kind, size = int.from_bytes(header[38:40], "big"), header[40], header[41]
    assert kind == 2
    assert 42 + size + (how >> 4) + 4 == len(header)
    length = int.from_bytes(body[:2], "big") ^ int.from_bytes(hashlib.shake_128(iv).digest(2), "big")
    assert length == len(body) - 2
    words = AESGCM(key).decrypt(bytes(2) + iv[2:12], body[2:], None)
    return Heard(iv, key, v, (header[42 : 42 + size], port, words))


def said(heard: Heard, words: bytes = b"", header: bytes | None = None, length: int | None = None) -> bytes:
    """The header of an answer (another one for a liar), and its first chunk."""
    key, iv = hashlib.sha256(heard.key).digest()[:16], hashlib.sha256(heard.iv).digest()[:16]
    header = bytes([heard.v, 0, 0, 0]) if header is None else header
    size = len(header) if length is None else length

    def sealed(what: bytes, plain: bytes) -> bytes:
        secret = derived(key, b"AEAD Resp Header" + what + b" Key")[:16]
        return AESGCM(secret).encrypt(derived(iv, b"AEAD Resp Header" + what + b" IV")[:12], plain, None)

    chunk = AESGCM(key).encrypt(bytes(2) + iv[2:12], words, None)
    mask = int.from_bytes(hashlib.shake_128(iv).digest(2), "big")
    return (
        sealed(b" Len", size.to_bytes(2, "big")) + sealed(b"", header) + (len(chunk) ^ mask).to_bytes(2, "big") + chunk
    )
