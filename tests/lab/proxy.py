"""What a resolver against sanctions leads to: carries every TLS connection on to the host its greeting names.

python -m tests.lab.proxy ADDRESS
"""

from __future__ import annotations

import asyncio
import sys

from tests.lab import contents, world
from tests.lab.relay import carry


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    greeting = b""
    while not (name := contents.server_name(greeting)) and len(greeting) < 8192 and (more := await reader.read(4096)):
        greeting += more
    found = world.names().get(name)
    if not found:
        writer.close()
        return
    inner_reader, inner_writer = await asyncio.open_connection(found[0], 443)
    inner_writer.write(greeting)
    await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))


async def main(address: str) -> None:
    server = await asyncio.start_server(join, address, 443)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
