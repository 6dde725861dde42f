"""Sockets by hand: connect and handshake are steps of their own, each with its own error and its own length."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import sys
import termios
from pathlib import Path

from probes.doors.dates import OURS, Dates
from probes.doors.nonblocking import Nonblocking
from probes.doors.tls import ROOTS, SecureLine, Trusts
from probes.ports import Greeted, Greeting, Stream, Traffic
from probes.words import Transport

# What a long page that we close early costs a mobile line: 39 KB by loopback, 52 KB with twice this buffer, 28 KB with
# half of it, which would cost a chain of certificates a round trip (tests/bench/walk_bytes.py).
_RECEIVE_BUFFER = 8 * 1024
_LONG_BUFFER = 32 * 1024  # for a body that is wanted: with 8 KB a round trip every far transfer would be equally slow
_TCP_OPEN_AND_CLOSE = 140  # each way: the packets without payload that open and close a connection
_SEGMENT = 1400
_HEADERS = {Transport.TCP: 40, Transport.UDP: 28}


class Line:
    """A connected socket that counts what crosses it."""

    def __init__(self, sock: socket.socket, transport: Transport, traffic: Traffic) -> None:
        self._sock, self._waiting = sock, Nonblocking(sock)
        self._per_packet = _HEADERS[transport]
        self._traffic = traffic

    async def connect(self, address: str, port: int) -> None:
        """By TCP."""
        self._traffic.sent += _TCP_OPEN_AND_CLOSE
        await self._waiting.connect(address, port)
        self._traffic.received += _TCP_OPEN_AND_CLOSE

    async def send(self, data: bytes) -> None:
        self._traffic.sent += self._on_the_wire(len(data))
        await self._waiting.send(data)

    async def receive(self, most: int) -> bytes:
        data = await self._waiting.receive(most)
        self._traffic.came(self._on_the_wire(len(data)))
        return data

    def close(self) -> None:
        """What came and was never asked for was paid for all the same."""
        with contextlib.suppress(OSError):
            unread = int.from_bytes(fcntl.ioctl(self._sock, termios.FIONREAD, bytes(4)), sys.byteorder)
            self._traffic.received += self._on_the_wire(unread) if unread else 0
        self._waiting.close()

    def _on_the_wire(self, payload: int) -> int:
        return payload + self._per_packet * (1 + payload // _SEGMENT)


class Sockets:
    """`Wire` on the machine's own network.

    Args:
        ca_file: extra roots, as of a laboratory; the system's stay trusted.
        device: bind every walk to this interface (`uplink.walks`).
        roots: the folder of the files a greeting names.
        dates: by what time certificates are judged.
    """

    def __init__(self, ca_file: Path | None = None, device: str = "", roots: Path = ROOTS, dates: Dates = OURS) -> None:
        self._device, self._dates = device, dates
        self._trusts = Trusts(ca_file, roots)

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        sock = self._socket(address, transport, traffic.wanted)
        line = Line(sock, transport, traffic)
        try:
            if transport is Transport.UDP:
                sock.connect((address, port))
            else:
                await line.connect(address, port)
        except BaseException:
            line.close()
            raise
        return line

    def _socket(self, address: str, transport: Transport, wanted: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM if transport is Transport.UDP else socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if self._device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
            if transport is Transport.TCP:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 43 ms of delayed ACK are measured
                room = max(_RECEIVE_BUFFER, min(wanted, _LONG_BUFFER))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        except BaseException:
            sock.close()
            raise
        return sock

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await SecureLine(stream, self._trusts.of(greeting), greeting, self._dates).handshake()
