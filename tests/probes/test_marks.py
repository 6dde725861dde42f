"""By what a witness knows a walk is read back from our own first words, and from nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import marks
from probes.words import Kind

RESET = b"\x38" + b"session!" + bytes(5)


@pytest.mark.parametrize(
    ("kind", "opening"),
    [
        (Kind.OPENVPN, b"\x38" + b"session!" + bytes(64)),  # signed or sealed under a key: a witness cannot read it
        (Kind.OPENVPN, b"\x40" + b"session!" + bytes(5)),  # a server's
        (Kind.WIREGUARD, b"\x01\0\0\0" + bytes(100)),
        (Kind.WIREGUARD, b"\x02\0\0\0" + bytes(144)),
        (Kind.QUIC, b"\x40" + bytes(1199)),  # a short header
        (Kind.DNS, bytes(12) + b"\x03abc"),
        (Kind.TLS, RESET),
        (Kind.STUN, bytes(20)),
    ],
)
def test_what_a_witness_could_not_know_has_no_mark(kind: Kind, opening: bytes) -> None:
    assert marks.of(kind, [opening]) is None


def test_the_same_words_said_twice_are_one_mark_and_new_words_another() -> None:
    other = b"\x38" + b"another!" + bytes(5)
    assert len(marks.of(Kind.OPENVPN, [RESET, RESET, other]) or ()) == 2
    assert marks.of(Kind.OPENVPN, [RESET]) == marks.of(Kind.OPENVPN, [len(RESET).to_bytes(2, "big") + RESET])


@given(st.sampled_from(list(Kind)), st.lists(st.binary(max_size=200), max_size=3))
def test_whatever_was_said_the_mark_is_a_hash_or_none(kind: Kind, openings: list[bytes]) -> None:
    for mark in marks.of(kind, openings) or ():
        assert len(mark) == 64
