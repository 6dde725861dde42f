"""One request on a connection that is already there, by HTTP/1.1: we read the head, h11 the body, always bounded.

aiohttp's client would want a connection of its own, or a second task to feed it (DECISIONS.md, "fetch on the finished
connection").
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from dataclasses import dataclass, replace

import h11

from probes.doors import head, web2, websocket
from probes.doors.head import Head
from probes.doors.request import HEAD_BYTES, MOST_INFORMATIONAL, MOST_READ_BYTES, Request
from probes.failure import Refusal
from probes.ports import Page, Post, Stream, Taken
from probes.words import Failure

_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Browser:
    """`Web`.

    Args:
        user_agent: an ordinary one inside a country, an honest one at a control.
        patience_s: from the request on, how long a body is waited for; the step's own deadline stands above it, and
            whoever waits for that loses the head as well.
    """

    user_agent: str
    patience_s: float

    async def fetch(
        self,
        stream: Stream,
        host: str,
        path: str,
        *,
        secure: bool,
        alpn: str = "",
        post: Post | None = None,
        head: bool = False,
    ) -> Page:
        until_s = asyncio.get_running_loop().time() + self.patience_s
        request = Request(host, path, secure, self.user_agent, post, head)
        match alpn:
            case "h3":
                from probes.doors import quic  # who walks by it has loaded it; who does not, is spared 5 MB

                return await quic.fetch(stream, request, until_s)
            case "h2":
                return await web2.fetch(stream, request, until_s)
            case _:
                return await _fetch(stream, request, until_s)

    async def upgrade(self, stream: Stream, host: str, path: str, origin: str) -> Stream | Page:
        return await websocket.upgrade(stream, host, path, [("Origin", origin), ("User-Agent", self.user_agent)])

    async def take(self, stream: Stream, host: str, path: str, *, most: int, taken: Taken) -> int:
        return await _take(stream, Request(host, path, True, self.user_agent), most, taken)


async def _fetch(stream: Stream, request: Request, until_s: float) -> Page:
    await stream.send(_opening(request))
    found, heard = await _head(stream)
    wanted = request.wanted(found.status)
    body = await _body(_behind_the_head(request, heard), stream, wanted, until_s) if wanted else b""
    return Page(found.status, found.fields, body)


@functools.lru_cache(maxsize=256)
def _opening(request: Request) -> bytes:
    """What is said. Made once a page: it is the same every time."""
    return _said(h11.Connection(h11.CLIENT), request)


def _said(talk: h11.Connection, request: Request) -> bytes:
    headers = [("Host", request.host), *_titled(request.headers()), ("Connection", "close"), *request.more]
    said = talk.send(h11.Request(method=request.method, target=request.path, headers=headers)) or b""
    if request.body:
        said += talk.send(h11.Data(request.body)) or b""
    return said + (talk.send(h11.EndOfMessage()) or b"")


def _titled(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """As browsers write them in HTTP/1.1."""
    return [(key.title(), value) for key, value in headers]


async def _head(stream: Stream) -> tuple[Head, bytes]:
    """It, and all that was heard by then. A close before it is no bad HTTP: the two have different causes."""
    heard, began, informational = b"", 0, 0
    try:
        while informational <= MOST_INFORMATIONAL:
            found = head.read(heard[began:])
            if found is None:
                if len(heard) - began > HEAD_BYTES:
                    break
                if not (data := await stream.receive(_CHUNK)):
                    raise EOFError
                heard += data
            elif 200 <= found.status < 600:
                return found, heard
            elif not 100 <= found.status < 200 or found.status == 101:  # nobody asked for another protocol
                break
            else:
                began, informational = began + found.size_bytes, informational + 1
    except head.NoHead:
        pass
    raise Refusal(Failure.HTTP_REQUEST_FAILED)


def _behind_the_head(request: Request, heard: bytes) -> h11.Connection:
    """Where the body begins, read by h11, which knows how bodies end. Refusal where it reads the head otherwise."""
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    _said(talk, request)
    talk.receive_data(heard)
    try:
        while not isinstance(event := talk.next_event(), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
    except h11.ProtocolError:
        raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
    return talk


async def _body(talk: h11.Connection, stream: Stream, wanted: int, until_s: float) -> bytes:
    """What came of it. A body that breaks off, by a close, a reset or silence, is no failure: the head has said."""
    body, read = bytearray(), 0
    with contextlib.suppress(h11.RemoteProtocolError, OSError, EOFError):
        async with asyncio.timeout_at(until_s):
            while len(body) < wanted and read < MOST_READ_BYTES:
                event = talk.next_event()
                if event is h11.NEED_DATA:
                    read += await _feed(talk, stream)
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    break
    return bytes(body[:wanted])


async def _take(stream: Stream, request: Request, most: int, taken: Taken) -> int:
    """The first `most` bytes of a body, as they come; its status."""
    request = replace(request, more=(("Range", f"bytes=0-{most - 1}"),))
    await stream.send(_opening(request))
    found, heard = await _head(stream)
    if found.status in (200, 206):
        try:
            await _draw(_behind_the_head(request, heard), stream, most, taken)
        except h11.ProtocolError:
            raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
    return found.status


async def _draw(talk: h11.Connection, stream: Stream, most: int, taken: Taken) -> None:
    """Up to `most` bytes of the body, each noted as it comes; in chunks of nothing, up to four times as many."""
    read, more = 0, True
    while taken.count < most and read < 4 * most:
        try:
            event = talk.next_event()
        except h11.RemoteProtocolError:
            if more:
                raise
            raise EOFError from None  # closed before the length it had promised
        if event is h11.NEED_DATA:
            fed = await _feed(talk, stream)
            read, more = read + fed, fed > 0
        elif isinstance(event, h11.Data):
            taken.add(min(len(event.data), most - taken.count))
        else:
            break


async def _feed(talk: h11.Connection, stream: Stream) -> int:
    """Takes in what came; its length."""
    data = await stream.receive(_CHUNK)
    talk.receive_data(data)
    return len(data)
