"""One GET on a connection that is already there, through h11: bytes in, events out, bounded whatever comes back.

aiohttp's client would want a connection of its own, or a second task to feed it (DECISIONS.md, "fetch on the finished
connection").
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import h11

from probes.failure import Refusal
from probes.ports import Page, Stream, Taken
from probes.words import Failure

_HEAD_BYTES = 16 * 1024
_BODY_BYTES = 64 * 1024
_MOST_READ_BYTES = 4 * _BODY_BYTES  # a body of one byte a chunk may wrap each in 16 KiB of nothing


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

    async def fetch(self, stream: Stream, host: str, path: str, *, secure: bool) -> Page:
        until_s = asyncio.get_running_loop().time() + self.patience_s
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        try:
            request = talk.send(h11.Request(method="GET", target=path, headers=self._headers(host)))
            await stream.send(request + (talk.send(h11.EndOfMessage()) or b""))
            head = await self._head(talk, stream)
            if not 200 <= head.status_code < 600:
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
            wanted = 0 if secure and head.status_code < 400 else _BODY_BYTES
            body = await self._body(talk, stream, wanted, until_s)
        except h11.ProtocolError:
            raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in head.headers}
        return Page(head.status_code, headers, body)

    async def take(self, stream: Stream, host: str, path: str, *, most: int, taken: Taken) -> int:
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        headers = [*self._headers(host), ("Range", f"bytes=0-{most - 1}")]
        try:
            request = talk.send(h11.Request(method="GET", target=path, headers=headers))
            await stream.send(request + (talk.send(h11.EndOfMessage()) or b""))
            head = await self._head(talk, stream)
            if head.status_code in (200, 206):
                await _draw(talk, stream, most, taken)
        except h11.ProtocolError:
            raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
        return head.status_code

    def _headers(self, host: str) -> list[tuple[str, str]]:
        return [
            ("Host", host),
            ("User-Agent", self.user_agent),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", "en-US,en;q=0.5"),
            ("Connection", "close"),
        ]

    async def _head(self, talk: h11.Connection, stream: Stream) -> h11.Response:
        informational = 0
        while True:
            event = talk.next_event()
            if event is h11.NEED_DATA:
                await _feed(talk, stream)
            elif isinstance(event, h11.Response):
                return event
            elif isinstance(event, h11.InformationalResponse) and informational < 8:
                informational += 1
            else:
                raise Refusal(Failure.HTTP_REQUEST_FAILED)

    async def _body(self, talk: h11.Connection, stream: Stream, wanted: int, until_s: float) -> bytes:
        """What came of it. A body that breaks off, by a close, a reset or silence, is no failure: the head has said."""
        body, read = bytearray(), 0
        with contextlib.suppress(h11.RemoteProtocolError, OSError, EOFError):
            async with asyncio.timeout_at(until_s):
                while len(body) < wanted and read < _MOST_READ_BYTES:
                    event = talk.next_event()
                    if event is h11.NEED_DATA:
                        read += await _feed(talk, stream)
                    elif isinstance(event, h11.Data):
                        body += event.data
                    else:
                        break
        return bytes(body[:wanted])


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
