"""What comes through the doors: DNS, HTTP of three kinds, WebSocket, TLS, QUIC, certificates, and what pages say."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterable

import h2.config
import h2.connection
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from probes import fingerprint, hello, known, page, pattern
from probes.doors import trusted
from probes.doors.chain import Roots
from probes.doors.clock import SystemClock
from probes.doors.messages import Question
from probes.doors.quic import QuicLine
from probes.doors.web import Browser
from probes.doors.wire import Sockets
from probes.facts import Observation
from probes.failure import Refusal
from probes.ports import Greeting, Page, Post, Stream, Taken
from probes.words import Step
from tests.deploy.test_responder_parsers import HELLO
from tests.fuzz.knocks import _BARE, _FRAMED, dns_answer
from tests.fuzz.target import Target, in_pieces, of_stream

_WEB = Browser("Mozilla/5.0", 5.0)
_HEAD = b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\n"
_PAGES = (
    _HEAD + b"Content-Length: 5\r\n\r\nhello",
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n",
    b"HTTP/1.0 403 Forbidden\r\n\r\n<iframe src=http://10.10.34.34/>",
)


async def _page(stream: Stream, alpn: str = "") -> Page:
    return await _WEB.fetch(stream, "www.example.org", "/", secure=False, alpn=alpn)


async def _page_by_2(stream: Stream) -> Page:
    return await _page(stream, "h2")


async def _posted(stream: Stream) -> Page:
    post = Post("application/dns-message", _BARE.opening())
    return await _WEB.fetch(stream, "resolver.example", "/dns-query", secure=True, post=post)


async def _taken(stream: Stream) -> int:
    return await _WEB.take(stream, "www.example.org", "/", most=65536, taken=Taken(SystemClock()))


async def _by_websocket(stream: Stream) -> bytes:
    opened = await _WEB.upgrade(stream, "web.example.org", "/ws", "https://web.example.org")
    return b"" if isinstance(opened, Page) else await opened.receive(4096)


def _by_2() -> Iterable[bytes]:
    talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    talk.initiate_connection()
    ours = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    ours.initiate_connection()
    ours.send_headers(1, [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/")], True)
    talk.receive_data(ours.data_to_send())
    talk.send_headers(1, [(":status", "403"), ("server", "x")])
    talk.send_data(1, b"refused", end_stream=True)
    return in_pieces(talk.data_to_send())


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@functools.cache
def _ders() -> tuple[bytes, ...]:
    made = _authority().issue_cert("www.example.org", "192.0.2.1", key_type=trustme.KeyType.ECDSA)
    pems = [*(each.bytes() for each in made.cert_chain_pems), _authority().cert_pem.bytes()]
    return tuple(x509.load_pem_x509_certificate(each).public_bytes(Encoding.DER) for each in pems)


@functools.cache
def _roots() -> Roots:
    from tests.fuzz.target import folder

    file = folder() / "ca.pem"
    file.write_bytes(_authority().cert_pem.bytes())
    return Roots([file])


def _certificates(data: bytes) -> object:
    """As aioquic hands them on: read, whatever stands in them; each with its length of two bytes."""
    shown = []
    while len(data) > 2:
        end = 2 + int.from_bytes(data[:2], "big")
        shown.append(x509.load_der_x509_certificate(data[2:end]))
        data = data[end:]
    if not shown:
        return None
    _roots().verify(shown[0], shown[1:], Greeting("www.example.org", ()))
    return _roots().verify(shown[0], shown[1:], Greeting("www.example.org", ("www.example.org", "192.0.2.1")))


def _chains() -> Iterable[bytes]:
    leaf, root = _ders()[0], _ders()[-1]
    sized = [len(each).to_bytes(2, "big") + each for each in (leaf, root)]
    return [sized[0], b"".join(sized), sized[1]]


@functools.cache
def _sockets() -> Sockets:
    return Sockets()


async def _greeted(stream: Stream) -> object:
    greeting = Greeting("www.example.org", ("www.example.org",), ("http/1.1",))
    return await _sockets().handshake(stream, greeting)


async def _greeted_by_anybody(stream: Stream) -> object:
    greeting = Greeting("www.example.org", (), ())
    greeted = await _sockets().handshake(stream, greeting)
    return await greeted.stream.receive(4096)


async def _greeted_by_quic(stream: Stream) -> object:
    """One datagram after another, and then silence."""

    class Datagrams:
        async def send(self, data: bytes) -> None: ...

        async def receive(self, most: int) -> bytes:
            if said := await stream.receive(1200):
                return said
            raise TimeoutError

        def close(self) -> None: ...

    return await QuicLine(Datagrams(), Greeting("www.example.org", ("www.example.org",), ("h3",))).greet()


def _tls() -> Iterable[bytes]:
    """What a true server says to our ClientHello, as far as it can be said again; and alerts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _authority().issue_cert("www.example.org").configure_cert(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(HELLO)
    with contextlib.suppress(ssl.SSLWantReadError):
        server.do_handshake()
    return in_pieces(outgoing.read(), b"\x15\x03\x03\0\2\2\x28", b"\x15\x03\x03\0\2\1\0")


_QUESTION = Question.about("www.example.org")
_SIX = Question.about("www.example.org", v6=True)


def _asked(data: bytes) -> object:
    """With our id, or nothing would be read."""
    with contextlib.suppress(Refusal):
        _SIX.read(_SIX.wire[:2] + data[2:])
    return _QUESTION.read(_QUESTION.wire[:2] + data[2:])


def _told_by_dns() -> Iterable[bytes]:
    answer = dns_answer(framed=False)
    return [answer, answer[:2] + b"\x83\x80" + answer[4:], answer[:3] + b"\x83" + answer[4:12]]


async def _by_dot(stream: Stream) -> object:
    return trusted._read(_FRAMED, await trusted._framed(stream, _FRAMED.opening()))


_SEEN = Observation(Step.FETCH, took_s=0.1)


def _noted(data: bytes) -> object:
    """Status, the length of the head, the head, the body."""
    status, end = 100 + int.from_bytes(data[:2], "big") % 500, 4 + int.from_bytes(data[2:4], "big") % 2048
    lines = (line.partition(b":") for line in data[4:end].split(b"\n"))
    headers = {key.decode("latin-1"): value.decode("latin-1").strip() for key, _, value in lines}
    shown = Page(status, headers, data[end:])
    for secure in (False, True):
        page.noted(shown, _SEEN, known.load(), host="www.example.org", secure=secure)
    return None


def _heads() -> Iterable[bytes]:
    head = b"Location: https://[::1]/\nDate: Sat, 21 Nov 2026 08:00:00 GMT\n"
    body = b"<html><title>403</title>error code: 1009 Ray ID: 0<iframe src=http://10.10.34.34>"
    return [status.to_bytes(2, "big") + len(head).to_bytes(2, "big") + head + body for status in (202, 303, 351)]


def _pattern(data: bytes) -> object:
    """The pattern, a line's end, and the page it is looked for in."""
    text, _, shown = data.partition(b"\n")
    marks = pattern.pieces(text.decode(errors="replace"))
    mark = fingerprint.Mark("x", fingerprint.Meaning.BLOCK_PAGE, fingerprint.Where.BODY, marks[0], then=marks[1:])
    return mark.fits(Page(200, {}, (shown * 64)[:65536]))


TARGETS = (
    Target("door-dns", _asked, ("probes/doors/messages.py",), (Refusal,), _told_by_dns),
    Target("door-trusted", of_stream(_by_dot), ("probes/doors/trusted.py",), seeds=lambda: in_pieces(dns_answer())),
    Target("door-http", of_stream(_page), ("probes/doors/web.py", "probes/doors/head.py"), seeds=lambda: in_pieces(*_PAGES)),
    Target("door-http-post", of_stream(_posted), ("probes/doors/web.py",), seeds=lambda: in_pieces(*_PAGES)),
    Target("door-http-body", of_stream(_taken), ("probes/doors/web.py",), seeds=lambda: in_pieces(*_PAGES)),
    Target("door-http2", of_stream(_page_by_2), ("probes/doors/web2.py", "probes/doors/request.py"), seeds=_by_2),
    Target("door-websocket", of_stream(_by_websocket), ("probes/doors/websocket.py",), seeds=lambda: in_pieces(
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n\x82\1a",
        b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")),
    Target("door-tls", of_stream(_greeted), ("probes/doors/tls.py", "probes/doors/wire.py", "probes/doors/openssl.py", "probes/doors/dates.py"), seeds=_tls),
    Target("door-tls-anybody", of_stream(_greeted_by_anybody), ("probes/doors/tls.py",), seeds=_tls),
    Target("door-quic", of_stream(_greeted_by_quic), ("probes/doors/quic.py",), slow=True),
    Target("door-certificates", _certificates, ("probes/doors/chain.py",), (Refusal, ValueError, x509.InvalidVersion), _chains),
    Target("page", _noted, ("probes/page.py", "probes/fingerprint.py"), seeds=_heads),
    Target("pattern", _pattern, ("probes/pattern.py",), (ValueError,),
           lambda: [b"(abc|def).*x{1,3}[a-z]\\d?\nabc def x12", b"(?i)Access Denied\nx"]),
    Target("own-hello", hello.read, ("probes/hello.py",), seeds=lambda: [HELLO]),
)  # fmt: skip
