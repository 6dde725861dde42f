"""Accepted TCP connections, in clear and within TLS, by hand: only so are the ClientHello and what left us seen."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from deploy.responder.hello import Early, Hello, read

_CHUNK = 16 * 1024
_SEND_BUFFER = 64 * 1024  # else a megabyte for each of many who do not read waits in the kernel
_RECORD = 4 * 1024  # the far end reads none before it is whole: with 16 KB, a stall at 16 KB would be one at nothing
_BYTES_ACKED = slice(120, 128)  # tcpi_bytes_acked in struct tcp_info, linux/tcp.h
_MOST_AFTERWARDS = 64 * 1024


class Line:
    """One connection. `sent` and `received` count payload."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self.sent = self.received = 0
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)

    async def send(self, data: bytes) -> None:
        self.sent += len(data)
        await self._loop.sock_sendall(self._sock, data)

    async def receive(self, most: int = _CHUNK) -> bytes:
        """Empty once the far end has closed."""
        data = await self._loop.sock_recv(self._sock, most)
        self.received += len(data)
        return data

    async def finish(self) -> None:
        """Says that no more comes, and waits until the far end closes too: else what is on the way might be reset."""
        self._sock.shutdown(socket.SHUT_WR)
        most = self.received + _MOST_AFTERWARDS
        while self.received < most and await self.receive():
            pass

    def acked(self) -> int:
        """How much of what was sent the far end has acknowledged, also after a reset."""
        try:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        except OSError:
            return 0
        return min(self.sent, int.from_bytes(info[_BYTES_ACKED], "little"))

    def close(self) -> None:
        self._sock.close()


class NoTls(Exception):
    """What came first was no ClientHello."""


class SecureLine:
    """TLS on a `Line`, for whatever name was said: there is one certificate, and it is our own."""

    def __init__(self, below: Line, context: ssl.SSLContext) -> None:
        self._below = below
        self.alerted = False  # we said why we would not go on
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def hello(self) -> Hello:
        """Reads up to the end of the ClientHello. Raises NoTls, and EOFError when they close before."""
        data = b""
        while (seen := read(data)) is Early.MORE:
            more = await self._below.receive()
            if not more:
                raise EOFError
            data += more
        if isinstance(seen, Early):
            raise NoTls
        self._incoming.write(data)
        return seen

    async def handshake(self, left: Callable[[int], object]) -> None:
        """`left` is told how many bytes our first flight has. Raises ssl.SSLError, its alert being sent."""
        told = False
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                if (count := await self._flush()) and not told:
                    told = True
                    left(count)
                await self._fill()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self.alerted = bool(await self._flush())
                raise
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        for at in range(0, len(data), _RECORD):
            self._tls.write(data[at : at + _RECORD])
            await self._flush()

    async def receive(self, most: int = _CHUNK) -> bytes:
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                try:
                    await self._fill()
                except EOFError:
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    async def goodbye(self) -> None:
        """The TLS close, which tells the far end that nothing was cut off."""
        with contextlib.suppress(ssl.SSLError):  # WantRead: we do not wait for theirs
            self._tls.unwrap()
        await self._flush()

    async def _flush(self) -> int:
        data = self._outgoing.read()
        if data:
            await self._below.send(data)
        return len(data)

    async def _fill(self) -> None:
        data = await self._below.receive()
        if not data:
            raise EOFError
        self._incoming.write(data)
