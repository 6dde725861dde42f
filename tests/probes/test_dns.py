"""DNS within TLS and HTTPS: only this question's answer passes, from whom the certificate names; dnspython is the judge."""

from __future__ import annotations

import ssl
from dataclasses import replace

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.facts import Endpoint, Walk
from probes.knock import dns as knock
from probes.knock.dns import Answered, Malformed, Query, Type
from probes.knock.talk import Ask, Reply
from probes.words import Answer, Failure, Kind, Step, Transport
from tests.probes import liars, resolvers
from tests.probes.liars import Authority, Behaviour, listening, target, tools, walked
from tests.probes.resolvers import by_http1, by_http2, message, over_tls

NAME = "dns.example.net"
QUERY = Query(0x1234, NAME, framed=False)


def truth(data: bytes) -> bytes:
    (reply,) = liars.resolver(addresses=("192.0.2.1", "192.0.2.2"))(data)
    return reply


def answer(*rrsets: str, query: Query = QUERY) -> bytes:
    reply = dns.message.make_response(dns.message.from_wire(query.opening()))
    for name, ttl, rdclass, rdtype, data in (each.split(" ", 4) for each in rrsets):
        reply.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data))
    return reply.to_wire()


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize("type_", Type)
def test_a_question_is_what_dnspython_reads(type_: Type) -> None:
    asked = dns.message.from_wire(replace(QUERY, type=type_).opening())
    (question,) = asked.question
    assert (asked.id, question.name.to_text(), question.rdtype.name) == (0x1234, f"{NAME}.", type_.name)
    assert asked.flags == dns.flags.RD
    assert [option.otype for option in asked.options] == [dns.edns.OptionType.PADDING]


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63), min_size=1, max_size=3))
def test_every_question_has_the_same_length(labels: list[str]) -> None:
    """Up to names of some 80 letters; longer ones have the next multiple."""
    opening = Query(7, ".".join(labels), framed=True).opening()
    assert int.from_bytes(opening[:2], "big") == len(opening) - 2
    assert (len(opening) - 2) % 128 == 0
    assert dns.message.from_wire(opening[2:]).question[0].name.to_text() == ".".join(labels) + "."


def test_a_resolver_is_asked_for_its_own_name_unless_told_otherwise() -> None:
    def ask(host: str, options: dict[str, str]) -> Ask:
        return Ask(Endpoint(host, 853, Transport.TCP, "192.0.2.53"), "192.0.2.53", options, bytes, 0)

    assert knock.of_dot(ask(NAME, {})).name == NAME
    assert knock.of_doh(ask(NAME, {"ask": "a.example"})).name == "a.example"
    assert knock.of_doq(ask("", {})).name == "example.com"


# ---------------------------------------------------------------- what is heard


def test_the_answer_is_known_however_its_bytes_arrive() -> None:
    talk = replace(QUERY, framed=True)
    reply = truth(talk.opening()[2:])
    framed = len(reply).to_bytes(2, "big") + reply
    assert [talk.read(framed[:count]) for count in range(len(framed))] == [Reply.MORE] * len(framed)
    assert talk.read(framed) is Reply.PROVEN


@pytest.mark.parametrize("length", [0, 11, 4097, 0xFFFF])
def test_a_length_no_answer_has_is_something_else_at_once(length: int) -> None:
    assert replace(QUERY, framed=True).read(length.to_bytes(2, "big")) is Reply.OTHER


def test_addresses_come_through_aliases_and_only_for_the_name_that_was_asked_for() -> None:
    reply = answer(
        f"{NAME}. 60 IN CNAME a.example.",
        "A.example. 60 IN CNAME b.example.",
        "b.example. 60 IN A 192.0.2.2",
        "other.example. 60 IN A 192.0.2.9",
    )
    assert QUERY.answered(reply) == Answered(0, ("192.0.2.2",))


def test_aliases_that_go_in_a_circle_lead_nowhere() -> None:
    reply = answer(f"{NAME}. 60 IN CNAME a.example.", f"a.example. 60 IN CNAME {NAME}.", "b.example. 60 IN A 192.0.2.2")
    assert QUERY.answered(reply).addresses == ()


