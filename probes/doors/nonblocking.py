"""Waits for one non-blocking socket. The loop is told of it once, and not at every wait: that was half of a TCP walk.

`loop.sock_connect` of uvloop asks a thread to read even a literal address, and each `loop.sock_recv` tells epoll of the
socket anew, in seven system calls (strace; tests/bench/walk_cpu.py).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket

_AGAIN = (BlockingIOError, InterruptedError)
_BEGUN = {errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR}


class Nonblocking:
    """At most one task receives at a time. Has no deadlines: they are the caller's.

    Args:
        sock: a socket that does not block; closing it is ours from now on.
    """

    __slots__ = ("_fd", "_loop", "_most", "_reading", "_sock", "_watched")

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._fd, self._loop = sock, sock.fileno(), asyncio.get_running_loop()
        self._reading: asyncio.Future[bytes] | None = None
        self._most = 0
        self._watched = False

    async def connect(self, address: str, port: int) -> None:
        """`address` is a literal one: a name would be looked up here, with everybody waiting."""
        error = self._sock.connect_ex((address, port))  # an exception would be kept, with its traceback, while we wait
        if error in _BEGUN:
            error = await self._connected()
        if error:
            raise OSError(error, os.strerror(error))

    async def send(self, data: bytes) -> None:
        """All of it."""
        while True:
            try:
                sent = self._sock.send(data)
            except _AGAIN:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
            await self._writable()

    async def receive(self, most: int) -> bytes:
        """What is there, as soon as something is."""
        self._watch()
        self._reading, self._most = self._loop.create_future(), most
        try:
            return await self._reading
        finally:
            self._reading = None

    def close(self) -> None:
        if self._watched:
            self._loop.remove_reader(self._fd)
        self._sock.close()

    def _watch(self) -> None:
        if not self._watched:
            self._loop.add_reader(self._fd, self._readable)
            self._watched = True

    def _readable(self) -> None:
        """Something came, or the end. Who has nobody to tell looks away: the loop would say it again at once."""
        if self._reading is None:
            self._loop.remove_reader(self._fd)
            self._watched = False
        elif not self._reading.done():
            try:
                self._reading.set_result(self._sock.recv(self._most))
            except _AGAIN:
                pass
            except OSError as error:
                self._reading.set_exception(error)

    async def _connected(self) -> int:
        """What it came to: 0, or an error. One that stands is watched before the loop forgets it: that keeps one thing
        of a socket for both waits, and of one that failed nothing that could be used again."""
        ready = self._loop.create_future()
        self._loop.add_writer(self._fd, _tell, ready)
        try:
            await ready
            error = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not error:
                self._watch()
            return error
        finally:
            self._loop.remove_writer(self._fd)

    async def _writable(self) -> None:
        ready = self._loop.create_future()
        self._loop.add_writer(self._fd, _tell, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(self._fd)


def _tell(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
