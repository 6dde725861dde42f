"""A Tor relay is known by its identity, through to the TLS certificate it showed; nobody else passes for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.talk import Reply
from probes.knock.tor import Versions
from probes.words import Failure, Kind, Step
from tests.probes import liars
from tests.probes.liars import Authority, listening, target, tools, walked
from tests.probes.tor_relay import Relay, certificate, certified, cross, public

RELAY = Relay()


def talk(relay: Relay = RELAY, *, ed25519: str = "") -> Versions:
    return Versions(frozenset({bytes.fromhex(relay.fingerprint)}), hashlib.sha256(relay.tls).digest(), ed25519)


def relay_with(**certificates: bytes | None) -> Relay:
    """The relay, but for the certificates of these types (`c4`); None leaves one out."""
    other = replace(RELAY)
    other.tls, other.certificates = RELAY.tls, dict(RELAY.certificates)
    for name, der in certificates.items():
        if der is None:
            del other.certificates[int(name[1:])]
        else:
            other.certificates[int(name[1:])] = der
    return other


def test_it_says_which_link_protocols_it_speaks() -> None:
    assert talk().opening() == bytes.fromhex("0000070006000300040005")


@pytest.mark.parametrize("versions", [(3,), (3, 4, 5), (4, 5, 6, 7), (1, 2, 3)])
def test_a_relay_is_known_however_its_bytes_arrive(versions: tuple[int, ...]) -> None:
    relay = relay_with()
    relay.versions = versions
    whole = relay.hello() + relay.cell(129, relay.certs())
    assert [talk().read(whole[:count]) for count in range(len(whole))] == [Reply.MORE] * len(whole)
    assert talk().read(relay.answer()) is Reply.PROVEN
    assert talk(ed25519=relay.ed25519_id).read(whole) is Reply.PROVEN


def test_padding_may_come_before_and_not_for_ever() -> None:
    padding = RELAY.cell(128, bytes(20))
    certs = RELAY.cell(129, RELAY.certs())
    assert talk().read(RELAY.hello() + padding * 3 + certs) is Reply.PROVEN
    assert talk().read(RELAY.hello() + padding * 4 + certs) is Reply.OTHER


OTHER = Relay()
IDENTITY, SIGNING, LINK = public(RELAY.ed25519), public(RELAY.signing), hashlib.sha256(RELAY.tls).digest()


@pytest.mark.parametrize(
    "relay",
    [
        OTHER,
        relay_with(c2=certificate(RELAY.identity, OTHER.identity)),
        relay_with(c2=certificate(RELAY.link)),
        relay_with(c2=b"no certificate"),
        relay_with(c7=cross(OTHER.identity, IDENTITY)),
        relay_with(c7=cross(RELAY.identity, public(OTHER.ed25519))),
        relay_with(c7=public(OTHER.ed25519) + RELAY.certificates[7][32:]),
        relay_with(c7=RELAY.certificates[7][:-1]),
        relay_with(c7=RELAY.certificates[7][:36]),
        relay_with(c4=certified(4, 1, SIGNING, OTHER.ed25519)),
        relay_with(c4=certified(4, 1, SIGNING, RELAY.ed25519, (4, 0, public(OTHER.ed25519)))),
        relay_with(c4=certified(4, 1, SIGNING, RELAY.ed25519, (9, 1, b"what is not understood and matters"))),
        relay_with(c4=certified(4, 3, SIGNING, RELAY.ed25519)),
        relay_with(c5=certified(5, 3, LINK, OTHER.signing)),
        relay_with(c5=certified(5, 3, hashlib.sha256(OTHER.tls).digest(), RELAY.signing)),
        relay_with(c5=certified(6, 3, LINK, RELAY.signing)),
        relay_with(c5=certified(5, 3, LINK, RELAY.ed25519)),
        *(relay_with(**{f"c{kind}": None}) for kind in (2, 4, 5, 7)),
    ],
    ids=[
        *("another relay", "another's signature", "no RSA", "nonsense", "another RSA", "another Ed25519"),
        *("another under its signature", "cut", "short"),
        *("another identity", "another's mark", "a condition", "another key", "another signing key", "another link"),
        *("another type", "signed by the identity", "no 2", "no 4", "no 5", "no 7"),
    ],
)  # fmt: skip
def test_a_chain_with_a_wrong_link_does_not_pass(relay: Relay) -> None:
    assert talk().read(relay.answer()) is Reply.OTHER


def test_what_is_not_understood_and_does_not_matter_is_passed_over() -> None:
    relay = relay_with(
        c4=certified(4, 1, SIGNING, RELAY.ed25519, (9, 0, b"whatever"), (4, 0, IDENTITY)), c1=b"whatever"
    )
    assert talk().read(relay.answer()) is Reply.PROVEN


def test_another_ed25519_identity_than_the_known_one_does_not_pass() -> None:
    assert talk(ed25519=OTHER.ed25519_id).read(RELAY.answer()) is Reply.OTHER


def test_a_true_relay_behind_another_tls_certificate_does_not_pass() -> None:
    """Whoever stands between and only hands its words on."""
    assert replace(talk(), link=bytes(32)).read(RELAY.answer()) is Reply.OTHER


def test_extensions_that_break_off_are_none() -> None:
    body = b"\1\4" + bytes(4) + b"\1" + SIGNING + b"\1" + b"\0\x20\4\0" + IDENTITY[:9]
    cut = relay_with(c4=body + RELAY.ed25519.sign(body))
    body = b"\1\4" + bytes(4) + b"\1" + SIGNING + b"\0" + b"more"
    long = relay_with(c4=body + RELAY.ed25519.sign(body))
    assert [talk().read(each.answer()) for each in (cut, long)] == [Reply.OTHER, Reply.OTHER]


def test_two_certificates_of_a_type_are_none() -> None:
    certs = RELAY.certs()
    twice = bytes([certs[0] + 1]) + certs[1:] + b"\2\0\4same"
    cut = bytes([certs[0] + 1]) + certs[1:]
    for payload in (twice, cut, b""):
        assert talk().read(RELAY.hello() + RELAY.cell(129, payload)) is Reply.OTHER


CERTS = RELAY.certs()


@given(st.integers(0, 8 * len(CERTS) - 1))
def test_not_one_bit_of_the_certificates_may_be_another(bit: int) -> None:
    changed = bytearray(CERTS)
    changed[bit // 8] ^= 1 << bit % 8
    assert talk().read(RELAY.hello() + RELAY.cell(129, bytes(changed))) is not Reply.PROVEN


def test_an_identity_that_claims_unused_bits_is_no_der() -> None:
    """OpenSSL reads it where the last bits of the signature are zero; two spellings of one certificate are one too many."""
    relay = next(each for each in iter(Relay, None) if not each.certificates[2][-1] & 1)
    der = bytearray(relay.certificates[2])
    der[-len(x509.load_der_x509_certificate(bytes(der)).signature) - 1] = 1
    relay.certificates[2] = bytes(der)
    assert talk(relay).read(relay.answer()) is Reply.OTHER


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\7\0\2\0\2",
        b"\0\0\7\0\3\0\3\0",
        b"\0\0\7\xff\xff",
        RELAY.hello() + RELAY.cell(8, bytes(4)),
        RELAY.hello() + b"\0\0\0\1\x81\0\0",
        RELAY.hello() + b"\0\0\0\0\x81\xff\xff",
    ],
    ids=["http", "too old", "half a version", "endless", "another cell", "a circuit", "endless certificates"],
)
def test_another_protocol_is_another_at_once(said: bytes) -> None:
    assert talk().read(said) is Reply.OTHER


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert talk().read(data) in Reply
    assert talk().read(RELAY.hello() + data) in Reply
    assert talk().read(RELAY.hello() + RELAY.cell(129, data)) is Reply.OTHER
    for kind in (2, 4, 5, 7):
        assert talk().read(relay_with(**{f"c{kind}": data}).answer()) is Reply.OTHER


# ---------------------------------------------------------------- the walk


@pytest.mark.parametrize("who", ["the relay", "another relay", "somebody between", "a web server"])
async def test_only_the_relay_itself_is_reached(tmp_path: Path, who: str) -> None:
    """Somebody between has a certificate every system trusts, and all the relay's own words."""
    authority = Authority.make(tmp_path)
    context = authority.server() if who == "somebody between" else RELAY.context(tmp_path)
    behaviour = liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n") if who == "a web server" else RELAY.serve
    known = OTHER if who == "another relay" else RELAY
    async with listening(behaviour, context) as port:
        to = replace(target(Kind.TOR, port), options={"fingerprint": f"{known.fingerprint} {'0' * 40}"})
        walk = await walked(to, tools(authority.ca_file))
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.KNOCK]
    assert walk.authenticated is walk.reached is (who == "the relay")
    assert walk.steps[1].certificate is None, "what it showed proves nothing by itself"
    assert walk.failure is (None if who == "the relay" else Failure.KNOCK_UNEXPECTED_REPLY)
