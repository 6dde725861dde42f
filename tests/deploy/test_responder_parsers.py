"""Whatever strangers send, the parsers of the responder give back a word, never an exception, and never too much."""

from __future__ import annotations

import ipaddress
import ssl

import dns.exception
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.responder import dns as own_dns
from deploy.responder import hello, openvpn
from deploy.responder.limits import Allowance, Doorkeeper, neighbourhood
from probes import hello as probes_hello
from probes.knock.openvpn import HardReset
from probes.knock.talk import Reply
from probes.words import Transport
from tests.deploy.test_responder_log import Clock

ZONE = own_dns.Zone("w.example.org", ipaddress.IPv4Address("203.0.113.7"))


def client_hello(name: str = "www.instagram.com") -> bytes:
    """As OpenSSL makes it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


HELLO = client_hello()


def in_records(message: bytes, sizes: list[int]) -> bytes:
    """The message cut into records of these sizes, again and again."""
    out, at, number = b"", 0, 0
    while at < len(message):
        size = sizes[number % len(sizes)]
        part = message[at : at + size]
        out += b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
        at, number = at + size, number + 1
    return out


def test_both_ends_know_a_hello_by_the_same_hashes() -> None:
    """Two readers, written apart: the product's of what it said, the responder's of what arrived."""
    ours, theirs = probes_hello.read(HELLO), hello.read(HELLO)
    assert isinstance(theirs, hello.Hello)
    assert ours is not None
    assert (ours.random_sha256, ours.body_sha256) == (theirs.walk, theirs.body)


@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=8), more=st.binary(max_size=40))
def test_a_hello_is_the_same_however_it_is_cut(sizes: list[int], more: bytes) -> None:
    """Fragmented ClientHellos are what some tools do against filters; they are no alteration."""
    assert hello.read(in_records(HELLO[5:], sizes) + more) == hello.read(HELLO)


@given(st.integers(0, len(HELLO) - 1))
def test_a_hello_that_is_not_whole_waits_for_more(length: int) -> None:
    assert hello.read(HELLO[:length]) is hello.Early.MORE


@given(st.binary(max_size=600) | st.binary(max_size=200).map(lambda noise: b"\x16\x03\x01" + noise))
def test_noise_is_a_word(noise: bytes) -> None:
    assert isinstance(hello.read(noise), hello.Hello | hello.Early)
    probes_hello.read(noise)


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255))
def test_a_hello_with_one_byte_changed_is_another_or_none(at: int, other: int) -> None:
    changed = HELLO[:at] + bytes([other]) + HELLO[at + 1 :]
    seen = hello.read(changed)
    if isinstance(seen, hello.Hello) and at >= 5 and changed != HELLO:
        assert seen != hello.read(HELLO)


@given(st.integers(1, 16))
def test_a_hello_that_never_ends_is_let_go(records: int) -> None:
    endless = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(16380)
    assert hello.read(endless * records) is hello.Early.NO_TLS


# ---------------------------------------------------------------- DNS


@given(st.binary(max_size=600))
def test_dns_noise_is_met_with_silence_or_something_short(noise: bytes) -> None:
    answered = ZONE.answer(noise)
    assert answered is None or len(answered[1]) <= len(noise) + own_dns.MOST_ADDED


LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)


@given(st.lists(LABEL, max_size=3), st.sampled_from(["A", "AAAA", "ANY", "TXT"]), st.booleans())
def test_every_dns_answer_is_one_and_short(labels: list[str], kind: str, edns: bool) -> None:
    query = dns.message.make_query(".".join([*labels, "w.example.org."]), kind, use_edns=0 if edns else False)
    answered = ZONE.answer(query.to_wire())
    assert answered is not None
    reply = dns.message.from_wire(answered[1])
    assert query.is_response(reply)
    assert len(answered[1]) <= len(query.to_wire()) + own_dns.MOST_ADDED
    assert len(reply.answer) == (kind == "A")


@given(st.binary(max_size=80), st.integers(0, 0xFFFF))
def test_a_dns_question_of_any_bytes_is_read_as_dnspython_reads_it(body: bytes, flags: int) -> None:
    query = b"\x12\x34" + flags.to_bytes(2, "big") + b"\0\1" + bytes(6) + body
    question = own_dns.read(query)
    if question is None:
        return
    try:
        dns.message.from_wire(query, question_only=True)
    except dns.exception.DNSException:
        pytest.fail("taken by us, and no question to dnspython")


def test_a_reply_is_never_answered() -> None:
    """Two responders that answered each other would not stop."""
    reply = dns.message.make_response(dns.message.make_query("w.example.org", "A")).to_wire()
    assert ZONE.answer(reply) is None


# ---------------------------------------------------------------- OpenVPN


@given(st.binary(max_size=60), st.binary(min_size=8, max_size=8))
def test_openvpn_noise_is_met_with_silence(noise: bytes, session: bytes) -> None:
    walk = openvpn.walk_of(noise)
    assert (walk is not None) == (len(noise) == 14 and noise[0] >> 3 == 7 and noise[9:] == bytes(5))


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_our_own_probe_takes_the_answer_for_the_real_thing(client: bytes, server: bytes) -> None:
    reset = HardReset(client, Transport.UDP)
    assert openvpn.walk_of(reset.opening()) is not None
    assert reset.read(openvpn.reply(reset.opening(), server)) is Reply.PROVEN


# ---------------------------------------------------------------- limits


def test_neighbours_share_what_one_may_ask_for() -> None:
    clock = Clock()
    keeper = Doorkeeper(clock, each=Allowance(1, 3), everybody=Allowance(100, 100))
    assert [keeper.admits(f"203.0.113.{n}") for n in range(5)] == [True, True, True, False, False]
    assert keeper.admits("198.51.100.1")
    clock.s += 1
    assert keeper.admits("203.0.113.9")
    assert keeper.turned_away == 2


def test_a_crowd_is_bounded_as_a_whole() -> None:
    keeper = Doorkeeper(Clock(), each=Allowance(1, 3), everybody=Allowance(1, 10))
    assert sum(keeper.admits(f"10.{n // 250}.{n % 250}.1") for n in range(9_000)) == 10
    assert len(keeper._known) <= 4096


def test_an_address_is_a_neighbourhood_however_it_is_written() -> None:
    assert neighbourhood("::ffff:203.0.113.7") == neighbourhood("203.0.113.200") == "203.0.113.0/24"
    assert neighbourhood("2001:db8:1:2::1%eth0") == "2001:db8:1::/48"
