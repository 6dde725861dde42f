"""What is shown at /metrics is what prometheus-client would write, byte for byte, and the loop is never held for it."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor import metrics
from monitor.metrics import FAMILIES, Family, Series, Shape
from monitor.telling.exposition import Exposition
from monitor.telling.histogram import Histogram
from monitor.tick import Tick
from tests.monitor import facts

IDENTITY = metrics.identity(facts.INSIDE)
PLAIN, OPEN = "", "application/openmetrics-text;version=1.0.0"
_SHAPES = {
    Shape.GAUGE: GaugeMetricFamily,
    Shape.COUNTER: CounterMetricFamily,
    Shape.HISTOGRAM: HistogramMetricFamily,
}


class Collected(Collector):
    def __init__(self, tick: Tick, identity: dict[str, str]) -> None:
        self._tick, self._identity = tick, identity

    def collect(self) -> Iterator[Metric]:
        by_family: defaultdict[Family, list[Series]] = defaultdict(list)
        for series in self._tick.samples:
            by_family[series.family].append(series)
        for family, listed in by_family.items():
            metric = _SHAPES[family.shape](family.name, family.help)
            for series in listed:
                metric.add_sample(series.name, series.labels(self._identity), self._tick.samples[series])
            yield metric


def theirs(tick: Tick, identity: dict[str, str], accept: str) -> tuple[bytes, str]:
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry()
    registry.register(Collected(tick, identity))
    return encode(registry), content_type


def ours(tick: Tick, identity: dict[str, str], accept: str) -> tuple[bytes, str]:
    shown = Exposition(identity)
    shown.publish(tick)
    return shown.text(accept)


_WORDS = st.text(max_size=6) | st.sampled_from(['"', "\\", "\n", "%s", "%", "", "AS197207"])
_SERIES = st.sampled_from([each for each in FAMILIES if each.shape is not Shape.HISTOGRAM]).flatmap(
    lambda family: st.builds(
        Series, st.just(family), st.tuples(*[_WORDS] * len(family.labels)), st.just(""), st.just("")
    )
)


_NUMBERS = st.floats().map(lambda value: value + 0.0) | st.integers(-(2**60), 2**60) | st.sampled_from([0, 1, 1.0])


@given(
    samples=st.dictionaries(_SERIES, _NUMBERS),
    accept=st.sampled_from([PLAIN, OPEN]),
    network=_WORDS,
)
def test_it_is_what_prometheus_client_writes(samples: dict[Series, float], accept: str, network: str) -> None:
    identity = {**IDENTITY, "network": network}
    assert ours(Tick(0, samples), identity, accept) == theirs(Tick(0, samples), identity, accept)


@pytest.mark.parametrize("accept", [PLAIN, OPEN])
def test_a_histogram_is_what_prometheus_client_writes(accept: str) -> None:
    histogram = Histogram()
    for took_s in (0.001, 0.3, math.pi, 1e7):
        histogram.add(took_s)
    samples = dict(histogram.series(metrics.WALK_STEP, ("whatsapp", "connect")))
    samples |= dict(histogram.series(metrics.LATENESS))
    assert ours(Tick(0, samples), {}, accept) == theirs(Tick(0, samples), {}, accept)
    assert ours(Tick(0, samples), IDENTITY, accept) == theirs(Tick(0, samples), IDENTITY, accept)


def many(count: int) -> Tick:
    return Tick(0, {Series(metrics.TARGET_UP, ("s", f"t{number}")): number for number in range(count)})


async def test_the_loop_does_something_else_between_the_pieces() -> None:
    shown, turns = Exposition(IDENTITY), 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    shown.publish(many(20_000))
    other = asyncio.ensure_future(beside())
    pieces, _ = await shown.rendered(PLAIN)
    other.cancel()
    assert turns >= 40, "20,000 lines, at most 500 at once"
    assert b"".join(pieces) == shown.text(PLAIN)[0]
    assert max(piece.count(b"\n") for piece in pieces) <= 500


async def test_a_tick_is_rendered_once_however_often_it_is_asked_for() -> None:
    shown = Exposition(IDENTITY)
    shown.publish(many(3))
    first, _ = await shown.rendered(PLAIN)
    assert (await shown.rendered(PLAIN))[0] is first
    assert (await shown.rendered(OPEN))[0] != first
    shown.publish(many(4))
    assert (await shown.rendered(PLAIN))[0] != first


async def test_a_tick_that_comes_while_the_last_one_is_rendered_is_not_mistaken_for_it() -> None:
    shown = Exposition(IDENTITY)
    shown.publish(many(2_000))
    slow = asyncio.ensure_future(shown.rendered(PLAIN))
    await asyncio.sleep(0)
    shown.publish(many(1))
    assert b"".join((await slow)[0]).count(b"didban_target_up{") == 2_000
    assert b"".join((await shown.rendered(PLAIN))[0]).count(b"didban_target_up{") == 1