def test_an_ipv6_question_brings_ipv6_addresses() -> None:
    asked = replace(QUERY, type=Type.AAAA)
    assert asked.answered(answer(f"{NAME}. 60 IN AAAA 2001:db8::1", query=asked)).addresses == ("2001:db8::1",)


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.NXDOMAIN, dns.rcode.REFUSED, dns.rcode.FORMERR])
def test_a_no_is_heard_and_does_not_pass(rcode: dns.rcode.Rcode) -> None:
    (reply,) = liars.resolver(rcode)(QUERY.opening())
    assert QUERY.answered(reply).rcode == rcode
    assert QUERY.read(reply) is Reply.OTHER


TRUE = truth(QUERY.opening())
_QUESTION = 12 + len(NAME) + 2 + 4


@pytest.mark.parametrize("bit", range(8 * _QUESTION))
def test_not_one_bit_of_head_or_question_may_be_another(bit: int) -> None:
    """But those that say nothing of the question: AA, RD, RA, Z, AD, CD, and the case of letters."""
    changed = bytearray(TRUE)
    changed[bit // 8] ^= 0x80 >> bit % 8
    free = {2 * 8 + 5, 2 * 8 + 7, 3 * 8, 3 * 8 + 1, 3 * 8 + 2, 3 * 8 + 3}
    letter = bit >= 12 * 8 and chr(TRUE[bit // 8]).isalpha() and bit % 8 == 2
    assert (QUERY.read(bytes(changed)) is Reply.PROVEN) is (bit in free or letter)


@pytest.mark.parametrize(
    "reply",
    [
        TRUE + b"\0",
        TRUE[:6] + b"\xff\xff" + TRUE[8:],
        TRUE[:4] + b"\0\2" + TRUE[6:],
        QUERY.opening(),
        answer(f"{NAME}. 60 IN A 192.0.2.1").replace(b"\0\4\xc0\0\2\1", b"\0\3\xc0\0\2"),
        answer(f"{NAME}. 60 IN CNAME a.example.").replace(b"\0\x0b\1a\7example\0", b"\0\x0c\1a\7example\0\0"),
    ],
    ids=["goes on", "many records", "two questions", "an echo", "three bytes", "an alias and more"],
)
def test_what_is_no_whole_answer_is_none(reply: bytes) -> None:
    with pytest.raises(Malformed):
        QUERY.answered(reply)


def test_no_answer_that_breaks_off_is_one() -> None:
    for length in range(len(TRUE)):
        with pytest.raises(Malformed):
            QUERY.answered(TRUE[:length])


@pytest.mark.parametrize(
    "name",
    [b"\xc0\x0c", b"\xc0\xff", b"\xc0", b"\x3f", b"\x40" + bytes(64), (b"\x3f" + b"a" * 63) * 4 + b"\0", b"\x80\0"],
    ids=["itself", "beyond", "half a pointer", "breaks off", "65", "256", "unknown kind"],
)
def test_a_name_that_never_ends_or_is_too_long_is_none(name: bytes) -> None:
    with pytest.raises(Malformed):
        QUERY.answered(TRUE[:12] + name + TRUE[12 + len(NAME) + 2 :])


def test_pointers_lead_strictly_backwards() -> None:
    reply = answer(f"{NAME}. 60 IN A 192.0.2.1")
    assert QUERY.answered(reply).addresses == ("192.0.2.1",), "dnspython points at the question"
    with pytest.raises(Malformed):
        QUERY.answered(reply.replace(b"\xc0\x0c", b"\xc0" + bytes([_QUESTION])))


@pytest.mark.parametrize(("pointers", "passes"), [(15, True), (16, False)])
def test_few_pointers_are_followed(pointers: int, passes: bool) -> None:
    """In the data of a record of another type stands a chain of pointers, each to the one before; the last is a name."""
    chain = b"\xc0\x0c" + b"".join(
        (0xC000 + _QUESTION + 11 + 2 * step).to_bytes(2, "big") for step in range(pointers - 1)
    )
    other = b"\0" + b"\0\x10\0\1" + bytes(4) + len(chain).to_bytes(2, "big") + chain
    last = (
        (0xC000 + _QUESTION + 11 + 2 * (pointers - 1)).to_bytes(2, "big") + b"\0\1\0\1" + bytes(4) + b"\0\4\xc0\0\2\1"
    )
    reply = TRUE[:6] + b"\0\2" + bytes(4) + TRUE[12:_QUESTION] + other + last
    assert (QUERY.read(reply) is Reply.PROVEN) is passes


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    for framed in (True, False):
        assert replace(QUERY, framed=framed).read(data) in Reply
    assert QUERY.read(TRUE[:12] + data) in Reply
    assert QUERY.read(TRUE[:_QUESTION] + data) in Reply


# ---------------------------------------------------------------- the walk


def broke(walk: Walk) -> tuple[Step, Failure | None]:
    return walk.last.step, walk.last.failure


def silent_after(reply: bytes) -> Behaviour:
    return liars.says(len(reply).to_bytes(2, "big") + reply, then_silent=True)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (over_tls(truth), None),
        (over_tls(lambda data: liars.resolver(dns.rcode.REFUSED)(data)[0]), Failure.KNOCK_UNEXPECTED_REPLY),
        (over_tls(lambda data: truth(b"\xff\xff" + data[2:])), Failure.KNOCK_UNEXPECTED_REPLY),
        (liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Failure.KNOCK_UNEXPECTED_REPLY),
        (silent_after(b""), Failure.KNOCK_UNEXPECTED_REPLY),
        (liars.closes, Failure.EOF),
        (liars.silent, Failure.TIMEOUT),
    ],
    ids=["answers", "refuses", "another id", "http", "nothing in it", "close", "silence"],
)
async def test_dns_over_tls(authority: Authority, behaviour: Behaviour, failure: Failure | None) -> None:
    async with listening(behaviour, authority.server()) as port:
        walk = await walked(target(Kind.DOT, port), tools(authority.ca_file))
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.KNOCK]
    assert (broke(walk), walk.reached) == ((Step.KNOCK, failure), failure is None)


