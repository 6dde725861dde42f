"""How sure a count is: intervals of 95 %, and quantiles. Pure arithmetic; reads no world.

Wilson, E. B., JASA 22 (1927) 209 for shares; Garwood, F., Biometrika 28 (1936) 437 for rates of a Poisson stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_Z = 1.959963984540054  # of the normal distribution, 2.5 % above it
_TAIL = 0.025
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`. Without any n nothing is known, and the interval says so."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        if not self.n:
            return (0.0, 1.0)
        p, n, z2 = self.hits / self.n, self.n, _Z * _Z
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        low = 0.0 if self.hits == 0 else max(0.0, middle - half)
        high = 1.0 if self.hits == self.n else min(1.0, middle + half)
        return (low, high)


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` in so much exposure, counted as a Poisson stream."""

    events: int
    exposure: float

    @property
    def value(self) -> float | None:
        return self.events / self.exposure if self.exposure else None

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends are exact: with none seen the upper one bounds the rate at 3.69 in that exposure."""
        if not self.exposure:
            return (0.0, math.inf)
        low = 0.0 if not self.events else _solved(lambda mean: 1 - _at_most(self.events - 1, mean), _TAIL)
        high = _solved(lambda mean: 1 - _at_most(self.events, mean), 1 - _TAIL)
        return (low / self.exposure, high / self.exposure)


def _at_most(events: int, mean: float) -> float:
    """The chance of so many events or fewer."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(events + 1))


def _solved(grows: Callable[[float], float], wanted: float) -> float:
    """Where a function that grows with its argument reaches that value."""
    low, high = 0.0, 1.0
    while grows(high) < wanted:
        high *= 2
    while high - low > _CLOSE * max(1.0, high):
        middle = (low + high) / 2
        low, high = (middle, high) if grows(middle) < wanted else (low, middle)
    return (low + high) / 2


def quantile(values: Sequence[float], q: float) -> float | None:
    """The nearest rank: a value that was seen, never one between two."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]
