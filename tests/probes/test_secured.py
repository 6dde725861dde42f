"""Connecting and greeting: every way of failing has its own word, told apart on real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct

import pytest
import trustme

from probes.doors.wire import Sockets
from probes.ports import Greeting, Stream, Traffic
from probes.words import Failure, Kind, Step, Transport
from tests.probes import liars
from tests.probes.liars import Authority, Behaviour, broke, listening, target, tools, walked


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


@pytest.mark.parametrize(
    ("alpn", "alone"), [((), True), (("http/1.1",), False)], ids=["it ends here", "a page follows"]
)
async def test_the_last_words_of_a_handshake_go_with_the_first_of_what_follows(
    authority: Authority, alpn: tuple[str, ...], alone: bool
) -> None:
    """One packet less of each page; and who only greets leaves no handshake half done."""
    wire = Sockets(authority.ca_file)
    async with listening(liars.says(b"so be it"), authority.server()) as port:
        counted = Counted(await wire.connect("127.0.0.1", port, Transport.TCP, Traffic()))
        greeted = await wire.handshake(counted, Greeting(liars.NAME, (liars.NAME,), alpn))
        assert counted.times == 1 + alone
        await greeted.stream.send(b"and so on")
        assert counted.times == 2 + alone
        assert await greeted.stream.receive(100) == b"so be it"
        greeted.stream.close()


class Counted:
    """How often something was sent."""

    def __init__(self, below: Stream) -> None:
        self._below, self.times = below, 0

    async def send(self, data: bytes) -> None:
        self.times += 1
        await self._below.send(data)

    async def receive(self, most: int) -> bytes:
        return await self._below.receive(most)

    def close(self) -> None:
        self._below.close()
