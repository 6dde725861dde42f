"""Samples from outside, each seen from the moment it arrived. Keeps what somebody may still look back at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.home.remotewrite import STALE, Labels
from monitor.promql.labelsets import NONE, Bools, Floats, Ints, Labelsets, Rows
from monitor.promql.sources import LOOKBACK_MS, NEVER_MS, Latest, Sight, Windows, pieces

_S = TypeVar("_S", bound=np.generic)
_ROW = 42  # bits of a time in ms; what is above them is the row: one sorted array holds every series
_MARKS = np.array([STALE]).view(np.int64)[0], 0x7FF8000000000002  # as it is sent, and as a copy may have quietened it


def is_marker(values: Floats) -> Bools:
    """Which of them are Prometheus's staleness markers, and no other NaN."""
    bits = values.view(np.int64)
    found: Bools = np.logical_or(bits == _MARKS[0], bits == _MARKS[1])
    return found


class Told:
    """All series of one name. A series once known stays a row, its samples go."""

    def __init__(self, keep_ms: int) -> None:
        self.labels = NONE
        self._keep_ms = keep_ms
        self._rows: dict[Labels, int] = {}
        self._new: list[tuple[Ints, Floats, Ints]] = []
        self._key: Ints = np.empty(0, dtype=np.int64)
        self._values: Floats = np.empty(0)
        self._arrived: Ints = np.empty(0, dtype=np.int64)
        self._late = False
        self._settle()

    def take(self, series: Labels, at_ms: Ints, values: Floats, arrived_ms: Ints) -> None:
        row = self._rows.setdefault(series, len(self._rows))
        self._new.append(((row << _ROW) + at_ms, values, arrived_ms))

    def ready(self, now_ms: int) -> None:
        """Before moments after this one are looked at: puts in what was taken, forgets what nobody can see any more."""
        old = self._when < now_ms - self._keep_ms
        if not self._new and 2 * int(old.sum()) <= len(old):
            return
        kept = ~old
        parts = [(self._key[kept], self._values[kept], self._arrived[kept]), *self._new]
        self._new = []
        key, values, arrived = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.lexsort((arrived, key))
        key = key[order]
        first = np.ones(len(key), dtype=np.bool_)
        first[1:] = key[1:] != key[:-1]  # what was said twice counts as it came first
        order = order[first]
        self._key, self._values, self._arrived = key[first], values[order], arrived[order]
        if len(self._rows) != len(self.labels):
            self.labels = Labelsets(tuple(self._rows))
        self._settle()

    def _settle(self) -> None:
        self._when = self._key & ((1 << _ROW) - 1)
        self._real = ~is_marker(self._values)
        self._counted = np.concatenate(([0], np.cumsum(self._real)))
        self._real_before = np.maximum.accumulate(np.where(self._real, np.arange(len(self._real)), -1))
        self._late = bool((self._arrived > self._when).any())

    def _bounds(self, rows: Rows | None, sight: Sight, range_ms: int) -> tuple[Ints, Ints]:
        """Where each window begins in the one array, and where it has ended; whatever has arrived."""
        which = np.arange(len(self.labels)) if rows is None else rows
        base = which.astype(np.int64)[:, None] << _ROW
        back_ms = np.minimum(sight.back_ms, sight.at_ms)[None, :]
        low = np.searchsorted(self._key, base + np.maximum(sight.back_ms[None, :] - range_ms, 0), "left")
        return low, np.searchsorted(self._key, base + np.maximum(back_ms, -1), "right")

    def instant(self, rows: Rows | None, sight: Sight) -> Latest:
        low, high = self._bounds(rows, sight, LOOKBACK_MS)
        if not self._late:
            found, there = high - 1, high > low
        else:
            found, there = self._last_arrived(low, high, sight, markers=True)
        return self._at(found, there & _picked(self._real, found, there))

    def last(self, rows: Rows | None, sight: Sight, range_ms: int) -> Latest:
        low, high = self._bounds(rows, sight, range_ms)
        if not self._late:
            found = _picked(self._real_before, high - 1, high > low)
            return self._at(found, (high > low) & (found >= low))
        return self._at(*self._last_arrived(low, high, sight, markers=False))

    def count(self, rows: Rows | None, sight: Sight, range_ms: int) -> Rows:
        low, high = self._bounds(rows, sight, range_ms)
        if not self._late:
            return self._counted[high] - self._counted[low]
        counts = np.zeros(low.shape, dtype=np.intp)
        for piece in self.windows(rows, sight, range_ms):
            counts[:, piece.columns] = piece.there.sum(axis=2)
        return counts

    def windows(self, rows: Rows | None, sight: Sight, range_ms: int) -> Iterator[Windows]:
        low, high = self._bounds(rows, sight, range_ms)
        most = int((high - low).max(initial=0))
        for columns in pieces(len(low), len(sight.at_ms), most):
            index = low[:, columns, None] + np.arange(most)
            there = self._seen(index, high[:, columns], sight.at_ms[columns])
            there &= _picked(self._real, index, there)
            found = np.where(there, index, 0)
            at_ms: Floats = _picked(self._when, found, there).astype(np.float64)
            yield Windows(columns, _picked(self._values, found, there), at_ms, there)

    def _last_arrived(self, low: Ints, high: Ints, sight: Sight, *, markers: bool) -> tuple[Ints, Bools]:
        """Of each window the last that was known by then. One of yesterday may have come after one of today."""
        found = np.full(low.shape, -1, dtype=np.int64)
        open_ = high > low
        index = high - 1
        while open_.any():
            known = open_ & (_picked(self._arrived, index, open_) <= sight.at_ms[None, :])
            if not markers:
                known &= _picked(self._real, index, known)
            found[known] = index[known]
            index = index - 1
            open_ &= ~known & (index >= low)
        return found, found >= 0

    def _seen(self, index: Ints, high: Ints, at_ms: Ints) -> Bools:
        there = index < high[:, :, None]
        if self._late:
            there &= _picked(self._arrived, index, there) <= at_ms[None, :, None]
        return there

    def _at(self, found: Ints, there: Bools) -> Latest:
        at_ms = np.where(there, _picked(self._when, found, there), NEVER_MS)
        return Latest(_picked(self._values, found, there), at_ms, there)


def _picked(array: NDArray[_S], index: Ints, there: Bools) -> NDArray[_S]:
    """What stands there; where nothing does, anything."""
    if not len(array):
        return np.zeros(index.shape, dtype=array.dtype)
    return array[np.where(there, index, 0)]
