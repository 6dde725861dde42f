"""WhatsApp's chat servers of the laboratory: the real protocol, with a root key of their own.

python -m tests.lab.whatsapp ROOT_KEY_FILE
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from tests.probes.whatsapp_server import Server

PORTS = (443, 5222)


async def main(server: Server) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, AssertionError, ValueError):
            await server.serve(reader, writer)
        writer.close()

    listening = [await asyncio.start_server(serve, None, port) for port in PORTS]
    await asyncio.gather(*(each.serve_forever() for each in listening))


if __name__ == "__main__":
    ours = Server()
    Path(sys.argv[1]).write_text(ours.root.public.hex())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(ours))
