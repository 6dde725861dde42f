"""One GET on a connection that is already there, through h11: bytes in, events out, bounded whatever comes back.

aiohttp's client would want a connection of its own, or a second task to feed it (DECISIONS.md, "fetch on the finished
connection").
"""

from __future__ import annotations

from dataclasses import dataclass

import h11

from probes.failure import Refusal
from probes.ports import Page, Stream
from probes.words import Failure

_HEAD_BYTES = 16 * 1024
_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Browser:
    """`Web`. `user_agent` is an ordinary one inside a country, an honest one at a control."""

    user_agent: str

    async def fetch(self, stream: Stream, host: str, path: str, *, secure: bool) -> Page:
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        try:
            request = talk.send(h11.Request(method="GET", target=path, headers=self._headers(host)))
            await stream.send(request + (talk.send(h11.EndOfMessage()) or b""))
            head = await self._head(talk, stream)
            if not 200 <= head.status_code < 600:
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
            wanted = 0 if secure and head.status_code < 400 else _BODY_BYTES
            body = await self._body(talk, stream, wanted)
        except h11.ProtocolError:
            raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in head.headers}
        return Page(head.status_code, headers, body)

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

    async def _body(self, talk: h11.Connection, stream: Stream, wanted: int) -> bytes:
        """What came of it. A body that breaks off is no failure: the head has already said what the far end thinks."""
        body = b""
        while len(body) < wanted:
            try:
                event = talk.next_event()
            except h11.RemoteProtocolError:
                break
            if event is h11.NEED_DATA:
                await _feed(talk, stream)
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                break
        return body[:wanted]


async def _feed(talk: h11.Connection, stream: Stream) -> None:
    """A close before the head is a failure of its own, not bad HTTP: the two have different causes."""
    data = await stream.receive(16 * 1024)
    if not data and talk.their_state is h11.SEND_RESPONSE:
        raise EOFError
    talk.receive_data(data)
