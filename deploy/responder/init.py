"""Makes what a responder needs beside its program, and the rows by which vantages ask it. Replaces nothing."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from deploy.responder import rows, whatsapp

_VALID = datetime.timedelta(days=825)
_TEMPLATE = """\
# The two-ended witness. Nothing in here is secret; the files it names are.

listen: [{address}] # this machine's own addresses, one by one
tls: {{chain_file: chain.pem, key_file: key.pem, ports: [443]}}
clear_ports: [80]
{dns}openvpn: {{ports: [1194]}}
# wireguard: {{key_file: wireguard.key, peers: [], port: 51820}} # of your vantages: strangers hear nothing
quic: {{port: 443}}
whatsapp: {{key_file: whatsapp.key, ports: [5222]}}
log: {{folder: {folder}, key_file: log.key, max_size: 8MB, keep: 14d}}
token_file: token
limits: {{connections: 256, deadline: 30s}}
"""


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs one certificate, and is trusted for nothing else: its name constraint holds that one name."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str, now: datetime.datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"Responder {secrets.token_hex(4)}")])
        held = x509.NameConstraints(permitted_subtrees=[_constraint(name)], excluded_subtrees=None)
        certificate = (
            _certificate(subject, subject, key.public_key(), now)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(held, critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def issue(self, name: str, now: datetime.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            _certificate(subject, self.certificate.subject, key.public_key(), now)
            .add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(issuer, critical=False)
            .add_extension(_usage(signs=False), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return key, certificate


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraint(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(name)


def write(
    folder: Path, name: str, address: str, log_folder: str, now: datetime.datetime, *, service: str = rows.SERVICE
) -> None:
    """Everything into `folder`. Raises FileExistsError before it would replace anything.

    Args:
        service: what its rows are called at the vantages.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority.make(name, now)
    key, leaf = authority.issue(name, now)
    signing, root = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    tunnel = x25519.X25519PrivateKey.generate()
    public = signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    dns = (
        ""
        if _is_address(name)
        else f"dns: {{zone: w.{name}, address: {address}}} # delegate w.{name} to this machine\n"
    )
    config = _TEMPLATE.format(address=address, dns=dns, folder=log_folder)
    _put(folder / "responder.yml", config.encode(), 0o644)
    _put(folder / "ca.pem", authority.certificate.public_bytes(Encoding.PEM), 0o644)  # its key is not kept
    _put(folder / "chain.pem", leaf.public_bytes(Encoding.PEM), 0o644)
    _put(folder / "key.pem", _pem(key), 0o600)
    _put(folder / "log.key", _pem(signing), 0o600)
    _put(folder / "whatsapp.key", _pem(root), 0o600)
    _put(folder / "log.pub", public, 0o644)
    _put(folder / "token", secrets.token_urlsafe(32).encode() + b"\n", 0o600)
    _put(folder / "wireguard.key", base64.b64encode(tunnel.private_bytes_raw()), 0o600)
    public_key = base64.b64encode(tunnel.public_key().public_bytes_raw()).decode()
    keys = rows.Keys(root_key=whatsapp.public_of(root).hex(), wireguard=public_key)
    _put(folder / f"{service}.yml", rows.of(name, service, keys, now.date()).encode(), 0o644)


def public_text(pem: bytes) -> str:
    """The key of log.pub as didban.yml has it under `responder:`: its 32 bytes in base64."""
    key = load_pem_public_key(pem)
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _is_address(name: str) -> bool:
    return isinstance(_general(name), x509.IPAddress)


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _put(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
