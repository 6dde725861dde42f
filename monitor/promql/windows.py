"""Functions of all the samples of a range: one number for each series and moment. Rates stand in rates.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.promql.labelsets import Bools, Floats, Ints, Rows
from monitor.promql.sources import Windows


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Windows, where each ends (`end_ms`, the offset taken off), when it is looked at, and how long they are."""

    windows: Windows
    end_ms: Ints
    at_ms: Ints
    range_ms: int

    @property
    def count(self) -> Rows:
        return np.asarray(self.windows.there.sum(axis=2))


Function = Callable[[Looked, Sequence[Floats]], tuple[Floats, Bools]]


def _counted(looked: Looked, absent: float) -> tuple[Floats, Rows]:
    return np.where(looked.windows.there, looked.windows.values, absent), looked.count


def total(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    values, count = _counted(looked, 0.0)
    return values.sum(axis=2), count > 0


def mean(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    values, count = _counted(looked, 0.0)
    return values.sum(axis=2) / np.maximum(count, 1), count > 0


def lowest(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    values, count = _counted(looked, np.nan)
    return np.fmin.reduce(values, axis=2, initial=np.nan), count > 0


def highest(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    values, count = _counted(looked, np.nan)
    return np.fmax.reduce(values, axis=2, initial=np.nan), count > 0


def variance(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    values, count = _counted(looked, 0.0)
    n = np.maximum(count, 1)
    away = np.where(looked.windows.there, values - (values.sum(axis=2) / n)[:, :, None], 0.0)
    return (away**2).sum(axis=2) / n, count > 0


def deviation(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    found, there = variance(looked, _)
    return np.sqrt(found), there


def quantile(looked: Looked, asked: Sequence[Floats]) -> tuple[Floats, Bools]:
    found = quantiles(asked[0], looked.windows.values, looked.windows.there, axis=2)
    return found, looked.count > 0


def quantiles(q: Floats, values: Floats, there: Bools, axis: int) -> Floats:
    """Prometheus's: linear between the two nearest, NaN lowest of all; `q` a number a moment, the axis before last."""
    nans = (np.isnan(values) & there).sum(axis=axis)
    count = there.sum(axis=axis)
    ordered = np.sort(np.where(there, values, np.nan), axis=axis)
    rank = q * (count - 1)
    low = np.clip(np.floor(np.nan_to_num(rank)), 0, np.maximum(count - 1, 0)).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    weight = rank - np.floor(rank)
    below, above = (_nth(ordered, each - nans, axis) for each in (low, high))
    found = below * (1 - weight) + above * weight
    found = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, found))
    return np.where(np.isnan(q), np.nan, found)


def _nth(ordered: Floats, index: Rows, axis: int) -> Floats:
    picked = np.take_along_axis(ordered, np.expand_dims(np.maximum(index, 0), axis), axis=axis)
    return np.where(index < 0, np.nan, np.squeeze(picked, axis=axis))


FUNCTIONS: Mapping[str, Function] = {
    "sum_over_time": total,
    "avg_over_time": mean,
    "min_over_time": lowest,
    "max_over_time": highest,
    "stddev_over_time": deviation,
    "stdvar_over_time": variance,
    "quantile_over_time": quantile,
}
