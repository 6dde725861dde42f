"""Which series an expression names, and what is seen of them at each moment: their value now, or of a range."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitor.home.remotewrite import Labels
from monitor.promql import windows
from monitor.promql.labelsets import NAME, ONE, Floats, Groups, Labelsets, Rows
from monitor.promql.now import Now
from monitor.promql.sources import NEVER_MS, Latest, Source
from monitor.promql.understood import NotUnderstood, Scalars
from monitor.promql.vector import Vector, nameless, nothing, stacked


@dataclass(frozen=True, slots=True, eq=False)
class Matcher:
    """`pattern`: for `=~` and `!~`. A label that is not there is empty."""

    name: str
    text: str
    pattern: re.Pattern[str] | None
    wanted: bool

    def fits(self, labels: dict[str, str]) -> bool:
        found = labels.get(self.name, "")
        same = found == self.text if self.pattern is None else self.pattern.fullmatch(found) is not None
        return same is self.wanted


@dataclass(frozen=True, slots=True, eq=False)
class Selector:
    name: str
    matchers: tuple[Matcher, ...]
    offset_ms: int

    def rows(self, labels: Labelsets) -> tuple[Rows | None, Labelsets]:
        """Of one source: which of its rows are meant (None: all of them), and their labels."""
        return labels.once(self.matchers, lambda: self._rows(labels))

    def _rows(self, labels: Labelsets) -> tuple[Rows | None, Labelsets]:
        fitting = [row for row, each in enumerate(labels.rows) if all(m.fits(dict(each)) for m in self.matchers)]
        if len(fitting) == len(labels):
            return None, labels
        rows = np.array(fitting, dtype=np.intp)
        return rows, labels.picked(rows)

    def latest(self, now: Now, look: Callable[[Source, Rows | None], Latest]) -> tuple[Vector, Vector]:
        """The values, and the times of their samples in milliseconds."""
        values, times = [], []
        for source in now.database.sources(self.name):
            rows, labels = self.rows(source.labels)
            if len(labels):
                seen = look(source, rows)
                values.append(Vector(labels, seen.values, seen.there))
                times.append(Vector(labels, seen.at_ms, seen.there))
        return _as_one(stacked(values, now.moments), stacked(times, now.moments))

    def seen(self, now: Now, look: Callable[[Source, Rows | None], Vector]) -> Vector:
        """For what knows no times: a series that came two ways cannot be put together."""
        found = []
        for source in now.database.sources(self.name):
            rows, labels = self.rows(source.labels)
            if len(labels):
                each = look(source, rows)
                found.append(Vector(labels, each.values, each.there))
        vector = stacked(found, now.moments)
        if not _once_each(vector.labels).alone:
            raise NotUnderstood(f"a range over a series of {self.name} that two rules write")
        return vector


def _once_each(labels: Labelsets) -> Groups:
    return labels.once("once each", lambda: Groups.of(labels.rows))


def _as_one(values: Vector, times: Vector) -> tuple[Vector, Vector]:
    """A series that came two ways is what it said last."""
    groups = _once_each(values.labels)
    if groups.alone:
        return values, times
    at_ms = np.where(times.there, times.values, NEVER_MS)
    last = np.maximum.reduceat(at_ms[groups.order], groups.starts, axis=0)
    wins = times.there & (at_ms == last[groups.of_row])
    first = np.zeros_like(last, dtype=np.intp)
    for row in reversed(range(len(values.labels))):
        first[groups.of_row[row]] = np.where(wins[row], row, first[groups.of_row[row]])
    there = last > NEVER_MS
    found = np.take_along_axis(values.values, first, axis=0)
    return Vector(groups.labels, found, there), Vector(groups.labels, last, there)


@dataclass(frozen=True, slots=True, eq=False)
class Instant:
    """`name{...} offset d`."""

    selector: Selector

    def evaluate(self, now: Now) -> Vector:
        sight = now.sight(self.selector.offset_ms)
        return self.selector.latest(now, lambda source, rows: source.instant(rows, sight))[0]


@dataclass(frozen=True, slots=True, eq=False)
class SampleTime:
    """`timestamp(name{...})`: when the sample was taken, not when it is looked at."""

    selector: Selector

    def evaluate(self, now: Now) -> Vector:
        sight = now.sight(self.selector.offset_ms)
        times = self.selector.latest(now, lambda source, rows: source.instant(rows, sight))[1]
        return nameless(times.with_values(times.values / 1000.0), now)


@dataclass(frozen=True, slots=True, eq=False)
class Last:
    """`last_over_time(name{...}[d])`: the only one that keeps the name."""

    selector: Selector
    range_ms: int

    def evaluate(self, now: Now) -> Vector:
        sight = now.sight(self.selector.offset_ms)
        return self.selector.latest(now, lambda source, rows: source.last(rows, sight, self.range_ms))[0]


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """`count_over_time`, and `present_over_time` where it is at most one."""

    selector: Selector
    range_ms: int
    most: int | None = None

    def evaluate(self, now: Now) -> Vector:
        return nameless(self.counted(now), now)

    def counted(self, now: Now) -> Vector:
        sight = now.sight(self.selector.offset_ms)

        def look(source: Source, rows: Rows | None) -> Vector:
            count = source.count(rows, sight, self.range_ms)
            values = count if self.most is None else np.minimum(count, self.most)
            return Vector(ONE, values.astype(np.float64), count > 0)

        return self.selector.seen(now, look)


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """A function of all samples of a range. `asked`: its other arguments."""

    selector: Selector
    range_ms: int
    function: windows.Function
    asked: tuple[Scalars, ...] = ()

    def evaluate(self, now: Now) -> Vector:
        sight = now.sight(self.selector.offset_ms)
        asked = [each.evaluate(now) for each in self.asked]

        def look(source: Source, rows: Rows | None) -> Vector:
            found = nothing(now.moments)
            for piece in source.windows(rows, sight, self.range_ms):
                if found.values.shape[0] != piece.values.shape[0]:
                    shape = (piece.values.shape[0], now.moments)
                    found = Vector(ONE, np.zeros(shape), np.zeros(shape, dtype=np.bool_))
                looked = windows.Looked(piece, sight.back_ms[piece.columns], now.at_ms[piece.columns], self.range_ms)
                arguments = [each[piece.columns] for each in asked]
                found.values[:, piece.columns], found.there[:, piece.columns] = self.function(looked, arguments)
            return found

        return nameless(self.selector.seen(now, look), now)


@dataclass(frozen=True, slots=True, eq=False)
class Absent:
    """One where there is nothing. `labels`: what the selector says of what is missing."""

    of: Instant | Count
    labels: Labels

    def evaluate(self, now: Now) -> Vector:
        found = self.of.counted(now) if isinstance(self.of, Count) else self.of.evaluate(now)
        return missing(found, self.labels)


def missing(found: Vector, labels: Labels) -> Vector:
    there = np.logical_not(np.asarray(found.there.any(axis=0, keepdims=True)))
    values: Floats = np.ones(there.shape)
    return Vector(ONE.once(("missing", labels), lambda: Labelsets((labels,))), values, there)


def said(selector: Selector) -> Labels:
    """What `absent` says of a series that is not there: the labels asked for with `=`, each once."""
    equal = [(m.name, m.text) for m in selector.matchers if m.wanted and m.pattern is None and m.name != NAME]
    often = {m.name for m in selector.matchers if sum(other.name == m.name for other in selector.matchers) > 1}
    return tuple(sorted((name, text) for name, text in equal if name not in often and text))
