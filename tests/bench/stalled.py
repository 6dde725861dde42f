"""Memory of 500 walks that hang: in a shutdown all are in flight until their timeout.

    python -m tests.bench.stalled SIDE PORT CA_FILE     prints how much its resident memory grew, in MB

They hang in the handshake, as when a ClientHello is swallowed, or in the fetch, as when a line dies under load. Each
figure comes from a fresh process, warmed up by one stalled walk, and is the growth of its resident set while 500 more
hang. The kernel's socket buffers are in neither figure. What is not comparable: Didban's figure holds the record of
each walk in the making; aiohttp's holds one session for all, the cheapest way to use it. Both walk to a literal
address.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import uvloop

from probes.words import Kind
from tests.bench import peers
from tests.bench.far_end import Ports, many_files
from tests.bench.figures import Figure
from tests.bench.turns import Turn, in_turn
from tests.bench.walking import tools
from tests.probes.liars import target, walked

_WALKS = 500
_ROUNDS = 3
_TIMEOUT_S = 60.0
_SPREAD_S = 2.0  # over which they start: a burst would fill the silent server's queue
_SETTLE_S = 0.7
_OWN, _AIOHTTP = "didban", "aiohttp"


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """MB for 500 walks, beside 500 requests of aiohttp."""
    hanging = {"stalled_walks_memory_mb": ports.silent, "stalled_fetches_memory_mb": ports.mute}
    sides = [_side(name, port, ports.ca_file) for port in hanging.values() for name in (_OWN, _AIOHTTP)]
    seen = await in_turn(*sides, rounds=_ROUNDS, warm=False)
    pairs = zip(hanging, seen[::2], seen[1::2], strict=True)
    return [Figure(name, own, "MB", "aiohttp", theirs) for name, own, theirs in pairs]


def _side(name: str, port: int, ca_file: str) -> Turn:
    async def turn() -> float:
        command = [sys.executable, "-m", "tests.bench.stalled", name, str(port), ca_file]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate()
        return float(out)

    return turn


# ---------------------------------------------------------------- in the process that is measured


async def _grown_mb(stall: Callable[[], Awaitable[object]]) -> float:
    tasks = [asyncio.ensure_future(stall())]
    await asyncio.sleep(_SETTLE_S)
    gc.collect()
    before = _resident_bytes()
    for _ in range(_WALKS):
        tasks.append(asyncio.ensure_future(stall()))
        await asyncio.sleep(_SPREAD_S / _WALKS)
    await asyncio.sleep(_SETTLE_S)
    grown = _resident_bytes() - before
    assert not any(task.done() for task in tasks), "somebody was not silent"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return grown / 1e6


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _measure(side: str, port: int, ca_file: str) -> float:
    if side == _OWN:
        hands = tools(ca_file, timeout_s=_TIMEOUT_S)
        return await _grown_mb(partial(walked, target(Kind.HTTPS, port), hands))
    async with peers.aiohttp_session(ca_file, timeout_s=_TIMEOUT_S) as session:
        return await _grown_mb(partial(peers.get, session, f"https://127.0.0.1:{port}/"))


if __name__ == "__main__":
    many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(_measure(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
