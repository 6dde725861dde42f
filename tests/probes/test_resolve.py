"""Every answer of a resolver has its word; a known forgery, a sinkhole and a stub are told apart."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from ipaddress import ip_network

import dns.flags
import dns.message
import dns.rcode
import pytest

from probes.doors.wire import Sockets
from probes.fingerprint import Fingerprints, ForgedAnswer
from probes.ports import Resolved, Stream, Traffic
from probes.words import Failure, Finding, Kind, Step, Transport
from tests.probes import liars
from tests.probes.liars import Reply, broke, listening, target, tools, walked


def wrong_id(data: bytes) -> list[bytes]:
    return [bytes([data[0] ^ 1]) + answer[1:] for answer in liars.resolver(addresses=("157.240.1.1",))(data)]


def other_question(data: bytes) -> list[bytes]:
    other = dns.message.make_query("example.org", "A", id=int.from_bytes(data[:2], "big"))
    return [dns.message.make_response(other).to_wire()]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (liars.resolver(dns.rcode.NXDOMAIN), Failure.DNS_NXDOMAIN),
        (liars.resolver(dns.rcode.SERVFAIL), Failure.DNS_SERVFAIL),
        (liars.resolver(dns.rcode.REFUSED), Failure.DNS_REFUSED),
        (liars.resolver(dns.rcode.NOTIMP), Failure.DNS_NO_ANSWER),
        (liars.resolver(), Failure.DNS_NO_ANSWER),
        (liars.resolver(addresses=("10.10.34.36",)), Failure.DNS_BOGON),
        (lambda data: [], Failure.TIMEOUT),
        (lambda data: [b"\xff" * 40], Failure.DNS_MALFORMED_REPLY),
        (lambda data: [data[:2]], Failure.DNS_MALFORMED_REPLY),
        (other_question, Failure.DNS_MALFORMED_REPLY),
        (wrong_id, Failure.DNS_WRONG_ID),
        (liars.resolver(addresses=("157.240.1.1",)), None),
    ],
    ids=[
        "nxdomain", "servfail", "refused", "not implemented", "empty", "reserved", "silence", "noise", "two bytes",
        "other question", "wrong id", "good",
    ],
)  # fmt: skip
async def test_each_dns_answer_has_its_word(reply: Reply, failure: Failure | None) -> None:
    async with liars.answering(reply) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, failure)


async def test_a_closed_dns_port_is_a_refusal_and_no_silence() -> None:
    to = target(Kind.DNS, 53, transport=Transport.UDP, named=True)
    assert broke(await walked(to, tools(dns_port=9))) == (Step.RESOLVE, Failure.CONNECTION_REFUSED)


async def test_the_truth_behind_the_noise_is_heard() -> None:
    """A forger with the wrong id may be first: we listen on."""

    def both(data: bytes) -> list[bytes]:
        return [b"\0\0noise", *wrong_id(data), *liars.resolver(addresses=("157.240.1.1",))(data)]

    async with liars.answering(both) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert walk.steps[0].answers == ("157.240.1.1",)


IRAN = Fingerprints(forged=(ForgedAnswer("ir_10_10_34", ip_network("10.10.34.0/24")),))
TURKEY = Fingerprints(forged=(ForgedAnswer("tr_6", ip_network("195.175.254.2/32")),))


class HomeRouter:
    """A resolver in the house, which answers every name alike."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> Resolved:
        return Resolved((self._answer,), private_resolver=True)

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic, said: list[bytes]) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("answer", "known", "finding"),
    [
        ("10.10.34.36", IRAN, Finding.FORGED_DNS_ANSWER),
        ("195.175.254.2", TURKEY, Finding.FORGED_DNS_ANSWER),
        ("0.0.0.0", IRAN, Finding.LOCAL_SINKHOLE),
        ("192.168.1.1", IRAN, Finding.LOCAL_SINKHOLE),
    ],
)
async def test_a_forgery_is_told_from_a_sinkhole_at_home(answer: str, known: Fingerprints, finding: Finding) -> None:
    """A known forgery is one whoever hands it on."""
    hands = replace(tools(), names=HomeRouter(answer), fingerprints=known)
    walk = await walked(target(Kind.TCP, 443, named=True), hands)
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_BOGON)
    assert walk.findings == (finding,)
    assert walk.address == "", "nobody walks to where a liar points"


class Refusing(Sockets):
    """A network in which nobody answers at any address."""

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        raise ConnectionRefusedError


