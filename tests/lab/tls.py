"""What a forger says in TLS 1.2 without being anybody: an alert, or a greeting with a certificate made on the spot.

RFC 5246 sections 7.2 and 7.4. The greeting ends at the certificate: by then a client has seen all it needs.
"""

from __future__ import annotations

import datetime
import functools
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_ALERT, _HANDSHAKE = 21, 22
_SERVER_HELLO, _CERTIFICATE = 2, 11
_VERSION_1_2 = b"\x03\x03"
_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = b"\xc0\x2b"
_FATAL = 2
_EXTENDED_MASTER_SECRET, _RENEGOTIATION_INFO = b"\0\x17\0\0", b"\xff\x01\0\x01\0"
_LIFE = datetime.timedelta(days=90)


def alert(code: int) -> bytes:
    """A fatal one. 40 is handshake_failure, 80 internal_error, 112 unrecognized_name."""
    return _record(_ALERT, bytes([_FATAL, code]))


def greeting_of(name: str) -> bytes:
    """ServerHello and Certificate, in answer to whatever ClientHello."""
    extensions = _EXTENDED_MASTER_SECRET + _RENEGOTIATION_INFO
    hello = _VERSION_1_2 + os.urandom(32) + b"\0" + _ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 + b"\0"
    hello += len(extensions).to_bytes(2, "big") + extensions
    chain = _long(_forged(name))
    return _record(_HANDSHAKE, _message(_SERVER_HELLO, hello) + _message(_CERTIFICATE, _long(chain)))


@functools.lru_cache(maxsize=64)
def _forged(name: str) -> bytes:
    """For that name, in DER, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64] or "nobody.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number(), now - _LIFE, now + _LIFE
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name or "nobody.example")]), critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _record(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + _VERSION_1_2 + len(data).to_bytes(2, "big") + data


def _message(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + _long(data)


def _long(data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + data
