"""An obfs4 server of our own, up to its answer: it proves that it holds the key, and is silent to who does not know it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from probes.knock.elligator import pair_of, public_of


def hashed(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


@dataclass
class Server:
    """`hour`: since 1970, by its own clock."""

    hour: int
    padding: int = 100
    node_id: bytes = bytes(range(20))
    private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def cert(self) -> str:
        return base64.b64encode(self.node_id + self.public).decode().rstrip("=")

    def mac(self, data: bytes) -> bytes:
        return hashed(self.public + self.node_id, data)[:16]

    def answer(self, request: bytes) -> bytes:
        """What goes back: nothing unless the request ends in its mark and in the MAC of this hour or one beside it."""
        said, mac = request[:-16], request[-16:]
        if len(request) < 141 or said[-16:] != self.mac(request[:32]):
            return b""
        heard = [hour for hour in (self.hour - 1, self.hour, self.hour + 1) if self.mac(said + b"%d" % hour) == mac]
        return self.said(public_of(request[:32]), heard[0]) if heard else b""

    def said(self, client: bytes, hour: int) -> bytes:
        """With AUTH as proposal 216 has it, for the public key `client`."""
        own = pair_of(os.urandom(32))
        key = X25519PublicKey.from_public_bytes(client)
        secrets = own.private.exchange(key) + self.private.exchange(key)
        names = self.public + self.public + client + own.public + b"ntor-curve25519-sha256-1" + self.node_id
        verify = hashed(b"ntor-curve25519-sha256-1:key_verify", secrets + names)
        auth = hashed(b"ntor-curve25519-sha256-1:mac", verify + names + b"Server")
        return self.signed(own.representative + auth + os.urandom(self.padding), hour)

    def signed(self, data: bytes, hour: int) -> bytes:
        """With the mark and the MAC behind it, which everybody with the `cert=` can make."""
        marked = data + self.mac(data[:32])
        return marked + self.mac(marked + b"%d" % hour)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = b""
        while said := await reader.read(8192):
            heard += said
            writer.write(self.answer(heard))
