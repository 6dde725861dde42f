"""How true the length of a fetch is that a walk writes down: 200 full HTTPS walks a second, each answered after 100 ms.

The server says with each answer how long it held it, so that its own lateness is not taken for ours; whatever lies
between its two moments and ours is the error: the request on its way, TLS on both sides, and our loop, which is busy
with other walks. Starts are evenly spread, as the schedule spreads them. Both processes share the machine, so that the
far quantiles are those of its scheduler where others work on it. Prometheus' blackbox_exporter cannot be asked the
same: its phases are of its own clock, with no answer's own word beside them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from probes.ports import Page, Stream, Web
from probes.words import Kind
from tests.bench.far_end import HELD, THINKS_S, Ports
from tests.bench.figures import Figure
from tests.bench.walking import Walker, walker

_WALKS, _A_SECOND = 1_000, 200
_GOALS_MS: Mapping[str, tuple[float, float]] = {"median": (0.5, 1.0), "p99": (0.99, 10.0)}


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Milliseconds by which a recorded length differs from the server's own word; the peer is the goal."""
    each = walker(Kind.HTTPS, ports.slow, ports, named=False)
    await _error_s(each)
    began_s, waiting = time.monotonic(), list[asyncio.Future[float]]()
    for number in range(_WALKS):
        await asyncio.sleep(max(0.0, began_s + number / _A_SECOND - time.monotonic()))
        waiting.append(asyncio.ensure_future(_error_s(each)))
    errors_ms = sorted(abs(error_s) * 1000 for error_s in await asyncio.gather(*waiting))
    return [
        Figure(f"fetch_length_error_ms_{name}", errors_ms[int(share * _WALKS)], "ms", "the goal", goal_ms)
        for name, (share, goal_ms) in _GOALS_MS.items()
    ]


async def _error_s(by: Walker) -> float:
    noting = _Noting(by.tools.web)
    walk = await replace(by, tools=replace(by.tools, web=noting)).walk()
    assert noting.held_s >= THINKS_S - 0.002, "the far end did not wait"
    return walk.last.took_s - noting.held_s


@dataclass(slots=True)
class _Noting:
    """`Web` that keeps what the far end says of itself."""

    below: Web
    held_s: float = 0.0

    async def fetch(self, stream: Stream, host: str, path: str, **how: Any) -> Page:
        page = await self.below.fetch(stream, host, path, **how)
        self.held_s = float(page.headers[HELD])
        return page

    async def upgrade(self, stream: Stream, host: str, path: str, origin: str) -> Stream | Page:
        return await self.below.upgrade(stream, host, path, origin)

    async def take(self, stream: Stream, host: str, path: str, **how: Any) -> int:
        return await self.below.take(stream, host, path, **how)
