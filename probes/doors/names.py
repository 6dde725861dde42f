"""DNS on sockets of our own; never through dnspython's resolver, which hides what we came to see.

Measured: `dns.asyncresolver` merges SERVFAIL with REFUSED and forged replies with timeouts, and a closed UDP port reads
as a timeout through `dns.asyncquery`; on a connected socket it is a refusal.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from probes.deadline import Deadline
from probes.doors.messages import Question, Said
from probes.doors.nonblocking import Nonblocking
from probes.failure import Refusal
from probes.ports import Resolved, Traffic
from probes.words import Failure

_MOST_DATAGRAMS = 32  # a flood of noise must not eat the day's bytes
_UDP_HEADERS = 28
_TCP_HEADERS = 280  # a connect, a close and a segment each way
_TRY_NEXT = {Failure.DNS_SERVFAIL, Failure.DNS_REFUSED, Failure.DNS_MALFORMED_REPLY, Failure.DNS_WRONG_ID}


class Line:
    """A UDP socket on which one question was asked; it hears further answers until it is closed."""

    def __init__(self, question: Question, server: str, port: int, device: str, traffic: Traffic) -> None:
        self._question, self._traffic = question, traffic
        self.noise: Refusal | None = None  # the last thing that came and was no answer
        self._socket = _socket(server, socket.SOCK_DGRAM, device)
        self._waiting = Nonblocking(self._socket)
        try:
            self._socket.connect((server, port))
        except OSError:
            self._socket.close()
            raise

    async def ask(self) -> Said:
        """Listens on past noise and foreign ids: a forger may be first, the truth second. Has no deadline."""
        await self._waiting.send(self._question.wire)
        self._traffic.sent += len(self._question.wire) + _UDP_HEADERS
        return await self._next()

    async def others(self, patience_s: float) -> tuple[tuple[str, ...], ...]:
        """What waits already, and then the first to come within `patience_s`."""
        found: list[tuple[str, ...]] = []
        with contextlib.suppress(OSError, Refusal):
            for _ in range(_MOST_DATAGRAMS):
                found.append(self._read(self._socket.recv(65535)).addresses)
        if not found and patience_s > 0:
            with contextlib.suppress(TimeoutError, OSError, Refusal), Deadline(patience_s):
                found.append((await self._next()).addresses)
        return tuple(found)

    def close(self) -> None:
        self._waiting.close()

    async def _next(self) -> Said:
        for _ in range(_MOST_DATAGRAMS):
            data = await self._waiting.receive(65535)
            try:
                return self._read(data)
            except Refusal as noise:
                self.noise = noise
        raise self.noise or Refusal(Failure.DNS_MALFORMED_REPLY)

    def _read(self, data: bytes) -> Said:
        self._traffic.received += len(data) + _UDP_HEADERS
        return self._question.read(data)


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

    async def resolve(self, host: str, traffic: Traffic, *, v6: bool = False) -> Resolved:
        """Two tries, the second at the next resolver; NXDOMAIN and an empty answer are believed at once (RFC 1035)."""
        first: Refusal | None = None
        try:
            answer = await self._one_try(host, self.servers[0], traffic, v6)
            if answer.failure not in _TRY_NEXT or answer.failure is None:
                return answer
            first = Refusal(answer.failure)
            if answer.ear is not None:
                answer.ear.close()
        except Refusal as error:
            if error.failure not in _TRY_NEXT:
                raise
            first = error
        except (OSError, EOFError):
            pass
        try:
            return await self._one_try(host, self.servers[1 % len(self.servers)], traffic, v6)
        except TimeoutError:
            if first is not None:  # a No that was heard says more than a silence after it
                raise first from None
            raise

    async def ping(self, resolver: str, port: int, host: str, traffic: Traffic, said: list[bytes]) -> None:
        try:
            await self._sign_of_life(resolver, port, host, traffic, said)
        except TimeoutError:
            await self._sign_of_life(resolver, port, host, traffic, said)

    async def _sign_of_life(self, resolver: str, port: int, host: str, traffic: Traffic, said: list[bytes]) -> None:
        question = Question.about(host)
        said.append(question.wire)
        _, line = await self._by_udp(question, resolver, port, traffic)
        line.close()

    async def _one_try(self, host: str, server: str, traffic: Traffic, v6: bool) -> Resolved:
        question = Question.about(host, v6=v6)
        said, line = await self._by_udp(question, server, self.port, traffic)
        if said.asks_for_less:
            line.close()
            question = Question.about(host, v6=v6, edns=False)
            said, line = await self._by_udp(question, server, self.port, traffic)
        if not said.truncated:
            return Resolved(said.addresses, _in_the_house(server), said.failure, line)
        line.close()
        said = await self._by_tcp(question, server, traffic)
        return Resolved(said.addresses, _in_the_house(server), said.failure)

    async def _by_udp(self, question: Question, server: str, port: int, traffic: Traffic) -> tuple[Said, Line]:
        line = Line(question, server, port, self.device, traffic)
        try:
            with Deadline(self.patience_s):
                return await line.ask(), line
        except TimeoutError:
            line.close()
            if line.noise is not None:
                raise line.noise from None
            raise
        except BaseException:
            line.close()
            raise

    async def _by_tcp(self, question: Question, server: str, traffic: Traffic) -> Said:
        line = Nonblocking(_socket(server, socket.SOCK_STREAM, self.device))
        with contextlib.closing(line), Deadline(self.patience_s):
            await line.connect(server, self.port)
            await line.send(len(question.wire).to_bytes(2, "big") + question.wire)
            length = int.from_bytes(await _exactly(line, 2), "big")
            data = await _exactly(line, length)
        traffic.sent += len(question.wire) + _TCP_HEADERS
        traffic.received += len(data) + _TCP_HEADERS
        return question.read(data)


@functools.lru_cache(maxsize=64)
def _in_the_house(server: str) -> bool:
    """A home router, as against a stub on this machine: what that one says may come from anywhere."""
    ip = ipaddress.ip_address(server)
    return ip.is_private and not ip.is_loopback


def _socket(server: str, kind: socket.SocketKind, device: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    line = socket.socket(family, kind)
    line.setblocking(False)
    if device:
        try:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        except OSError:
            line.close()
            raise
    return line


async def _exactly(line: Nonblocking, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await line.receive(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
