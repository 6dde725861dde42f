"""Turns the network's No into one word of `Failure`; everything that is not the network's No stays an exception."""

from __future__ import annotations

import errno

from probes.words import Failure

# X509_V_ERR_* of OpenSSL (openssl/x509_vfy.h)
_NAME_MISMATCH = {62, 64}  # HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
_NO_KNOWN_ROOT = {2, 18, 19, 20, 21, 24, 27}  # no issuer, self-signed leaf or chain, invalid or untrusted CA
# A packet anybody may send must never end the daemon, nor a firewall, a missing route or an unplugged modem: what ICMP
# 3 and ICMPv6 1 become in Linux (net/ipv4/icmp.c, net/ipv6/icmp.c), what a filter and a `blackhole` route on the way
# say, and that the interface we are bound to is gone, are the network's No.
_UNREACHABLE_HOST = {
    *(errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENOPROTOOPT, errno.EPROTO, errno.ENONET, errno.EOPNOTSUPP),
    *(errno.EMSGSIZE, errno.EACCES, errno.EPERM),
}
_UNREACHABLE_NETWORK = {
    *(errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EINVAL),
    *(errno.ENODEV, errno.ENXIO, errno.EAFNOSUPPORT),
}
# faults of this box, which say nothing of the network
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EBADF, errno.ENOTSOCK, errno.ENOSPC}


class Refusal(Exception):
    """A door's way to say No in our own words, where the library has no exception of its own for it."""

    __match_args__ = ("failure",)

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


def classify(error: BaseException) -> Failure | None:
    """The failure an exception stands for; None when it is our own fault (out of file handles, a bug) and must fly.

    Measured on Python 3.11: asyncio reports a clean close in mid-handshake as ConnectionResetError with errno None, a
    true RST has 104.
    """
    match error:
        case Refusal(failure):
            return failure
        case TimeoutError():
            return Failure.TIMEOUT
        case EOFError() | ConnectionResetError(errno=None):
            return Failure.EOF
        case ConnectionRefusedError():
            return Failure.CONNECTION_REFUSED
        case ConnectionResetError() | BrokenPipeError():
            return Failure.CONNECTION_RESET
        case ConnectionAbortedError():
            return Failure.CONNECTION_ABORTED
        case OSError(errno=code) if code in _UNREACHABLE_HOST:
            return Failure.HOST_UNREACHABLE
        case OSError(errno=code) if code in _UNREACHABLE_NETWORK:
            return Failure.NETWORK_UNREACHABLE
        case OSError(errno=int(code)) if code not in _OURS:
            return Failure.UNKNOWN
        case _:
            return None


def of_chain(flaw: int) -> Failure:
    """What OpenSSL's first flaw of a chain of certificates stands for. `flaw`: X509_V_ERR_*."""
    if flaw in _NAME_MISMATCH:
        return Failure.SSL_INVALID_HOSTNAME
    return Failure.SSL_UNKNOWN_AUTHORITY if flaw in _NO_KNOWN_ROOT else Failure.SSL_INVALID_CERTIFICATE
