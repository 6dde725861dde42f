"""What the laboratory's world speaks within QUIC (aioquic): pages by HTTP/3, or one DNS answer for every name.

python -m tests.lab.by_quic h3|doq CHAIN_FILE KEY_FILE ADDRESS...
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration

from probes.kinds import TRAITS
from probes.words import Kind
from tests.lab import contents
from tests.probes import quic_server

_KINDS = {"h3": Kind.QUIC, "doq": Kind.DOQ}
_SPEAKS = {
    "h3": quic_server.http3(lambda body: (200, {"content-type": "text/plain"}, b"hello\n")),
    "doq": quic_server.doq(lambda query: contents.dns_reply(query, ["192.0.2.7"])),
}


async def main(alpn: str, chain: str, key: str, *addresses: str) -> None:
    """At each address by itself: a reply leaves from where the question came to."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[alpn])
    configuration.load_cert_chain(chain, key)
    port = TRAITS[_KINDS[alpn]].port or 0
    for address in addresses:
        await serve(address, port, configuration=configuration, create_protocol=_SPEAKS[alpn])
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
