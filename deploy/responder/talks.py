"""What is spoken on one TCP connection: TLS with pages in it, pages in clear, OpenVPN, DNS, WhatsApp's greeting."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deploy.responder import openvpn, whatsapp
from deploy.responder.datagrams import Speaker, answered
from deploy.responder.journal import Fact, Journal
from deploy.responder.line import Line, SecureLine
from deploy.responder.pages import Pages

_LENGTH = openvpn.LENGTH_BYTES  # DNS by TCP frames its messages in the same way


@dataclass(slots=True)
class Noted:
    """One connection as the log sees it: nothing is written before it is known which walk it belongs to."""

    journal: Journal
    protocol: str
    port: int
    accepted_ms: int
    walk: str = ""

    def belongs_to(self, walk: str) -> None:
        self.walk = walk
        self.note("accepted", at_ms=self.accepted_ms)

    def note(self, what: str, *, at_ms: int | None = None, **facts: Fact) -> None:
        if self.walk:
            self.journal.note(what, at_ms, protocol=self.protocol, port=self.port, walk=self.walk, **facts)


Talk = Callable[[Line, Noted], Awaitable[None]]


def tls(context: ssl.SSLContext, pages: Pages) -> Talk:
    """Completes a handshake for any name, and serves the pages within."""

    async def talk(line: Line, noted: Noted) -> None:
        secure = SecureLine(line, context)
        hello = await secure.hello()
        noted.belongs_to(hello.walk)
        noted.note("hello_arrived", body=hello.body, bytes=hello.length)
        try:
            await secure.handshake(lambda count: noted.note("server_hello_left", bytes=count))
        except ssl.SSLError:
            noted.note("alert_left" if secure.alerted else "alert_arrived")
            return
        noted.note("handshake_done", sent=line.sent)
        noted.note("body_left", bytes=await pages.serve(secure, secure=True))
        await secure.goodbye()

    return talk


def clear(pages: Pages) -> Talk:
    """The pages without TLS. There is nothing in it that only two ends know: it is counted, and in no line."""

    async def talk(line: Line, noted: Noted) -> None:
        await pages.serve(line, secure=False)

    return talk


def framed(speaker: Speaker) -> Talk:
    """A protocol of datagrams by TCP: each packet after its length in two bytes."""

    async def talk(line: Line, noted: Noted) -> None:
        packet = await _exactly(line, int.from_bytes(await _exactly(line, _LENGTH), "big"))
        if len(packet) <= openvpn.MOST_PACKET and (reply := answered(speaker, packet, noted.port, noted.journal)):
            await line.send(openvpn.framed(reply))

    return talk


def greeted(listener: whatsapp.Listener) -> Talk:
    """WhatsApp's: four bytes once, then a frame after its length in three."""

    async def talk(line: Line, noted: Noted) -> None:
        head = await _exactly(line, whatsapp.HEADER_BYTES + whatsapp.LENGTH_BYTES)
        length = int.from_bytes(head[whatsapp.HEADER_BYTES :], "big")
        if length <= whatsapp.MOST_FRAME_BYTES:
            said = head + await _exactly(line, length)
            if reply := answered(listener, said, noted.port, noted.journal):
                await line.send(reply)

    return talk


async def _exactly(line: Line, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await line.receive(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
