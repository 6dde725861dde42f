"""Servers that do whatever a server should not, each on an address of its own on loopback, in a process of their own.

python -m tests.soak.hostile FOLDER     writes services.yml there, prints a line, and lives until its input is closed
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import ipaddress
import itertools
import json
import os
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

import trustme
import uvloop

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer], Awaitable[None]]
Reply = Callable[[bytes], list[bytes]]

_LONGEST_S = 20.0  # that a server holds on: longer than any deadline of the walks
_PART = 16 * 1024
_NOISE = hashlib.shake_256(b"hostile").digest(4 * _PART)
_BOMB = gzip.compress(bytes(8 * 2**20), 9)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


async def _say(writer: Writer, data: bytes) -> None:
    """Raises EOFError once nobody listens any more: asyncio would take words for ever."""
    if writer.is_closing():
        raise EOFError
    writer.write(data)
    await writer.drain()


async def silent(reader: Reader, writer: Writer) -> None:
    await asyncio.sleep(_LONGEST_S)


async def drips(reader: Reader, writer: Writer) -> None:
    for byte in itertools.cycle(_HEAD + b"\r\n"):
        await _say(writer, bytes([byte]))
        await asyncio.sleep(0.05)


async def resets(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def half_open(reader: Reader, writer: Writer) -> None:
    """Says it will say no more, and listens on."""
    if writer.can_write_eof():
        writer.write_eof()
    await asyncio.sleep(_LONGEST_S)


async def garbage(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    writer.write(_NOISE)
    await asyncio.sleep(1)


async def garbage_records(reader: Reader, writer: Writer) -> None:
    """Records of TLS, as far as their headers go: a handshake, an alert, a handshake ..."""
    await reader.read(1)
    for kind in itertools.cycle((22, 21, 20, 23)):
        await _say(writer, bytes([kind]) + b"\x03\x03\x04\x00" + _NOISE[:1024])


async def endless_head(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        await _say(writer, b"X-%d: " % number + b"a" * 8000 + b"\r\n")


async def endless_body(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    writer.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await _say(writer, b"4000\r\n" + _NOISE[:_PART] + b"\r\n")


async def endless_redirects(reader: Reader, writer: Writer) -> None:
    while await reader.read(_PART):
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 4000 + b"\r\nContent-Length: 0\r\n\r\n")


async def bomb(reader: Reader, writer: Writer) -> None:
    await reader.read(1)
    writer.write(_HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(_BOMB) + _BOMB)


STREAMS: tuple[Behaviour, ...] = (
    silent, drips, resets, half_open, garbage, garbage_records, endless_head, endless_body, endless_redirects, bomb,
)  # fmt: skip
DATAGRAMS: dict[str, Reply] = {
    "silent": lambda asked: [],
    "echo": lambda asked: [asked],
    "garbage": lambda asked: [
        asked[:2] + b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff" + b"\xc0\x0c" * 200,
        _NOISE[:900],
    ],
    "flood": lambda asked: [_NOISE[number : number + 1200] for number in range(40)],
}
_BY_STREAM = {
    "tcp": "", "tls": "", "http": "", "https": "", "openvpn": "", "dot": "", "doh": "", "transfer": "path: /64k",
    "whatsapp": f"root_key: '{'00' * 32}'", "telegram": "fingerprints: d09d1d85de64fd85",
    "tor": f"fingerprint: {'A' * 40}",
}  # fmt: skip
_BY_DATAGRAM = {"dns": "", "openvpn": "", "ikev2": "", "stun": "", "quic": "", "doq": ""}
_WITHIN_TLS = (drips, endless_head, endless_body, endless_redirects, bomb, half_open)


@dataclass(slots=True)
class Listing:
    """The rows of the service file. Each target has an address of its own: none is at rest for another's sake."""

    rows: list[str]
    number: int = 0

    def address(self) -> str:
        self.number += 1
        return str(ipaddress.IPv4Address("127.100.0.0") + self.number)

    def add(self, kind: str, name: str, address: str, port: int, options: str, transport: str = "tcp") -> None:
        over = f", transport: {transport}" if kind in ("openvpn", "stun") else ""
        said = f", options: {{{options}}}" if options else ""
        self.rows.append(
            f"  - {{id: {kind}-{name}-{transport}, kind: {kind}, depth: endpoint, hosts: [www.example.org], addresses: [{address}],"
            f" ports: [{port}], essential: true, tier: 0, source: the soak{over}{said}}}"
        )


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for each in self._reply(data):
            self._transport.sendto(each, addr)


async def _serve(behaviour: Behaviour, address: str, tls: ssl.SSLContext | None) -> int:
    async def held(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(OSError, EOFError):
            async with asyncio.timeout(_LONGEST_S):
                await behaviour(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(held, address, 0, ssl=tls)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _open(folder: Path, share: int) -> None:
    """Every `share`-th of the targets: a short run has no time for all of them."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("www.example.org", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    listing, loop = Listing([]), asyncio.get_running_loop()
    wanted = list(_wanted())
    for kind, options, behaviour, reply in wanted[::share]:
        address = listing.address()
        if behaviour is not None:
            within = context if kind in ("https", "doh", "transfer") and behaviour in _WITHIN_TLS else None
            port = await _serve(behaviour, address, within)
            listing.add(kind, behaviour.__name__.replace("_", "-"), address, port, options)
        else:
            assert reply is not None
            name, answer = reply
            made = partial(Datagrams, answer)
            transport, _ = await loop.create_datagram_endpoint(made, local_addr=(address, 0))
            port = transport.get_extra_info("sockname")[1]
            listing.add(kind, name, address, port, options, "udp")
    well, closed = listing.address(), listing.address()
    listing.add("tcp", "well", well, await _serve(silent, well, None), "")
    listing.add("tcp", "closed", closed, 9, "")
    resolver, _ = await loop.create_datagram_endpoint(
        lambda: Datagrams(DATAGRAMS["garbage"]), local_addr=("127.0.0.1", 0)
    )
    home = [await _serve(each, "127.0.0.1", None) for each in (endless_head, silent)]
    trusted = await _serve(endless_body, "127.0.0.1", context)
    head = "service: hostile\ntitle: {en: Hostile}\ncategory: messaging\npage: false\ntargets:\n"
    (folder / "services.yml").write_text(head + "\n".join(listing.rows) + "\n")
    print(json.dumps({"dns": resolver.get_extra_info("sockname")[1], "home": home, "trusted": trusted,
                      "targets": len(listing.rows)}), flush=True)  # fmt: skip


def _wanted() -> Iterator[tuple[str, str, Behaviour | None, tuple[str, Reply] | None]]:
    for behaviour in STREAMS:
        for kind, options in _BY_STREAM.items():
            yield kind, options, behaviour, None
    for name, reply in DATAGRAMS.items():
        for kind, options in _BY_DATAGRAM.items():
            yield kind, options, None, (name, reply)


async def _main(folder: Path, share: int) -> None:
    await _open(folder, share)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    os._exit(0)  # without a goodbye to anybody: some of them never end


if __name__ == "__main__":
    uvloop.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
