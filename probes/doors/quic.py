"""QUIC and HTTP/3 through aioquic's connection state, over a UDP socket of ours and with nobody's tasks or transports.

Measured: aioquic answers every flaw of a certificate with the same alert, so its own check is off and `doors/chain.py`
looks; a request is sent only after that. What a censor can see: anybody on the way can read an Initial (RFC 9001
section 5.2), and aioquic's ClientHello has no GREASE, few extensions, and the transport parameters in one fixed order,
with version_information among them. It can be told from any browser's: no neutral fingerprint is promised.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ssl
from collections import deque
from pathlib import Path

from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent, StreamDataReceived, StreamReset
from aioquic.quic.packet import QuicProtocolVersion
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from probes.doors.chain import Roots
from probes.doors.dates import OURS, Dates
from probes.doors.request import BODY_BYTES, HEAD_BYTES, MOST_INFORMATIONAL, MOST_READ_BYTES, Fields, Request, page
from probes.doors.tls import ROOTS, trusted_file
from probes.failure import Refusal
from probes.ports import Greeted, Greeting, Page, Stream
from probes.words import Failure

_DATAGRAM = 64 * 1024
_THERE = ("0.0.0.0", 0)  # noqa: S104 # aioquic wants an address to tell paths apart; our socket knows the real one
_IDLE_S = 60.0  # longer than any deadline, so that silence is told by ours
_MOST_HEARD_BYTES = 2 * MOST_READ_BYTES  # a flood of noise must not eat the day's bytes
_MOST_STEPS = 2_000  # datagrams and timers
_TLS_ALERTS = range(0x100, 0x200)  # RFC 9000 section 20.1
_BAD_CERTIFICATE, _NO_ERROR, _CONNECTION_REFUSED, _H3_NO_ERROR = 0x100 + 42, 0, 2, 0x100
# what a malformed message of a peer that holds the keys has made aioquic raise, or may: never our end
_STUMBLES = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError)
# of certificates; aioquic lets them through
_UNREADABLE = (x509.InvalidVersion, InvalidSignature, UnsupportedAlgorithm)


class QuicLines:
    """`Quic`.

    Args:
        ca_file: extra roots, as of a laboratory; the system's stay trusted.
        roots: the folder of the files a greeting names.
        dates: by what time certificates are judged.
    """

    def __init__(self, ca_file: Path | None = None, roots: Path = ROOTS, dates: Dates = OURS) -> None:
        self._ca_file, self._folder, self._dates = ca_file, roots, dates
        self._roots: dict[str, Roots] = {}

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        line = QuicLine(stream, greeting)
        alpn = await line.greet()
        try:
            shown = self._trusted(greeting.roots).verify(*line.shown(), greeting)
        except Refusal:
            await line.end(_BAD_CERTIFICATE)
            raise
        return Greeted(line, shown, alpn)

    def _trusted(self, roots: str) -> Roots:
        if roots not in self._roots:
            files = [file for file in (trusted_file(roots, self._folder), self._ca_file) if file]
            self._roots[roots] = Roots(files, self._dates)
        return self._roots[roots]


class QuicLine:
    """A QUIC connection, and as `Stream` one question and its answer on each of its streams."""

    def __init__(self, below: Stream, greeting: Greeting) -> None:
        self._below = below
        self._loop = asyncio.get_running_loop()
        self.state = QuicConnection(
            configuration=QuicConfiguration(
                alpn_protocols=list(greeting.alpn),
                idle_timeout=_IDLE_S,
                max_data=MOST_READ_BYTES,
                max_stream_data=BODY_BYTES,
                server_name=greeting.says,
                supported_versions=[QuicProtocolVersion.VERSION_1],
                verify_mode=ssl.CERT_NONE,
            )
        )
        self._steps = self._heard_bytes = 0
        self._negotiating = False  # the last datagram offered us other versions
        self._asked = -1
        self._ended = False

    async def greet(self) -> str:
        """The handshake, the certificate unread; what the far end chose of `alpn`."""
        self.state.connect(_THERE, self._loop.time())
        while not isinstance(event := await self.hear(), HandshakeCompleted):
            pass
        return event.alpn_protocol or ""

    def shown(self) -> tuple[x509.Certificate, list[x509.Certificate]]:
        """The leaf, and what came with it."""
        leaf = self.state.tls._peer_certificate
        assert leaf is not None, "we resume nothing, so a handshake has one"
        return leaf, self.state.tls._peer_certificate_chain

    async def send(self, data: bytes) -> None:
        self._asked = self.state.get_next_available_stream_id()
        self._ended = False
        self.state.send_stream_data(self._asked, data, end_stream=True)
        await self.flush()

    async def receive(self, most: int) -> bytes:
        """Of the answer to what was sent last, in the pieces it came in."""
        while not self._ended:
            match await self.hear():
                case StreamDataReceived(stream_id=self._asked) as piece:
                    self._ended = piece.end_stream
                    if piece.end_stream:
                        await self.end(_NO_ERROR)
                    if piece.data:
                        return piece.data
                case StreamReset(stream_id=self._asked):
                    raise ConnectionResetError(errno.ECONNRESET, "their stream")
        return b""

    def close(self) -> None:
        self._below.close()

    async def end(self, code: int) -> None:
        """Says goodbye, so that they need not remember us until their patience ends."""
        self.state.close(error_code=code)
        with contextlib.suppress(OSError):
            await self.flush()

    async def hear(self) -> QuicEvent:
        """The next event; the end of the connection is a failure, told once everything before it has been."""
        while True:
            event = self.state.next_event()
            if event is not None and not isinstance(event, ConnectionTerminated):
                return event
            if (end := self.over()) is not None:
                await self.flush()  # the alert that says why: an ordinary client sends it
                raise _failure(end, negotiating=self._negotiating)
            await self.flush()
            await self._step()

    def over(self) -> ConnectionTerminated | None:
        """How it ended. aioquic tells of it only three round trips later, lest a packet be late."""
        return self.state._close_event

    async def flush(self) -> None:
        for data, there in self.state.datagrams_to_send(self._loop.time()):
            if there == _THERE:  # their preferred address is not asked after
                await self._below.send(data)

    async def _step(self) -> None:
        """One datagram, or what is due when none came."""
        data = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self.state.get_timer()):
                data = await self._below.receive(_DATAGRAM)
        now_s = self._loop.time()
        try:
            if data is None:
                self.state.handle_timer(now_s)
            else:
                self._negotiating = len(data) > 4 and bool(data[0] & 0x80) and data[1:5] == bytes(4)
                self.state.receive_datagram(data, _THERE, now_s)
        except _UNREADABLE:
            raise Refusal(Failure.SSL_INVALID_CERTIFICATE) from None
        except _STUMBLES:
            raise Refusal(Failure.CONNECTION_ABORTED) from None
        self._steps += 1
        self._heard_bytes += len(data or b"")
        if self._steps > _MOST_STEPS or self._heard_bytes > _MOST_HEARD_BYTES:
            raise Refusal(Failure.CONNECTION_ABORTED)


def _failure(end: ConnectionTerminated, *, negotiating: bool) -> Exception:
    """RFC 9000 section 20: an application's close has no frame type."""
    if negotiating:
        return Refusal(Failure.QUIC_INCOMPATIBLE_VERSION)
    if end.frame_type is None:
        return EOFError() if end.error_code in (_NO_ERROR, _H3_NO_ERROR) else Refusal(Failure.CONNECTION_ABORTED)
    if end.error_code in _TLS_ALERTS:
        return Refusal(Failure.SSL_FAILED_HANDSHAKE)
    refused = end.error_code == _CONNECTION_REFUSED
    return Refusal(Failure.CONNECTION_REFUSED if refused else Failure.CONNECTION_ABORTED)


