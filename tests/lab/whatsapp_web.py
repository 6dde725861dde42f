"""WhatsApp's servers of the laboratory, and the same chat within a WebSocket for nginx to hand on.

    python -m tests.lab.whatsapp_web ROOT_KEY_FILE SOCKET

The chat stands as `tests.lab.whatsapp` has it; the WebSocket is spoken in clear on the Unix SOCKET, for a
web server in front that has the certificate (`LOCATION` is what its configuration needs). One root key serves both.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import wsproto.utilities

from tests.lab import whatsapp
from tests.probes.whatsapp_server import Server
from tests.probes.whatsapp_web_server import PATH, WebServer

LOCATION = f"""
    location {PATH} {{
      proxy_pass http://unix:SOCKET; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $host;
    }}
"""


async def main(server: Server, socket: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, AssertionError, ValueError, wsproto.utilities.ProtocolError):
            await WebServer(server).serve(reader, writer)
        writer.close()

    within = await asyncio.start_unix_server(serve, socket)
    await asyncio.gather(within.serve_forever(), whatsapp.main(server))


if __name__ == "__main__":
    ours = Server()
    Path(sys.argv[1]).write_text(ours.root.public.hex())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(ours, Path(sys.argv[2])))