@pytest.mark.parametrize("kind", [Kind.DOT, Kind.DOH])
async def test_whoever_has_no_certificate_for_the_name_is_not_asked(authority: Authority, kind: Kind) -> None:
    heard: list[bytes] = []

    def noting(data: bytes) -> bytes:
        heard.append(data)
        return truth(data)

    behaviour = over_tls(noting) if kind is Kind.DOT else by_http1(message(noting))
    async with listening(behaviour, authority.server("elsewhere.example")) as port:
        walk = await walked(target(kind, port), tools(authority.ca_file))
    assert broke(walk) == (Step.HANDSHAKE, Failure.SSL_INVALID_HOSTNAME)
    assert heard == []


def speaking(authority: Authority, *alpn: str) -> ssl.SSLContext:
    context = authority.server()
    context.set_alpn_protocols(list(alpn))
    return context


async def by_https(authority: Authority, version: str, served: resolvers.Served) -> Walk:
    behaviour = by_http2(served) if version == "h2" else by_http1(served)
    async with listening(behaviour, speaking(authority, version)) as port:
        return await walked(target(Kind.DOH, port), tools(authority.ca_file))


@pytest.mark.parametrize("version", ["h2", "http/1.1"])
async def test_dns_over_https_in_the_version_the_resolver_speaks(authority: Authority, version: str) -> None:
    walk = await by_https(authority, version, message(truth))
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.HANDSHAKE, Step.KNOCK]
    assert (walk.reached, walk.last.status, walk.last.answer) == (True, 200, Answer.OK)


@pytest.mark.parametrize("version", ["h2", "http/1.1"])
@pytest.mark.parametrize(
    ("status", "answer"), [(403, Answer.FORBIDDEN), (429, Answer.TOO_MANY), (302, Answer.REDIRECT), (204, Answer.OK)]
)  # fmt: skip
async def test_another_status_is_noted(authority: Authority, version: str, status: int, answer: Answer) -> None:
    walk = await by_https(authority, version, lambda body: (status, {}, b""))
    assert broke(walk) == (Step.KNOCK, Failure.HTTP_UNEXPECTED_STATUS)
    assert (walk.last.status, walk.last.answer) == (status, answer)


