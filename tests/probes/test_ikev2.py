"""IKEv2 is reached by any answer that is IKE's and ours, also a refusal; nothing else is taken for one."""

from __future__ import annotations

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.ikev2 import SaInit
from probes.knock.talk import Reply
from probes.words import Failure, Kind, Transport
from tests.probes import liars
from tests.probes.captured import exchange, flipped, token
from tests.probes.liars import answering, target, tools, walked


def talking(port: int = 500, seed: str = "ikev20") -> SaInit:
    made = token(seed)
    return SaInit(made(8), made(32), made(32), port)


def answer(spi: bytes, first: int, payloads: bytes, *, flags: int = 0x20, number: int = 0, exchange: int = 34) -> bytes:
    return (
        struct.pack("!8s8sBBBBII", spi, b"theirspi", first, 0x20, exchange, flags, number, 28 + len(payloads))
        + payloads
    )


REFUSAL = bytes.fromhex("000000080000000e")  # a notification: NO_PROPOSAL_CHOSEN

# ---------------------------------------------------------------- other people's


@pytest.mark.parametrize(
    ("name", "seed"),
    [("ikev2 none", "ikev20"), ("ikev2 agrees", "ikev20"), ("ikev2 group", "ikev20"), ("ikev2 cookie", "ikev21")],
    ids=["refuses", "agrees", "wants another group", "wants a cookie"],
)
def test_strongswan_is_spoken_to_and_understood(name: str, seed: str) -> None:
    said, heard = exchange(name)
    talk = talking(seed=seed)
    assert talk.opening() == said
    assert talk.read(heard) is Reply.PROVEN
    assert {talk.read(heard[:size]) for size in range(len(heard))} == {Reply.OTHER}


def test_not_one_bit_of_what_shows_whom_it_is_for_may_be_another() -> None:
    """Our SPI, the major version, the exchange, both flags of a direction, the message's number and length."""
    _, heard = exchange("ikev2 agrees")
    bits = [
        *range(64),
        *range(17 * 8 + 4, 18 * 8),
        *range(18 * 8, 19 * 8),
        19 * 8 + 3,
        19 * 8 + 5,
        *range(20 * 8, 28 * 8),
    ]
    assert {talking().read(flipped(heard, bit)) for bit in bits} == {Reply.OTHER}


# ---------------------------------------------------------------- the knock


def test_the_key_it_shows_is_a_point_on_the_curve_whatever_the_secret() -> None:
    for secret in (bytes(32), b"\xff" * 32, bytes(range(32))):
        opening = SaInit(bytes(8), bytes(32), secret, 500).opening()
        at = 28 + int.from_bytes(opening[30:32], "big")
        assert (opening[at], opening[at + 4 : at + 8]) == (40, bytes.fromhex("00130000"))
        x, y = opening[at + 8 : at + 40], opening[at + 40 : at + 72]
        ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()).public_key()


def test_it_says_the_same_again_and_its_length() -> None:
    talk = talking()
    assert talk.opening() == talk.opening()
    assert int.from_bytes(talk.opening()[24:28], "big") == len(talk.opening())


def test_on_the_port_behind_nat_four_zeros_go_before_it_both_ways() -> None:
    plain, behind = talking(), talking(4500)
    assert behind.opening() == bytes(4) + plain.opening()
    refusal = answer(behind.spi, 41, REFUSAL)
    assert behind.read(bytes(4) + refusal) is Reply.PROVEN
    assert behind.read(refusal) is Reply.OTHER
    assert plain.read(bytes(4) + refusal) is Reply.OTHER


@pytest.mark.parametrize(
    ("first", "payloads"),
    [
        (0, b""),
        (33, bytes.fromhex("00000004")),
        (33, bytes.fromhex("2200000400000004")),
        (41, bytes.fromhex("000000")),
        (41, bytes.fromhex("00000003")),
        (41, bytes.fromhex("00000009") + bytes(4)),
        (41, REFUSAL + b"\0"),
        (43, bytes.fromhex("2b000004") * 40 + bytes.fromhex("29000004") + REFUSAL),
        (43, bytes.fromhex("00000004")),
    ],
    ids=[
        "empty",
        "SA alone",
        "SA and KE",
        "half a payload",
        "too short",
        "breaks off",
        "too long",
        "endless",
        "a vendor",
    ],
)
def test_a_chain_that_does_not_end_with_the_message_or_says_nothing_proves_nothing(first: int, payloads: bytes) -> None:
    talk = talking()
    assert talk.read(answer(talk.spi, first, payloads)) is Reply.OTHER
    assert talk.read(answer(talk.spi, 41, REFUSAL)) is Reply.PROVEN


@given(st.binary(max_size=300), st.integers(0, 255), st.sampled_from([500, 4500]))
def test_no_bytes_make_it_raise(data: bytes, first: int, port: int) -> None:
    talk = talking(port)
    assert talk.read(data) is Reply.OTHER
    assert talk.read(answer(talk.spi, first, data)) in Reply
    assert talk.read(answer(b"another.", first, data)) is Reply.OTHER


# ---------------------------------------------------------------- the walk


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (lambda data: [answer(data[:8], 41, REFUSAL)], None),
        (lambda data: [data], Failure.KNOCK_UNEXPECTED_REPLY),
        (lambda data: [answer(b"another.", 41, REFUSAL)], Failure.KNOCK_UNEXPECTED_REPLY),
        (lambda data: [], Failure.TIMEOUT),
    ],
    ids=["refuses", "echo", "somebody else's", "silence"],
)
async def test_ikev2_over_udp(reply: liars.Reply, failure: Failure | None) -> None:
    async with answering(reply) as port:
        walk = await walked(target(Kind.IKEV2, port, transport=Transport.UDP), tools())
    assert (walk.failure, walk.authenticated) == (failure, failure is None)
