"""WhatsApp's chat within a WebSocket: the server of `whatsapp_server`, spoken to as a browser speaks (RFC 6455)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import wsproto
from wsproto.connection import ConnectionType
from wsproto.events import AcceptConnection, BytesMessage, Ping, RejectConnection, Request, TextMessage

from tests.probes.whatsapp_server import Server

PATH, ORIGIN = "/ws/chat", b"https://web.whatsapp.com"


@dataclass
class WebServer:
    """`piece`: how many bytes of the answer go into one message; 0 is all of them. `pings`: first of all."""

    server: Server
    piece: int = 0
    pings: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = wsproto.WSConnection(ConnectionType.SERVER)
        while data := await reader.read(65536):
            talk.receive_data(data)
            for event in talk.events():
                match event:
                    case Request(target=target, extra_headers=headers) if (
                        target != PATH or dict(headers).get(b"origin") != ORIGIN
                    ):
                        writer.write(talk.send(RejectConnection(status_code=403)))
                        return
                    case Request():
                        writer.write(talk.send(AcceptConnection()))
                        if self.pings:
                            writer.write(talk.send(Ping(payload=b"there?")))
                    case BytesMessage(data=opening):
                        answer = self.server.answer(bytes(opening))
                        step = self.piece or len(answer)
                        for at in range(0, len(answer), step):
                            writer.write(talk.send(BytesMessage(data=answer[at : at + step])))


async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A WebSocket of somebody else: it greets in words."""
    talk = wsproto.WSConnection(ConnectionType.SERVER)
    while data := await reader.read(65536):
        talk.receive_data(data)
        for event in talk.events():
            if isinstance(event, Request):
                writer.write(talk.send(AcceptConnection()) + talk.send(TextMessage(data="hello")))
