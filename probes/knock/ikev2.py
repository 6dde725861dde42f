"""IKEv2's first exchange: IKE_SA_INIT, and any well-formed answer to it, also a refusal. No identity, no login.

Layout (RFC 7296 sections 1.2, 2.23, 3.1 to 3.4, 3.9 and 3.10): a header of 28 bytes with our SPI, then SA, KE and
Nonce. Three proposals that servers commonly take, a key of group 19 (RFC 5903). Proof is a response to us in which a
payload chain holds either SA, KE and Nonce or a notification (NO_PROPOSAL_CHOSEN, INVALID_KE_PAYLOAD, COOKIE): each of
them says that IKE passes both ways. Nothing in it is signed yet: whoever reads the request can answer so.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from probes.knock.talk import Ask, Reply

SPI_BYTES, NONCE_BYTES, SECRET_BYTES = 8, 32, 32
_HEADER_BYTES = 28
_VERSION, _SA_INIT = 0x20, 34
_INITIATOR, _RESPONSE = 0x08, 0x20
_SA, _KE, _NONCE, _NOTIFY = 33, 34, 40, 41
_MOST_PAYLOADS = 32
_NAT_PORT = 4500
_NO_ESP = bytes(4)  # on port 4500 these say that what follows is IKE
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, FIPS 186-4 D.1.2.3

_ENCRYPTION, _PRF, _INTEGRITY, _GROUP = 1, 2, 3, 4
_AES_CBC, _AES_GCM_16 = 12, 20
_SHA1, _SHA256 = 2, 5
_HMAC_SHA1_96, _HMAC_SHA256_128 = 2, 12
_P256, _CURVE25519, _MODP_2048 = 19, 31, 14

# transforms (type, id, bits of the key, where one id has several)
_GROUPS = tuple((_GROUP, group, 0) for group in (_P256, _CURVE25519, _MODP_2048))
_PROPOSALS = (
    ((_ENCRYPTION, _AES_CBC, 256), (_PRF, _SHA256, 0), (_INTEGRITY, _HMAC_SHA256_128, 0), *_GROUPS),
    ((_ENCRYPTION, _AES_GCM_16, 256), (_PRF, _SHA256, 0), *_GROUPS),
    ((_ENCRYPTION, _AES_CBC, 128), (_PRF, _SHA1, 0), (_INTEGRITY, _HMAC_SHA1_96, 0), *_GROUPS),
)


@dataclass(frozen=True, slots=True)
class SaInit:
    """`secret` makes the key we show; nothing is ever derived from it."""

    spi: bytes
    nonce: bytes
    secret: bytes
    port: int

    def opening(self) -> bytes:
        """The same each time: a retransmission must be (section 2.1)."""
        key = ec.derive_private_key(int.from_bytes(self.secret, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        payloads = (
            _payload(_KE, _proposals())
            + _payload(_NONCE, struct.pack("!HH", _P256, 0) + point)
            + _payload(0, self.nonce)
        )
        size = _HEADER_BYTES + len(payloads)
        header = struct.pack("!8s8sBBBBII", self.spi, bytes(8), _SA, _VERSION, _SA_INIT, _INITIATOR, 0, size)
        return self._marker + header + payloads

    def read(self, data: bytes) -> Reply:
        message = data[len(self._marker) :]
        if not data.startswith(self._marker) or len(message) < _HEADER_BYTES:
            return Reply.OTHER
        spi, _, first, version, exchange, flags, number, size = struct.unpack_from("!8s8sBBBBII", message)
        to_us = spi == self.spi and flags & (_RESPONSE | _INITIATOR) == _RESPONSE and number == 0
        of_ike = version >> 4 == 2 and exchange == _SA_INIT and size == len(message)
        kinds = _kinds(first, message[_HEADER_BYTES:])
        said = _NOTIFY in kinds or {_SA, _KE, _NONCE} <= kinds
        return Reply.PROVEN if to_us and of_ike and said else Reply.OTHER

    @property
    def _marker(self) -> bytes:
        return _NO_ESP if self.port == _NAT_PORT else b""


def of(ask: Ask) -> SaInit:
    return SaInit(ask.token(SPI_BYTES), ask.token(NONCE_BYTES), ask.token(SECRET_BYTES), ask.endpoint.port)


def _payload(following: int, body: bytes) -> bytes:
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def _proposals() -> bytes:
    """Section 3.3: each proposal and each transform says whether another one follows it."""
    made = b""
    for number, transforms in enumerate(_PROPOSALS, start=1):
        body = b""
        for at, (kind, name, bits) in enumerate(transforms, start=1):
            attribute = struct.pack("!HH", 0x800E, bits) if bits else b""
            more = 3 if at < len(transforms) else 0
            body += struct.pack("!BBHBBH", more, 0, 8 + len(attribute), kind, 0, name) + attribute
        more = 2 if number < len(_PROPOSALS) else 0
        made += struct.pack("!BBHBBBB", more, 0, 8 + len(body), number, 1, 0, len(transforms)) + body
    return made


def _kinds(first: int, payloads: bytes) -> set[int]:
    """The types in a chain of payloads; none where the chain does not end with the message."""
    found: set[int] = set()
    at, kind = 0, first
    for _ in range(_MOST_PAYLOADS):
        if kind == 0:
            return found if at == len(payloads) else set()
        if at + 4 > len(payloads):
            break
        found.add(kind)
        kind, _, length = struct.unpack_from("!BBH", payloads, at)
        if length < 4:
            break
        at += length
    return set()
