"""Nobody keeps others out: connections, heads, bodies, answers and requests have their bounds, on real sockets."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from monitor.gate import guards
from monitor.gate.porter import Bounds, Porter, known
from tests.probes.liars import closed_port

_GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _page(request: web.Request) -> web.Response:
    if "Authorization" in request.headers:
        known(request)
    return web.Response(text="here\n")


async def _body(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="taken\n")


async def _much(request: web.Request) -> web.Response:
    return web.Response(body=bytes(50_000_000))


class Listener:
    def __init__(self, porter: Porter, port: int) -> None:
        self.porter, self.port = porter, port

    async def come(
        self, data: bytes = b"", source: str = "127.0.0.1"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        pair = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        pair[1].write(data)
        return pair

    async def said(self, data: bytes, source: str = "127.0.0.1") -> bytes:
        """The first line of an answer; nothing where there is none."""
        reader, writer = await self.come(data, source)
        line = await _line(reader)
        writer.close()
        return line


async def _line(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        try:
            return (await reader.readline()).strip()
        except ConnectionError:
            return b""


async def _ends_s(reader: asyncio.StreamReader) -> float:
    """How long until it is ended; whatever is said before."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(5):
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
    return loop.time() - began_s


@asynccontextmanager
async def listening(bounds: Bounds, context: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    app = web.Application(client_max_size=16 * 1024)
    app.add_routes([web.get("/", _page), web.post("/", _body), web.get("/much", _much)])
    guards.dressed(app)
    porter, port = Porter(app, context, bounds), closed_port()
    await porter.open("127.0.0.1", port)
    work = asyncio.create_task(porter.work(asyncio.create_task))
    yield Listener(porter, port)
    work.cancel()
    await porter.close()


async def until(there: Callable[[], bool]) -> None:
    end_s = asyncio.get_running_loop().time() + 5
    while not there():
        assert asyncio.get_running_loop().time() < end_s, "it never came"
        await asyncio.sleep(0.01)


async def test_who_asks_properly_is_answered_again_and_again() -> None:
    async with listening(Bounds(head_s=5, rest_s=5)) as there:
        reader, writer = await there.come()
        for _ in range(3):
            writer.write(_GET)
            assert await _line(reader) == b"HTTP/1.1 200 OK"
            await reader.readuntil(b"here\n")
        writer.close()
        await until(lambda: there.porter.visitors == 0)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_never_ends_is_not_waited_for(data: bytes) -> None:
    async with listening(Bounds(head_s=0.2)) as there:
        reader, writer = await there.come(data)
        assert 0.1 < await _ends_s(reader) < 2
        writer.close()


async def test_a_head_that_trickles_gains_no_time() -> None:
    async with listening(Bounds(head_s=0.3)) as there:
        reader, writer = await there.come(b"GET / HTTP/1.1\r\n")
        ended = asyncio.create_task(_ends_s(reader))
        while not ended.done():
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.02)
        assert await ended < 2
        writer.close()


async def test_the_second_head_on_a_connection_has_its_time_as_well() -> None:
    async with listening(Bounds(rest_s=0.2)) as there:
        reader, writer = await there.come(_GET + b"GET / HTTP/1.1\r\n")
        assert await _ends_s(reader) < 2
        writer.close()


async def test_a_body_that_trickles_gains_no_time() -> None:
    async with listening(Bounds(work_s=0.2)) as there:
        reader, writer = await there.come(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
        assert await _ends_s(reader) < 2
        writer.close()


async def test_an_answer_that_nobody_takes_is_not_kept_for_them() -> None:
    async with listening(Bounds(rest_s=0.3)) as there:
        _, writer = await there.come(_GET.replace(b"/", b"/much", 1))
        await until(lambda: there.porter.visitors == 1)
        await until(lambda: there.porter.visitors == 0)
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        _GET[:-2] + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        _GET[:-2] + b"X: y\r\n" * 300 + b"\r\n",
        b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["one long", "many", "a long path"],
)
async def test_a_large_head_is_refused(data: bytes) -> None:
    async with listening(Bounds()) as there:
        assert b" 400 " in await there.said(data) + b" "


async def test_a_large_body_is_refused() -> None:
    async with listening(Bounds()) as there:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n"
        assert b" 413 " in await there.said(head + bytes(20_000))


