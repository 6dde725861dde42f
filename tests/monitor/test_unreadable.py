"""Whatever is sent, what comes back says what browsers may do, and neither who serves it nor what was sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from aiohttp import web

from monitor.gate import guards
from monitor.gate.porter import Bounds, Porter
from monitor.webconfig import OPEN
from tests.monitor.hub.hubs import REGISTRY, Database, Hub, enrolled
from tests.monitor.served import Box, serve
from tests.monitor.test_porter import listening
from tests.monitor.told import people
from tests.monitor.told.relays import living
from tests.probes.liars import closed_port

MARK = b"zuckerl"
NO_HTTP = {
    "no HTTP": b"\x16\x03\x01 zuckerl\r\n\r\n",
    "another version": b"GET / HTTP/zuckerl\r\nHost: x\r\n\r\n",
    "no method": b"zuck(erl / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no URL": b"GET http://[zuckerl HTTP/1.1\r\nHost: x\r\n\r\n",
    "an endless line": b"GET /" + MARK * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "an endless header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + MARK * 2000 + b"\r\n\r\n",
    "endless headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: zuckerl\r\n" * 500 + b"\r\n",
    "a header with no name": b"GET / HTTP/1.1\r\nHost: x\r\n: zuckerl\r\n\r\n",
    "a header with no colon": b"GET / HTTP/1.1\r\nHost: x\r\nzuckerl\r\n\r\n",
    "a nought in a header": b"GET / HTTP/1.1\r\nHost: x\r\nX: zuckerl\0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: zuckerl\r\n\r\n",
    "no length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: zuckerl\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 7\r\n\r\nzuckerl",
    "length and pieces": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\nzuckerl",
    "no coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zuckerl\r\n\r\n",
}
STRANGE = {
    "HTTP of 1991": b"GET /zuckerl\r\n\r\n",
    "pieces that are none": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzuckerl\r\n",
    "gzip that is none": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nzuckerl",
    "what it does not expect": b"GET / HTTP/1.1\r\nHost: x\r\nExpect: zuckerl\r\n\r\n",
    "a page that is not there": b"GET /zuckerl HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method that is not there": b"ZUCKERL / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a page above all": b"GET /../../zuckerl%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET / HTTP/1.0\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\xffzuckerl\r\n\r\n",
}
ALL = NO_HTTP | STRANGE


async def answer(port: int, sent: bytes) -> bytes:
    """The first one, until its end or ours."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(fields(head).get("content-length", "0"))
        body = await reader.readexactly(length)
    writer.close()
    return head + body


def fields(head: bytes) -> dict[str, str]:
    lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}


async def undressed(port: int, sent: Iterable[str] = ALL) -> dict[str, object]:
    """What of the answers is not as it must be, by what was sent."""
    found: dict[str, object] = {}
    for name in sent:
        said = await answer(port, ALL[name])
        carried = fields(said)
        lacking = [each for each in guards.HEADERS if each.lower() not in carried]
        told = [each for each in (MARK, b"aiohttp", b"Python", b"Traceback") if each.lower() in said.lower()]
        if lacking or told or "server" in carried:
            found[name] = (lacking, told, said)
        if name in NO_HTTP and not said.split(b"\r\n")[0].endswith(b" 400 Bad Request"):
            found[name] = said
    return found


async def test_a_box_says_nothing_of_itself_and_of_what_was_sent(tmp_path: Path, box: Box) -> None:
    assert await undressed(int(box.url.rpartition(":")[2])) == {}


async def test_nor_does_a_relay(tmp_path: Path) -> None:
    async with people.listening() as told, living(tmp_path, told) as relay:
        assert await undressed(int(relay.url.rpartition(":")[2])) == {}


async def test_nor_does_a_hub_and_it_writes_nothing_down(tmp_path: Path) -> None:
    (tmp_path / "registry.yml").write_text(REGISTRY)
    enrolled(tmp_path, "v1")
    hub = Hub(tmp_path, Database(port=closed_port()))
    await hub.start()
    found = await undressed(hub.port)
    said = await hub.stop()
    assert found == {}
    assert MARK.decode() not in said
    assert "Error handling" not in said


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_cannot_be_read_is_not_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(Bounds()) as there:
        with caplog.at_level(logging.DEBUG):
            assert await undressed(there.port, [name]) == {}
    assert not [each for each in caplog.records if each.name.startswith("aiohttp") and each.levelno > logging.DEBUG]


async def test_a_mistake_of_ours_is_logged_and_shows_nobody_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Not even with PYTHONASYNCIODEBUG, by which aiohttp sends it to whoever asked."""
    asyncio.get_running_loop().set_debug(True)

    async def broken(request: web.Request) -> web.Response:
        raise AssertionError(request.path)

    app, port = web.Application(), closed_port()
    app.add_routes([web.get("/zuckerl", broken)])
    guards.dressed(app)
    porter = Porter(app, None, Bounds())
    await porter.open("127.0.0.1", port)
    work = asyncio.create_task(porter.work(asyncio.create_task))
    said = await answer(port, ALL["a page that is not there"])
    assert said.split(b"\r\n")[0].endswith(b" 500 Internal Server Error")
    assert await undressed(port, ["a page that is not there"]) == {}
    assert "AssertionError" in caplog.text
    work.cancel()
    await porter.close()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async for each in serve(tmp_path, OPEN):
        yield each
