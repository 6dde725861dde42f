"""STUN's answer is told from every other by our transaction; what it says of us is read by nobody."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.stun import Binding
from probes.knock.talk import Reply
from probes.words import Failure, Kind, Transport
from tests.probes import liars
from tests.probes.captured import exchange, flipped, token
from tests.probes.liars import answering, listening, target, tools, walked

OURS = token("stun")(12)
MAPPED = bytes.fromhex("0020000800010000e112a643")


def answer(transaction: bytes, attributes: bytes = MAPPED, kind: int = 0x0101) -> bytes:
    return struct.pack("!HHI", kind, len(attributes), 0x2112A442) + transaction + attributes


@pytest.mark.parametrize(("name", "transport"), [("stun", Transport.UDP), ("stun tcp", Transport.TCP)])
def test_coturn_is_spoken_to_and_understood(name: str, transport: Transport) -> None:
    said, heard = exchange(name)
    talk = Binding(OURS, transport)
    assert talk.opening() == said
    assert talk.read(heard) is Reply.PROVEN
    early = Reply.MORE if transport is Transport.TCP else Reply.OTHER
    assert {talk.read(heard[:size]) for size in range(len(heard))} == {early}


def test_not_one_bit_of_the_header_may_be_another() -> None:
    _, heard = exchange("stun")
    talk = Binding(OURS, Transport.UDP)
    assert {talk.read(flipped(heard, bit)) for bit in range(8 * 20)} == {Reply.OTHER}


@pytest.mark.parametrize(
    "said",
    [
        answer(OURS, kind=0x0111),
        answer(OURS, b""),
        answer(OURS, bytes.fromhex("80220004") + b"none"),
        answer(OURS, bytes.fromhex("00200100") + bytes(8)),
        answer(OURS, MAPPED + b"\0\0"),
        answer(OURS, MAPPED * 200),
    ],
    ids=["an error", "no attribute", "no address", "breaks off", "half an attribute", "too long"],
)
@pytest.mark.parametrize("transport", Transport)
def test_what_is_no_success_with_an_address_proves_nothing(said: bytes, transport: Transport) -> None:
    assert Binding(OURS, transport).read(said) is Reply.OTHER


def test_the_plain_address_of_older_servers_counts_too() -> None:
    old = bytes.fromhex("0001000800010000e112a643") + bytes.fromhex("80220003") + b"old\0"
    assert Binding(OURS, Transport.UDP).read(answer(OURS, old)) is Reply.PROVEN


@given(st.binary(max_size=200), st.sampled_from(Transport), st.booleans())
def test_no_bytes_make_it_raise_or_prove_anything(data: bytes, transport: Transport, ours: bool) -> None:
    talk = Binding(OURS, transport)
    assert talk.read(data) is not Reply.PROVEN
    assert talk.read(answer(OURS if ours else bytes(12), data)) in Reply


@given(st.binary(max_size=64))
def test_a_stream_that_turned_out_to_be_something_else_never_turns_back(data: bytes) -> None:
    talk = Binding(OURS, Transport.TCP)
    if talk.read(data) is Reply.OTHER:
        assert talk.read(data + bytes(8)) is Reply.OTHER


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (lambda data: [answer(data[8:20])], None),
        (lambda data: [answer(bytes(12)), answer(data[8:20])], None),
        (lambda data: [answer(bytes(12))], Failure.KNOCK_UNEXPECTED_REPLY),
        (lambda data: [data], Failure.KNOCK_UNEXPECTED_REPLY),
        (lambda data: [], Failure.TIMEOUT),
    ],
    ids=["answers", "the truth is second", "somebody else's", "echo", "silence"],
)
async def test_stun_over_udp(reply: liars.Reply, failure: Failure | None) -> None:
    async with answering(reply) as port:
        walk = await walked(target(Kind.STUN, port, transport=Transport.UDP), tools())
    assert (walk.failure, walk.authenticated) == (failure, failure is None)


async def test_the_address_that_stun_tells_us_of_is_in_no_record() -> None:
    """It tells it as a number, and hidden in the cookie: neither is written down."""
    async with listening(liars.says(answer(bytes(range(12))), then_silent=True)) as port:
        walk = await walked(target(Kind.STUN, port), tools())
    assert walk.reached
    record = repr(walk)
    assert all(trace not in record for trace in ("192.0.2.1", MAPPED[8:].hex(), repr(MAPPED)))
