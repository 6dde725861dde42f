"""Every way of failing has its own word, told apart on real sockets; and whatever comes back, a walk ends."""

from __future__ import annotations

import asyncio
import re
import resource
from dataclasses import replace
from ipaddress import ip_network

import dns.message
import dns.rcode
import pytest
import trustme

from probes.facts import Walk
from probes.fingerprint import Fingerprints, ForgedAnswer, Mark, Meaning, Where
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
    """The resolver here stands in private space, as a home router's does; a known forgery is one all the same."""
    async with liars.answering(liars.resolver(addresses=(answer,))) as port:
        hands = replace(tools(dns_port=port), fingerprints=known)
        walk = await walked(replace(target(Kind.TCP, 443, named=True)), hands)
    assert broke(walk) == (Step.RESOLVE, Failure.DNS_BOGON)
    assert walk.findings == (finding,)
    assert walk.address == "", "nobody walks to where a liar points"


# ---------------------------------------------------------------- knock


def openvpn(data: bytes) -> list[bytes]:
    return [b"\x40" + bytes(8) + b"\x01" + bytes(4) + data[1:9] + bytes(4)]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (openvpn, None),
        (lambda data: [], Failure.TIMEOUT),
        (lambda data: [data], Failure.KNOCK_UNEXPECTED_REPLY),
        (lambda data: [b"\x40" + bytes(25)], Failure.KNOCK_UNEXPECTED_REPLY),
    ],
    ids=["answers", "silence", "echo", "other session"],
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
