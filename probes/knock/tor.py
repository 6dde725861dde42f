"""A Tor relay proves that it holds the identity it is known by, with what it sends within TLS. We never say ours.

Layout (tor-spec sections 3 and 4.2, cert-spec sections 2.1 and 2.2): we say VERSIONS, the relay VERSIONS and CERTS. The
RSA identity (certificate 2, known by its SHA-1 fingerprint) vouches for the Ed25519 identity (7), that for a signing
key (4), that for the TLS certificate it showed (5). Then we close, before the NETINFO that would make it a connection.
Dates are not looked at: a wrong clock of ours must not look like a forger.
"""

from __future__ import annotations

import hashlib
import warnings
from base64 import b64encode
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from probes.knock.talk import Ask, Reply

_OURS = (3, 4, 5)  # link protocols; 2 and older have no CERTS
_WIDE_SINCE = 4  # from this one on a circuit id has four bytes
_VERSIONS, _CERTS, _VPADDING = 7, 129, 128
_RSA_ID, _SIGNING, _LINK, _CROSS = 2, 4, 5, 7
_ED25519_KEY, _SHA256_OF_X509 = 1, 3
_SIGNED_WITH, _AFFECTS_VALIDATION = 4, 1
# all that cryptography says of a certificate that is none, or none that was signed as it claims
_NO_CERTIFICATE = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion)
_MOST_CELL_BYTES = 8 * 1024  # a true CERTS has some 1,200
_MOST_PADDINGS = 4
_CROSS_PREFIX = b"Tor TLS RSA/Ed25519 cross-certificate"


class Unproven(Exception):
    """What came does not lead from the identity to the TLS certificate."""


@dataclass(frozen=True, slots=True)
class Versions:
    """`fingerprints`: of the RSA identities any of which will do. `ed25519`: the other identity in base64, if known.

    `link` is the SHA-256 of the TLS certificate the far end showed.
    """

    fingerprints: frozenset[bytes]
    link: bytes
    ed25519: str = ""

    def opening(self) -> bytes:
        versions = b"".join(version.to_bytes(2, "big") for version in _OURS)
        return b"\0\0" + bytes([_VERSIONS]) + len(versions).to_bytes(2, "big") + versions

    def read(self, data: bytes) -> Reply:
        if len(data) >= 3 and (data[:2] != b"\0\0" or data[2] != _VERSIONS):
            return Reply.OTHER
        length = int.from_bytes(data[3:5], "big")
        if len(data) >= 5 and (length > 64 or length % 2):
            return Reply.OTHER
        if len(data) < 5 or len(data) < 5 + length:
            return Reply.MORE
        theirs = {int.from_bytes(data[at : at + 2], "big") for at in range(5, 5 + length, 2)}
        common = theirs & set(_OURS)
        return self._cells(data[5 + length :], 4 if max(common) >= _WIDE_SINCE else 2) if common else Reply.OTHER

    def _cells(self, data: bytes, circuit: int) -> Reply:
        """Up to CERTS, past some padding."""
        for _ in range(_MOST_PADDINGS):
            if len(data) < circuit + 3:
                return Reply.MORE
            command, length = data[circuit], int.from_bytes(data[circuit + 1 : circuit + 3], "big")
            if command not in (_CERTS, _VPADDING) or length > _MOST_CELL_BYTES or any(data[:circuit]):
                return Reply.OTHER
            end = circuit + 3 + length
            if len(data) < end:
                return Reply.MORE
            if command == _CERTS:
                return self._proven(data[circuit + 3 : end])
            data = data[end:]
        return Reply.OTHER

    def _proven(self, cell: bytes) -> Reply:
        try:
            held = _certificates(cell)
            identity = _vouched_for(held[_RSA_ID], held[_CROSS], self.fingerprints)
            signing = _certified(held[_SIGNING], _SIGNING, _ED25519_KEY, identity)
            link = _certified(held[_LINK], _LINK, _SHA256_OF_X509, signing)
        except (Unproven, KeyError, *_NO_CERTIFICATE):
            return Reply.OTHER
        known = self.ed25519 in ("", b64encode(identity).decode().rstrip("="))
        return Reply.PROVEN if known and link == self.link else Reply.OTHER


def of(ask: Ask) -> Versions:
    link = bytes.fromhex(ask.certificate.sha256) if ask.certificate else b""
    known = frozenset(bytes.fromhex(each) for each in ask.options["fingerprint"].split())
    return Versions(known, link, ask.options.get("ed25519", ""))


def _certificates(cell: bytes) -> dict[int, bytes]:
    """By their type; two of one type are a mistake (tor-spec section 4.2). Raises Unproven."""
    found: dict[int, bytes] = {}
    at = 1
    for _ in range(cell[0] if cell else 0):
        kind, length = cell[at : at + 1], int.from_bytes(cell[at + 1 : at + 3], "big")
        at += 3 + length
        if at > len(cell) or kind[0] in found:
            raise Unproven
        found[kind[0]] = cell[at - length : at]
    return found


def _vouched_for(rsa_id: bytes, cross: bytes, fingerprints: frozenset[bytes]) -> bytes:
    """The Ed25519 identity that the RSA identity vouches for. Raises Unproven or one of _NO_CERTIFICATE."""
    with warnings.catch_warnings(action="ignore"):  # of cryptography, about what is odd in it and still can be read
        certificate = x509.load_der_x509_certificate(rsa_id)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or not rsa_id.endswith(b"\0" + certificate.signature):
        raise Unproven  # a bit string may claim unused bits where its last ones are zero: read, but not DER
    certificate.verify_directly_issued_by(certificate)
    # the fingerprint is a SHA-1 by definition (tor-spec section 0.3)
    digest = hashlib.sha1(key.public_bytes(Encoding.DER, PublicFormat.PKCS1), usedforsecurity=False).digest()
    if digest not in fingerprints or len(cross) < 37 or cross[36] != len(cross) - 37:
        raise Unproven
    signed = hashlib.sha256(_CROSS_PREFIX + cross[:36]).digest()
    if key.recover_data_from_signature(cross[37:], PKCS1v15(), None) != signed:  # no DigestInfo round it
        raise Unproven
    return cross[:32]


def _certified(certificate: bytes, kind: int, key_kind: int, signer: bytes) -> bytes:
    """The 32 bytes that `signer` certifies. Raises Unproven or one of _NO_CERTIFICATE.

    What is signed is all before the signature. Older texts of cert-spec name a prefix; tor 0.4.9.11 signs without it.
    """
    body, signature = certificate[:-64], certificate[-64:]
    if len(body) < 40 or (body[0], body[1], body[6]) != (1, kind, key_kind):
        raise Unproven
    at = 40
    for _ in range(body[39]):
        length, what, flags = int.from_bytes(body[at : at + 2], "big"), body[at + 2 : at + 3], body[at + 3 : at + 4]
        data = body[at + 4 : at + 4 + length]
        at += 4 + length
        if at > len(body):
            raise Unproven
        if what[0] == _SIGNED_WITH and data != signer:
            raise Unproven
        if what[0] != _SIGNED_WITH and flags[0] & _AFFECTS_VALIDATION:
            raise Unproven
    if at != len(body):
        raise Unproven
    Ed25519PublicKey.from_public_bytes(signer).verify(signature, body)
    return body[7:39]
