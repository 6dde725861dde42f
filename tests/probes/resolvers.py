"""Resolvers of our own that speak within TLS, HTTPS and QUIC; what they answer is made by dnspython, not by us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events

from tests.probes.liars import Behaviour

Answer = Callable[[bytes], bytes]  # to a question, without any length
Served = Callable[[bytes], tuple[int, dict[str, str], bytes]]  # a body in; status, headers and a body out


def over_tls(answer: Answer) -> Behaviour:
    """DoT."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        reply = answer(query)
        writer.write(len(reply).to_bytes(2, "big") + reply)
        await reader.read()

    return behave


def message(answer: Answer) -> Served:
    return lambda body: (200, {"content-type": "application/dns-message"}, answer(body))


def by_http1(served: Served) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
        status, headers, body = served(await reader.readexactly(length))
        fields = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{fields}content-length: {len(body)}\r\n\r\n".encode() + body)
        await reader.read()

    return behave


def by_http2(served: Served, seen: list[dict[str, str]] | None = None) -> Behaviour:
    """`seen`: gathers the fields of each request."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        talk.initiate_connection()
        body = b""
        while True:
            writer.write(talk.data_to_send())
            if not (data := await reader.read(65536)):
                return
            for event in talk.receive_data(data):
                if isinstance(event, h2.events.RequestReceived) and seen is not None:
                    seen.append({str(key): str(value) for key, value in event.headers})
                if isinstance(event, h2.events.DataReceived):
                    body += event.data
                if isinstance(event, h2.events.StreamEnded):
                    status, headers, page = served(body)
                    talk.send_headers(1, [(":status", str(status)), *headers.items()])
                    await _send(talk, writer, page)

    return behave


async def _send(talk: h2.connection.H2Connection, writer: asyncio.StreamWriter, page: bytes) -> None:
    """As much as the window lets through; nobody here waits for more."""
    while page and (room := min(talk.local_flow_control_window(1), talk.max_outbound_frame_size)):
        talk.send_data(1, page[:room])
        page = page[room:]
    if not page:
        talk.end_stream(1)
    writer.write(talk.data_to_send())
