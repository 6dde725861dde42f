"""Carries connections from a listener made outside the namespaces to a port inside: only loopback, only pages.

    ip netns exec HOST python -m tests.lab.relay FD:PORT...

The listening socket stays where it was made; what is connected from here stands in the host's own namespace.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys


async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    with contextlib.suppress(ConnectionError, RuntimeError):
        sink.close()


async def serve(handle: int, port: int) -> None:
    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))

    server = await asyncio.start_server(join, sock=socket.socket(fileno=handle))
    await server.serve_forever()


async def main(pairs: list[str]) -> None:
    await asyncio.gather(*(serve(*map(int, pair.split(":"))) for pair in pairs))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
