"""OpenVPN's hard reset against bytes of real conversations (tcpdump of ntop/nDPI's captures, facts only; our own)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.facts import Endpoint
from probes.kinds import TRAITS
from probes.knock import openvpn
from probes.knock.openvpn import HardReset
from probes.knock.static_key import DIGEST_BYTES
from probes.knock.talk import Ask, Reply
from probes.words import Failure, Kind, Step, Transport
from tests.probes import liars
from tests.probes.captured import AT_MS, exchange, flipped, text, token
from tests.probes.liars import answering, listening, target, tools, walked

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


def test_a_stream_longer_than_any_first_packet_is_something_else() -> None:
    assert HardReset(bytes(8), Transport.TCP).read(b"\xff\xff\x40") is Reply.OTHER


# ---------------------------------------------------------------- with a key: what openvpn 2.6.14 said

WRAPS = {
    "tls-auth": {"tls_auth_file": "static", "key_direction": "1"},
    "tls-auth, SHA256, no direction": {"tls_auth_file": "static", "auth": "SHA256"},
    "tls-auth, SHA512": {"tls_auth_file": "static", "key_direction": "0", "auth": "SHA512"},
    "tls-crypt": {"tls_crypt_file": "static"},
    "tls-crypt-v2": {"tls_crypt_v2_file": "v2"},
    "tls-crypt-v2, strict": {"tls_crypt_v2_file": "v2"},
}


def test_every_digest_a_target_may_name_is_spoken() -> None:
    assert TRAITS[Kind.OPENVPN].options["auth"].form.split("|") == list(DIGEST_BYTES)


def talking(wrap: str, transport: Transport = Transport.UDP) -> HardReset:
    """The conversation that was captured, before its first word."""
    options = WRAPS[wrap]
    secrets = {key: text(name) for key, name in options.items() if key.endswith("_file")}
    return openvpn.of(Ask(Endpoint("", 1194, transport), "", options, token("openvpn"), AT_MS, secrets))


def framed(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


@pytest.mark.parametrize("wrap", WRAPS)
def test_with_the_key_openvpn_is_spoken_to_and_understood(wrap: str) -> None:
    said, heard = exchange(f"openvpn {wrap}")
    talk = talking(wrap)
    assert talk.opening() == said
    assert talk.read(heard) is Reply.PROVEN
    talk = talking(wrap, Transport.TCP)
    assert talk.opening() == framed(said)
    assert {talk.read(framed(heard)[:size]) for size in range(len(heard) + 2)} == {Reply.MORE}
    assert talk.read(framed(heard)) is Reply.PROVEN


@pytest.mark.parametrize("wrap", WRAPS)
def test_with_the_key_not_one_bit_of_the_answer_may_be_another(wrap: str) -> None:
    _, heard = exchange(f"openvpn {wrap}")
    talk = talking(wrap)
    assert {talk.read(flipped(heard, bit)) for bit in range(8 * len(heard))} == {Reply.OTHER}
    assert {talk.read(heard[:size]) for size in range(len(heard))} == {Reply.OTHER}


@pytest.mark.parametrize("wrap", WRAPS)
def test_an_answer_under_no_key_or_another_wrap_proves_nothing(wrap: str) -> None:
    talk = talking(wrap)
    plain = b"\x40" + bytes(8) + b"\x01" + bytes(4) + talk.session_id + bytes(4)
    others = [exchange(f"openvpn {other}")[1] for other in WRAPS if other.split(",")[0] != wrap.split(",")[0]]
    assert {talk.read(data) for data in (plain, talk.opening(), *others)} == {Reply.OTHER}


@pytest.mark.parametrize("wrap", WRAPS)
def test_what_is_said_again_is_no_replay(wrap: str) -> None:
    talk = talking(wrap)
    assert talk.opening() != talk.opening()


@given(st.binary(max_size=600), st.sampled_from(sorted(WRAPS)), st.sampled_from(Transport))
def test_with_the_key_no_bytes_make_it_raise_or_prove_anything(data: bytes, wrap: str, transport: Transport) -> None:
    talk = talking(wrap, transport)
    assert talk.read(data) is not Reply.PROVEN
    assert talk.read(b"\x40" + data) is not Reply.PROVEN
    assert talk.read(framed(b"\x40" + data)) is not Reply.PROVEN


def test_a_key_file_may_have_ends_of_lines_of_windows_and_remarks() -> None:
    plain = text("static")
    ours = talking("tls-crypt").opening()
    changed = "# of --- somebody\r\n\r\n" + plain.replace("\n", "\r\n")
    options = WRAPS["tls-crypt"]
    ask = Ask(Endpoint("", 1194, Transport.UDP), "", options, token("openvpn"), AT_MS, {"tls_crypt_file": changed})
    assert openvpn.of(ask).opening() == ours


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("who", ["the server", "one without the key"])
async def test_only_a_server_with_the_key_is_reached(wrap: str, transport: Transport, who: str) -> None:
    _, heard = exchange(f"openvpn {wrap}")
    session_id = token("openvpn")(8)
    plain = b"\x40" + bytes(8) + b"\x01" + bytes(4) + session_id + bytes(4)
    said = heard if who == "the server" else plain
    options = WRAPS[wrap]
    secrets = {key: text(name) for key, name in options.items() if key.endswith("_file")}
    hands = replace(tools(), token=lambda size: session_id)
    udp = transport is Transport.UDP
    far_end = answering(lambda data: [said]) if udp else listening(liars.says(framed(said)))
    async with far_end as port:
        to = replace(target(Kind.OPENVPN, port, transport=transport), options=options, secrets=secrets)
        walk = await walked(to, hands)
    assert walk.steps[-1].step is Step.KNOCK
    expected = None if who == "the server" else Failure.KNOCK_UNEXPECTED_REPLY
    assert (walk.failure, walk.authenticated) == (expected, expected is None)
