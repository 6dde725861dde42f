"""A Tor relay of our own: its TLS certificate, its identities, and the certificates that lead from these to that."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

_HOURS = (1 << 20).to_bytes(4, "big")  # an expiry in the year 2089


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # what Tor's identities have


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, signer: rsa.RSAPrivateKey | None = None) -> bytes:
    """Signed by itself, or claimed by `signer`; DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.net")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, day, day + datetime.timedelta(days=900))
    return builder.sign(signer or key, hashes.SHA256()).public_bytes(Encoding.DER)


def certified(
    kind: int, key_kind: int, key: bytes, signer: Ed25519PrivateKey, *extensions: tuple[int, int, bytes]
) -> bytes:
    body = bytes([1, kind]) + _HOURS + bytes([key_kind]) + key + bytes([len(extensions)])
    for what, flags, data in extensions:
        body += len(data).to_bytes(2, "big") + bytes([what, flags]) + data
    return body + signer.sign(body)


def cross(key: rsa.RSAPrivateKey, ed25519: bytes) -> bytes:
    body = ed25519 + _HOURS
    digest = hashlib.sha256(b"Tor TLS RSA/Ed25519 cross-certificate" + body).digest()
    signature = _raw(key, digest)
    return body + bytes([len(signature)]) + signature


def _raw(key: rsa.RSAPrivateKey, digest: bytes) -> bytes:
    """PKCS#1 v1.5 without a DigestInfo (RFC 8017 section 9.2), by hand: no library signs that on purpose."""
    size = key.key_size // 8
    padded = b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest
    numbers = key.private_numbers()
    return pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


@dataclass
class Relay:
    """`tls` is the certificate it shows; `cells` are what it vouches with, by their type."""

    identity: rsa.RSAPrivateKey = field(default_factory=_rsa)
    ed25519: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    signing: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    link: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.tls = certificate(self.link)
        self.versions: tuple[int, ...] = (3, 4, 5)
        identity = public(self.ed25519)
        self.certificates = {
            2: certificate(self.identity),
            7: cross(self.identity, identity),
            4: certified(4, 1, public(self.signing), self.ed25519, (4, 0, identity)),
            5: certified(5, 3, hashlib.sha256(self.tls).digest(), self.signing),
        }

    @property
    def fingerprint(self) -> str:
        der = self.identity.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        return hashlib.sha1(der).hexdigest().upper()

    @property
    def ed25519_id(self) -> str:
        return b64encode(public(self.ed25519)).decode().rstrip("=")

    def hello(self) -> bytes:
        listed = b"".join(version.to_bytes(2, "big") for version in self.versions)
        return b"\0\0\7" + len(listed).to_bytes(2, "big") + listed

    def certs(self) -> bytes:
        """The payload of CERTS."""
        found = self.certificates.items()
        return bytes([len(found)]) + b"".join(bytes([kind]) + len(der).to_bytes(2, "big") + der for kind, der in found)

    def cell(self, command: int, payload: bytes) -> bytes:
        circuit = bytes(4 if max(self.versions) >= 4 else 2)
        return circuit + bytes([command]) + len(payload).to_bytes(2, "big") + payload

    def answer(self) -> bytes:
        """VERSIONS, CERTS, AUTH_CHALLENGE, NETINFO, as tor sends them in one flight."""
        netinfo = bytes(4) + b"\x08" + bytes(509)
        return self.hello() + self.cell(129, self.certs()) + self.cell(130, bytes(36)) + netinfo

    def context(self, folder: Path) -> ssl.SSLContext:
        pem = folder / f"{id(self)}.pem"
        secret = self.link.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pem.write_bytes(secret + x509.load_der_x509_certificate(self.tls).public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(11) == bytes.fromhex("0000070006000300040005")
        writer.write(self.answer())
        await reader.read()
