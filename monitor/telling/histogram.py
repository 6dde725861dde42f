"""Lengths in Prometheus's cumulative buckets, in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.metrics import Family, Series

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)


@dataclass(slots=True)
class Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * len(BUCKETS_S))
    sum_s: float = 0.0

    def add(self, length_s: float) -> None:
        self.sum_s += length_s
        for index, bound_s in enumerate(BUCKETS_S):
            if length_s <= bound_s:
                self.counts[index] += 1

    def series(self, family: Family, key: tuple[str, ...] = ()) -> Iterator[tuple[Series, float]]:
        for bound_s, count in zip(BUCKETS_S, self.counts, strict=True):
            le = "+Inf" if math.isinf(bound_s) else str(bound_s)
            yield Series(family, key, "_bucket", le), count
        yield Series(family, key, "_sum"), self.sum_s
        yield Series(family, key, "_count"), self.counts[-1]
