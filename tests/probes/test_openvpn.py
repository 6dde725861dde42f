"""OpenVPN's hard reset against bytes of real conversations (tcpdump of ntop/nDPI's captures, facts only)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.knock.openvpn import HardReset
from probes.knock.talk import Reply
from probes.words import Transport

# one real exchange of each kind: what a client sent, what its server answered
UDP = (
    bytes.fromhex("3839fded2daa10a4370000000000"),
    bytes.fromhex("409421917de7267729010000000039fded2daa10a43700000000"),
)
TCP = (
    bytes.fromhex("000e38507a28a78275788d0000000000"),
    bytes.fromhex("001a409ad747beb24d8a1b0100000000507a28a78275788d00000000"),
)


def test_udp_speaks_and_hears_as_a_real_client_does() -> None:
    sent, heard = UDP
    talk = HardReset(sent[1:9], Transport.UDP)
    assert talk.opening() == sent
    assert talk.read(heard) is Reply.PROVEN


def test_tcp_speaks_and_hears_as_a_real_client_does_however_the_bytes_arrive() -> None:
    sent, heard = TCP
    talk = HardReset(sent[3:11], Transport.TCP)
    assert talk.opening() == sent
    assert [talk.read(heard[:count]) for count in range(len(heard))] == [Reply.MORE] * len(heard)
    assert talk.read(heard) is Reply.PROVEN


@pytest.mark.parametrize("at", range(26))
def test_an_answer_to_somebody_else_proves_nothing(at: int) -> None:
    """Only their session id [1:9] and their packet id [22:26] may be anything."""
    sent, heard = UDP
    changed = heard[:at] + bytes([heard[at] ^ 0x80]) + heard[at + 1 :]
    expected = Reply.PROVEN if at in range(1, 9) or at >= 22 else Reply.OTHER
    assert HardReset(sent[1:9], Transport.UDP).read(changed) is expected


@pytest.mark.parametrize("packet", [b"\x00\x0e\x38", b"\x00\x30\x38", b"\x00\x30\x48" + bytes(60)])
def test_another_packet_by_tcp_is_something_else_at_once(packet: bytes) -> None:
    assert HardReset(bytes(8), Transport.TCP).read(packet) is Reply.OTHER


@given(st.binary(max_size=200), st.sampled_from(Transport))
def test_no_bytes_make_it_raise(data: bytes, transport: Transport) -> None:
    assert HardReset(bytes(8), transport).read(data) in Reply


@given(st.binary(max_size=64))
def test_a_stream_that_turned_out_to_be_something_else_never_turns_back(data: bytes) -> None:
    talk = HardReset(bytes(8), Transport.TCP)
    if talk.read(data) is Reply.OTHER:
        assert talk.read(data + bytes(8)) is Reply.OTHER
