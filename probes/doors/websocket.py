"""A WebSocket (RFC 6455) through wsproto, on a connection that is already there: binary messages, bounded."""

from __future__ import annotations

from collections import deque

import wsproto.connection
import wsproto.events
import wsproto.utilities

from probes.doors.request import MOST_READ_BYTES, Headers
from probes.failure import Refusal
from probes.ports import Page, Stream
from probes.words import Failure

_CHUNK = 4 * 1024


async def upgrade(stream: Stream, host: str, path: str, headers: Headers) -> Stream | Page:
    """A stream of messages, or the page that refused it. Refusal for what is no HTTP."""
    socket = WebSocket(stream)
    extra = [(key.encode("ascii"), value.encode("ascii")) for key, value in headers]
    await socket.say(wsproto.events.Request(host=host, target=path, extra_headers=extra))
    match await socket.hear():
        case wsproto.events.AcceptConnection():
            return socket
        case wsproto.events.RejectConnection(status_code=status, headers=fields) if 200 <= status < 600:
            return Page(status, {key.decode("latin-1"): value.decode("latin-1") for key, value in fields}, b"")
        case _:
            raise Refusal(Failure.HTTP_REQUEST_FAILED)


class WebSocket:
    """`Stream` of what stands in binary messages, whatever their borders."""

    def __init__(self, below: Stream) -> None:
        self._below = below
        self._talk = wsproto.WSConnection(wsproto.connection.ConnectionType.CLIENT)
        self._seen: deque[wsproto.events.Event] = deque()
        self._read = 0

    async def send(self, data: bytes) -> None:
        await self.say(wsproto.events.BytesMessage(data=data))

    async def receive(self, most: int) -> bytes:
        """Empty once the far end has said goodbye. Refusal for a text: nobody here speaks in texts."""
        while True:
            match await self.hear():
                case wsproto.events.BytesMessage(data=data) if data:
                    if len(data) > most:
                        self._seen.appendleft(wsproto.events.BytesMessage(data=data[most:]))
                    return bytes(data[:most])
                case wsproto.events.Ping() as ping:
                    await self.say(ping.response())
                case wsproto.events.CloseConnection():
                    return b""
                case wsproto.events.TextMessage():
                    raise Refusal(Failure.KNOCK_UNEXPECTED_REPLY)

    def close(self) -> None:
        self._below.close()

    async def say(self, event: wsproto.events.Event) -> None:
        await self._below.send(self._talk.send(event))

    async def hear(self) -> wsproto.events.Event:
        """The next event. EOFError for a close without a goodbye."""
        while not self._seen:
            data = await self._below.receive(_CHUNK)
            self._read += len(data)
            if not data:
                raise EOFError
            try:
                self._talk.receive_data(data)
                self._seen.extend(self._talk.events())
            except (wsproto.utilities.ProtocolError, ValueError):  # the second for fields that are no ASCII
                raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
            if self._read > MOST_READ_BYTES:
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
        return self._seen.popleft()
