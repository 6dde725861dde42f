"""Where the resolver may lie: a second answer to one query, the good book behind a dead name, addresses left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import dns.message
import dns.rcode
import dns.rrset
import pytest
from msgspec import structs

from probes.book import Book
from probes.doors.wire import Sockets
from probes.facts import Endpoint, Target, Walk
from probes.fingerprint import Fingerprints
from probes.place import Tools
from probes.ports import Greeted, Greeting, Resolved, Stream, Traffic
from probes.walk import walk
from probes.words import Depth, Failure, Finding, Kind, Reason, Step, Transport
from tests.monitor.facts import walk as made
from tests.probes import liars
from tests.probes.liars import NAME, Authority

GENUINE, FORGED, OTHER = "157.240.1.60", "195.175.254.2", "157.240.1.61"


@dataclass(frozen=True, slots=True)
class Somewhere:
    """`Wire` that finds the servers of loopback at the addresses `ports` names, and nobody at any other."""

    below: Sockets
    ports: dict[str, int]

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        if address not in self.ports:
            raise ConnectionRefusedError
        return await self.below.connect("127.0.0.1", self.ports[address], transport, traffic)

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await self.below.handshake(stream, greeting)


def a(*addresses: str) -> Callable[[dns.message.Message], dns.message.Message]:
    def answer(query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *addresses))
        return reply

    return answer


def nxdomain(query: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply


async def walked(
    authority: Authority,
    *answers: Callable[[dns.message.Message], dns.message.Message],
    standing: tuple[str, ...] = (GENUINE,),
    book: tuple[str, ...] = (),
    certificate: str = NAME,
) -> Walk:
    """A walk by TLS to NAME, whose every query brings these answers, one datagram after the other."""

    def reply(data: bytes) -> list[bytes]:
        query = dns.message.from_wire(data)
        return [each(query).to_wire() for each in answers]

    async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with liars.answering(reply) as dns_port, liars.listening(greets, authority.server(certificate)) as port:
        hands = liars.tools(authority.ca_file, dns_port=dns_port, timeout_s=1)
        return await liars.walked(_target(), _hands(hands, dict.fromkeys(standing, port), book))


def _hands(hands: Tools, ports: dict[str, int], book: tuple[str, ...]) -> Tools:
    assert isinstance(hands.wire, Sockets)
    return replace(hands, wire=Somewhere(hands.wire, ports), book=lambda host, v6: book, late_s=0.1)


def _target() -> Target:
    return Target("whatsapp", "web", Kind.TLS, Depth.WEB, (Endpoint(NAME, 443, Transport.TCP),), 1, 1)


async def test_two_different_answers_to_one_query_are_somebodys_doing(authority: Authority) -> None:
    seen = await walked(authority, a(FORGED), a(GENUINE))
    assert seen.failure is Failure.CONNECTION_REFUSED
    assert seen.steps[0].others == (GENUINE,)
    assert set(seen.findings) == {Finding.FORGED_DNS_ANSWER, Finding.INJECTED_DNS_ANSWER}


async def test_a_truth_that_comes_after_a_lie_of_nothing_is_heard(authority: Authority) -> None:
    seen = await walked(authority, nxdomain, a(GENUINE))
    assert (seen.failure, seen.findings) == (Failure.DNS_NXDOMAIN, (Finding.INJECTED_DNS_ANSWER,))


@pytest.mark.parametrize("answers", [(a(GENUINE), a(GENUINE)), (a(GENUINE, OTHER), a(OTHER, GENUINE))])
async def test_an_answer_the_network_has_doubled_is_no_lie(
    authority: Authority, answers: tuple[Callable[[dns.message.Message], dns.message.Message], ...]
) -> None:
    assert (await walked(authority, *answers)).findings == ()
    assert (await walked(authority, *answers, standing=())).findings == ()


async def test_nor_are_two_answers_where_the_first_proves_itself(authority: Authority) -> None:
    """A late one may be anybody's; what the first led to is genuine."""
    seen = await walked(authority, a(GENUINE), a(OTHER))
    assert seen.reached
    assert seen.findings == ()


async def test_behind_a_dead_name_the_walk_goes_on_by_the_book(authority: Authority) -> None:
    seen = await walked(authority, nxdomain, book=(GENUINE,))
    assert [step.step for step in seen.steps] == [Step.RESOLVE, Step.CONNECT, Step.HANDSHAKE]
    assert (seen.failure, seen.booked, seen.address) == (Failure.DNS_NXDOMAIN, True, GENUINE)
    assert seen.authenticated
    assert not seen.reached, "people do not have our book"
    assert seen.findings == (), "a name that is not there may be an error, or the provider's own choice"


async def test_every_wall_is_seen_and_not_only_the_first(authority: Authority) -> None:
    seen = await walked(authority, nxdomain, standing=(), book=(GENUINE,))
    assert [step.step for step in seen.broken] == [Step.RESOLVE, Step.CONNECT]


async def test_a_reserved_answer_is_forged_where_the_book_knows_better(authority: Authority) -> None:
    """The resolver asked here stands on this machine, not in the house."""
    assert (await walked(authority, a("10.9.8.7"))).findings == ()
    assert (await walked(authority, a("10.9.8.7"), book=(GENUINE,))).findings == (Finding.FORGED_DNS_ANSWER,)


