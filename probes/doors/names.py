"""DNS through dnspython's messages on sockets of our own; never its resolver, which hides what we came to see.

Measured: `dns.asyncresolver` merges SERVFAIL with REFUSED and forged replies with timeouts, and a closed UDP port reads
as a timeout through `dns.asyncquery`; on a connected socket it is a refusal.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import functools
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import dns.entropy
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.IN.A  # loaded before any reply: a foreign class seen first would settle what an A record is
import dns.rrset

from probes.failure import Refusal
from probes.ports import Resolved, Traffic
from probes.words import Failure

_UDP_PAYLOAD = 1232  # DNS flag day 2020: fits every path without fragments
_MOST_REPLY_BYTES, _MOST_RECORDS = 4096, 100  # dnspython needs 13 s for 64 KB of compressed names (measured)
_MOST_DATAGRAMS = 32  # a flood of noise must not eat the day's bytes
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
        server = self.servers[0]
        try:
            reply = await self._one_try(host, server, traffic)
        except (OSError, EOFError, Refusal) as first:
            if isinstance(first, Refusal) and first.failure not in _TRY_NEXT:
                raise
            server = self.servers[1 % len(self.servers)]
            try:
                reply = await self._one_try(host, server, traffic)
            except TimeoutError:
                if isinstance(first, Refusal):  # a No that was heard says more than a silence after it
                    raise first from None
                raise
        return Resolved(_addresses(reply), _in_the_house(server))

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic) -> None:
        query = _query(host)
        try:
            await self._by_udp(query, resolver, port, traffic)
        except TimeoutError:
            await self._by_udp(query, resolver, port, traffic)

    async def _one_try(self, host: str, server: str, traffic: Traffic) -> dns.message.Message:
        query = _query(host)
        reply = await self._by_udp(query, server, self.port, traffic)
        if reply.rcode() is dns.rcode.FORMERR:  # a resolver older than EDNS
            query = _query(host, edns=False)
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
            wire = _wire(query)
            try:
                async with asyncio.timeout(self.patience_s):
                    await loop.sock_sendall(line, wire)
                    traffic.sent += len(wire) + _UDP_HEADERS
                    for _ in range(_MOST_DATAGRAMS):
                        data = await loop.sock_recv(line, 65535)
                        traffic.received += len(data) + _UDP_HEADERS
                        try:
                            return _parse(query, data)
                        except Refusal as noise:
                            seen = noise.failure
            except TimeoutError:
                if seen is None:
                    raise
        raise Refusal(seen or Failure.DNS_MALFORMED_REPLY)

    async def _by_tcp(self, query: dns.message.Message, server: str, traffic: Traffic) -> dns.message.Message:
        loop = asyncio.get_running_loop()
        with _socket(server, socket.SOCK_STREAM, self.device) as line:
            async with asyncio.timeout(self.patience_s):
                await loop.sock_connect(line, (server, self.port))
                wire = _wire(query)
                await loop.sock_sendall(line, len(wire).to_bytes(2, "big") + wire)
                length = int.from_bytes(await _exactly(loop, line, 2), "big")
                data = await _exactly(loop, line, length)
        traffic.sent += len(wire) + _TCP_HEADERS
        traffic.received += len(data) + _TCP_HEADERS
        return _parse(query, data)


def _query(host: str, *, edns: bool = True) -> dns.message.Message:
    """With an id of its own; the rest is made once a name: that was half the work of asking (tests/bench)."""
    query = copy.copy(_made(host, edns)[0])
    query.id = dns.entropy.random_16()
    return query


def _wire(query: dns.message.Message) -> bytes:
    host = query.question[0].name.to_text(omit_final_dot=True)
    return query.id.to_bytes(2, "big") + _made(host, query.edns >= 0)[1][2:]


@functools.lru_cache(maxsize=1024)
def _made(host: str, edns: bool) -> tuple[dns.message.Message, bytes]:
    if edns:
        query = dns.message.make_query(host, dns.rdatatype.A, use_edns=0, payload=_UDP_PAYLOAD)
    else:
        query = dns.message.make_query(host, dns.rdatatype.A)
    return query, query.to_wire()


def _in_the_house(server: str) -> bool:
    """A home router, as against a stub on this machine: what that one says may come from anywhere."""
    ip = ipaddress.ip_address(server)
    return ip.is_private and not ip.is_loopback


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
    records = sum(int.from_bytes(data[at : at + 2], "big") for at in (6, 8, 10))
    if len(data) > _MOST_REPLY_BYTES or records > _MOST_RECORDS:
        raise Refusal(Failure.DNS_MALFORMED_REPLY)
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
    found = (rdata.address for rrset in reply.answer if _holds_addresses(rrset) for rdata in rrset)
    return tuple(dict.fromkeys(found))[:32]


def _holds_addresses(rrset: dns.rrset.RRset) -> bool:
    """Of class IN: an A record of another class is something else, and a liar's to send."""
    return rrset.rdtype == dns.rdatatype.A and rrset.rdclass == dns.rdataclass.IN
