"""Completes QUIC for any name and serves the pages by HTTP/3 (RFC 9000, 9114), through aioquic.

Before an address has shown that it is one, no more than three times what it sent goes back (RFC 9000 section 8.1).
There is no Retry: an ordinary server has none either, and what stands on the way should see an ordinary conversation.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent

from deploy.responder.journal import Journal
from deploy.responder.limits import Doorkeeper
from deploy.responder.pages import SIZE_64K, Answer, Pages, Request

_MOST_CONNECTIONS = 64
_MOST_REQUESTS, _MOST_BODY = 4, SIZE_64K  # of one connection: aioquic keeps what it sends until it is acknowledged
_IDLE_S = 10.0
_LONG_HEADER = 0x80
_FEWEST_BYTES = 1200  # of a client's first datagram, RFC 9000 section 14.1
_KNOWN_VERSIONS = frozenset({1, 0x6B3343CF})


@dataclass(frozen=True, slots=True)
class LongHeader:
    """Of the first packet in a datagram (RFC 8999 section 5.1). `walk`: SHA-256 of its destination connection id."""

    version: int
    destination: bytes

    @property
    def walk(self) -> str:
        return hashlib.sha256(self.destination).hexdigest()


def read(data: bytes) -> LongHeader | None:
    """None for short headers and for what breaks off."""
    if len(data) < 6 or not data[0] & _LONG_HEADER:
        return None
    end = 6 + data[5]
    return LongHeader(int.from_bytes(data[1:5], "big"), data[6:end]) if len(data) >= end else None


class Spoken(QuicConnectionProtocol):
    """One connection. It answers requests for pages, never for the log."""

    def __init__(
        self, quic: QuicConnection, pages: Pages, note: Callable[..., object], gone: Callable[[], None]
    ) -> None:
        super().__init__(quic)
        self._pages, self._note, self._gone = pages, note, gone
        self._http: H3Connection | None = None
        self._asked = 0

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self._http = H3Connection(self._quic)
            self._note("handshake_done")
        elif isinstance(event, ConnectionTerminated):
            self._note("ended", error=int(event.error_code))
            self._gone()
        if self._http is not None:
            for each in self._http.handle_event(event):
                self._heard(each)

    def _heard(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived) or self._http is None:
            return
        self._asked += 1
        if self._asked > _MOST_REQUESTS:
            self.close()
            return
        said = {key: value.decode("latin-1") for key, value in event.headers}
        request = Request(said.get(b":path", ""), said.get(b":method", ""), range=said.get(b"range", ""))
        answer = self._pages.page(request) or Answer(404)
        if len(answer.body) > _MOST_BODY:
            answer = Answer(404)
        body = bytes(answer.body) if request.method == "GET" else b""
        headers = [(b":status", str(answer.status).encode()), (b"content-length", str(len(answer.body)).encode())]
        headers += [(key.lower().encode(), value.encode()) for key, value in answer.headers]
        self._http.send_headers(event.stream_id, headers, end_stream=not body)
        if body:
            self._http.send_data(event.stream_id, body, end_stream=True)
        self._note("body_left", bytes=len(body))


class Listener(QuicServer):
    """One UDP port. New connections are let in by neighbourhood, and up to a number."""

    def __init__(
        self, configuration: QuicConfiguration, port: int, pages: Pages, journal: Journal, doorkeeper: Doorkeeper
    ) -> None:
        super().__init__(configuration=configuration, create_protocol=self._spoken)
        self._port, self._pages, self._journal, self._doorkeeper = port, pages, journal, doorkeeper
        self._open = 0

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        raw = data if isinstance(data, bytes) else data.encode()
        header = read(raw)
        if header is None or header.destination in self._protocols:
            super().datagram_received(raw, addr)
            return
        too_many = self._open >= _MOST_CONNECTIONS
        if len(raw) < _FEWEST_BYTES or too_many or not self._doorkeeper.admits(str(addr[0])):
            return
        self._note(header.walk, "asked", bytes=len(raw))
        super().datagram_received(raw, addr)
        if header.version not in _KNOWN_VERSIONS:
            self._note(header.walk, "answered", versions=True)
        elif header.destination in self._protocols:
            self._note(header.walk, "answered")

    def _spoken(self, quic: QuicConnection, stream_handler: object = None) -> Spoken:
        walk = hashlib.sha256(quic.original_destination_connection_id).hexdigest()
        self._open += 1

        def gone() -> None:
            self._open -= 1

        return Spoken(quic, self._pages, lambda what, **facts: self._note(walk, what, **facts), gone)

    def _note(self, walk: str, what: str, **facts: int) -> None:
        self._journal.note(what, None, protocol="quic", port=self._port, walk=walk, **facts)


async def listen(
    address: str, port: int, chain: Path, key: Path, pages: Pages, journal: Journal, doorkeeper: Doorkeeper
) -> Listener:
    """Raises OSError and ValueError for ports and files that cannot be had."""
    logging.getLogger("quic").setLevel(logging.CRITICAL)  # aioquic's own log names addresses
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False, idle_timeout=_IDLE_S)
    configuration.load_cert_chain(chain, key)
    loop = asyncio.get_running_loop()
    _, listener = await loop.create_datagram_endpoint(
        lambda: Listener(configuration, port, pages, journal, doorkeeper), local_addr=(address, port)
    )
    return listener
