"""QUIC: whether it passes at all, whether it passes by this name, and who answers; each No in its own word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
import trustme
from aioquic.quic.packet import QuicProtocolVersion
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probes.doors.quic import QuicLine, QuicLines
from probes.facts import Walk
from probes.failure import Refusal, classify
from probes.fingerprint import Fingerprints, ForgedAnswer
from probes.ports import Greeted, Greeting, Stream, Traffic, Wire
from probes.words import Answer, Failure, Finding, Kind, Step, Transport
from tests.probes import liars
from tests.probes.liars import Authority, answering, target, tools, walked
from tests.probes.quic_server import Speaks, does, doq, http3, page, quic_server, says

# one real exchange (tcpdump of ntop/nDPI's capture quic-forcing-vn-with-data, facts only)


def broke(walk: Walk) -> tuple[Step, Failure | None]:
    return walk.last.step, walk.last.failure


# ---------------------------------------------------------------- the walk


async def walk_to(
    authority: Authority, speaks: Speaks, kind: Kind = Kind.QUIC, *, timeout_s: float = 1.5, **options: Any
) -> Walk:
    async with quic_server(authority, speaks, alpn="doq" if kind is Kind.DOQ else "h3", **options) as port:
        return await walked(target(kind, port, transport=Transport.UDP), tools(authority.ca_file, timeout_s=timeout_s))


@pytest.mark.parametrize(
    ("status", "answer"), [(200, Answer.OK), (403, Answer.FORBIDDEN), (451, Answer.LEGAL), (503, Answer.SERVER_ERROR)]
)
async def test_any_status_over_a_valid_certificate_is_an_answer(
    authority: Authority, status: int, answer: Answer
) -> None:
    walk = await walk_to(authority, page(status))
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.FETCH]
    assert (walk.reached, walk.authenticated, walk.last.answer) == (True, True, answer)
    assert (walk.last.body_sha256 is None) is (status == 200), "an authenticated success has no body worth its bytes"
    assert walk.steps[1].certificate is not None
    assert walk.bytes_sent > 3600


async def test_what_is_asked_is_what_a_browser_asks(authority: Authority) -> None:
    seen: list[dict[str, str]] = []
    async with quic_server(authority, http3(lambda asked: (204, {}, b""), seen)) as port:
        to = replace(target(Kind.QUIC, port, transport=Transport.UDP), options={"path": "/robots.txt"})
        assert (await walked(to, tools(authority.ca_file, timeout_s=1.5))).reached
    assert seen[0][":method"] == "GET"
    assert (seen[0][":path"], seen[0][":authority"]) == ("/robots.txt", f"{liars.NAME}:{port}")


@pytest.mark.parametrize(
    ("flaw", "failure"),
    [
        ({"name": "elsewhere.example"}, Failure.SSL_INVALID_HOSTNAME),
        ({"ca": trustme.CA()}, Failure.SSL_UNKNOWN_AUTHORITY),
        ({"expired": True}, Failure.SSL_INVALID_CERTIFICATE),
    ],
    ids=["wrong name", "unknown authority", "expired"],
)
async def test_each_flaw_of_a_certificate_has_its_word_and_nothing_is_asked(
    authority: Authority, flaw: dict[str, Any], failure: Failure
) -> None:
    """That QUIC passed is still no proof of who answered."""
    seen: list[dict[str, str]] = []
    walk = await walk_to(authority, http3(lambda asked: (200, {}, b""), seen), **flaw)
    assert [step.step for step in walk.steps] == [Step.CONNECT, Step.HANDSHAKE]
    assert (walk.failure, walk.authenticated, seen) == (failure, False, [])


class OfVersionFour:
    """A certificate no library reads: its version is one there is not."""

    def __init__(self, true: x509.Certificate) -> None:
        self._true = true

    def public_bytes(self, encoding: Encoding) -> bytes:
        return self._true.public_bytes(encoding).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)


async def test_a_certificate_nobody_can_read_is_a_failure_and_not_our_end(authority: Authority) -> None:
    async with quic_server(authority, page(), disguise=OfVersionFour) as port:
        to = target(Kind.QUIC, port, transport=Transport.UDP)
        walk = await walked(to, tools(authority.ca_file, timeout_s=1.5))
    assert broke(walk) == (Step.HANDSHAKE, Failure.SSL_INVALID_CERTIFICATE)


async def test_wildcards_and_literal_addresses_are_names_too(authority: Authority) -> None:
    for name, host in (("*.whatsapp.com", liars.NAME), ("127.0.0.1", "")):
        async with quic_server(authority, page(), name=name) as port:
            to = target(Kind.QUIC, port, transport=Transport.UDP)
            to = replace(to, endpoints=(replace(to.endpoints[0], host=host),))
            assert (await walked(to, tools(authority.ca_file, timeout_s=1.5))).reached, name


async def test_silence_is_told_before_any_name_is_said() -> None:
    heard: list[bytes] = []
    async with answering(lambda data: heard.append(data) or []) as port:  # type: ignore[func-returns-value]
        walk = await walked(target(Kind.QUIC, port, transport=Transport.UDP), tools())
    assert broke(walk) == (Step.CONNECT, Failure.TIMEOUT)
    assert [data[1:5] for data in heard] == [bytes.fromhex("babababa")] * 2


async def test_a_closed_port_is_a_refusal() -> None:
    walk = await walked(target(Kind.QUIC, liars.closed_port(), transport=Transport.UDP), tools())
    assert broke(walk) == (Step.CONNECT, Failure.CONNECTION_REFUSED)
    walk = await walked(target(Kind.DOQ, liars.closed_port(), transport=Transport.UDP), tools())
    assert broke(walk) == (Step.HANDSHAKE, Failure.CONNECTION_REFUSED)


async def test_a_name_that_is_filtered_fails_where_quic_itself_passes(authority: Authority) -> None:
    """A middlebox that lets version negotiation through and swallows every Initial (they show the name)."""

    class Swallows(liars._Datagrams):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if data[1:5] == bytes.fromhex("babababa"):
                sizes = data[5], data[6 + data[5]]
                to, by = data[5 : 6 + sizes[0]], data[6 + sizes[0] : 7 + sum(sizes)]
                self._transport.sendto(b"\x80" + bytes(4) + by + to + b"\0\0\0\1", addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Swallows(lambda data: []), local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    walk = await walked(target(Kind.QUIC, port, transport=Transport.UDP), tools())
    transport.close()
    assert broke(walk) == (Step.HANDSHAKE, Failure.TIMEOUT)
    assert not walk.authenticated


class Home:
    """`Wire` that goes to 127.0.0.1, whatever the resolver said."""

    def __init__(self, below: Wire) -> None:
        self._below = below

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        return await self._below.connect("127.0.0.1", port, transport, traffic)

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await self._below.handshake(stream, greeting)


@pytest.mark.parametrize("genuine", [True, False])
async def test_a_known_forgery_that_leads_to_any_quic_server_is_one(authority: Authority, genuine: bool) -> None:
    """Version negotiation is answered by anybody: it must not make the answer genuine. A certificate does."""
    known = Fingerprints(forged=(ForgedAnswer("tr_6", ip_network("195.175.254.2/32")),))
    name = liars.NAME if genuine else "elsewhere.example"
    async with (
        answering(liars.resolver(addresses=("195.175.254.2",))) as dns_port,
        quic_server(authority, page(), name=name) as port,
    ):
        hands = tools(authority.ca_file, dns_port=dns_port, timeout_s=1.5)
        hands = replace(hands, wire=Home(hands.wire), fingerprints=known)
        walk = await walked(target(Kind.QUIC, port, transport=Transport.UDP, named=True), hands)
    assert [seen.step for seen in walk.steps][:3] == [Step.RESOLVE, Step.CONNECT, Step.HANDSHAKE]
    assert walk.reached is genuine
    assert walk.findings == (() if genuine else (Finding.FORGED_DNS_ANSWER,))


async def test_a_server_of_other_versions_is_incompatible(authority: Authority) -> None:
    walk = await walk_to(authority, page(), supported_versions=[QuicProtocolVersion.VERSION_2])
    assert broke(walk) == (Step.HANDSHAKE, Failure.QUIC_INCOMPATIBLE_VERSION)


async def test_no_common_protocol_within_is_a_failed_handshake(authority: Authority) -> None:
    async with quic_server(authority, page(), alpn="smtp") as port:
        to = target(Kind.QUIC, port, transport=Transport.UDP)
        walk = await walked(to, tools(authority.ca_file, timeout_s=1.5))
    assert broke(walk) == (Step.HANDSHAKE, Failure.SSL_FAILED_HANDSHAKE)


@pytest.mark.parametrize(
    ("speaks", "failure"),
    [
        (says(b"HTTP/1.1 200 OK\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (says(b""), Failure.HTTP_REQUEST_FAILED),
        (says(b"", end=False), Failure.TIMEOUT),
        (http3(lambda asked: (600, {}, b"")), Failure.HTTP_REQUEST_FAILED),
        (http3(lambda asked: (200, {f"x-{n}": "y" * 200 for n in range(90)}, b"")), Failure.HTTP_REQUEST_FAILED),
        (does(lambda state, stream: state.reset_stream(stream, 0x10C)), Failure.HTTP_REQUEST_FAILED),
        (does(lambda state, stream: state.close(error_code=0x100)), Failure.EOF),
        (does(lambda state, stream: state.close(error_code=0x102)), Failure.CONNECTION_ABORTED),
        (does(lambda state, stream: state.close(error_code=2, frame_type=0)), Failure.CONNECTION_REFUSED),
        (does(lambda state, stream: state.close(error_code=10, frame_type=0)), Failure.CONNECTION_ABORTED),
    ],
    ids=[
        *("http/1.1", "nothing", "silence", "no such status", "too long a head", "stream reset"),
        *("goodbye", "their fault", "refusal", "our fault"),
    ],
)
async def test_what_is_no_http3_is_a_failure(authority: Authority, speaks: Speaks, failure: Failure) -> None:
    timeout_s = 0.4 if failure is Failure.TIMEOUT else 1.5
    assert broke(await walk_to(authority, speaks, timeout_s=timeout_s)) == (Step.FETCH, failure)


async def test_a_long_page_costs_what_is_read_of_it(authority: Authority) -> None:
    walk = await walk_to(authority, page(403, b"x" * 3_000_000))
    assert walk.last.answer is Answer.FORBIDDEN
    assert walk.bytes_received < 400_000


async def test_a_body_that_breaks_off_is_no_failure(authority: Authority) -> None:
    """HEADERS (RFC 9114 section 7.2.2) with line 27 of the static table, 404 (RFC 9204 appendix A); then half a DATA."""
    async with quic_server(authority, says(b"\x01\x03\0\0\xdb\0\x7fhello", end=False)) as port:
        walk = await walked(target(Kind.QUIC, port, transport=Transport.UDP), tools(authority.ca_file, timeout_s=0.5))
    assert (walk.reached, walk.last.answer) == (True, Answer.NOT_FOUND)
    assert walk.last.body_sha256 is not None


# ---------------------------------------------------------------- DNS over QUIC


def truth(data: bytes) -> bytes:
    assert data[:2] == b"\0\0", "RFC 9250 section 4.2.1"
    (reply,) = liars.resolver(addresses=("192.0.2.1",))(data)
    return reply


@pytest.mark.parametrize(
    ("speaks", "failure"),
    [
        (doq(truth), None),
        (doq(lambda data: b"\0\1" + truth(data)[2:]), Failure.KNOCK_UNEXPECTED_REPLY),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Failure.KNOCK_UNEXPECTED_REPLY),
        (says(b"\0\x50hello"), Failure.EOF),
        (says(b""), Failure.EOF),
        (says(b"", end=False), Failure.TIMEOUT),
        (does(lambda state, stream: state.reset_stream(stream, 5)), Failure.CONNECTION_RESET),
    ],
    ids=["answers", "another id", "http", "breaks off", "nothing", "silence", "reset"],
)
async def test_dns_over_quic(authority: Authority, speaks: Speaks, failure: Failure | None) -> None:
    timeout_s = 0.4 if failure is Failure.TIMEOUT else 1.5
    walk = await walk_to(authority, speaks, Kind.DOQ, timeout_s=timeout_s)
    assert [seen.step for seen in walk.steps] == [Step.HANDSHAKE, Step.KNOCK]
    assert (walk.failure, walk.reached) == (failure, failure is None)


# ---------------------------------------------------------------- whatever comes


class Heard:
    """`Stream` that plays back datagrams, then is silent for ever."""

    def __init__(self, datagrams: list[bytes], ours: Callable[[bytes], bytes] | None = None) -> None:
        self._datagrams = list(datagrams)
        self._ours = ours
        self._first = b""

    async def send(self, data: bytes) -> None:
        self._first = self._first or data

    async def receive(self, most: int) -> bytes:
        if not self._datagrams:
            raise ConnectionResetError(104, "over")
        data = self._datagrams.pop(0)
        return self._ours(self._first) + data if self._ours else data

    def close(self) -> None:
        pass


def _to_us(sent: bytes) -> bytes:
    """The head of a long packet of version 1 to who sent this, as far as the connection ids."""
    to = sent[6 + sent[5] : 7 + sent[5] + sent[6 + sent[5]]]
    return b"\0\0\0\1" + to + b"\x08theirown"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(b"\xc0\xd0\xe0\xf0\x40"), st.binary(max_size=80)), max_size=6))
async def test_no_datagrams_make_it_raise_anything_but_a_failure(datagrams: list[tuple[bool, int, bytes]]) -> None:
    for addressed in (False, True):
        stream = Heard([], None)
        line = QuicLine(stream, Greeting(liars.NAME, (liars.NAME,), ("h3",)))
        stream._datagrams = [data for _, _, data in datagrams]
        if addressed:
            stream._ours = lambda sent: bytes([0xC0]) + _to_us(sent)
        with pytest.raises((OSError, EOFError, Refusal)) as failed:
            await line.greet()
        assert classify(failed.value) is not None


async def test_a_true_server_whose_bits_are_flipped_is_not_believed(authority: Authority) -> None:
    """Every datagram of the server is corrupted in one place: AEAD sees it, and nothing but silence is left."""
    async with quic_server(authority, page()) as port:
        loop = asyncio.get_running_loop()
        behind = await loop.create_datagram_endpoint(lambda: _Relay(port), local_addr=("127.0.0.1", 0))
        here = behind[0].get_extra_info("sockname")[1]
        stream = await tools().wire.connect("127.0.0.1", here, Transport.UDP, Traffic())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await QuicLines(authority.ca_file).handshake(stream, Greeting(liars.NAME, (liars.NAME,), ("h3",)))
        stream.close()
        behind[0].close()


class _Relay(asyncio.DatagramProtocol):
    def __init__(self, to: int) -> None:
        self._to, self._client = ("127.0.0.1", to), ("", 0)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr == self._to:
            self._transport.sendto(data[:60] + bytes([data[60] ^ 1]) + data[61:], self._client)
        else:
            self._client = addr
            self._transport.sendto(data, self._to)


async def test_a_flood_of_noise_is_not_read_to_its_end() -> None:
    async with answering(lambda data: [b"\x40" + bytes(30_000)] * 100) as port:
        walk = await walked(target(Kind.DOQ, port, transport=Transport.UDP), tools(timeout_s=1))
    assert (walk.reached, walk.bytes_received < 2_000_000) == (False, True)
    line = QuicLine(Heard([b"\x40" + bytes(30_000)] * 100), Greeting(liars.NAME, (liars.NAME,), ("h3",)))
    with pytest.raises(Refusal):
        await line.greet()


async def test_a_cancelled_handshake_leaves_no_socket_behind() -> None:
    async with answering(lambda data: []) as port:
        stream = await tools().wire.connect("127.0.0.1", port, Transport.UDP, Traffic())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await QuicLines().handshake(stream, Greeting(liars.NAME, (liars.NAME,), ("h3",)))
        stream.close()
    # an unclosed socket would warn, and warnings are errors here
