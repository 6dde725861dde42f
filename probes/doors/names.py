"""DNS through dnspython's messages on sockets of our own; never its resolver, which hides what we came to see.

Measured: `dns.asyncresolver` merges SERVFAIL with REFUSED and forged replies with timeouts, and a closed UDP port reads
as a timeout through `dns.asyncquery`; on a connected socket it is a refusal.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from probes.failure import Refusal
from probes.ports import Resolved, Traffic
from probes.words import Failure

_UDP_PAYLOAD = 1232  # DNS flag day 2020: fits every path without fragments
_UDP_HEADERS = 28
_TCP_HEADERS = 280  # a connect, a close and a segment each way
_TRY_NEXT = {Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_MALFORMED_REPLY, Failure.DNS_WRONG_ID}
_RCODES = {
    dns.rcode.NXDOMAIN: Failure.DNS_NXDOMAIN,
    dns.rcode.SERVFAIL: Failure.DNS_SERVFAIL,
    dns.rcode.REFUSED: Failure.DNS_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Resolvers:
    """`Names` over the resolvers people here get.

    Args:
        servers: their IPv4 or IPv6 addresses, in the order a stub resolver asks them.
        patience_s: how long one try waits; there are two, and the step's own deadline stands above both.
        port: 53 but in tests.
    """

    servers: Sequence[str]
    patience_s: float
    port: int = 53
    device: str = ""

    async def resolve(self, host: str, traffic: Traffic) -> Resolved:
        """Two tries, the second at the next resolver; NXDOMAIN and an empty answer are believed at once (RFC 1035)."""
        query = dns.message.make_query(host, dns.rdatatype.A, use_edns=0, payload=_UDP_PAYLOAD)
        server = self.servers[0]
        try:
            reply = await self._one_try(query, server, traffic)
        except (OSError, Refusal) as error:
            if isinstance(error, Refusal) and error.failure not in _TRY_NEXT:
                raise
            server = self.servers[1 % len(self.servers)]
            reply = await self._one_try(query, server, traffic)
        return Resolved(_addresses(reply), ipaddress.ip_address(server).is_private)

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic) -> None:
        query = dns.message.make_query(host, dns.rdatatype.A, use_edns=0, payload=_UDP_PAYLOAD)
        try:
            await self._by_udp(query, resolver, port, traffic)
        except TimeoutError:
            await self._by_udp(query, resolver, port, traffic)

    async def _one_try(self, query: dns.message.Message, server: str, traffic: Traffic) -> dns.message.Message:
        reply = await self._by_udp(query, server, self.port, traffic)
        if reply.flags & dns.flags.TC:
            reply = await self._by_tcp(query, server, traffic)
        if failure := _RCODES.get(reply.rcode()):
            raise Refusal(failure)
        if reply.rcode() is not dns.rcode.NOERROR or not _addresses(reply):
            raise Refusal(Failure.DNS_NO_ANSWER)
        return reply

    async def _by_udp(
        self, query: dns.message.Message, server: str, port: int, traffic: Traffic
    ) -> dns.message.Message:
        """Listens on past noise and foreign ids until the deadline: a forger may be first, the truth second."""
        loop = asyncio.get_running_loop()
        seen: Failure | None = None
        with _socket(server, socket.SOCK_DGRAM, self.device) as line:
            line.connect((server, port))
            wire = query.to_wire()
            try:
                async with asyncio.timeout(self.patience_s):
                    await loop.sock_sendall(line, wire)
                    traffic.sent += len(wire) + _UDP_HEADERS
                    while True:
                        data = await loop.sock_recv(line, 65535)
                        traffic.received += len(data) + _UDP_HEADERS
                        try:
                            return _parse(query, data)
                        except Refusal as noise:
                            seen = noise.failure
            except TimeoutError:
                if seen is None:
                    raise
                raise Refusal(seen) from None

    async def _by_tcp(self, query: dns.message.Message, server: str, traffic: Traffic) -> dns.message.Message:
        loop = asyncio.get_running_loop()
        with _socket(server, socket.SOCK_STREAM, self.device) as line:
            async with asyncio.timeout(self.patience_s):
                await loop.sock_connect(line, (server, self.port))
                wire = query.to_wire()
                await loop.sock_sendall(line, len(wire).to_bytes(2, "big") + wire)
                length = int.from_bytes(await _exactly(loop, line, 2), "big")
                data = await _exactly(loop, line, length)
        traffic.sent += len(wire) + _TCP_HEADERS
        traffic.received += len(data) + _TCP_HEADERS
        return _parse(query, data)


def _socket(server: str, kind: socket.SocketKind, device: str) -> contextlib.closing[socket.socket]:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    line = socket.socket(family, kind)
    line.setblocking(False)
    if device:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    return contextlib.closing(line)


async def _exactly(loop: asyncio.AbstractEventLoop, line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await loop.sock_recv(line, count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _parse(query: dns.message.Message, data: bytes) -> dns.message.Message:
    try:
        reply = dns.message.from_wire(data, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        raise Refusal(Failure.DNS_MALFORMED_REPLY) from None
    if reply.id != query.id:
        raise Refusal(Failure.DNS_WRONG_ID)
    if not query.is_response(reply):
        raise Refusal(Failure.DNS_MALFORMED_REPLY)
    return reply


def _addresses(reply: dns.message.Message) -> tuple[str, ...]:
    found = (rdata.address for rrset in reply.answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset)
    return tuple(dict.fromkeys(found))[:32]
