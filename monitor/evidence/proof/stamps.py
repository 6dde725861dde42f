"""Time-stamps of outside parties (RFC 3161) over a head: what is asked, and what of an answer is believed. No sockets.

An answer counts when it was granted, repeats the nonce, is over that head, and is signed by a key whose certificate is
for time-stamping and leads to a root we were told to believe, at the time the stamp names. Anything else is a reason.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

# what a parser of ours and of others raises at certificates of a liar's making; none of these is a ValueError
_NO_CERTIFICATE = (
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
MOST_BYTES = 64 * 1024  # a stamp with its chain of certificates is 3 to 7 KB

Roots = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Over the SHA-256 of a head, with 8 random bytes that the answer must repeat. `body`: in DER."""

    head: bytes
    body: bytes
    nonce: int

    @classmethod
    def over(cls, head: bytes) -> Question:
        made = TimestampRequestBuilder().data(head).hash_algorithm(HashAlgorithm.SHA256).cert_request(cert_request=True)
        asked = made.build()
        return cls(head, asked.as_bytes(), asked.nonce or 0)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Somebody saw the head at that time. `response`: the whole answer as it came, in DER."""

    authority: str
    at_ms: int
    response: bytes


def believed(authority: str, response: bytes, question: Question, roots: Roots) -> Stamp | str:
    """The stamp, or why it is none."""
    return _checked(authority, response, question.head, roots, question.nonce)


def kept(authority: str, response: bytes, head: bytes, roots: Roots) -> Stamp | str:
    """The same of one that lay on disk; its nonce was checked when it came."""
    return _checked(authority, response, head, roots, None)


def _checked(authority: str, response: bytes, head: bytes, roots: Roots, nonce: int | None) -> Stamp | str:
    if len(response) > MOST_BYTES:
        return "the answer is too long"
    if not roots:
        return "no root certificate to believe it by"
    try:
        answer = decode_timestamp_response(response)
        with _quiet():
            VerifierBuilder(roots=list(roots), nonce=nonce).build().verify_message(answer, head)
        return Stamp(authority, int(answer.tst_info.gen_time.timestamp() * 1000), response)
    except (VerificationError, ValueError, OverflowError, *_NO_CERTIFICATE) as error:
        return f"the answer does not hold: {error}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Odd serial numbers are warned of by the library; what they are part of is not believed for that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def roots_of(file: Path | None) -> Roots:
    """Of a PEM file, or this machine's own. Raises OSError, or ValueError: no certificate is in the file."""
    if file is not None:
        return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
    own = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    return tuple(_readable(own.read_bytes())) if own.is_file() else ()


def _readable(pem: bytes) -> Iterator[x509.Certificate]:
    """Old roots among a machine's own bend RFC 5280; nobody is believed by them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        for each in re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL):
            with contextlib.suppress(ValueError, CryptographyDeprecationWarning):
                yield x509.load_pem_x509_certificate(each)


def roots_for(stamps: Iterable[Stamp], roots: Sequence[x509.Certificate]) -> bytes:
    """In PEM, those that somebody needs who checks these stamps later."""
    issuers = {issuer for stamp in stamps for issuer in _issuers(decode_timestamp_response(stamp.response))}
    return b"".join(root.public_bytes(Encoding.PEM) for root in roots if root.subject in issuers)


def _issuers(answer: TimeStampResponse) -> Iterator[x509.Name]:
    """Of the certificates that came with it, which nobody signed for: some may be none."""
    for each in answer.signed_data.certificates:
        with _quiet(), contextlib.suppress(ValueError, *_NO_CERTIFICATE):
            yield x509.load_der_x509_certificate(each).issuer
