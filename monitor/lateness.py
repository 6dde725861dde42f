"""A histogram of how long after it was due a round started. Prometheus's cumulative buckets, in seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)


@dataclass(slots=True)
class Lateness:
    counts: list[int] = field(default_factory=lambda: [0] * len(BUCKETS_S))
    sum_s: float = 0.0

    def add(self, late_s: float) -> None:
        self.sum_s += late_s
        for index, bound_s in enumerate(BUCKETS_S):
            if late_s <= bound_s:
                self.counts[index] += 1

    def buckets(self) -> Iterator[tuple[str, int]]:
        """`le` label and cumulative count."""
        for bound_s, count in zip(BUCKETS_S, self.counts, strict=True):
            yield "+Inf" if math.isinf(bound_s) else str(bound_s), count
