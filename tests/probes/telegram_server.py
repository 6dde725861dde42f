"""A Telegram server of our own, as far as resPQ (core.telegram.org/mtproto/auth_key, samples-auth_key)."""

from __future__ import annotations

import asyncio
import os
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

KEYS = (0x0BC35F3509F7B7A5, 0xC3B42B026CE86B21, 0xD09D1D85DE64FD85)


@dataclass
class Server:
    """`keys`: the fingerprints it lists. `nonce`: said in the place of the client's."""

    keys: tuple[int, ...] = KEYS
    nonce: bytes = b""
    pq: bytes = bytes.fromhex("1460e7d3fa727791")
    behind: bytes = b""

    def answer(self, opening: bytes) -> bytes:
        """To the bytes of a client's opening, the frame that goes back."""
        ours, theirs = stream(opening[:64]), stream(opening[63::-1])
        shown = ours.update(opening)
        assert shown[56:60] == b"\xee\xee\xee\xee"
        assert shown[64:68] == b"\x28\0\0\0"
        key, _, length, asked = struct.unpack("<QQII", shown[68:92])
        assert (key, length, asked) == (0, 20, 0xBE7E8EF1)
        number = bytes([len(self.pq)]) + self.pq
        body = struct.pack("<I", 0x05162463) + (self.nonce or shown[92:108]) + os.urandom(16)
        body += number + bytes(-len(number) % 4) + struct.pack("<II", 0x1CB5C415, len(self.keys))
        body += struct.pack(f"<{len(self.keys)}Q", *self.keys) + self.behind
        message = bytes(8) + os.urandom(8) + struct.pack("<I", len(body)) + body
        return theirs.update(struct.pack("<I", len(message)) + message)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer(await reader.readexactly(108)))
        await reader.read()


def stream(start: bytes) -> CipherContext:
    """The keystream of one direction (mtproto-transports, "Transport obfuscation")."""
    return Cipher(AES256(start[8:40]), CTR(start[40:56])).encryptor()
