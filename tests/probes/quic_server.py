"""A QUIC server of our own on loopback (aioquic): HTTP/3 and DoQ, and each of their ways to fail."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import AsyncIterator, Callable
from typing import Any

import trustme
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent, StreamDataReceived
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificate

from tests.probes import liars
from tests.probes.liars import Authority
from tests.probes.resolvers import Answer, Served

Speaks = Callable[..., QuicConnectionProtocol]


def http3(served: Served, seen: list[dict[str, str]] | None = None) -> Speaks:
    class Http3(QuicConnectionProtocol):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._talk = H3Connection(self._quic)
            self._body = b""

        def quic_event_received(self, event: QuicEvent) -> None:
            for each in self._talk.handle_event(event):
                if isinstance(each, HeadersReceived) and seen is not None:
                    seen.append({key.decode(): value.decode() for key, value in each.headers})
                if isinstance(each, DataReceived):
                    self._body += each.data
                if isinstance(each, HeadersReceived | DataReceived) and each.stream_ended:
                    status, headers, page = served(self._body)
                    fields = [(b":status", str(status).encode())]
                    fields += [(key.encode(), value.encode()) for key, value in headers.items()]
                    self._talk.send_headers(each.stream_id, fields, end_stream=not page)
                    if page:
                        self._talk.send_data(each.stream_id, page, end_stream=True)
                    self.transmit()

    return Http3


def page(status: int = 200, body: bytes = b"hello") -> Speaks:
    return http3(lambda asked: (status, {"server": "x"}, body))


def says(data: bytes, *, end: bool = True) -> Speaks:
    """Answers whatever opens a stream with the same bytes on it."""

    class Says(QuicConnectionProtocol):
        def quic_event_received(self, event: QuicEvent) -> None:
            if isinstance(event, StreamDataReceived) and event.stream_id % 4 == 0 and event.end_stream:
                self._quic.send_stream_data(event.stream_id, data, end_stream=end)
                self.transmit()

    return Says


def does(action: Callable[[Any, int], None]) -> Speaks:
    """Answers whatever opens a stream by what `action` does to the connection's state and that stream."""

    class Does(QuicConnectionProtocol):
        def quic_event_received(self, event: QuicEvent) -> None:
            if isinstance(event, StreamDataReceived) and event.stream_id % 4 == 0:
                action(self._quic, event.stream_id)
                self.transmit()

    return Does


def doq(answer: Answer) -> Speaks:
    class Doq(QuicConnectionProtocol):
        def quic_event_received(self, event: QuicEvent) -> None:
            if isinstance(event, StreamDataReceived) and event.end_stream:
                reply = answer(event.data[2:])
                framed = len(reply).to_bytes(2, "big") + reply
                self._quic.send_stream_data(event.stream_id, framed, end_stream=True)
                self.transmit()

    return Doq


@contextlib.asynccontextmanager
async def quic_server(
    authority: Authority | None,
    speaks: Speaks,
    *,
    leaf: trustme.LeafCert | None = None,
    alpn: str = "h3",
    name: str = liars.NAME,
    expired: bool = False,
    ca: trustme.CA | None = None,
    disguise: Callable[[Certificate], Any] | None = None,
    **options: Any,
) -> AsyncIterator[int]:
    """The UDP port it listens on. `disguise`: what it shows instead of its certificate. `leaf`: instead of an authority."""
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    if leaf is None:
        assert authority is not None
        issuer = ca or authority.ca
        leaf = issuer.issue_cert(name, not_after=past) if expired else issuer.issue_cert(name)
    chain = [load_pem_x509_certificate(pem.bytes()) for pem in leaf.cert_chain_pems]
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[alpn], **options)
    configuration.certificate, configuration.certificate_chain = chain[0], chain[1:]
    if disguise is not None:
        configuration.certificate = disguise(chain[0])
    configuration.private_key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    server = await serve("127.0.0.1", 0, configuration=configuration, create_protocol=speaks)
    try:
        assert server._transport is not None
        yield server._transport.get_extra_info("sockname")[1]
    finally:
        server.close()
