"""One request by HTTP/2 (RFC 9113) through h2, on a connection of its own. Bounded; takes no pushes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from probes.doors.request import HEAD_BYTES, MOST_INFORMATIONAL, MOST_READ_BYTES, Fields, Request, page
from probes.failure import Refusal
from probes.ports import Page, Stream
from probes.words import Failure

_FIRST = 1  # the only stream there is
_SETTINGS_FRAME = b"\4"  # the type of the first one (RFC 9113 section 3.4)
_SETTINGS = {
    h2.settings.SettingCodes.ENABLE_PUSH: 0,
    h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: HEAD_BYTES,
}


async def fetch(stream: Stream, request: Request, until_s: float) -> Page:
    talk = _Talk(stream)
    try:
        await talk.ask(request)
        head = await talk.head()
        status = page(head, b"").status
        return page(head, await talk.body(request.wanted(status), until_s))
    except h2.exceptions.ProtocolError:
        raise Refusal(Failure.HTTP_REQUEST_FAILED) from None


class _Talk:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        self._h2.local_settings = h2.settings.Settings(client=True, initial_values=_SETTINGS)
        self._seen: deque[h2.events.Event] = deque()
        self._read = 0

    async def ask(self, request: Request) -> None:
        self._h2.initiate_connection()
        self._h2.send_headers(_FIRST, request.fields(), end_stream=not request.body)
        if request.body:
            self._h2.send_data(_FIRST, request.body, end_stream=True)
        await self._flush()

    async def head(self) -> Fields:
        informational = 0
        while True:
            event = await self._next()
            match event:
                case h2.events.ResponseReceived(headers=fields):
                    found = [(bytes(key), bytes(value)) for key, value in fields or ()]
                    if sum(len(key) + len(value) for key, value in found) > HEAD_BYTES:
                        raise Refusal(Failure.HTTP_REQUEST_FAILED)
                    return found
                case h2.events.InformationalResponseReceived() if informational < MOST_INFORMATIONAL:
                    informational += 1
                case _ if _is_the_end(event) or isinstance(event, h2.events.InformationalResponseReceived):
                    raise Refusal(Failure.HTTP_REQUEST_FAILED)

    async def body(self, wanted: int, until_s: float) -> bytes:
        """What came of it. A body that breaks off is no failure: the head has said."""
        body = bytearray()
        with contextlib.suppress(h2.exceptions.ProtocolError, OSError, EOFError):
            async with asyncio.timeout_at(until_s):
                while len(body) < wanted and self._read < MOST_READ_BYTES:
                    event = await self._next()
                    if isinstance(event, h2.events.DataReceived):
                        body += event.data or b""
                        self._h2.acknowledge_received_data(event.flow_controlled_length or 0, _FIRST)
                    elif _is_the_end(event):
                        break
        return bytes(body[:wanted])

    async def _next(self) -> h2.events.Event:
        while not self._seen:
            await self._flush()  # what the last ones called for: acknowledgements, room for more
            data = await self._stream.receive(16 * 1024)
            if not data:
                raise EOFError
            if not self._read and data[3:4] not in (b"", _SETTINGS_FRAME):  # h2 would wait for all of so long a frame
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
            self._read += len(data)
            self._seen.extend(self._h2.receive_data(data))
            if self._read > MOST_READ_BYTES:
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
        return self._seen.popleft()

    async def _flush(self) -> None:
        if data := self._h2.data_to_send():
            await self._stream.send(data)


def _is_the_end(event: h2.events.Event) -> bool:
    """Of our stream or of everything."""
    ends = h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated
    return isinstance(event, ends)
