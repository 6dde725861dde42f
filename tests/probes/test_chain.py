"""The chains QUIC's certificates must make: OpenSSL's verdict, for this name, for a server, and each No in its word."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from probes.doors.chain import Roots
from probes.failure import Refusal
from probes.ports import Greeting
from probes.words import Failure

NAME = "a.example.org"
CA = trustme.CA()
Extension = x509.ExtensionType


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Roots:
    path: Path = tmp_path_factory.mktemp("roots") / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return Roots([path])


def leaf(*extensions: Extension, names: Sequence[str] = (NAME,)) -> x509.Certificate:
    """Signed by the authority that is trusted here."""
    issuer = x509.load_pem_x509_certificate(CA.cert_pem.bytes())
    secret = load_pem_private_key(CA.private_key_pem.bytes(), None)
    assert isinstance(secret, ec.EllipticCurvePrivateKey)
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(issuer.subject, subject, key, 77, now - day, now + day)
    if names:
        extensions = (x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), *extensions)
    for each in extensions:
        builder = builder.add_extension(each, critical=False)
    return builder.sign(secret, hashes.SHA256())


def told(roots: Roots, shown: x509.Certificate, name: str = NAME) -> Failure | None:
    try:
        roots.verify(shown, [], Greeting(name, (name,)))
    except Refusal as refused:
        return refused.failure
    return None


@pytest.mark.parametrize(
    ("names", "name", "fits"),
    [
        ((NAME,), NAME, True),
        (("A.Example.ORG",), NAME, True),
        (("*.example.org",), NAME, True),
        (("*.org",), NAME, False),
        (("*.example.org",), "example.org", False),
        (("*.example.org",), "b.a.example.org", False),
        (("b.example.org", NAME), NAME, True),
        (("192.0.2.1",), "192.0.2.1", False),
        ((), NAME, False),
    ],
    ids=str,
)
def test_a_certificate_is_for_the_names_it_holds(roots: Roots, names: Sequence[str], name: str, fits: bool) -> None:
    """Never for its common name, nor for an address that is written as a name (RFC 6125 section 6.4)."""
    assert told(roots, leaf(names=names), name) is (None if fits else Failure.SSL_INVALID_HOSTNAME)


@pytest.mark.parametrize(
    ("usage", "failure"),
    [
        (ExtendedKeyUsageOID.SERVER_AUTH, None),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, None),
        (ExtendedKeyUsageOID.CLIENT_AUTH, Failure.SSL_INVALID_CERTIFICATE),
    ],
)
def test_a_certificate_for_something_else_is_none(
    roots: Roots, usage: x509.ObjectIdentifier, failure: Failure | None
) -> None:
    assert told(roots, leaf(x509.ExtendedKeyUsage([usage]))) is failure


@pytest.mark.parametrize("oid", ["2.5.29.17", "2.5.29.37"])
def test_an_extension_nobody_can_read_lets_nobody_pass(roots: Roots, oid: str) -> None:
    nonsense = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x30\x05nonsense")
    assert told(roots, leaf(nonsense, names=() if oid == "2.5.29.17" else (NAME,))) is not None


def test_nobody_asked_for_means_anybody(roots: Roots) -> None:
    """Who proves himself later (Tor does, within TLS); what was shown is told all the same."""
    stranger = trustme.CA().issue_cert("elsewhere.example").cert_chain_pems[0].bytes()
    shown = roots.verify(x509.load_pem_x509_certificate(stranger), [], Greeting(NAME, ()))
    assert shown.issuer.startswith("trustme")
    assert len(shown.sha256) == 64
