"""One request on a connection that is already there, by HTTP/1.1 through h11: bytes in, events out, always bounded.

aiohttp's client would want a connection of its own, or a second task to feed it (DECISIONS.md, "fetch on the finished
connection").
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import h11

from probes.doors import web2, websocket
from probes.doors.request import HEAD_BYTES, MOST_INFORMATIONAL, MOST_READ_BYTES, Request
from probes.failure import Refusal
from probes.ports import Page, Post, Stream, Taken
from probes.words import Failure


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
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    headers = [("Host", request.host), *_titled(request.headers()), ("Connection", "close")]
    try:
        opening = talk.send(h11.Request(method=request.method, target=request.path, headers=headers)) or b""
        if request.body:
            opening += talk.send(h11.Data(request.body)) or b""
        await stream.send(opening + (talk.send(h11.EndOfMessage()) or b""))
        head = await _head(talk, stream)
        if not 200 <= head.status_code < 600:
            raise Refusal(Failure.HTTP_REQUEST_FAILED)
        body = await _body(talk, stream, request.wanted(head.status_code), until_s)
    except h11.ProtocolError:
        raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
    found = {key.decode("latin-1"): value.decode("latin-1") for key, value in head.headers}
    return Page(head.status_code, found, body)


def _titled(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """As browsers write them in HTTP/1.1."""
    return [(key.title(), value) for key, value in headers]


async def _head(talk: h11.Connection, stream: Stream) -> h11.Response:
    informational = 0
    while True:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            await _feed(talk, stream)
        elif isinstance(event, h11.Response):
            return event
        elif isinstance(event, h11.InformationalResponse) and informational < MOST_INFORMATIONAL:
            informational += 1
        else:
            raise Refusal(Failure.HTTP_REQUEST_FAILED)


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
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    range_ = ("Range", f"bytes=0-{most - 1}")
    headers = [("Host", request.host), *_titled(request.headers()), ("Connection", "close"), range_]
    try:
        opening = talk.send(h11.Request(method="GET", target=request.path, headers=headers)) or b""
        await stream.send(opening + (talk.send(h11.EndOfMessage()) or b""))
        head = await _head(talk, stream)
        if head.status_code in (200, 206):
            await _draw(talk, stream, most, taken)
    except h11.ProtocolError:
        raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
    return head.status_code


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
    """Takes in what came; its length. A close before the head is no bad HTTP: the two have different causes."""
    data = await stream.receive(16 * 1024)
    if not data and talk.their_state is h11.SEND_RESPONSE:
        raise EOFError
    talk.receive_data(data)
    return len(data)
