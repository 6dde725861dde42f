"""Functions of how a series moves within a range, after Prometheus 2.42's promql/functions.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.promql.labelsets import Bools, Floats, Rows
from monitor.promql.windows import Function, Looked


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """The samples of each window without gaps, seconds for times; `pairs`: where a sample has one before it."""

    values: Floats
    at_s: Floats
    there: Bools
    count: Rows

    @classmethod
    def of(cls, looked: Looked) -> _Run:
        parts = looked.windows
        count = looked.count
        order = np.argsort(~parts.there, axis=2, kind="stable")
        values, at_ms = (np.take_along_axis(each, order, axis=2) for each in (parts.values, parts.at_ms))
        there = np.arange(parts.there.shape[2]) < count[:, :, None]
        return cls(np.where(there, values, 0.0), np.where(there, at_ms, 0.0) / 1000.0, there, count)

    @property
    def pairs(self) -> Bools:
        return self.there[:, :, 1:]

    def nth(self, array: Floats, back: int) -> Floats:
        """The last one but `back`."""
        index = np.maximum(self.count - 1 - back, 0)[:, :, None]
        return np.take_along_axis(array, index, axis=2)[:, :, 0]

    def first(self, array: Floats) -> Floats:
        return array[:, :, 0]


def _no_samples(looked: Looked) -> tuple[Floats, Bools]:
    shape = looked.windows.values.shape[:2]
    return np.zeros(shape), np.zeros(shape, dtype=np.bool_)


def changes(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    run = _Run.of(looked)
    before, after = run.values[:, :, :-1], run.values[:, :, 1:]
    other = (before != after) & ~(np.isnan(before) & np.isnan(after))
    return (other & run.pairs).sum(axis=2) * 1.0, run.count > 0


def resets(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    run = _Run.of(looked)
    return ((run.values[:, :, 1:] < run.values[:, :, :-1]) & run.pairs).sum(axis=2) * 1.0, run.count > 0


def extrapolated(*, counter: bool, per_second: bool) -> Function:
    """`rate`, `increase` and `delta`: what lies between first and last sample, stretched to the range's ends."""

    def work(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
        if looked.windows.values.shape[2] == 0:
            return _no_samples(looked)
        run = _Run.of(looked)
        first, last = run.first(run.values), run.nth(run.values, 0)
        found = last - first
        if counter:
            fell = (run.values[:, :, 1:] < run.values[:, :, :-1]) & run.pairs
            found = found + np.where(fell, run.values[:, :, :-1], 0.0).sum(axis=2)
        factor = _stretched(looked, run, found, first, counter=counter)
        found = found * (factor / (looked.range_ms / 1000.0) if per_second else factor)
        return found, run.count > 1

    return work


def _stretched(looked: Looked, run: _Run, found: Floats, first: Floats, *, counter: bool) -> Floats:
    first_s, last_s = run.first(run.at_s), run.nth(run.at_s, 0)
    to_start = first_s - (looked.end_ms - looked.range_ms) / 1000.0
    to_end = looked.end_ms / 1000.0 - last_s
    sampled = last_s - first_s
    between = sampled / (run.count - 1)
    if counter:
        to_zero = sampled * (first / found)
        to_start = np.where((found > 0) & (first >= 0) & (to_zero < to_start), to_zero, to_start)
    near = between * 1.1
    length = sampled + np.where(to_start < near, to_start, between / 2) + np.where(to_end < near, to_end, between / 2)
    return length / sampled


def instantly(*, per_second: bool) -> Function:
    """`irate` and `idelta`: of the last two samples."""

    def work(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
        if looked.windows.values.shape[2] == 0:
            return _no_samples(looked)
        run = _Run.of(looked)
        last, before = run.nth(run.values, 0), run.nth(run.values, 1)
        found = np.where(last < before, last, last - before) if per_second else last - before
        took_s = run.nth(run.at_s, 0) - run.nth(run.at_s, 1)
        return (found / took_s if per_second else found), (run.count > 1) & (took_s > 0)

    return work


def slope(looked: Looked, _: Sequence[Floats]) -> tuple[Floats, Bools]:
    """`deriv`."""
    run = _Run.of(looked)
    return _line(run, run.at_s[:, :, :1])[0], run.count > 1


def ahead(looked: Looked, asked: Sequence[Floats]) -> tuple[Floats, Bools]:
    """`predict_linear`: so many seconds from the moment of looking."""
    run = _Run.of(looked)
    steep, level = _line(run, looked.at_ms[None, :, None] / 1000.0)
    return steep * asked[0] + level, run.count > 1


def _line(run: _Run, zero_s: Floats) -> tuple[Floats, Floats]:
    """Least squares: slope, and the level at `zero_s`."""
    if run.values.shape[2] == 0:
        nothing = np.zeros(run.values.shape[:2])
        return nothing, nothing
    x = np.where(run.there, run.at_s - zero_s, 0.0)
    n = np.maximum(run.count, 1)
    sum_x, sum_y = x.sum(axis=2), run.values.sum(axis=2)
    first = run.values[:, :, 0]
    steep = ((x * run.values).sum(axis=2) - sum_x * sum_y / n) / ((x * x).sum(axis=2) - sum_x * sum_x / n)
    level = sum_y / n - steep * sum_x / n
    flat = (~run.there | (run.values == first[:, :, None])).all(axis=2)
    endless = np.where(np.isinf(first), np.nan, 0.0)
    return np.where(flat, endless, steep), np.where(flat, first + endless, level)


FUNCTIONS: Mapping[str, Function] = {
    "changes": changes,
    "resets": resets,
    "rate": extrapolated(counter=True, per_second=True),
    "increase": extrapolated(counter=True, per_second=False),
    "delta": extrapolated(counter=False, per_second=False),
    "irate": instantly(per_second=True),
    "idelta": instantly(per_second=False),
    "deriv": slope,
    "predict_linear": ahead,
}
