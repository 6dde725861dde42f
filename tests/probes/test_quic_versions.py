"""QUIC: whether it passes at all, which a server tells whoever asks for a version that nobody speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.quic import Unspoken, of
from probes.knock.talk import Ask, Reply
from probes.words import Kind, Transport
from tests.probes.liars import Authority, target, tools, walked
from tests.probes.quic_server import page, quic_server

# one real exchange (tcpdump of ntop/nDPI's capture quic-forcing-vn-with-data, facts only)


# one real exchange (tcpdump of ntop/nDPI's capture quic-forcing-vn-with-data, facts only)
ASKED = bytes.fromhex("cfbabababa10565ef4f16c5e1e1b1ae6605c200dea23149ad6a5028e908ed78fa10f28d1142ed3303b2ef0")
ANSWER = bytes.fromhex(
    "9f00000000149ad6a5028e908ed78fa10f28d1142ed3303b2ef010565ef4f16c5e1e1b1ae6605c200dea2300000001ff00001dff00001cff00001b"
)
TALK = Unspoken(ASKED[6:22], ASKED[23:43], b"")


def test_it_speaks_and_hears_as_a_real_client_does() -> None:
    assert TALK.opening()[:43] == ASKED
    assert len(TALK.opening()) == 1200
    assert TALK.read(ANSWER) is Reply.PROVEN


def test_two_questions_are_never_alike() -> None:
    endpoint = target(Kind.QUIC, 443, transport=Transport.UDP).endpoints[0]
    drawn = iter(range(1, 100))
    one, other = (of(Ask(endpoint, "", {}, lambda count: bytes([next(drawn)]) * count, 0)).opening() for _ in "ab")
    assert len(one) == len(other) == 1200
    assert one[5:] != other[5:]
    assert one[43:46] == other[43:46] == bytes.fromhex("004482"), "no token, and 1154 bytes to come"


async def test_a_server_that_reads_on_answers_whatever_was_drawn(authority: Authority) -> None:
    """aioquic reads the token and the length before it looks at the version; noise in their place was dropped."""
    hands = tools(authority.ca_file, timeout_s=1.5)
    async with quic_server(authority, page()) as port:
        for byte in (0x00, 0x3F, 0x7F, 0xFF):
            drawn = replace(hands, token=bytes([byte]).__mul__)
            assert (await walked(target(Kind.QUIC, port, transport=Transport.UDP), drawn)).reached


@pytest.mark.parametrize("bit", range(8 * 43))
def test_an_answer_to_somebody_else_proves_nothing(bit: int) -> None:
    """Only the seven bits after the first may be anything (RFC 9000 section 17.2.1)."""
    changed = bytearray(ANSWER)
    changed[bit // 8] ^= 0x80 >> bit % 8
    assert (TALK.read(bytes(changed)) is Reply.PROVEN) is (1 <= bit <= 7)


@pytest.mark.parametrize("versions", [b"", b"\0\0\1", bytes.fromhex("00000001babababa")], ids=["none", "half", "ours"])
def test_a_list_that_cannot_be_one_proves_nothing(versions: bytes) -> None:
    assert TALK.read(ANSWER[:43] + versions) is Reply.OTHER


@given(st.binary(max_size=100))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert TALK.read(data) is Reply.OTHER
    assert TALK.read(ANSWER[:43] + data) in Reply
