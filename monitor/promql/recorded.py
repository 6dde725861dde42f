"""What one rule wrote, moment after moment: a row a series, a column a moment of its group. It only grows at its end.

In each cell stand the last value up to there, the time of its sample, and whether the series is alive; so neither an
instant nor the last value of fourteen days has to look back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.home.remotewrite import Labels
from monitor.promql.labelsets import NONE, Bools, Floats, Ints, Labelsets, Rows
from monitor.promql.sources import LOOKBACK_MS, NEVER_MS, Latest, Sight, Windows, pieces
from monitor.promql.vector import Vector

_S = TypeVar("_S", bound=np.generic)


class Recorded:
    """`place`: of the rule that writes it; `keep_ms`: how far back somebody looks. Column 0 is before everything."""

    def __init__(self, place: int, interval_ms: int, keep_ms: int) -> None:
        self.labels = NONE
        self.place = place
        self._interval_ms = interval_ms
        self._keep = keep_ms // interval_ms + 2
        self._first_ms = 0  # of column 1
        self._end = 1
        self._failed = False
        self._rows: dict[Labels, int] = {}
        self._values = np.zeros((0, 1))
        self._at_ms = np.zeros((0, 1))
        self._alive = np.zeros((0, 1), dtype=np.bool_)
        self._mark = self._end, self.labels

    # ---------------------------------------------------------------- writing

    def write(self, at_ms: Ints, vector: Vector, failed: Bools | None) -> None:
        """The next moments of its group. Where the rule failed nothing is written, no staleness marker either."""
        if self._end == 1:
            self._first_ms = int(at_ms[0])
        assert at_ms[0] == self._first_ms + (self._end - 1) * self._interval_ms, "moments in order, none left out"
        there = vector.there if failed is None else vector.there & ~failed
        to = self._places(vector.labels, there)
        self._make_room(len(at_ms))
        new = slice(self._end, self._end + len(at_ms))
        self._fill(to, new, vector.values, there, at_ms, failed)
        self._end += len(at_ms)

    def mark(self, moments: int) -> None:
        """Remembers this place: the next so many moments may be taken back again."""
        self._make_room(moments)
        self._mark = self._end, self.labels

    def take_back(self) -> None:
        """As if nothing had been written since."""
        self._end, labels = self._mark
        if labels is not self.labels:
            self.labels, count = labels, len(labels)
            self._rows = {each: row for row, each in enumerate(labels.rows)}
            self._values, self._at_ms, self._alive = self._values[:count], self._at_ms[:count], self._alive[:count]

    def suppose(self, at_ms: Ints) -> None:
        """Writes for these moments what was written last, as long as nobody knows better."""
        if self._end == 1:
            self._first_ms = int(at_ms[0])
        before, new = self._end - 1, slice(self._end, self._end + len(at_ms))
        alive = self._alive[:, before, None]
        self._values[:, new] = self._values[:, before, None]
        self._at_ms[:, new] = np.where(alive, at_ms, self._at_ms[:, before, None])
        self._alive[:, new] = alive
        self._end += len(at_ms)

    def otherwise(self, vector: Vector) -> Bools:
        """At which of the moments last supposed this would have been written otherwise, be it by one bit."""
        new = slice(self._end - vector.there.shape[1], self._end)
        to = self._known(vector.labels)
        known = to >= 0
        found: Bools = np.asarray(vector.there[~known].any(axis=0))
        there, rows = vector.there[known], to[known]
        bits = np.ascontiguousarray(vector.values[known]).view(np.int64)
        held = np.ascontiguousarray(self._values[rows, new]).view(np.int64)
        missing = np.ones(len(self._rows), dtype=np.bool_)
        missing[rows] = False
        found |= ((there != self._alive[rows, new]) | (there & (bits != held))).any(axis=0)
        found |= self._alive[missing, new].any(axis=0)
        return found

    def _fill(self, to: Rows, new: slice, values: Floats, there: Bools, at_ms: Ints, failed: Bools | None) -> None:
        """Carries forward what each series said last."""
        known = to >= 0
        if not known.all():
            to, values, there = to[known], values[known], there[known]
        before = new.start - 1
        self._values[:, new] = self._values[:, before, None]
        self._at_ms[:, new] = self._at_ms[:, before, None]
        self._alive[:, new] = False
        full = bool(there.all())
        if full:
            self._values[to, new], self._at_ms[to, new] = values, at_ms
        else:
            columns = np.maximum.accumulate(np.where(there, np.arange(len(at_ms)), -1), axis=1)
            some = columns >= 0
            columns[~some] = 0
            self._values[to, new] = np.where(some, np.take_along_axis(values, columns, 1), self._values[to, new])
            self._at_ms[to, new] = np.where(some, at_ms[columns], self._at_ms[to, new])
        self._alive[to, new] = there
        if failed is not None:
            self._failed = True
            steps = np.maximum.accumulate(np.where(failed, 0, np.arange(1, len(at_ms) + 1)))
            self._alive[:, new] = self._alive[:, before + steps]

    def _known(self, labels: Labelsets) -> Rows:
        """The row of each; -1 for what has never been there."""
        rows = self._rows
        return labels.once(
            (self, self.labels), lambda: np.array([rows.get(each, -1) for each in labels.rows], dtype=np.intp)
        )

    def _places(self, labels: Labelsets, there: Bools) -> Rows:
        """The same, once those that are there have a row."""
        to = self._known(labels)
        strange = to < 0
        if not strange.any():
            return to
        born = np.flatnonzero(strange & there.any(axis=1))
        if not len(born):
            return to
        for row in born:
            self._rows[labels.rows[row]] = len(self._rows)
        self._values = _grown(self._values, len(born), 0.0)
        self._at_ms = _grown(self._at_ms, len(born), NEVER_MS)
        self._alive = np.concatenate([self._alive, np.zeros((len(born), self._alive.shape[1]), dtype=np.bool_)])
        self.labels = Labelsets(tuple(self._rows))
        return self._known(labels)

    def _make_room(self, moments: int) -> None:
        """Forgets the oldest columns, half of the array at a time."""
        if self._end + moments <= self._values.shape[1]:
            return
        gone = max(0, self._end - self._keep)
        self._first_ms += gone * self._interval_ms
        kept = slice(gone, self._end)
        self._end -= gone
        width = 2 * (self._end + moments)
        self._values = _wider(self._values[:, kept], width)
        self._at_ms = _wider(self._at_ms[:, kept], width)
        self._alive = _wider(self._alive[:, kept], width)

    # ---------------------------------------------------------------- reading

    def _columns(self, sight: Sight) -> Ints:
        """The last column each look can see."""
        seen_ms = sight.at_ms - self._behind_ms(sight)
        return np.minimum(np.maximum((seen_ms - self._first_ms) // self._interval_ms + 1, 0), self._end - 1)

    def _slice(self, sight: Sight) -> slice | None:
        """The same where they stand side by side, as they do for rules of one group."""
        moments = len(sight.at_ms)
        if moments > 1 and int(sight.at_ms[1] - sight.at_ms[0]) != self._interval_ms:
            return None
        first = (int(sight.at_ms[0]) - self._behind_ms(sight) - self._first_ms) // self._interval_ms + 1
        return slice(first, first + moments) if first >= 0 and first + moments <= self._end else None

    def _behind_ms(self, sight: Sight) -> int:
        """What a rule writes in a moment is not seen in it by those that stand above."""
        return sight.offset_ms + (sight.offset_ms <= 0 and sight.place <= self.place)

    def _cells(self, rows: Rows | None, sight: Sight) -> tuple[Floats, Floats, Bools]:
        found = self._slice(sight)
        if found is not None:
            arrays = (self._values[:, found], self._at_ms[:, found], self._alive[:, found])
        else:
            columns = self._columns(sight)
            arrays = (self._values[:, columns], self._at_ms[:, columns], self._alive[:, columns])
        return arrays if rows is None else (arrays[0][rows], arrays[1][rows], arrays[2][rows])

    def instant(self, rows: Rows | None, sight: Sight) -> Latest:
        values, at_ms, alive = self._cells(rows, sight)
        if self._failed or self._interval_ms > LOOKBACK_MS or sight.at_ms[-1] > self.until_ms + LOOKBACK_MS // 2:
            alive = alive & (at_ms >= sight.back_ms - LOOKBACK_MS)
        return Latest(values, at_ms, alive)

    def last(self, rows: Rows | None, sight: Sight, range_ms: int) -> Latest:
        values, at_ms, _ = self._cells(rows, sight)
        return Latest(values, at_ms, at_ms >= sight.back_ms - range_ms)

    def newest(self, moments: int) -> Iterator[tuple[Labels, Floats, Bools, Bools]]:
        """Of the last moments written: each series, its values, where it has one, and where it ended."""
        new = slice(self._end - moments, self._end)
        real = self._real(None, new)
        ended = self._alive[:, new.start - 1 : new.stop - 1] & ~self._alive[:, new]
        for row, labels in enumerate(self.labels.rows):
            yield labels, self._values[row, new], real[row], ended[row]

    @property
    def until_ms(self) -> int:
        """The last moment written."""
        return self._first_ms + (self._end - 2) * self._interval_ms

    def _real(self, rows: Rows | None, columns: slice) -> Bools:
        at_ms = self._at_ms[:, columns] if rows is None else self._at_ms[rows, columns]
        first_ms = self._first_ms + (columns.start - 1) * self._interval_ms
        found: Bools = np.equal(at_ms, first_ms + self._interval_ms * np.arange(at_ms.shape[1]))
        return found

    def _range(self, sight: Sight, range_ms: int) -> tuple[Ints, Ints]:
        """The first and the last column of each window; both belong to it. Column 0 never does."""
        since_ms = sight.back_ms - range_ms - self._first_ms
        return np.maximum(-(-since_ms // self._interval_ms) + 1, 1), self._columns(sight)

    def count(self, rows: Rows | None, sight: Sight, range_ms: int) -> Rows:
        low, high = self._range(sight, range_ms)
        part = slice(int(low[0]), max(int(high[-1]) + 1, int(low[0])))
        real = self._real(rows, part)
        sums = np.zeros((real.shape[0], real.shape[1] + 1), dtype=np.intp)
        np.cumsum(real, axis=1, out=sums[:, 1:])
        high = np.maximum(high + 1, low) - part.start
        return sums[:, np.minimum(high, real.shape[1])] - sums[:, np.minimum(low - part.start, real.shape[1])]

    def windows(self, rows: Rows | None, sight: Sight, range_ms: int) -> Iterator[Windows]:
        low, high = self._range(sight, range_ms)
        most = int((high - low).max(initial=-1)) + 1
        held = self._values if rows is None else self._values[rows]
        times = self._at_ms if rows is None else self._at_ms[rows]
        for piece in pieces(held.shape[0], len(low), most):
            index = low[piece, None] + np.arange(most)
            inside = index <= high[piece, None]
            index = np.where(inside, index, 0)
            at_ms = times[:, index]
            real = inside & (at_ms == self._first_ms + self._interval_ms * (index - 1))
            yield Windows(piece, held[:, index], at_ms, real)


def _grown(array: Floats, rows: int, value: float) -> Floats:
    return np.concatenate([array, np.full((rows, array.shape[1]), value)])


def _wider(array: NDArray[_S], width: int) -> NDArray[_S]:
    found = np.zeros((array.shape[0], width), dtype=array.dtype)
    found[:, : array.shape[1]] = array
    return found
