"""Every way of failing has its own word, told apart on real sockets; and whatever comes back, a walk ends."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
import ssl
import struct
import time
from dataclasses import replace
from ipaddress import ip_network

import dns.flags
import dns.message
import dns.rcode
import pytest
import trustme

from probes import known as shipped
from probes.doors.wire import Sockets
from probes.facts import Walk
from probes.fingerprint import Fingerprints, ForgedAnswer, Mark, Meaning, Where
from probes.kinds import TRAITS
from probes.place import Place
from probes.ports import Resolved, Stream, Traffic
from probes.walk import ROUTES
from probes.words import Answer, Failure, Finding, Kind, Step, Transport
from tests.probes import liars
from tests.probes.liars import Authority, Behaviour, Reply, listening, target, tools, walked


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("ca"))


def broke(walk: Walk) -> tuple[Step, Failure | None]:
    return walk.last.step, walk.last.failure


# ---------------------------------------------------------------- connect


async def test_a_closed_port_is_a_refusal() -> None:
    assert broke(await walked(target(Kind.TCP, liars.closed_port()), tools())) == (
        Step.CONNECT,
        Failure.CONNECTION_REFUSED,
    )


async def test_an_open_port_is_reached_and_proves_nothing() -> None:
    async with listening(liars.silent) as port:
        walk = await walked(target(Kind.TCP, port), tools())
    assert walk.reached
    assert not walk.authenticated
    assert walk.bytes_sent > 0


# ---------------------------------------------------------------- handshake


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (liars.silent, Failure.TIMEOUT),
        (liars.closes, Failure.EOF),
        (liars.resets, Failure.CONNECTION_RESET),
        (liars.says(b"SSH-2.0-OpenSSH_9.2\r\n", then_silent=True), Failure.SSL_FAILED_HANDSHAKE),
        (liars.says(bytes(range(256)) * 8), Failure.SSL_FAILED_HANDSHAKE),
        (liars.says(b"\x16\x03\x03\xff\xff" + bytes(70000)), Failure.SSL_FAILED_HANDSHAKE),
        (liars.says(b"\x15\x03\x03\x00\x02\x02\x28"), Failure.SSL_FAILED_HANDSHAKE),
    ],
    ids=["silence", "close", "reset", "other protocol", "noise", "nonsense record", "alert"],
)
async def test_a_handshake_breaks_in_its_own_word(behaviour: Behaviour, failure: Failure) -> None:
    async with listening(behaviour) as port:
        walk = await walked(target(Kind.TLS, port), tools())
    assert broke(walk) == (Step.HANDSHAKE, failure)
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE]


@pytest.mark.parametrize(
    ("flaw", "failure"),
    [
        ("none", None),
        ("wrong name", Failure.SSL_INVALID_HOSTNAME),
        ("unknown authority", Failure.SSL_UNKNOWN_AUTHORITY),
        ("expired", Failure.SSL_INVALID_CERTIFICATE),
    ],
)
async def test_each_flaw_of_a_certificate_has_its_word(
    authority: Authority, flaw: str, failure: Failure | None
) -> None:
    context = authority.server(
        "elsewhere.example" if flaw == "wrong name" else liars.NAME,
        expired=flaw == "expired",
        ca=trustme.CA() if flaw == "unknown authority" else None,
    )
    async with listening(liars.silent, context) as port:
        walk = await walked(target(Kind.TLS, port), tools(authority.ca_file))
    assert broke(walk) == (Step.HANDSHAKE, failure)
    assert walk.authenticated is (failure is None)
    if failure is None:
        certificate = walk.last.certificate
        assert certificate is not None
        assert certificate.issuer.startswith("trustme")
        assert len(certificate.sha256) == 64


async def test_a_bad_certificate_followed_by_a_reset_is_a_bad_certificate() -> None:
    """A middlebox that shows its own certificate and hangs up must not pass for one that only hangs up."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        away, to = await asyncio.open_connection("127.0.0.1", inner)
        to.write(await reader.read(65536))
        writer.write(await away.read(65536))
        await writer.drain()
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        to.close()
        writer.transport.abort()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("elsewhere.example").configure_cert(context)
    async with listening(liars.silent, context) as inner, listening(relay) as port:
        walk = await walked(target(Kind.TLS, port), tools())
    assert broke(walk) == (Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY)


