"""Shadowsocks with the user's own key (Outline speaks it too): asks a web host for its head through the server.

Layout (shadowsocks.org SIP004, SIP007): a salt as long as the key, then pairs of a sealed length and a sealed chunk;
the subkey is HKDF-SHA1(key, salt, "ss-subkey"), the key of a password is OpenSSL's EVP_BytesToKey with MD5, a nonce
counts up, little-endian. The first chunk names whom to reach. Proof is the server's own salt and a length that opens
under its subkey, which takes the key. The answer is not bound to our request, so one that was recorded before would
pass too; and a server that cannot reach `through` is as silent as one that is blocked. Without a key nothing but the
open port can be seen: such a target is of kind tcp. Ciphers of 2022 (SIP022) are not spoken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from probes.knock.talk import Ask, Reply

KEY_BYTES: Mapping[str, int] = {"aes-128-gcm": 16, "aes-256-gcm": 32, "chacha20-ietf-poly1305": 32}

_TAG_BYTES = 16
_MOST_CHUNK_BYTES = 0x3FFF
_DOMAIN = 3
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Request:
    """`through`: the name of a host that speaks HTTP on port 80, asked by the server."""

    cipher: str
    key: bytes = field(repr=False)
    salt: bytes
    through: str

    def opening(self) -> bytes:
        name = self.through.encode("ascii")
        whom = bytes([_DOMAIN, len(name)]) + name + _HTTP_PORT.to_bytes(2, "big")
        chunk = whom + b"HEAD / HTTP/1.1\r\nHost: " + name + b"\r\nConnection: close\r\n\r\n"
        aead = self._aead(self.salt)
        length = aead.encrypt(_nonce(0), len(chunk).to_bytes(2, "big"), None)
        return self.salt + length + aead.encrypt(_nonce(1), chunk, None)

    def read(self, data: bytes) -> Reply:
        start = len(self.salt)
        if len(data) < start + 2 + _TAG_BYTES:
            return Reply.MORE
        salt, sealed = data[:start], data[start : start + 2 + _TAG_BYTES]
        try:
            length = int.from_bytes(self._aead(salt).decrypt(_nonce(0), sealed, None), "big")
        except InvalidTag:
            return Reply.OTHER
        said_by_us = salt == self.salt  # what we sent, sent back, opens too
        return Reply.PROVEN if 0 < length <= _MOST_CHUNK_BYTES and not said_by_us else Reply.OTHER

    def _aead(self, salt: bytes) -> AESGCM | ChaCha20Poly1305:
        subkey = HKDF(SHA1(), len(self.key), salt, b"ss-subkey").derive(self.key)  # noqa: S303 (SIP007 says so)
        return ChaCha20Poly1305(subkey) if self.cipher == "chacha20-ietf-poly1305" else AESGCM(subkey)


def of(ask: Ask) -> Request:
    cipher = ask.options["cipher"]
    size = KEY_BYTES[cipher]
    key = key_of(ask.secrets["key_file"].encode("ascii"), size)
    return Request(cipher, key, ask.token(size), ask.options["through"])


def key_of(password: bytes, size: int) -> bytes:
    """EVP_BytesToKey(MD5, no salt, one round): each block is the hash of the block before and the password."""
    key = block = b""
    while len(key) < size:
        block = hashlib.md5(block + password, usedforsecurity=False).digest()
        key += block
    return key[:size]


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "little")
