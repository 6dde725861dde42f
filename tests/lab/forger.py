"""A TLS server that has a certificate for whatever name it is asked for: at one address from a root nobody trusts, at the
other from one everybody does.

python -m tests.lab.forger ADDRESS TRUSTED_ADDRESS CA_FILE CA_KEY_FILE
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from pathlib import Path

import trustme

_PAGE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nhello\n"


def context(ca: trustme.CA) -> ssl.SSLContext:
    """For a server whose certificate is made when the name is heard."""
    made: dict[str, ssl.SSLContext] = {}

    def forge(tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        name = name or "nobody.example"
        if name not in made:
            made[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ca.issue_cert(name).configure_cert(made[name])
        tls.context = made[name]

    first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("nobody.example").configure_cert(first)
    first.sni_callback = forge
    return first


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await reader.read(4096)
        writer.write(_PAGE)
        await writer.drain()
    writer.close()


async def main(address: str, trusted: str, known: trustme.CA) -> None:
    unknown = trustme.CA(organization_name="Nobody")
    pairs = ((address, unknown), (trusted, known))
    servers = [await asyncio.start_server(serve, at, 443, ssl=context(ca)) for at, ca in pairs]
    await asyncio.gather(*(each.serve_forever() for each in servers))


if __name__ == "__main__":
    state = trustme.CA.from_pem(*(Path(file).read_bytes() for file in sys.argv[3:5]))
    asyncio.run(main(sys.argv[1], sys.argv[2], state))