# ---------------------------------------------------------------- HTTP/3


async def fetch(stream: Stream, request: Request, until_s: float) -> Page:
    """One request by HTTP/3 (RFC 9114) on what `QuicLines` greeted; then the connection ends."""
    assert isinstance(stream, QuicLine)
    talk = _Talk(stream)
    await talk.ask(request)
    head = await talk.head()
    status = page(head, b"").status
    body = await talk.body(request.wanted(status), until_s)
    await stream.end(_H3_NO_ERROR)
    return page(head, body)


class _Talk:
    def __init__(self, line: QuicLine) -> None:
        self._line = line
        self._h3 = H3Connection(line.state)
        self._seen: deque[H3Event] = deque()
        self._asked = line.state.get_next_available_stream_id()

    async def ask(self, request: Request) -> None:
        fields = [(key.encode("ascii"), value.encode("ascii")) for key, value in request.fields()]
        self._h3.send_headers(self._asked, fields, end_stream=not request.body)
        if request.body:
            self._h3.send_data(self._asked, request.body, end_stream=True)
        await self._line.flush()

    async def head(self) -> Fields:
        for _ in range(1 + MOST_INFORMATIONAL):
            event = await self._next()
            if not isinstance(event, HeadersReceived):
                break
            if sum(len(key) + len(value) for key, value in event.headers) > HEAD_BYTES:
                break
            if not dict(event.headers).get(b":status", b"").startswith(b"1"):
                if event.stream_ended:
                    self._seen.append(DataReceived(b"", self._asked, stream_ended=True))
                return event.headers
        raise Refusal(Failure.HTTP_REQUEST_FAILED)

    async def body(self, wanted: int, until_s: float) -> bytes:
        """What came of it. A body that breaks off is no failure: the head has said."""
        body, ended = bytearray(), False
        with contextlib.suppress(Refusal, OSError, EOFError):
            async with asyncio.timeout_at(until_s):
                while len(body) < wanted and not ended:
                    event = await self._next()
                    if isinstance(event, DataReceived):
                        body += event.data
                    ended = isinstance(event, DataReceived | HeadersReceived) and event.stream_ended
        return bytes(body[:wanted])

    async def _next(self) -> H3Event:
        """The next event of our stream."""
        while True:
            while self._seen:
                event = self._seen.popleft()
                if isinstance(event, DataReceived | HeadersReceived) and event.stream_id == self._asked:
                    return event
            below = await self._line.hear()
            if isinstance(below, StreamReset) and below.stream_id == self._asked:
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
            fine = self._line.over() is None
            try:
                self._seen.extend(self._h3.handle_event(below))
            except _STUMBLES:
                raise Refusal(Failure.HTTP_REQUEST_FAILED) from None
            if fine and self._line.over() is not None:  # aioquic has found it to be no HTTP/3
                await self._line.flush()
                raise Refusal(Failure.HTTP_REQUEST_FAILED)
