"""Knocking by OpenVPN, and what a walk never does, whatever comes back."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import replace

import pytest

from probes.kinds import TRAITS
from probes.place import Place
from probes.ports import Traffic
from probes.walk import ROUTES
from probes.words import Failure, Kind, Step, Transport
from tests.probes import liars
from tests.probes.liars import Authority, Behaviour, Reply, broke, listening, target, tools, walked


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


async def test_a_walk_never_writes_down_where_it_started(authority: Authority) -> None:
    """The far end stands at 127.0.0.1 here, and so do we: nothing but the far end's address is in the record."""
    async with listening(liars.silent, authority.server()) as port:
        walk = await walked(target(Kind.TLS, port), tools(authority.ca_file))
    assert repr(walk).count("127.0.0.1") == 2, "once as the endpoint's literal address, once as where it led"


async def test_a_certificate_is_read_anew_where_another_is_shown(authority: Authority) -> None:
    """What was read once is remembered by the bytes that were shown, never by the name."""
    hands, seen = tools(authority.ca_file), []
    for shown in (authority.server(), authority.server()):
        async with listening(liars.silent, shown) as port:
            seen += [(await walked(target(Kind.TLS, port), hands)).last.certificate for _ in range(2)]
    assert (seen[0], seen[2]) == (seen[1], seen[3])
    assert seen[0] is not None
    assert seen[2] is not None
    assert seen[0].sha256 != seen[2].sha256


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