# ---------------------------------------------------------------- fetch


async def fetched(
    authority: Authority, answer: Behaviour, *, known: Fingerprints | None = None, secure: bool = True
) -> Walk:
    hands = replace(tools(authority.ca_file), fingerprints=known or Fingerprints())
    async with listening(answer, authority.server() if secure else None) as port:
        return await walked(target(Kind.HTTPS if secure else Kind.HTTP, port), hands)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Answer.OK),
        (302, Answer.REDIRECT),
        (401, Answer.UNAUTHORIZED),
        (403, Answer.FORBIDDEN),
        (404, Answer.NOT_FOUND),
        (418, Answer.CLIENT_ERROR),
        (429, Answer.TOO_MANY),
        (451, Answer.LEGAL),
        (503, Answer.SERVER_ERROR),
    ],
)
async def test_any_status_over_a_valid_certificate_is_an_answer(
    authority: Authority, status: int, answer: Answer
) -> None:
    walk = await fetched(authority, liars.says(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nhi".encode()))
    assert (walk.reached, walk.authenticated, walk.last.answer) == (True, True, answer)


@pytest.mark.parametrize(
    ("date", "date_ms"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 0000 08:49:37 GMT", None),
        ("yesterday", None),
    ],
)
async def test_the_time_an_answer_gives_is_kept_where_the_far_end_proved_itself(
    authority: Authority, date: str, date_ms: int | None
) -> None:
    answer = liars.says(f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
    assert (await fetched(authority, answer)).last.date_ms == date_ms
    assert (await fetched(authority, answer, secure=False)).last.date_ms is None, "anybody may have said so"


async def test_where_the_head_is_enough_nothing_else_is_asked_for(authority: Authority) -> None:
    asked: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n")

    async with listening(behave, authority.server()) as port:
        walk = await walked(replace(target(Kind.HTTPS, port), options={"method": "HEAD"}), tools(authority.ca_file))
    assert asked[0].startswith(b"HEAD / HTTP/1.1\r\n")
    assert (walk.reached, walk.last.answer) == (True, Answer.NOT_FOUND)


async def test_a_status_that_was_not_expected_is_a_failure(authority: Authority) -> None:
    async with listening(liars.says(b"HTTP/1.1 200 OK\r\n\r\n"), authority.server()) as port:
        to = replace(target(Kind.HTTPS, port), expect=("204", "3xx"))
        walk = await walked(to, tools(authority.ca_file))
    assert broke(walk) == (Step.FETCH, Failure.HTTP_UNEXPECTED_STATUS)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (liars.says(bytes(range(256))), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 999 No\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(b"HTTP/1.1 100 Continue\r\n\r\n" * 20), Failure.HTTP_REQUEST_FAILED),
        (liars.endless_headers, Failure.HTTP_REQUEST_FAILED),
        (liars.closes, Failure.EOF),
        (liars.silent, Failure.TIMEOUT),
        (liars.says(b"HTTP/1.1 200 OK\r\nConte", then_silent=True), Failure.TIMEOUT),
    ],
    ids=["binary", "no such status", "no header", "only informational", "endless", "close", "silence", "stops"],
)
async def test_what_is_no_http_is_a_failure_and_bounded(
    authority: Authority, behaviour: Behaviour, failure: Failure
) -> None:
    assert broke(await fetched(authority, behaviour)) == (Step.FETCH, failure)


async def test_ten_gigabytes_cost_what_is_read_of_them(authority: Authority) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walk = await fetched(authority, liars.never_ends)
    assert walk.reached
    assert walk.last.answer is Answer.FORBIDDEN
    assert walk.bytes_received < 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


BLOCK = Mark("ir_iframe", Meaning.BLOCK_PAGE, Where.BODY, re.compile("10\\.10\\.34"))
LAW = Mark("http_451", Meaning.REFUSAL, Where.STATUS, re.compile("^451$"))
CHALLENGE = Mark("challenge", Meaning.CHALLENGE, Where.HEADER, re.compile("(?i)cf-mitigated: challenge"))
KNOWN = Fingerprints(marks=(BLOCK, LAW, CHALLENGE))
PAGE = b'HTTP/1.1 403 Forbidden\r\nContent-Length: 43\r\n\r\n<iframe src="http://10.10.34.36/?type=Inv">'


async def test_a_block_page_counts_in_clear_and_is_not_the_service(authority: Authority) -> None:
    walk = await fetched(authority, liars.says(PAGE), known=KNOWN, secure=False)
    assert walk.findings == (Finding.BLOCK_PAGE,)
    assert walk.last.fingerprint == "ir_iframe"
    assert not walk.reached


async def test_nobody_can_put_a_block_page_into_tls(authority: Authority) -> None:
    walk = await fetched(authority, liars.says(PAGE), known=KNOWN)
    assert walk.findings == ()
    assert walk.reached


async def test_a_refusal_counts_only_from_an_authenticated_far_end(authority: Authority) -> None:
    law = b"HTTP/1.1 451 Unavailable For Legal Reasons\r\nContent-Length: 0\r\n\r\n"
    assert (await fetched(authority, liars.says(law), known=KNOWN)).findings == (Finding.PROVIDER_REFUSAL,)
    assert (await fetched(authority, liars.says(law), known=KNOWN, secure=False)).findings == ()


async def test_a_no_that_anybody_may_get_is_noted_and_proves_nothing(authority: Authority) -> None:
    said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 47\r\n\r\nYour client does not have permission to get URL"
    walk = await fetched(authority, liars.says(said), known=shipped.load())
    assert walk.last.fingerprint == "google_no_permission"
    assert walk.findings == ()
    assert walk.last.answer is Answer.FORBIDDEN


async def test_a_providers_words_in_clear_are_neither_a_refusal_nor_a_block_page(authority: Authority) -> None:
    words = b"<h1>Error 1009</h1> Access denied"
    said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(words), words)
    eager = Fingerprints(marks=(Mark("eager", Meaning.BLOCK_PAGE, Where.BODY, re.compile("denied"), published="a"),))
    assert (await fetched(authority, liars.says(said), known=eager, secure=False)).findings == (Finding.BLOCK_PAGE,)
    walk = await fetched(authority, liars.says(said), known=shipped.load().more(eager), secure=False)
    assert walk.findings == ()
    assert walk.last.fingerprint == "cloudflare_1009"


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("end", ["reset", "silence", "drip", "close"])
async def test_a_page_that_breaks_off_has_been_seen_all_the_same(authority: Authority, end: str, secure: bool) -> None:
    """The head says what the far end thinks; a reset or a silence behind it takes nothing of that back."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 451 No\r\nContent-Length: 5000\r\n\r\n" + PAGE.partition(b"\r\n\r\n")[2])
        await writer.drain()
        if end == "reset":
            await asyncio.sleep(0.05)
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        while end == "drip":
            writer.write(b"x")
            await asyncio.sleep(0.05)
        if end == "silence":
            await reader.read()

    walk = await fetched(authority, behave, known=KNOWN, secure=secure)
    assert walk.failure is None
    assert walk.last.status == 451
    assert walk.findings == ((Finding.PROVIDER_REFUSAL,) if secure else (Finding.BLOCK_PAGE,))


async def test_chunks_wrapped_in_nothing_cost_what_is_read_of_them(authority: Authority) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1;" + b"x" * 15_000 + b"\r\na\r\n")
            await writer.drain()

    walk = await fetched(authority, behave)
    assert walk.last.status == 403
    assert walk.bytes_received < 500_000


async def test_our_own_address_on_a_page_is_in_no_digest(authority: Authority) -> None:
    def page(address: str) -> Behaviour:
        body = f"<p>Blocked. Your IP: {address}</p>".encode()
        return liars.says(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    addresses = ("203.0.113.77", "198.51.100.4", "2001:db8::77", "203-0-113-77", "MjAzLjAuMTEzLjc3")
    digests = {(await fetched(authority, page(address))).last.body_sha256 for address in addresses}
    assert len(digests) == 1
    assert None not in digests


async def test_a_challenge_is_an_answer(authority: Authority) -> None:
    page = b"HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\nContent-Length: 0\r\n\r\n"
    walk = await fetched(authority, liars.says(page), known=KNOWN)
    assert (walk.reached, walk.last.answer) == (True, Answer.CHALLENGE)


# ---------------------------------------------------------------- resolve


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

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic) -> None:
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
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_MALFORMED_REPLY if rdclass == 3 else Failure.DNS_NO_ANSWER)
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


# ---------------------------------------------------------------- knock


def openvpn(data: bytes) -> list[bytes]:
    return [b"\x40" + bytes(8) + b"\x01" + bytes(4) + data[1:9] + bytes(4)]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (openvpn, None),
        (lambda data: [], Failure.TIMEOUT),
        (lambda data: [b"somebody else's", *openvpn(data)], None),
        (lambda data: [data], Failure.KNOCK_UNEXPECTED_REPLY),
        (lambda data: [b"\x40" + bytes(25)], Failure.KNOCK_UNEXPECTED_REPLY),
    ],
    ids=["answers", "silence", "the truth is second", "echo", "other session"],
)
async def test_openvpn_over_udp(reply: Reply, failure: Failure | None) -> None:
    async with liars.answering(reply) as port:
        walk = await walked(target(Kind.OPENVPN, port, transport=Transport.UDP), tools())
    assert [seen.step for seen in walk.steps] == [Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (failure, failure is None)


async def test_one_lost_datagram_is_no_fact() -> None:
    heard = []

    def second_time(data: bytes) -> list[bytes]:
        heard.append(data)
        return openvpn(data) if len(heard) == 2 else []

    async with liars.answering(second_time) as port:
        walk = await walked(target(Kind.OPENVPN, port, transport=Transport.UDP), tools())
    assert walk.reached


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (liars.says(b"\x00\x1a\x40" + bytes(8) + b"\x01" + bytes(4) + bytes(range(8)) + bytes(4)), None),
        (liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Failure.KNOCK_UNEXPECTED_REPLY),
        (liars.closes, Failure.EOF),
        (liars.resets, Failure.CONNECTION_RESET),
        (liars.silent, Failure.TIMEOUT),
    ],
    ids=["answers", "http", "close", "reset", "silence"],
)
async def test_openvpn_over_tcp(behaviour: Behaviour, failure: Failure | None) -> None:
    async with listening(behaviour) as port:
        walk = await walked(target(Kind.OPENVPN, port), tools())
    assert broke(walk) == (Step.KNOCK, failure)


# ---------------------------------------------------------------- what a walk never does


async def test_a_walk_never_writes_down_where_it_started(authority: Authority) -> None:
    """The far end stands at 127.0.0.1 here, and so do we: nothing but the far end's address is in the record."""
    async with listening(liars.silent, authority.server()) as port:
        walk = await walked(target(Kind.TLS, port), tools(authority.ca_file))
    assert repr(walk).count("127.0.0.1") == 2, "once as the endpoint's literal address, once as where it led"


