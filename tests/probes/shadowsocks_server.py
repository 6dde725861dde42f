"""A Shadowsocks server of our own (SIP004): it answers in the asked host's place, and only what its key opens."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

SIZES = {"aes-128-gcm": 16, "aes-256-gcm": 32, "chacha20-ietf-poly1305": 32}


@dataclass
class Server:
    """`asked`: host, port and words of the last request that opened."""

    cipher: str = "aes-256-gcm"
    password: bytes = b"correct-horse"
    asked: tuple[bytes, int, bytes] | None = None

    @property
    def size(self) -> int:
        return SIZES[self.cipher]

    def aead(self, salt: bytes) -> AESGCM | ChaCha20Poly1305:
        """HKDF-SHA1 (RFC 5869) by hand: as many blocks as the key needs."""
        one = hashlib.md5(self.password).digest()
        key = (one + hashlib.md5(one + self.password).digest())[: self.size]
        extracted = hmac.digest(salt, key, "sha1")
        first = hmac.digest(extracted, b"ss-subkey\x01", "sha1")
        subkey = (first + hmac.digest(extracted, first + b"ss-subkey\x02", "sha1"))[: self.size]
        return ChaCha20Poly1305(subkey) if "poly" in self.cipher else AESGCM(subkey)

    def answer(self, request: bytes, words: bytes = b"HTTP/1.1 204 No Content\r\n\r\n") -> bytes:
        """What goes back; nothing to whoever lacks the key."""
        salt, sealed = request[: self.size], request[self.size :]
        try:
            length = int.from_bytes(self.aead(salt).decrypt(bytes(12), sealed[:18], None), "big")
            chunk = self.aead(salt).decrypt(b"\x01" + bytes(11), sealed[18 : 34 + length], None)
        except InvalidTag:
            return b""
        assert (chunk[0], len(chunk)) == (3, length)
        end = 2 + chunk[1]
        self.asked = chunk[2:end], int.from_bytes(chunk[end : end + 2], "big"), chunk[end + 2 :]
        return self.said(words)

    def said(self, words: bytes, length: int | None = None) -> bytes:
        salt = os.urandom(self.size)
        aead = self.aead(salt)
        size = len(words) if length is None else length
        return (
            salt
            + aead.encrypt(bytes(12), size.to_bytes(2, "big"), None)
            + aead.encrypt(b"\x01" + bytes(11), words, None)
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer(await reader.read(4096)))
        await reader.read()
