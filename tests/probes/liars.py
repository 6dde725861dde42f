"""Servers on loopback that lie, each in one way: real sockets, real packets, one function per lie."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import secrets
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import dns.message
import dns.rcode
import dns.rrset
import trustme

from probes.doors.clock import SystemClock
from probes.doors.names import Resolvers
from probes.doors.quic import QuicLines
from probes.doors.web import Browser
from probes.doors.wire import Sockets
from probes.facts import Endpoint, Target, Walk
from probes.fingerprint import Fingerprints
from probes.place import Tools
from probes.walk import walk
from probes.words import Depth, Failure, Kind, Reason, Step, Transport

NAME = "web.whatsapp.com"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


# ---------------------------------------------------------------- TCP


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A clean close as soon as anything was said."""
    await reader.read(1)


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(answer: bytes, *, then_silent: bool = False) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        if then_silent:
            await reader.read()

    return behave


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A 10 GB body, as fast as it is taken."""
    await reader.read(65536)
    writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10000000000\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        for _ in range(10_000_000_000 // 65536):
            writer.write(bytes(65536))
            await writer.drain()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"X-More: and more\r\n" * 1000)
            await writer.drain()


@contextlib.asynccontextmanager
async def listening(behaviour: Behaviour, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[int]:
    """The port (any, or this one) the liar listens on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await behaviour(reader, writer)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def closed_port() -> int:
    """Where nobody listens, by TCP or UDP."""
    return closed_ports(1)[0]


def closed_ports(count: int) -> list[int]:
    """Each another; of those that no outgoing connection is given meanwhile."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            port = 10_000 + secrets.randbelow(22_000)
            with contextlib.suppress(OSError):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    held.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
                ports.append(port)
        return ports


# ---------------------------------------------------------------- TLS


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a laboratory."""

    ca: trustme.CA
    ca_file: Path

    @classmethod
    def make(cls, folder: Path) -> Authority:
        ca = trustme.CA()
        path = folder / "ca.pem"
        ca.cert_pem.write_to_path(str(path))
        return cls(ca, path)

    def server(self, name: str = NAME, *, expired: bool = False, ca: trustme.CA | None = None) -> ssl.SSLContext:
        past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        issuer = ca or self.ca
        leaf = issuer.issue_cert(name, not_after=past) if expired else issuer.issue_cert(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        return context


# ---------------------------------------------------------------- UDP

Reply = Callable[[bytes], list[bytes]]  # a datagram in, any number out


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in self._reply(data):
            self._transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def answering(reply: Reply, port: int = 0) -> AsyncIterator[int]:
    """The UDP port (any, or this one) of somebody who answers each datagram with `reply`'s."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(reply), local_addr=("127.0.0.1", port))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def resolver(rcode: dns.rcode.Rcode = dns.rcode.NOERROR, addresses: tuple[str, ...] = ()) -> Reply:
    """A DNS server that gives every name the same answer."""

    def reply(data: bytes) -> list[bytes]:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.set_rcode(rcode)
        if addresses:
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *addresses))
        return [answer.to_wire()]

    return reply


# ---------------------------------------------------------------- walking


def tools(ca_file: Path | None = None, *, dns_port: int = 9, timeout_s: float = 0.3) -> Tools:
    return Tools(
        clock=SystemClock(),
        names=Resolvers(["127.0.0.1"], patience_s=timeout_s * 0.45, port=dns_port),
        wire=Sockets(ca_file),
        quic=QuicLines(ca_file),
        web=Browser("test", patience_s=timeout_s * 0.8),
        fingerprints=Fingerprints(),
        timeout_s=timeout_s,
        token=lambda count: bytes(number % 256 for number in range(count)),
    )


def target(kind: Kind, port: int, *, transport: Transport = Transport.TCP, named: bool = False) -> Target:
    address = "" if named else "127.0.0.1"
    return Target(
        service="whatsapp",
        id="web",
        kind=kind,
        depth=Depth.WEB,
        endpoints=(Endpoint(NAME, port, transport, address),),
        at_least=1,
        sample=1,
    )


async def walked(to: Target, hands: Tools) -> Walk:
    return await walk(to, to.endpoints[0], hands, reason=Reason.DUE, turn=0)


def broke(walk: Walk) -> tuple[Step, Failure | None]:
    """Where a walk ended, and in which word."""
    return walk.last.step, walk.last.failure
