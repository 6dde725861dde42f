"""Sends back every datagram that comes: the far end of protocols that only the liar reads.

python -m tests.lab.echo ADDRESS PORT...
"""

from __future__ import annotations

import asyncio
import sys


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self._transport.sendto(data, sender)


async def main(address: str, ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    for port in ports:
        await loop.create_datagram_endpoint(Echo, (address, port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], [int(port) for port in sys.argv[2:]]))
