"""A tick as text, in Prometheus's format or OpenMetrics: by prometheus-client, once a tick and not once a scrape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor.metrics import Family, Series, Shape
from monitor.tick import Tick


class Exposition:
    """Holds the last tick, and its text in each format somebody asked for."""

    def __init__(self, identity: Mapping[str, str]) -> None:
        self._identity = identity
        self._tick: Tick | None = None
        self._rendered: dict[str, bytes] = {}

    @property
    def ready(self) -> bool:
        return self._tick is not None

    def publish(self, tick: Tick) -> None:
        self._tick = tick
        self._rendered.clear()

    def text(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type, as the scraper's Accept header asks."""
        encode, content_type = choose_encoder(accept)
        if content_type not in self._rendered:
            registry = CollectorRegistry()
            registry.register(_Collected(self._tick, self._identity))
            self._rendered[content_type] = encode(registry)
        return self._rendered[content_type], content_type


class _Collected(Collector):
    def __init__(self, tick: Tick | None, identity: Mapping[str, str]) -> None:
        self._tick, self._identity = tick, identity

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        by_family: defaultdict[Family, dict[Series, float]] = defaultdict(dict)
        for series, value in (self._tick.samples if self._tick else {}).items():
            by_family[series.family][series] = value
        for family, samples in by_family.items():
            metric = _SHAPES[family.shape](family.name, family.help)
            for series, value in samples.items():
                metric.add_sample(series.name, series.labels(self._identity), value)
            yield metric


_SHAPES = {
    Shape.GAUGE: GaugeMetricFamily,
    Shape.COUNTER: CounterMetricFamily,
    Shape.HISTOGRAM: HistogramMetricFamily,
}
