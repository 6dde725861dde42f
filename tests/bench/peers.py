"""The peers, as one would use them without Didban: aiohttp, asyncio, dnspython, and a blackbox_exporter that runs."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import dns.asyncquery
import dns.message
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.bench.far_end import Ports
from tests.bench.figures import Missing
from tests.bench.walking import TIMEOUT_S
from tests.probes.liars import NAME, closed_port

_BLACKBOX = "prometheus-blackbox-exporter"
_PATIENCE_S = 10.0


async def ask(port: int, name: str = NAME) -> None:
    """One A query, the same that Didban asks (EDNS, 1,232 bytes)."""
    query = dns.message.make_query(name, "A", use_edns=0, payload=1232)
    reply = await dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=TIMEOUT_S)
    assert reply.answer


async def open_and_close(port: int) -> None:
    """One TCP connection as asyncio's users open it."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class _Asking(AbstractResolver):
    """aiohttp's resolver over dnspython; whatever it hears, it says 127.0.0.1."""

    port: int

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await ask(self.port, host)
        flags = socket.AI_NUMERICHOST
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=flags)]

    async def close(self) -> None: ...


@contextlib.asynccontextmanager
async def aiohttp_session(
    ca_file: str, dns_port: int = 9, *, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[aiohttp.ClientSession]:
    """One session for all, a new connection for each request, names asked anew each time."""
    tls = ssl.create_default_context()
    tls.load_verify_locations(ca_file)
    connector = aiohttp.TCPConnector(
        resolver=_Asking(dns_port), use_dns_cache=False, ssl=tls, force_close=True, limit=0
    )
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(timeout_s)) as session:
        yield session


async def get(session: aiohttp.ClientSession, url: str) -> None:
    """One page, read to its end; TLS asks for the name also where the URL has an address."""
    async with session.get(url, server_hostname=NAME if url.startswith("https") else None) as response:
        await response.read()
        assert response.status == 200


@dataclass(frozen=True, slots=True)
class Blackbox:
    """A running blackbox_exporter; its driver's CPU is the driver's, answering `/probe` is its own."""

    pid: int
    url: str
    session: aiohttp.ClientSession

    async def probe(self, module: str, to: str) -> None:
        async with self.session.get(self.url, params={"module": module, "target": to}) as response:
            assert "\nprobe_success 1" in await response.text()


@contextlib.asynccontextmanager
async def blackbox(ports: Ports) -> AsyncIterator[Blackbox]:
    """Raises Missing where the Debian package is not installed."""
    if shutil.which(_BLACKBOX) is None:
        raise Missing(f"blackbox_exporter (apt: {_BLACKBOX})")
    listen = f"127.0.0.1:{closed_port()}"
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        config.write(_MODULES.format(ca_file=ports.ca_file, name=NAME))
        config.flush()
        options = (f"--config.file={config.name}", f"--web.listen-address={listen}", "--log.level=error")
        child = await asyncio.create_subprocess_exec(_BLACKBOX, *options, stdout=DEVNULL, stderr=DEVNULL)
        try:
            async with aiohttp.ClientSession() as session:
                await _ready(session, f"http://{listen}/-/healthy")
                yield Blackbox(child.pid, f"http://{listen}/probe", session)
        finally:
            child.terminate()
            await child.wait()


async def _ready(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)


_MODULES = """
modules:
  https:
    prober: http
    http: {{preferred_ip_protocol: ip4, fail_if_not_ssl: true, tls_config: {{ca_file: {ca_file}, server_name: {name}}}}}
  tcp: {{prober: tcp, tcp: {{preferred_ip_protocol: ip4}}}}
  dns: {{prober: dns, dns: {{preferred_ip_protocol: ip4, query_name: {name}, query_type: A}}}}
"""
