"""What certificates say; and, for QUIC, whether a chain of them leads from trusted roots to a name.

OpenSSL does the checking, by pyOpenSSL: its verdict has a number for each flaw, which aioquic's own check throws away,
reading all roots from disk for every handshake as well (5 ms, measured).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec.structs import replace
from OpenSSL import crypto

from probes.doors.dates import NO_CHECK_TIME, OURS, Dates, Window, WrongDate, narrowest
from probes.facts import Certificate
from probes.failure import Refusal, of_chain
from probes.ports import Greeting
from probes.words import Failure

_MOST_CERTIFICATES = 10
_UNREADABLE = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError)


class Roots:
    """Certificates that may sign. Read once: it costs more than a handshake.

    Args:
        files: of certificates in PEM.
        dates: by what time they are judged.
    """

    def __init__(self, files: Sequence[Path | str], dates: Dates = OURS) -> None:
        self._files, self._dates = files, dates
        self._store = self._read()
        self._undated: crypto.X509Store | None = None  # made where it is needed

    def _read(self) -> crypto.X509Store:
        store = crypto.X509Store()
        for file in self._files:
            store.load_locations(str(file))
        return store

    def verify(self, leaf: x509.Certificate, others: Sequence[x509.Certificate], greeting: Greeting) -> Certificate:
        """What was shown. Refusal with the word of the first flaw; with nobody to accept, nothing is one."""
        valid_ms = None
        if greeting.accepts:
            if self._dates.ours_will_do:
                self._lead_here(self._store, leaf, others)
            else:
                valid_ms = self._lead_here_now(leaf, others)
            if not _is_for_servers(leaf):
                raise Refusal(Failure.SSL_INVALID_CERTIFICATE)
            if not any(is_for(leaf, name) for name in greeting.accepts):
                raise Refusal(Failure.SSL_INVALID_HOSTNAME)
        return replace(certificate(leaf), valid_ms=valid_ms)

    def _lead_here_now(self, leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> Window:
        """The same by the time it is, where that is not our clock's: when the whole chain is valid."""
        if self._undated is None:
            self._undated = self._read()
            self._undated.set_flags(NO_CHECK_TIME)
        try:
            valid_ms = valid(self._lead_here(self._undated, leaf, others))
            self._dates.judge(valid_ms)
        except WrongDate:
            raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None
        return valid_ms

    def _lead_here(
        self, store: crypto.X509Store, leaf: x509.Certificate, others: Sequence[x509.Certificate]
    ) -> list[x509.Certificate]:
        """The chain from the leaf to a root."""
        try:
            given = [crypto.X509.from_cryptography(each) for each in others[:_MOST_CERTIFICATES]]
            chain = crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf), given).get_verified_chain()
            return [each.to_cryptography() for each in chain]
        except crypto.X509StoreContextError as error:
            raise Refusal(of_chain(error.errors[0])) from None
        except crypto.Error:  # cryptography reads what OpenSSL does not: a text that is none in a name
            raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None


def certificate(leaf: x509.Certificate) -> Certificate:
    return Certificate(
        issuer=_issuer(leaf),
        sha256=hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest(),
        expires_ms=int(leaf.not_valid_after_utc.timestamp() * 1000),
    )


def valid(chain: Iterable[x509.Certificate]) -> Window:
    """When all of it is. Raises ValueError for no chain."""
    return narrowest((each.not_valid_before_utc.timestamp(), each.not_valid_after_utc.timestamp()) for each in chain)


def _is_for_servers(leaf: x509.Certificate) -> bool:
    """RFC 5280 section 4.2.1.12. OpenSSL would look at it if it knew what the chain is for; it is not told."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except _UNREADABLE:
        return False
    return not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}.isdisjoint(usage)


def is_for(leaf: x509.Certificate, name: str) -> bool:
    """RFC 6125 section 6.4, a wildcard being the whole of the first label."""
    try:
        held = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return False
    try:
        return ipaddress.ip_address(name) in held.get_values_for_type(x509.IPAddress)
    except ValueError:
        names = {each.lower() for each in held.get_values_for_type(x509.DNSName)}
        return name.lower() in names or f"*.{name.lower().partition('.')[2]}" in names


def _issuer(leaf: x509.Certificate) -> str:
    try:
        named = [leaf.issuer.get_attributes_for_oid(oid) for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)]
    except ValueError:
        return ""
    return next((str(found[-1].value) for found in named if found), "")
