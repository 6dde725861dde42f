"""One exception, one word; and what is our own fault has none."""

from __future__ import annotations

import errno
import os

import pytest

from probes.failure import Refusal, classify, of_chain
from probes.words import Failure


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Refusal(Failure.DNS_NXDOMAIN), Failure.DNS_NXDOMAIN),
        (TimeoutError(), Failure.TIMEOUT),
        (os_error(errno.ETIMEDOUT), Failure.TIMEOUT),
        (EOFError(), Failure.EOF),
        (ConnectionResetError(), Failure.EOF),  # asyncio's word for a clean close: no errno
        (os_error(errno.ECONNRESET), Failure.CONNECTION_RESET),
        (os_error(errno.EPIPE), Failure.CONNECTION_RESET),
        (os_error(errno.ECONNREFUSED), Failure.CONNECTION_REFUSED),
        (os_error(errno.ECONNABORTED), Failure.CONNECTION_ABORTED),
        (os_error(errno.EHOSTUNREACH), Failure.HOST_UNREACHABLE),
        (os_error(errno.ENETUNREACH), Failure.NETWORK_UNREACHABLE),
        (os_error(errno.ENODEV), Failure.NETWORK_UNREACHABLE),  # the interface walks are bound to is gone
        (os_error(errno.ENONET), Failure.HOST_UNREACHABLE),  # ICMP 3/8
        (os_error(errno.EOPNOTSUPP), Failure.HOST_UNREACHABLE),  # ICMP 3/5
        (os_error(errno.EMSGSIZE), Failure.HOST_UNREACHABLE),  # ICMP 3/4
        (os_error(errno.EILSEQ), Failure.UNKNOWN),
        (OSError("without a number"), None),
        (os_error(errno.EMFILE), None),
        (os_error(errno.ENOMEM), None),
        (os_error(errno.EPERM), Failure.HOST_UNREACHABLE),  # a firewall of this box: nft ... drop
        (os_error(errno.EACCES), Failure.HOST_UNREACHABLE),  # ICMPv6 administratively prohibited
        (os_error(errno.EINVAL), Failure.NETWORK_UNREACHABLE),  # ip route add blackhole
        (os_error(errno.EAFNOSUPPORT), Failure.NETWORK_UNREACHABLE),  # a resolver by IPv6, and none here
        (ValueError("a bug"), None),
        (KeyError("a bug"), None),
    ],
    ids=repr,
)
def test_each_error_has_its_word(error: BaseException, failure: Failure | None) -> None:
    assert classify(error) is failure


@pytest.mark.parametrize(
    ("flaw", "failure"),
    [
        (62, Failure.SSL_INVALID_HOSTNAME),
        (64, Failure.SSL_INVALID_HOSTNAME),
        (18, Failure.SSL_UNKNOWN_AUTHORITY),
        (20, Failure.SSL_UNKNOWN_AUTHORITY),
        (10, Failure.SSL_INVALID_CERTIFICATE),
        (9, Failure.SSL_INVALID_CERTIFICATE),
    ],
)
def test_one_flaw_of_a_chain_one_word(flaw: int, failure: Failure) -> None:
    assert of_chain(flaw) is failure
