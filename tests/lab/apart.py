"""Telegram's data centres and Tor's authorities of the laboratory: each protocol on a host of its own.

    python -m tests.lab.apart telegram
    python -m tests.lab.apart tor FINGERPRINT_FILE

The relay has one identity for all authorities, written to that file; Telegram's answer is not signed and needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from probes.words import Kind
from tests.lab import world
from tests.probes import telegram_server, tor_relay

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def stand(kind: Kind, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
    """On every port the catalogue has that kind at."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, AssertionError, ssl.SSLError):
            await serve(reader, writer)
        writer.close()

    ports = {endpoint.port for target in world.targets() if target.kind is kind for endpoint in target.endpoints}
    listening = [await asyncio.start_server(join, None, port, ssl=tls) for port in sorted(ports)]
    await asyncio.gather(*(each.serve_forever() for each in listening))


def main(which: str, *fingerprint_file: str) -> None:
    if which == "telegram":
        asyncio.run(stand(Kind.TELEGRAM, telegram_server.Server().serve))
    relay, file = tor_relay.Relay(), Path(fingerprint_file[0])
    context = relay.context(file.parent)
    file.write_text(relay.fingerprint)
    asyncio.run(stand(Kind.TOR, relay.serve, context))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