async def test_one_address_has_so_many_places_and_no_more() -> None:
    async with listening(Bounds(of_one=2)) as there:
        held = [await there.come() for _ in range(2)]
        await until(lambda: there.porter.visitors == 2)
        assert await there.said(_GET) == b""
        assert await there.said(_GET, "127.0.0.2") == b"HTTP/1.1 200 OK", "another one is let in"
        for _, writer in held:
            writer.close()
        await until(lambda: there.porter.visitors == 0)
        assert await there.said(_GET) == b"HTTP/1.1 200 OK"


async def test_where_all_places_are_taken_the_first_stranger_goes_and_never_who_is_known() -> None:
    async with listening(Bounds(most=lambda: 3)) as there:
        reader, writer = await there.come(_GET[:-2] + b"Authorization: me\r\n\r\n")
        assert await _line(reader) == b"HTTP/1.1 200 OK"
        strangers = [await there.come(source=f"127.0.0.{last}") for last in range(2, 12)]
        assert await there.said(_GET, "127.0.0.99") == b"HTTP/1.1 200 OK", "a flood keeps nobody out"
        assert await _ends_s(strangers[0][0]) < 2
        await reader.readuntil(b"here\n")
        writer.write(_GET)
        assert await _line(reader) == b"HTTP/1.1 200 OK", "who is known has kept its place"
        for _, each in (*strangers, (reader, writer)):
            each.close()


async def test_where_all_who_have_a_place_are_known_a_stranger_waits() -> None:
    async with listening(Bounds(most=lambda: 1)) as there:
        reader, writer = await there.come(_GET[:-2] + b"Authorization: me\r\n\r\n")
        assert await _line(reader) == b"HTTP/1.1 200 OK"
        assert await there.said(_GET) == b""
        writer.close()


async def test_who_asks_too_often_is_told_to_wait_and_others_are_not() -> None:
    async with listening(Bounds(a_minute=2)) as there:
        said = [await there.said(_GET) for _ in range(6)]
        assert said.count(b"HTTP/1.1 200 OK") == 4
        assert said.count(b"HTTP/1.1 429 Too Many Requests") == 2
        assert await there.said(_GET, "127.0.0.2") == b"HTTP/1.1 200 OK"


async def test_a_proxy_on_this_machine_is_everybody_and_nobody() -> None:
    async with listening(Bounds(of_one=1, a_minute=1, proxied=True)) as there:
        _, writer = await there.come()
        for _ in range(5):
            assert await there.said(_GET) == b"HTTP/1.1 200 OK"
        assert [await there.said(_GET, "127.0.0.2") for _ in range(3)].count(b"HTTP/1.1 200 OK") == 2
        writer.close()


# ---------------------------------------------------------------- TLS


def context(folder: Path) -> ssl.SSLContext:
    leaf = trustme.CA().issue_cert("127.0.0.1")
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(made)
    return made


async def test_a_handshake_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    async with listening(Bounds(handshake_s=0.2, head_s=0.2), context(tmp_path)) as there:
        reader, writer = await there.come(b"\x16\x03\x01")
        await until(lambda: there.porter.visitors == 1)
        assert await _ends_s(reader) < 2
        await until(lambda: there.porter.visitors == 0)
        writer.close()


async def test_what_is_no_handshake_leaves_nothing_behind(tmp_path: Path) -> None:
    async with listening(Bounds(of_one=200, handshake_s=0.2, head_s=0.2), context(tmp_path)) as there:
        for _ in range(3):
            await there.said(_GET)
        await until(lambda: there.porter.visitors == 0)
        before = len(os.listdir("/proc/self/fd"))
        silent = [await there.come() for _ in range(20)]
        for _ in range(30):
            assert b"200" not in await there.said(_GET)
        for _, writer in silent:
            writer.close()
        await until(lambda: there.porter.visitors == 0 and len(os.listdir("/proc/self/fd")) <= before)


async def test_a_flood_of_silent_handshakes_keeps_nobody_out(tmp_path: Path) -> None:
    async with listening(Bounds(most=lambda: 4, of_one=9), context(tmp_path)) as there:
        silent = [await there.come(source=f"127.0.0.{last}") for last in range(2, 12)]
        await until(lambda: there.porter.visitors == 4)
        client = ssl.create_default_context()
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port, ssl=client)
        writer.write(_GET)
        assert await _line(reader) == b"HTTP/1.1 200 OK"
        for _, each in (*silent, (reader, writer)):
            each.close()
