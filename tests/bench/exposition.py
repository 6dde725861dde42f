"""Rendering `/metrics` beside prometheus_client's registry with the same: about 2,000 series, and 100,000.

Both give the same lines. What is not comparable: Didban renders a finished tick once, however often it is scraped, and
the figure is that one time; a registry renders at every scrape, and the figure leaves out setting its values. The
longest hold is how long, while a tick of 100,000 series is rendered, a task beside it that wants its turn at once waits
for it (by the thread's own CPU, so that others on the machine are not in it); the registry gives no turn until its end.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

import prometheus_client

from monitor import metrics
from monitor.metrics import Family, Series, Shape
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from tests.bench import vantage
from tests.bench.far_end import Ports
from tests.bench.figures import Figure
from tests.bench.turns import in_turn, took_ms
from tests.monitor import facts

_TARGETS = 90
_MANY_TARGETS, _MANY = 5_200, 100_000
_PEER = "prometheus_client registry"
_ROUNDS = 15
_IDENTITY = metrics.identity(facts.INSIDE)


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Milliseconds of CPU per rendering."""
    tick = vantage.tick(_TARGETS)
    shown, registry = Exposition(_IDENTITY), _registry(tick)

    def render() -> bytes:
        shown.publish(tick)
        return shown.text("")[0]

    theirs = partial(prometheus_client.generate_latest, registry)
    lines = _lines(render())
    assert lines == _lines(theirs()), "the two do not say the same"
    assert 1_800 < len(lines) < 2_200, len(lines)
    own_ms, peer_ms = await in_turn(took_ms(render, count=5), took_ms(theirs, count=5), rounds=_ROUNDS)
    return [Figure("exposition_ms", own_ms, "ms", _PEER, peer_ms), *await _many()]


async def _many() -> list[Figure]:
    tick = vantage.tick(_MANY_TARGETS)
    tick = Tick(0, dict(itertools.islice(tick.samples.items(), _MANY)))
    assert len(tick.samples) == _MANY
    registry = _registry(tick)
    holds_ms: list[float] = []

    async def ours() -> float:
        shown = Exposition(_IDENTITY)
        shown.publish(tick)
        began_s = time.thread_time()
        holds_ms.append(await _longest_hold_ms(shown))
        return (time.thread_time() - began_s) * 1000

    theirs = took_ms(partial(prometheus_client.generate_latest, registry))
    own_ms, peer_ms = await in_turn(ours, theirs, rounds=5)
    return [
        Figure("exposition_100k_series_ms", own_ms, "ms", _PEER, peer_ms),
        Figure("exposition_100k_series_longest_hold_ms", statistics.median(holds_ms), "ms", _PEER, peer_ms),
    ]


async def _longest_hold_ms(shown: Exposition) -> float:
    longest_s = 0.0

    async def beside() -> None:
        nonlocal longest_s
        while True:
            before_s = time.thread_time()
            await asyncio.sleep(0)
            longest_s = max(longest_s, time.thread_time() - before_s)

    other = asyncio.ensure_future(beside())
    await asyncio.sleep(0)
    await shown.rendered("")
    other.cancel()
    return longest_s * 1000


def _lines(text: bytes) -> list[bytes]:
    return sorted(line for line in text.splitlines() if not line.startswith(b"#"))


def _registry(tick: Tick) -> prometheus_client.CollectorRegistry:
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = prometheus_client.CollectorRegistry()
    by_family: defaultdict[Family, list[tuple[Series, float]]] = defaultdict(list)
    for series, value in tick.samples.items():
        by_family[series.family].append((series, value))
    for family, samples in by_family.items():
        names = [*(key for key, value in _IDENTITY.items() if value), *family.labels]
        if family.shape is Shape.COUNTER:
            counter = prometheus_client.Counter(family.name, family.help, names, registry=registry)
            for series, value in samples:
                counter.labels(**series.labels(_IDENTITY)).inc(value)
        else:
            gauge = prometheus_client.Gauge(family.name, family.help, names, registry=registry)
            for series, value in samples:
                gauge.labels(**series.labels(_IDENTITY)).set(value)
    return registry