@pytest.mark.parametrize("version", ["h2", "http/1.1"])
async def test_a_page_that_is_no_answer_does_not_pass(authority: Authority, version: str) -> None:
    walk = await by_https(authority, version, lambda body: (200, {}, b"<html>hello"))
    assert (broke(walk), walk.last.status) == ((Step.KNOCK, Failure.KNOCK_UNEXPECTED_REPLY), 200)


async def test_what_is_posted_is_what_rfc_8484_says(authority: Authority) -> None:
    seen: list[dict[str, str]] = []
    async with listening(by_http2(message(truth), seen), speaking(authority, "h2")) as port:
        to = replace(target(Kind.DOH, port), options={"path": "/other"})
        assert (await walked(to, tools(authority.ca_file))).reached
    assert seen[0] == {
        ":method": "POST",
        ":scheme": "https",
        ":authority": f"{liars.NAME}:{port}",
        ":path": "/other",
        "user-agent": "test",
        "accept": "application/dns-message",
        "content-type": "application/dns-message",
        "content-length": "128",
    }


H2 = b"\0\0\0\4\0\0\0\0\0"  # an empty SETTINGS


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (liars.says(b"HTTP/1.1 200 OK\r\n\r\n"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(H2 + b"\0\0\4\3\0\0\0\0\1\0\0\0\7"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(H2 + b"\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\0"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(H2 + b"\0\0\1\1\5\0\0\0\1\x88"), Failure.KNOCK_UNEXPECTED_REPLY),
        (liars.says(H2 + b"\0\0\1\1\5\0\0\0\1\xff"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(H2 + b"\0\0\5\1\4\0\0\0\1\x08\x03103" * 20), Failure.HTTP_REQUEST_FAILED),
        (liars.says(H2 + b"\0\0\5\1\4\0\0\0\1\x08\x03999"), Failure.HTTP_REQUEST_FAILED),
        (liars.says(H2 + b"\0\0\1\1\4\0\0\0\1\x88" + b"\0\0\1\0\0\0\0\0\1x"), Failure.KNOCK_UNEXPECTED_REPLY),
        (liars.says(H2 + b"\0\0\x08\6\0\0\0\0\0pingpong" * 40_000, then_silent=True), Failure.HTTP_REQUEST_FAILED),
        (liars.closes, Failure.EOF),
        (liars.silent, Failure.TIMEOUT),
    ],
    ids=[
        *("http/1.1", "stream reset", "goodbye", "nothing in it", "no fields", "only informational", "no such status"),
        *("breaks off", "endless pings", "close", "silence"),
    ],
)  # fmt: skip
async def test_what_is_no_http2_is_a_failure_and_bounded(
    authority: Authority, behaviour: Behaviour, failure: Failure
) -> None:
    async with listening(behaviour, speaking(authority, "h2")) as port:
        walk = await walked(
            target(Kind.DOH, port), tools(authority.ca_file, timeout_s=0.3 if failure is Failure.TIMEOUT else 5)
        )
    assert broke(walk) == (Step.KNOCK, failure)
    assert walk.bytes_received < 400_000


async def test_a_body_longer_than_the_window_is_read_to_our_bound(authority: Authority) -> None:
    walk = await by_https(authority, "h2", lambda body: (403, {}, b"x" * 200_000))
    assert (broke(walk), walk.last.status) == ((Step.KNOCK, Failure.HTTP_UNEXPECTED_STATUS), 403)
    assert walk.bytes_received < 200_000


async def test_too_long_a_head_is_none(authority: Authority) -> None:
    walk = await by_https(authority, "h2", lambda body: (200, {f"x-{n}": "y" * 200 for n in range(90)}, b""))
    assert broke(walk) == (Step.KNOCK, Failure.HTTP_REQUEST_FAILED)
