"""What our ClientHello offers, and what is demanded of who answers it: the same on every board."""

from __future__ import annotations

import pytest
import trustme
from OpenSSL import SSL

from probes.doors import openssl

NAME = "www.example.org"
OK, WRONG_NAME, WRONG_ADDRESS = 0, 62, 64  # X509_V_*
_SNI, _GROUPS, _SHARES, _PADDING = 0, 10, 51, 21
_X25519, _P256 = 0x001D, 0x0017


def hello(name: str) -> tuple[bytes, dict[int, bytes]]:
    """All of it, and its extensions: RFC 8446 section 4.1.2."""
    connection = SSL.Connection(openssl.context())
    connection.set_connect_state()
    openssl.say(connection, name)
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    whole = connection.bio_read(1 << 16)
    rest = whole[9 + 34 :]
    for width in (1, 2, 1):  # session, ciphers, compression
        rest = rest[width + int.from_bytes(rest[:width], "big") :]
    found, rest = {}, rest[2:]
    while rest:
        kind, length = int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big")
        found[kind], rest = rest[4 : 4 + length], rest[4 + length :]
    return whole, found


def numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def test_it_goes_in_one_segment_with_one_share() -> None:
    """A hybrid with ML-KEM would cost each walk over a metered line 2.4 KB, and a second segment."""
    whole, extensions = hello(NAME)
    assert len(whole) == 517, "padded: terminators hang on a length between 256 and 511 (RFC 7685)"
    assert _PADDING in extensions
    assert numbers(extensions[_GROUPS][2:])[:2] == [_X25519, _P256]
    assert numbers(extensions[_SHARES][2:4]) == [_X25519]
    assert len(extensions[_SHARES]) == 2 + 4 + 32


def test_it_says_a_name_but_no_address() -> None:
    assert hello(NAME)[1][_SNI].endswith(NAME.encode())
    assert _SNI not in hello("192.0.2.1")[1]
    assert _SNI not in hello("2001:db8::1")[1]


def answered(names: tuple[str, ...], demanded: str) -> int:
    """OpenSSL's verdict on who shows these names."""
    authority = trustme.CA()
    there = SSL.Context(SSL.TLS_SERVER_METHOD)
    authority.issue_cert(*names, common_name=NAME).configure_cert(there)
    server, client = SSL.Connection(there), SSL.Connection(_trusting(authority))
    server.set_accept_state()
    client.set_connect_state()
    openssl.demand(client, demanded)
    for here, other in ((client, server), (server, client), (client, server)):
        try:
            here.do_handshake()
        except SSL.WantReadError:
            pass
        except SSL.Error:
            break
        other.bio_write(here.bio_read(1 << 16))
    return openssl.verdict(client)


def _trusting(authority: trustme.CA) -> SSL.Context:
    made = openssl.context()
    made.set_verify(SSL.VERIFY_PEER)
    authority.configure_trust(made)
    return made


@pytest.mark.parametrize(
    ("names", "demanded", "verdict"),
    [
        ((NAME,), NAME, OK),
        (("*.example.org",), NAME, OK),
        (("www.example.com", NAME), NAME, OK),
        (("example.org",), NAME, WRONG_NAME),
        (("*.example.org",), "a.www.example.org", WRONG_NAME),
        (("192.0.2.1",), "192.0.2.1", OK),
        (("2001:db8::1",), "2001:db8::1", OK),
        (("192.0.2.1",), "192.0.2.2", WRONG_ADDRESS),
        (("elsewhere.example",), NAME, WRONG_NAME),  # its common name says nothing
    ],
    ids=str,
)
def test_a_certificate_is_for_the_name_that_is_demanded(names: tuple[str, ...], demanded: str, verdict: int) -> None:
    assert answered(names, demanded) == verdict


def test_no_name_is_no_demand_that_anybody_meets() -> None:
    with pytest.raises(ValueError, match="not to be demanded"):
        openssl.demand(SSL.Connection(openssl.context()), "")
