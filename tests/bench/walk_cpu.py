"""CPU of one walk that succeeds, beside who does the same work: resolve, connect, handshake and fetch on 127.0.0.1.

All sides of a kind take turns in one process on uvloop, eight in flight; the far ends live in another process. What
is not comparable: Didban tells the steps apart, names what failed and hands over a record, aiohttp gives one page or
one exception and reads the page to its end (1 KB), where Didban stops at the head. aiohttp asks DNS through
dnspython, since it has no resolver of its own but the system's; all ask the same question, and both trust the
system's roots and one more. uvloop opens a connection in C, which no socket of one's own can match. blackbox_exporter
resolves nothing here (its resolver is the system's), so Didban's side of that pair walks to a literal address (of DNS:
asks that resolver for a name, as the exporter does); its figure holds the answering of `/probe`, and Didban's does not
hold judging and stating.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from probes.words import Kind
from tests.bench import peers
from tests.bench.far_end import Ports
from tests.bench.figures import Figure, Missing
from tests.bench.peers import Blackbox
from tests.bench.turns import Turn, cpu_ms, cpu_of, in_turn
from tests.bench.walking import walker
from tests.probes.liars import NAME

_ROUNDS = 9
_HTTPS, _TCP, _DNS = 160, 640, 320  # walks a turn: 0.1 to 0.4 s each
_LISTENING = 64


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Milliseconds per walk: https, tcp and dns, each beside a library and beside blackbox_exporter."""
    async with contextlib.AsyncExitStack() as stack:
        exporter: Blackbox | None = None
        try:
            exporter = await stack.enter_async_context(peers.blackbox(ports))
        except Missing as missing:
            said(str(missing))
        return [
            *await _https(ports, exporter),
            *await _tcp(ports, exporter),
            *await _dns(ports, exporter),
        ]


async def _https(ports: Ports, exporter: Blackbox | None) -> list[Figure]:
    async with peers.aiohttp_session(ports.ca_file, ports.dns) as session:
        return await _beside(
            "walk_https_cpu_ms",
            cpu_ms(walker(Kind.HTTPS, ports.https, ports), count=_HTTPS),
            "aiohttp, force_close, dnspython",
            cpu_ms(partial(peers.get, session, f"https://{NAME}:{ports.https}/"), count=_HTTPS),
            cpu_ms(walker(Kind.HTTPS, ports.https, ports, named=False), count=_HTTPS),
            _probing(exporter, "https", f"https://127.0.0.1:{ports.https}/", _HTTPS),
        )


async def _tcp(ports: Ports, exporter: Blackbox | None) -> list[Figure]:
    own = cpu_ms(walker(Kind.TCP, ports.silent, ports, named=False), count=_TCP)
    return await _beside(
        "walk_tcp_cpu_ms",
        own,
        "asyncio.open_connection",
        cpu_ms(partial(peers.open_and_close, ports.silent), count=_TCP),
        own,
        _probing(exporter, "tcp", f"127.0.0.1:{ports.silent}", _TCP),
    )


async def _dns(ports: Ports, exporter: Blackbox | None) -> list[Figure]:
    """By name the walk listens on for half a second, as nothing proves such an answer; so more of them are in flight."""
    return await _beside(
        "walk_dns_cpu_ms",
        cpu_ms(walker(Kind.DNS, 53, ports), count=_DNS, at_once=_LISTENING),
        "dnspython asyncquery.udp",
        cpu_ms(partial(peers.ask, ports.dns), count=_DNS),
        cpu_ms(walker(Kind.DNS, ports.dns, ports, named=False), count=_DNS),
        _probing(exporter, "dns", f"127.0.0.1:{ports.dns}", _DNS),
    )


def _probing(exporter: Blackbox | None, module: str, to: str, count: int) -> Turn | None:
    if exporter is None:
        return None
    return cpu_ms(partial(exporter.probe, module, to), count=count, clock=cpu_of(exporter.pid))


async def _beside(
    name: str, own: Turn, library: str, theirs: Turn, own_again: Turn, exporter: Turn | None
) -> list[Figure]:
    """One run of all sides; `own_again` is the walk that does what the exporter does."""
    if exporter is None:
        value, peer_value = await in_turn(own, theirs, rounds=_ROUNDS)
        return [Figure(name, value, "ms", library, peer_value)]
    value, peer_value, again, probed = await in_turn(own, theirs, own_again, exporter, rounds=_ROUNDS)
    return [
        Figure(name, value, "ms", library, peer_value),
        Figure(f"{name}_blackbox", again, "ms", "blackbox_exporter", probed),
    ]