async def test_a_known_forgery_that_cannot_prove_itself_is_one() -> None:
    """In public space it is walked to, for genuine outranks known; the far end was asked, and was nobody."""
    hands = replace(tools(), names=HomeRouter("195.175.254.2"), wire=Refusing(), fingerprints=TURKEY)
    walk = await walked(target(Kind.TLS, 443, named=True), hands)
    assert broke(walk) == (Step.CONNECT, Failure.CONNECTION_REFUSED)
    assert (walk.findings, walk.address) == ((Finding.FORGED_DNS_ANSWER,), "195.175.254.2")


@pytest.mark.parametrize("answer", ["0.0.0.0", "127.0.0.1", "10.20.30.40", "239.255.255.250"])
async def test_a_stub_on_this_machine_is_no_sinkhole_and_its_answer_leads_nowhere(answer: str) -> None:
    """What stands behind it may be the operator's resolver; multicast would be heard by every neighbour."""
    async with liars.answering(liars.resolver(addresses=(answer,))) as port:
        walk = await walked(target(Kind.OPENVPN, 1194, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_BOGON)
    assert (walk.findings, walk.address) == ((), "")


@pytest.mark.parametrize("rdclass", [2, 3, 4, 254, 255])
async def test_an_address_of_another_class_is_none(rdclass: int) -> None:
    """One such datagram must neither end the daemon nor spoil the next good answer."""

    def reply(data: bytes) -> list[bytes]:
        (good,) = liars.resolver(addresses=("157.240.1.1",))(data)
        at = good.rindex(b"\x00\x01\x00\x01")  # type A, class IN of the answer
        return [good[: at + 2] + rdclass.to_bytes(2, "big") + good[at + 4 :]]

    async with liars.answering(reply) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_NO_ANSWER)
    async with liars.answering(liars.resolver(addresses=("157.240.1.1",))) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert walk.steps[0].answers == ("157.240.1.1",)


async def test_a_huge_reply_does_not_hold_everything_up() -> None:
    """Thousands of records that point at one long name cost dnspython seconds: they are not unfolded."""

    def reply(data: bytes) -> list[bytes]:
        question = data[12 : data.index(b"\0", 12) + 5]
        record = b"\xc0\x0c\x00\x0f\x00\x01" + bytes(4) + b"\x00\x04\x00\x0a\xc0\x0c"
        head = data[:2] + b"\x81\x80" + b"\x00\x01" + (4000).to_bytes(2, "big") + bytes(4)
        return [(head + question + record * 4000)[:60_000]]

    began_s = time.process_time()
    async with liars.answering(reply) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_MALFORMED_REPLY)
    assert time.process_time() - began_s < 1


async def test_a_flood_of_noise_is_not_read_to_its_end() -> None:
    async with liars.answering(lambda data: [b"noise" * 100] * 500) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_MALFORMED_REPLY)
    assert walk.bytes_received < 40_000


async def test_a_resolver_older_than_edns_is_asked_without() -> None:
    def reply(data: bytes) -> list[bytes]:
        edns = dns.message.from_wire(data).edns >= 0
        return (liars.resolver(dns.rcode.FORMERR) if edns else liars.resolver(addresses=("157.240.1.1",)))(data)

    async with liars.answering(reply) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert walk.steps[0].answers == ("157.240.1.1",)


async def test_a_no_that_was_heard_says_more_than_a_silence_after_it() -> None:
    heard: list[bytes] = []

    def first_only(data: bytes) -> list[bytes]:
        heard.append(data)
        return liars.resolver(dns.rcode.SERVFAIL)(data) if len(heard) == 1 else []

    async with liars.answering(first_only) as port:
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_SERVFAIL)


@pytest.mark.parametrize(("answer", "failure"), [("truth", None), ("close", Failure.EOF), ("silence", Failure.TIMEOUT)])
async def test_a_truncated_answer_is_asked_for_by_tcp(answer: str, failure: Failure | None) -> None:
    def truncated(data: bytes) -> list[bytes]:
        reply = dns.message.make_response(dns.message.from_wire(data))
        reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    async def by_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        (reply,) = liars.resolver(addresses=("157.240.1.1",))(query)
        if answer == "silence":
            await reader.read()
        writer.write(len(reply).to_bytes(2, "big") + (reply if answer == "truth" else reply[:9]))

    async with listening(by_tcp) as port, liars.answering(truncated, port):
        walk = await walked(target(Kind.DNS, 53, transport=Transport.UDP, named=True), tools(dns_port=port))
    assert broke(walk) == (Step.RESOLVE, failure)
