"""VMess with the user's own id, bare on TCP (alterId 0): asks a web host for its head through the server.

Layout (v2fly.org, "VMess protocol"; the AEAD header as v2ray-core proxy/vmess/aead has it): AuthID, sealed length,
nonce, sealed header, then the first chunk, sealed with AES-128-GCM under the key and IV that stand in the header and
that are new in each walk; its length is masked. Nothing is padded. The answer's header is sealed under hashes of the
same two, and says our byte `v` again: whoever can seal it opened ours, which takes the id; no recorded answer passes.
A server is silent to a stranger: it drains what it hears and answers nothing until we give up
(`generic_timeout_error`) or it does (`eof_error`). A clock more than 120 s away from the server's, be it ours or its
own, looks the same; so does a server that cannot reach `through`. Not spoken: TLS or WebSocket around it, and the
header of before AEAD; v2ray 4.34 takes this one whatever its alterId, and needs nothing set for it.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB

from probes.knock.talk import Ask, Reply

_OF_AN_ID = b"c48619fe-8f02-49e0-b9e9-edf763e17e21"  # the same for everybody
_TAG_BYTES = 16
_BLOCK_BYTES = 64
_LENGTH_END = 2 + _TAG_BYTES
_HEADER_BYTES = range(4, 4 + 255 + 1)  # v, options, a command and its length, at most so much of it
_VERSION = 1
_IN_MASKED_CHUNKS = 0x01 | 0x04
_AES_128_GCM = 3
_TCP = 1
_DOMAIN = 2
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Request:
    """One conversation.

    Attributes:
        user: the key that is made of the id.
        key, iv, v: what the answer is sealed with, and the byte it must say again.
        salt, nonce: 4 and 8 unpredictable bytes.
        now_s: wall time.
        through: the name of a host that speaks HTTP on port 80, asked by the server.
    """

    user: bytes = field(repr=False)
    key: bytes = field(repr=False)
    iv: bytes
    v: int
    salt: bytes
    nonce: bytes
    now_s: int
    through: str

    def opening(self) -> bytes:
        header = self._header()
        header += _fnv1a(header).to_bytes(4, "big")
        auth = self._auth()
        length = self._sealed(b"VMess Header AEAD %s_Length", len(header).to_bytes(2, "big"), auth)
        return auth + length + self.nonce + self._sealed(b"VMess Header AEAD %s", header, auth) + self._chunk()

    def read(self, data: bytes) -> Reply:
        if len(data) < _LENGTH_END:
            return Reply.MORE
        opened = self._opened(b"AEAD Resp Header Len %s", data[:_LENGTH_END])
        length = int.from_bytes(opened, "big")
        if length not in _HEADER_BYTES:
            return Reply.OTHER
        end = _LENGTH_END + length + _TAG_BYTES
        if len(data) < end:
            return Reply.MORE
        header = self._opened(b"AEAD Resp Header %s", data[_LENGTH_END:end])
        return Reply.PROVEN if header[:1] == bytes([self.v]) else Reply.OTHER

    def _auth(self) -> bytes:
        """Which user this is, and when; to all others, chance."""
        plain = self.now_s.to_bytes(8, "big") + self.salt
        plain += zlib.crc32(plain).to_bytes(4, "big")
        key = kdf(self.user, b"AES Auth ID Encryption")[:16]
        return Cipher(AES128(key), ECB()).encryptor().update(plain)  # noqa: S305 (one block, by the specification)

    def _header(self) -> bytes:
        how = bytes([self.v, _IN_MASKED_CHUNKS, _AES_128_GCM, 0, _TCP])
        name = self.through.encode("ascii")
        whom = _HTTP_PORT.to_bytes(2, "big") + bytes([_DOMAIN, len(name)]) + name
        return bytes([_VERSION]) + self.iv + self.key + how + whom

    def _sealed(self, label: bytes, plain: bytes, auth: bytes) -> bytes:
        key = kdf(self.user, label % b"Key", auth, self.nonce)[:16]
        return AESGCM(key).encrypt(kdf(self.user, label % b"Nonce", auth, self.nonce)[:12], plain, auth)

    def _chunk(self) -> bytes:
        words = b"HEAD / HTTP/1.1\r\nHost: " + self.through.encode("ascii") + b"\r\nConnection: close\r\n\r\n"
        sealed = AESGCM(self.key).encrypt(bytes(2) + self.iv[2:12], words, None)
        mask = int.from_bytes(hashlib.shake_128(self.iv).digest(2), "big")
        return (len(sealed) ^ mask).to_bytes(2, "big") + sealed

    def _opened(self, label: bytes, sealed: bytes) -> bytes:
        """Nothing where it does not open."""
        key = kdf(hashlib.sha256(self.key).digest()[:16], label % b"Key")[:16]
        iv = kdf(hashlib.sha256(self.iv).digest()[:16], label % b"IV")[:12]
        try:
            return AESGCM(key).decrypt(iv, sealed, None)
        except InvalidTag:
            return b""


def of(ask: Ask) -> Request:
    return Request(
        user=user_of(ask.secrets["id_file"]),
        key=ask.token(16),
        iv=ask.token(16),
        v=ask.token(1)[0],
        salt=ask.token(4),
        nonce=ask.token(8),
        now_s=ask.now_ms // 1000,
        through=ask.options["through"],
    )


def user_of(written: str) -> bytes:
    return hashlib.md5(UUID(written).bytes + _OF_AN_ID, usedforsecurity=False).digest()


def kdf(key: bytes, *path: bytes) -> bytes:
    """HMAC within HMAC: each word of `path` keys one whose hash is the one before, down to SHA-256."""

    def innermost(data: bytes) -> bytes:
        return hmac.digest(b"VMess AEAD KDF", data, "sha256")

    digest: Callable[[bytes], bytes] = innermost
    for word in path:
        digest = _hmac(word, digest)
    return digest(key)


def _hmac(key: bytes, digest: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """RFC 2104 over any hash; `key` is no longer than a block."""
    block = key.ljust(_BLOCK_BYTES, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return lambda data: digest(outer + digest(inner + data))


def _fnv1a(data: bytes) -> int:
    found = 0x811C9DC5
    for byte in data:
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found
