"""The trusted resolvers: whoever proves who he is is believed, the next is asked where one cannot be, and nobody else ever."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trustme

from probes.doors.trusted import TrustedResolver, TrustedResolvers
from probes.doors.web import Browser
from probes.doors.wire import Sockets
from probes.failure import Refusal, classify
from probes.ports import Traffic, Trusted
from probes.words import Failure
from tests.probes import liars, resolvers
from tests.probes.liars import Authority, Behaviour, listening
from tests.probes.resolvers import by_http1, by_http2, message, over_tls

ADDRESS = "127.0.0.1"
HOST = "www.example.org"


def answer(data: bytes) -> bytes:
    """A for A, AAAA for AAAA."""
    query = dns.message.from_wire(data)
    reply = dns.message.make_response(query)
    (question,) = query.question
    address = "192.0.2.7" if question.rdtype == dns.rdatatype.A else "2001:db8::7"
    reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype.name, address))
    return reply.to_wire()


def no(rcode: dns.rcode.Rcode) -> resolvers.Answer:
    return lambda data: liars.resolver(rcode)(data)[0]


def asking(ca_file: Path, *them: TrustedResolver, patience_s: float = 0.3) -> Trusted:
    return TrustedResolvers(them, Sockets(ca_file), Browser("test", patience_s), patience_s)


def speaking(authority: Authority, alpn: str, name: str = ADDRESS) -> ssl.SSLContext:
    context = authority.server(name)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


@asynccontextmanager
async def doh(
    authority: Authority, served: resolvers.Answer = answer, alpn: str = "h2"
) -> AsyncIterator[TrustedResolver]:
    behaviour = by_http2(message(served)) if alpn == "h2" else by_http1(message(served))
    async with listening(behaviour, speaking(authority, alpn)) as port:
        yield TrustedResolver.doh(f"https://{ADDRESS}:{port}/dns-query")


@asynccontextmanager
async def dot(
    authority: Authority, behaviour: Behaviour | None = None, name: str = "dns.example.net"
) -> AsyncIterator[TrustedResolver]:
    async with listening(behaviour or over_tls(answer), authority.server(name)) as port:
        yield TrustedResolver(ADDRESS, "dns.example.net", port)


# ---------------------------------------------------------------- who is asked


def test_what_a_configuration_names_is_read() -> None:
    assert TrustedResolver.doh("https://1.1.1.1/dns-query") == TrustedResolver("1.1.1.1", "1.1.1.1", 443, "/dns-query")
    assert TrustedResolver.doh("https://[2606:4700::1]:8443") == TrustedResolver(
        "2606:4700::1", "2606:4700::1", 8443, "/"
    )
    assert TrustedResolver.dot("9.9.9.9", "dns.quad9.net") == TrustedResolver("9.9.9.9", "dns.quad9.net", 853)


@pytest.mark.parametrize(
    "url", ["https://dns.google/dns-query", "http://1.1.1.1/", "https://1.1.1.1/?dns=", "https://a@1.1.1.1/", "1.1.1.1"]
)
def test_a_resolver_that_would_have_to_be_looked_up_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TrustedResolver.doh(url)


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_addresses_over_https(authority: Authority, alpn: str) -> None:
    traffic = Traffic()
    async with doh(authority, alpn=alpn) as resolver:
        ask = asking(authority.ca_file, resolver)
        assert await ask.resolve(HOST, traffic) == ("192.0.2.7",)
        assert await ask.resolve(HOST, traffic, v6=True) == ("2001:db8::7",)
    assert traffic.sent > 500
    assert traffic.received > 500


async def test_addresses_over_tls(authority: Authority) -> None:
    async with dot(authority) as resolver:
        assert await asking(authority.ca_file, resolver).resolve(HOST, Traffic()) == ("192.0.2.7",)


@pytest.mark.parametrize(
    ("rcode", "failure"), [(dns.rcode.NXDOMAIN, Failure.DNS_NXDOMAIN), (dns.rcode.NOERROR, Failure.DNS_NO_ANSWER)]
)
async def test_that_there_is_nothing_is_an_answer_and_the_next_one_is_not_asked(
    authority: Authority, rcode: dns.rcode.Rcode, failure: Failure
) -> None:
    async with doh(authority, no(rcode)) as first, dot(authority) as second:
        with pytest.raises(Refusal) as refused:
            await asking(authority.ca_file, first, second).resolve(HOST, Traffic())
    assert refused.value.failure is failure


@pytest.mark.parametrize("behaviour", [liars.silent, liars.closes, liars.resets, over_tls(no(dns.rcode.SERVFAIL))])
async def test_the_next_one_is_asked_where_one_cannot_tell(authority: Authority, behaviour: Behaviour) -> None:
    async with dot(authority, behaviour) as first, doh(authority) as second:
        assert await asking(authority.ca_file, first, second).resolve(HOST, Traffic()) == ("192.0.2.7",)


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (over_tls(no(dns.rcode.REFUSED)), Failure.DNS_REFUSED),
        (over_tls(lambda data: b"\0" * 20), Failure.DNS_MALFORMED_REPLY),
        (liars.says(b"\xff\xff" + bytes(9000)), Failure.DNS_MALFORMED_REPLY),
        (liars.says(b"\0\x50hello"), Failure.EOF),
        (liars.silent, Failure.TIMEOUT),
        (liars.closes, Failure.EOF),
    ],
    ids=["refused", "nonsense", "too long", "breaks off", "silence", "close"],
)
async def test_where_nobody_can_tell_the_last_failure_is_said(
    authority: Authority, behaviour: Behaviour, failure: Failure
) -> None:
    async with dot(authority, behaviour) as resolver:
        with pytest.raises((OSError, EOFError, Refusal)) as failed:
            await asking(authority.ca_file, resolver).resolve(HOST, Traffic())
    assert classify(failed.value) is failure


async def test_a_page_with_another_status_is_no_answer(authority: Authority) -> None:
    async with listening(by_http2(lambda body: (403, {}, answer(body))), speaking(authority, "h2")) as port:
        ask = asking(authority.ca_file, TrustedResolver.doh(f"https://{ADDRESS}:{port}/dns-query"))
        with pytest.raises(Refusal) as refused:
            await ask.resolve(HOST, Traffic())
    assert refused.value.failure is Failure.HTTP_UNEXPECTED_STATUS


async def test_an_impostor_is_not_asked(authority: Authority) -> None:
    """Neither one with a certificate for another name, nor one whose authority nobody knows."""
    heard: list[bytes] = []

    def noting(data: bytes) -> bytes:
        heard.append(data)
        return answer(data)

    unknown = authority.server("dns.example.net", ca=trustme.CA())
    async with (
        dot(authority, over_tls(noting), "elsewhere.example") as first,
        listening(over_tls(noting), unknown) as port,
    ):
        ask = asking(authority.ca_file, first, TrustedResolver(ADDRESS, "dns.example.net", port))
        with pytest.raises(Refusal) as refused:
            await ask.resolve(HOST, Traffic())
    assert refused.value.failure is Failure.SSL_UNKNOWN_AUTHORITY, "the last one's"
    assert heard == []


async def test_with_nobody_to_ask_there_is_no_answer(authority: Authority) -> None:
    with pytest.raises(Refusal):
        await asking(authority.ca_file).resolve(HOST, Traffic())
