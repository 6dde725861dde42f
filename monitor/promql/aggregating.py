"""Many series made one for each group, or the first few of each. After Prometheus 2.42's promql/engine.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from monitor.promql.labelsets import NAME, Bools, Floats, Groups, Labelsets, Rows, only, without
from monitor.promql.now import Now
from monitor.promql.understood import Scalars, Vectors
from monitor.promql.vector import Vector, any_of, counted, summed
from monitor.promql.windows import quantiles


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """`by` these labels, or without them."""

    by: bool
    names: frozenset[str]

    def of(self, labels: Labelsets) -> Groups:
        return labels.once(self, lambda: Groups.of([self._key(row) for row in labels.rows]))

    def _key(self, labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return only(labels, self.names) if self.by else without(labels, self.names | {NAME})


def _where(vector: Vector, absent: float) -> Floats:
    return np.where(vector.there, vector.values, absent)


def _extreme(ufunc: np.ufunc) -> Callable[[Groups, Vector], Floats]:
    def work(groups: Groups, vector: Vector) -> Floats:
        if groups.alone:
            return vector.values
        found: Floats = ufunc.reduceat(_where(vector, np.nan)[groups.order], groups.starts, axis=0)
        return found

    return work


def _count(groups: Groups, vector: Vector) -> Floats:
    return counted(groups, vector.there).astype(np.float64)


def _mean(groups: Groups, vector: Vector) -> Floats:
    return summed(groups, _where(vector, 0.0)) / np.maximum(counted(groups, vector.there), 1)


def _variance(groups: Groups, vector: Vector) -> Floats:
    away = np.where(vector.there, vector.values - _mean(groups, vector)[groups.of_row], 0.0)
    return summed(groups, away * away) / np.maximum(counted(groups, vector.there), 1)


_WORK: Mapping[str, Callable[[Groups, Vector], Floats]] = {
    "sum": lambda groups, vector: summed(groups, _where(vector, 0.0)),
    "min": _extreme(np.fmin),
    "max": _extreme(np.fmax),
    "count": _count,
    "group": lambda groups, vector: np.ones((len(groups.labels), vector.values.shape[1])),
    "avg": _mean,
    "stdvar": _variance,
    "stddev": lambda groups, vector: np.sqrt(_variance(groups, vector)),
}
OPERATORS = frozenset(_WORK)


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """`sum by (...) (v)` and its like."""

    operator: str
    of: Vectors
    grouping: Grouping

    def evaluate(self, now: Now) -> Vector:
        vector = self.of.evaluate(now)
        if not len(vector.labels):
            return vector
        groups = self.grouping.of(vector.labels)
        values = _WORK[self.operator](groups, vector)
        return Vector(groups.labels, values, any_of(groups, vector.there))


def _padded(groups: Groups) -> Rows:
    """A row of row numbers for each group; -1 where it has fewer than the largest."""
    most = int(groups.sizes.max())
    places = groups.starts[:, None] + np.arange(most)
    inside = np.arange(most) < groups.sizes[:, None]
    return np.where(inside, groups.order[np.where(inside, places, 0)], -1)


def _members(groups: Groups, vector: Vector) -> tuple[Rows, Floats, Bools]:
    """Group by member by moment."""
    rows = groups.labels.once(("padded", groups), lambda: _padded(groups))
    return rows, vector.values[rows], vector.there[rows] & (rows >= 0)[:, :, None]


@dataclass(frozen=True, slots=True, eq=False)
class Quantile:
    """`quantile by (...) (q, v)`."""

    q: Scalars
    of: Vectors
    grouping: Grouping

    def evaluate(self, now: Now) -> Vector:
        q, vector = self.q.evaluate(now), self.of.evaluate(now)
        if not len(vector.labels):
            return vector
        groups = self.grouping.of(vector.labels)
        _, values, there = _members(groups, vector)
        return Vector(groups.labels, quantiles(q, values, there, axis=1), any_of(groups, vector.there))


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """`topk` and `bottomk`: the first few of each group as they are. Of equals the series known longer."""

    top: bool
    k: Scalars
    of: Vectors
    grouping: Grouping

    def evaluate(self, now: Now) -> Vector:
        k, vector = np.nan_to_num(self.k.evaluate(now)), self.of.evaluate(now)
        if not len(vector.labels):
            return vector
        groups = self.grouping.of(vector.labels)
        rows, values, there = _members(groups, vector)
        asked = np.where(np.isnan(values), -np.inf, values if self.top else -values)
        place = np.lexsort((-asked, ~there), axis=1)
        rank = np.argsort(place, axis=1, kind="stable")
        kept = there & (rank < np.trunc(k)[None, None, :])
        found = np.zeros_like(vector.there)
        inside = rows >= 0
        found[rows[inside]] = kept[inside]
        return Vector(vector.labels, vector.values, found)
