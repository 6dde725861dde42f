"""The OpenSSL of cryptography's wheel, and those of its calls that pyOpenSSL has no name for.

Python's own ssl runs on the system's OpenSSL, whose 3.0 finds a decoder anew for the key of every certificate: 0.84 ms
of processor for a handshake with a chain of three, which takes this one 0.49 (memory BIOs, side by side). And what is
said and judged is the same on every board, whatever its system. What a connection is told here Python's ssl tells its
own (Modules/_ssl.c): a name or an address for X509_check_host, and to leave dates alone.
"""

from __future__ import annotations

import functools
import ipaddress

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL, crypto

_LIB = Binding().lib
_NAMES = 1024  # of a selection there are a few hundred
# X25519 first, as everybody: of the hybrids with ML-KEM that this OpenSSL would offer, each costs a walk 2.4 KB.
_GROUPS = b"X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072"
_CIPHERS = b"@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"  # Python's
_NO_PARTIAL_WILDCARDS, _NEVER_CHECK_SUBJECT = 0x4, 0x20  # X509_CHECK_FLAG_* (openssl/x509v3.h), RFC 6125 section 6.4
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h)


def context() -> SSL.Context:
    """Of a client. It trusts nobody yet, and verifies nothing."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_ALL)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)
    made.set_cipher_list(_CIPHERS)
    if _LIB.SSL_CTX_set1_curves_list(made._context, _GROUPS) != 1:
        raise ValueError(f"OpenSSL does not know all of {_GROUPS.decode()}")
    return made


def say(connection: SSL.Connection, name: str) -> None:
    """In the ClientHello, if it is a name: an address has no place there (RFC 6066 section 3)."""
    address, said = _read(name)
    if said and address is None:
        connection.set_tlsext_host_name(said)


def demand(connection: SSL.Connection, name: str) -> None:
    """The leaf must be for this name or address: without it OpenSSL's verdict is a flaw of its own."""
    param = _LIB.SSL_get0_param(connection._ssl)
    address, host = _read(name)
    if address is not None:
        taken = _LIB.X509_VERIFY_PARAM_set1_ip(param, address, len(address))
    else:
        _LIB.X509_VERIFY_PARAM_set_hostflags(param, _NO_PARTIAL_WILDCARDS | _NEVER_CHECK_SUBJECT)
        taken = _LIB.X509_VERIFY_PARAM_set1_host(param, host, len(host))
    if not name or taken != 1:  # OpenSSL takes an empty one for none
        raise ValueError(f"not to be demanded of a certificate: {name}")


def leave_dates(connection: SSL.Connection) -> None:
    """No certificate of this one's chain is too early or too late for OpenSSL."""
    _LIB.X509_VERIFY_PARAM_set_flags(_LIB.SSL_get0_param(connection._ssl), _NO_CHECK_TIME)


def verdict(connection: SSL.Connection) -> int:
    """The first flaw of the chain, an X509_V_ERR_*; 0 before there is one."""
    return int(_LIB.SSL_get_verify_result(connection._ssl))


def leaf_der(connection: SSL.Connection) -> bytes:
    """The certificate that was shown."""
    shown = connection.get_peer_certificate()
    assert shown is not None, "we resume nothing, so a handshake has one"
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, shown)


@functools.lru_cache(maxsize=_NAMES)
def _read(name: str) -> tuple[bytes | None, bytes]:
    """Of an address its bytes; of a name what is said of it."""
    try:
        return ipaddress.ip_address(name).packed, b""
    except ValueError:
        return None, name.encode("ascii" if name.isascii() else "idna")
