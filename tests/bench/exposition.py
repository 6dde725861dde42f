"""Rendering `/metrics` of a large vantage, about 2,000 series, beside prometheus_client's registry with the same.

Both give the same lines. What is not comparable: Didban renders a finished tick once, however often it is scraped, and
the figure is that one time; a registry renders at every scrape, and the figure leaves out setting its 2,000 values.
"""

from __future__ import annotations

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
    return [Figure("exposition_ms", own_ms, "ms", "prometheus_client registry", peer_ms)]


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