async def test_out_of_file_handles_is_our_fault_and_flies() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    hands = tools()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            await walked(target(Kind.TCP, 1), hands)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_cancelled_walk_leaves_no_socket_behind() -> None:
    async with listening(liars.silent) as port:
        task = asyncio.get_running_loop().create_task(walked(target(Kind.TLS, port), tools(timeout_s=5)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    # an unclosed socket would warn, and warnings are errors here


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_traits_and_its_steps(kind: Kind) -> None:
    assert TRAITS[kind].walk_bytes > 0
    assert ROUTES[kind]


@pytest.mark.parametrize(
    ("host", "address", "port", "authority"),
    [
        ("a.example", "192.0.2.1", 443, "a.example"),
        ("a.example", "192.0.2.1", 8443, "a.example:8443"),
        ("", "192.0.2.1", 443, "192.0.2.1"),
        ("", "2001:db8::1", 443, "[2001:db8::1]"),
        ("", "2001:db8::1", 8443, "[2001:db8::1]:8443"),
    ],
)
def test_http_names_the_far_end_as_rfc_3986_says(host: str, address: str, port: int, authority: str) -> None:
    to = target(Kind.HTTPS, port)
    place = Place(to, replace(to.endpoints[0], host=host), 0, Traffic(), address=address, secure=True)
    assert place.authority == authority
