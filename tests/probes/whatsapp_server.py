"""A WhatsApp server of our own: the responder's half of the handshake, and a chain of keys that it signs itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_P = 2**255 - 19


class Signer:
    """An Ed25519 key seen as a Curve25519 one: what XEdDSA's verifier takes for a signature of the latter."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        point = self._key.public_key().public_bytes_raw()
        self._sign = point[31] & 0x80
        y = int.from_bytes(point, "little") & (2**255 - 1)
        self.public = ((1 + y) * pow(1 - y, -1, _P) % _P).to_bytes(32, "little")

    def sign(self, message: bytes) -> bytes:
        plain = self._key.sign(message)
        return plain[:63] + bytes([plain[63] | self._sign])


def packed(number: int, data: bytes) -> bytes:
    size = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
    return bytes([number << 3 | 2]) + size + data


@dataclass
class Server:
    """`root` signs `between`, which signs the key we answer with. `claims`: another key than ours in the certificate."""

    root: Signer = field(default_factory=Signer)
    between: Signer = field(default_factory=Signer)
    static: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    issuer_serial: int = 0
    claims: bytes = b""

    def chain(self) -> bytes:
        own = self.claims or self.static.public_key().public_bytes_raw()
        between = b"\x08\x07" + bytes([0x10, self.issuer_serial]) + packed(3, self.between.public)
        leaf = b"\x08\x09\x10\x07" + packed(3, own)
        return packed(1, packed(1, leaf) + packed(2, self.between.sign(leaf))) + packed(
            2, packed(1, between) + packed(2, self.root.sign(between))
        )

    def answer(self, opening: bytes) -> bytes:
        """To the bytes of a client's opening, the frame that goes back."""
        assert opening[:4] == b"WA\x06\x03"
        theirs = opening[-32:]
        ephemeral = X25519PrivateKey.generate()
        public = ephemeral.public_key().public_bytes_raw()
        chaining = state = b"Noise_XX_25519_AESGCM_SHA256" + bytes(4)
        for part in (opening[:4], theirs, public):
            state = hashlib.sha256(state + part).digest()
        sealed = []
        own = self.static.public_key().public_bytes_raw()
        for secret, text in ((ephemeral, own), (self.static, self.chain())):
            shared = secret.exchange(X25519PublicKey.from_public_bytes(theirs))
            extracted = hmac.digest(chaining, shared, "sha256")
            chaining = hmac.digest(extracted, b"\x01", "sha256")
            key = hmac.digest(extracted, chaining + b"\x02", "sha256")
            sealed.append(AESGCM(key).encrypt(bytes(12), text, state))
            state = hashlib.sha256(state + sealed[-1]).digest()
        hello = packed(3, packed(1, public) + packed(2, sealed[0]) + packed(3, sealed[1]))
        return len(hello).to_bytes(3, "big") + hello

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answer(await reader.readexactly(43)))
        await reader.read()
