"""A socket the loop was told of once: nothing is lost while nobody listens, and the loop sleeps then."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from probes.doors.nonblocking import Nonblocking

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    for each in (here, there):
        each.setblocking(False)
    yield here, there
    here.close()
    there.close()


async def test_what_came_while_nobody_listened_is_there_afterwards(pair: Pair) -> None:
    here, there = Nonblocking(pair[0]), Nonblocking(pair[1])
    await there.send(b"one")
    assert await here.receive(3) == b"one"
    await there.send(b"two")
    await here.send(b"and back")
    assert await there.receive(100) == b"and back"  # meanwhile the loop met `two`
    await asyncio.sleep(0)
    assert await here.receive(100) == b"two"
    there.close()
    assert await here.receive(100) == b""
    here.close()


class Counting(Nonblocking):
    """Knows how often the loop told it that there is something."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.told = 0

    def _readable(self) -> None:
        self.told += 1
        super()._readable()


async def test_the_loop_is_not_kept_busy_by_what_nobody_takes(pair: Pair) -> None:
    here = Counting(pair[0])
    pair[1].send(b"1")
    assert await here.receive(1) == b"1"
    pair[1].send(b"nobody takes this")
    for _ in range(10):
        await asyncio.sleep(0)
    assert here.told == 2, "once for what was taken, once for what was not"
    here.close()


async def test_all_of_it_is_sent_to_whoever_takes_little(pair: Pair) -> None:
    here, there = Nonblocking(pair[0]), Nonblocking(pair[1])
    said = bytes(range(256)) * 4096
    sending = asyncio.ensure_future(here.send(said))
    heard = b""
    while len(heard) < len(said):
        heard += await there.receive(5000)
    await sending
    assert heard == said
    here.close()
    there.close()


async def test_whoever_waited_too_long_leaves_nothing_behind(pair: Pair) -> None:
    here = Nonblocking(pair[0])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await here.receive(1)
    pair[1].send(b"x")
    assert await here.receive(1) == b"x"
    number = pair[0].fileno()
    here.close()
    assert not asyncio.get_running_loop().remove_reader(number)


async def test_a_reset_is_an_error_of_whoever_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.socket()
        sock.setblocking(False)
        here = Nonblocking(sock)
        await here.connect(*server.getsockname())
        there, _ = server.accept()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
        there.close()
        with pytest.raises(ConnectionResetError):
            await here.receive(1)
        here.close()