async def test_a_sinkhole_at_home_stays_one_whatever_the_book_says(authority: Authority) -> None:
    class HomeRouter:
        async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> Resolved:
            return Resolved(("0.0.0.0",), private_resolver=True)

        async def ping(self, resolver: str, port: int, host: str, traffic: Traffic, said: list[bytes]) -> None:
            raise AssertionError

    hands = replace(_hands(liars.tools(authority.ca_file), {}, (GENUINE,)), names=HomeRouter())
    assert (await liars.walked(_target(), hands)).findings == (Finding.LOCAL_SINKHOLE,)


async def test_a_known_forgery_is_no_proof_of_what_the_book_reaches(authority: Authority) -> None:
    """The finding stays on the answer, though the walk went on and found the real one."""
    hands = replace(_hands(liars.tools(authority.ca_file), {}, (GENUINE,)), fingerprints=Fingerprints())
    async with liars.answering(liars.resolver(addresses=("10.10.34.36",))) as port:
        asked = liars.tools(authority.ca_file, dns_port=port)
        seen = await liars.walked(_target(), replace(hands, names=asked.names))
    assert Finding.FORGED_DNS_ANSWER in seen.findings
    assert not seen.reached


async def test_an_address_that_is_left_alone_is_passed_over_while_there_is_another(authority: Authority) -> None:
    async with liars.answering(liars.resolver(addresses=(GENUINE, OTHER))) as port:
        hands = _hands(liars.tools(authority.ca_file, dns_port=port), {}, ())
        for turn in range(3):
            to = _target()
            go = walk(to, to.endpoints[0], hands, reason=Reason.DUE, turn=turn, avoid=frozenset({GENUINE}))
            assert (await go).address == OTHER
        alone = walk(to, to.endpoints[0], hands, reason=Reason.DUE, turn=0, avoid=frozenset({GENUINE, OTHER}))
        assert (await alone).address in (GENUINE, OTHER)


def proven(address: str, at: Endpoint | None = None) -> Walk:
    return made(at=at or Endpoint(NAME, 443, Transport.TCP), address=address)


def test_the_book_holds_what_proved_itself_lately_and_nothing_else() -> None:
    book = Book(keep_ms=1000, shipped={NAME: ("157.240.9.9",)})
    assert book.addresses(NAME, v6=False) == ("157.240.9.9",)
    book.learn([proven(GENUINE)], now_ms=1)
    book.learn([proven(OTHER)], now_ms=2)
    assert book.addresses(NAME, v6=False) == (OTHER, GENUINE, "157.240.9.9")
    book.learn([structs.replace(proven(FORGED), steps=proven(FORGED).steps[:2])], now_ms=3)
    assert FORGED not in book.addresses(NAME, v6=False), "a connection proves nothing"
    book.learn([proven("2a03:2880::1")], now_ms=900)
    assert book.addresses(NAME, v6=True) == ("2a03:2880::1",)
    book.learn([], now_ms=1002)
    assert book.addresses(NAME, v6=False) == (OTHER, "157.240.9.9"), "what is old is not believed"
    again = Book(keep_ms=1000)
    again.recall({**book.memory(), "bad": {"1.2.3.4": "yesterday"}})
    again.learn([], now_ms=1002)
    assert again.addresses(NAME, v6=False) == (OTHER,)


def test_the_book_does_not_grow_without_end() -> None:
    book = Book(keep_ms=1e9)
    for number in range(100):
        book.learn([proven(f"157.240.1.{number}")], now_ms=number)
    assert book.addresses(NAME, v6=False) == tuple(f"157.240.1.{number}" for number in range(99, 91, -1))


class Says:
    """`Names` that always answer the same."""

    def __init__(self, *addresses: str, house: bool = False) -> None:
        self._said, self._house = addresses, house

    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> Resolved:
        return Resolved(self._said, self._house)

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic, said: list[bytes]) -> None:
        raise AssertionError


class Believed:
    def __init__(self, *addresses: str, silent: bool = False) -> None:
        self._said, self._silent = addresses, silent

    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> tuple[str, ...]:
        if self._silent:
            raise TimeoutError
        return self._said


NOWHERE = "0.0.0.0"


@pytest.mark.parametrize(
    ("system", "isp", "trusted", "findings"),
    [
        (Says(NOWHERE, house=True), None, None, (Finding.LOCAL_SINKHOLE,)),
        (Says(NOWHERE, house=True), Says(GENUINE), None, (Finding.LOCAL_SINKHOLE,)),
        (Says(NOWHERE, house=True), Says(NOWHERE), None, (Finding.FORGED_DNS_ANSWER,)),
        (Says(NOWHERE, house=True), Says(), Believed(GENUINE), (Finding.LOCAL_SINKHOLE,)),
        (Says("10.9.8.7"), None, Believed(GENUINE), (Finding.FORGED_DNS_ANSWER,)),
        (Says("10.9.8.7"), None, Believed("10.9.8.7"), ()),
        (Says("10.9.8.7"), None, Believed(), ()),
        (Says("10.9.8.7"), None, Believed(silent=True), ()),
        (Says("10.9.8.7", house=True), None, Believed(GENUINE), (Finding.LOCAL_SINKHOLE,)),
    ],
)
async def test_three_resolvers_together_tell_a_lie_of_the_house_from_one_of_the_operator(
    authority: Authority, system: Says, isp: Says | None, trusted: Believed | None, findings: tuple[Finding, ...]
) -> None:
    hands = _hands(liars.tools(authority.ca_file), {}, ())
    seen = await liars.walked(_target(), replace(hands, names=system, isp=isp, trusted=trusted))
    assert seen.findings == findings
    assert seen.booked is (trusted is not None and GENUINE in (seen.steps[0].trusted or ()))
