"""QUIC for any name, pages by HTTP/3, and the walk known by its first connection id."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent
from hypothesis import given
from hypothesis import strategies as st

from deploy.responder import quic
from probes.doors.wire import Sockets
from probes.ports import Traffic
from probes.words import Transport
from tests.deploy.responders import Standing, standing


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Standing]:
    async with standing(tmp_path) as responder:
        yield responder


class Visitor(QuicConnectionProtocol):
    """Asks for one page."""

    def __init__(self, quic_: QuicConnection) -> None:
        super().__init__(quic_)
        self.walk = quic.LongHeader(1, quic_.original_destination_connection_id).walk
        self._http = H3Connection(self._quic)
        self._body, self._status = b"", 0
        self._done = asyncio.get_running_loop().create_future()

    async def page(self, path: str) -> tuple[int, bytes]:
        stream = self._quic.get_next_available_stream_id()
        head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"x"), (b":path", path.encode())]
        self._http.send_headers(stream, head, end_stream=True)
        self.transmit()
        await self._done
        return self._status, self._body

    def quic_event_received(self, event: QuicEvent) -> None:
        for each in self._http.handle_event(event):
            if isinstance(each, HeadersReceived):
                self._status = int(dict(each.headers)[b":status"])
            if isinstance(each, DataReceived):
                self._body += each.data
            if isinstance(each, HeadersReceived | DataReceived) and each.stream_ended:
                self._done.set_result(None)


async def visit(there: Standing, says: str, path: str) -> tuple[int, bytes, str]:
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=says)
    configuration.verify_mode = 0  # whose certificate it is, TLS's tests ask
    loop = asyncio.get_running_loop()
    transport, visitor = await loop.create_datagram_endpoint(
        lambda: Visitor(QuicConnection(configuration=configuration)), local_addr=("127.0.0.1", 0)
    )
    try:
        async with asyncio.timeout(5):
            visitor.connect(("127.0.0.1", there.ports["quic"]))
            await visitor.wait_connected()
            return *await visitor.page(path), visitor.walk
    finally:
        visitor.close()
        transport.close()


@pytest.mark.parametrize("says", ["witness.example.org", "www.instagram.com"])
async def test_quic_is_completed_for_any_name(there: Standing, says: str) -> None:
    status, body, walk = await visit(there, says, "/64k")
    assert (status, len(body)) == (200, 65536)
    whats = [json.loads(line)["what"] for line in there.lines() if walk in line]
    assert whats[:4] == ["asked", "answered", "handshake_done", "body_left"]
    assert "instagram" not in "".join(there.lines())


@pytest.mark.parametrize(
    ("path", "status"), [("/", 204), ("/nothing", 404), ("/bytes/65537", 404), (f"/witness/{'0' * 64}", 404)]
)
async def test_pages_are_the_same_as_by_tls_but_for_the_log(there: Standing, path: str, status: int) -> None:
    assert (await visit(there, "x.example", path))[:2] == (status, b"")


async def heard(there: Standing, datagram: bytes) -> bytes:
    stream = await Sockets().connect("127.0.0.1", there.ports["quic"], Transport.UDP, Traffic())
    try:
        await stream.send(datagram)
        async with asyncio.timeout(0.3):
            return await stream.receive(4096)
    except TimeoutError:
        return b""
    finally:
        stream.close()


async def test_an_unknown_version_is_told_which_are_known(there: Standing) -> None:
    """What tells a dead UDP 443 from a filtered name: it says no name."""
    mine, theirs = secrets.token_bytes(8), secrets.token_bytes(8)
    packet = b"\xc0\xba\xba\xba\xba\x08" + theirs + b"\x08" + mine
    reply = await heard(there, packet.ljust(1200, b"\0"))
    assert reply[1:5] == bytes(4)
    assert reply[5:14] == b"\x08" + mine
    assert b"\0\0\0\1" in reply
    assert len(reply) < 60


@pytest.mark.parametrize(
    "noise",
    [b"", b"\xc0", bytes(1200), b"\xff" * 1200, b"\xc0\0\0\0\1\x08" + bytes(1194), b"\xc0\xba\xba\xba\xba\x00\x00"],
)
async def test_noise_is_met_with_nothing_longer(there: Standing, noise: bytes) -> None:
    assert len(await heard(there, noise)) <= len(noise)
    assert (await visit(there, "x.example", "/"))[0] == 204, "and goes on listening"


@given(st.binary(max_size=60))
def test_any_first_bytes_are_read_to_a_word(data: bytes) -> None:
    header = quic.read(data)
    assert header is None or data[6 : 6 + data[5]] == header.destination
