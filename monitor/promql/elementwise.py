"""Functions of one value at a time, and the arithmetic of two. Times are UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.promql.labelsets import ONE, Bools, Floats
from monitor.promql.now import Now
from monitor.promql.understood import Scalars, Vectors
from monitor.promql.vector import Vector, nameless

Worked = Callable[..., Floats]


def _rounded(values: Floats, to: Floats) -> Floats:
    inverse = 1.0 / to
    return np.asarray(np.floor(values * inverse + 0.5) / inverse)


def _days(values: Floats) -> NDArray[np.datetime64]:
    return np.floor_divide(np.nan_to_num(values), 86400).astype(np.int64).astype("datetime64[D]")


def _month(values: Floats) -> Floats:
    found: Floats = (_days(values).astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.float64)
    return found


def _day_of_month(values: Floats) -> Floats:
    days = _days(values)
    found: Floats = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.float64) + 1
    return found


def _days_in_month(values: Floats) -> Floats:
    month = _days(values).astype("datetime64[M]")
    found: Floats = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.float64)
    return found


def _day_of_year(values: Floats) -> Floats:
    days = _days(values)
    found: Floats = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64) + 1
    return found


def _year(values: Floats) -> Floats:
    found: Floats = (_days(values).astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.float64)
    return found


FUNCTIONS: Mapping[str, Worked] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "sgn": np.sign,
    "clamp_min": np.maximum,
    "clamp_max": np.minimum,
    "clamp": lambda values, low, high: np.maximum(low, np.minimum(high, values)),
    "round": _rounded,
}
CALENDAR: Mapping[str, Worked] = {
    "minute": lambda values: np.floor(values / 60.0) % 60,
    "hour": lambda values: np.floor(values / 3600.0) % 24,
    "day_of_week": lambda values: (np.floor(values / 86400.0) + 4) % 7,
    "day_of_month": _day_of_month,
    "day_of_year": _day_of_year,
    "days_in_month": _days_in_month,
    "month": _month,
    "year": _year,
}


def _compared(compare: Callable[[Floats, Floats], Bools]) -> Callable[[Floats, Floats], Floats]:
    return lambda left, right: compare(left, right).astype(np.float64)


ARITHMETIC: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISON: Mapping[str, Callable[[Floats, Floats], Bools]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    value: float

    def evaluate(self, now: Now) -> Floats:
        return np.full(now.moments, self.value)


@dataclass(frozen=True, slots=True, eq=False)
class Time:
    def evaluate(self, now: Now) -> Floats:
        return now.at_ms / 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class ScalarOf:
    """`scalar(v)`: the one value, and NaN where there is not exactly one."""

    of: Vectors

    def evaluate(self, now: Now) -> Floats:
        found = self.of.evaluate(now)
        value = np.where(found.there, found.values, 0.0).sum(axis=0)
        return np.where(found.there.sum(axis=0) == 1, value, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class VectorOf:
    """`vector(s)`: a vector without labels, always there."""

    of: Scalars

    def evaluate(self, now: Now) -> Vector:
        return Vector(ONE, self.of.evaluate(now)[None, :], np.ones((1, now.moments), dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class OfScalars:
    """Two numbers make one; a comparison makes 1 or 0."""

    operator: str
    left: Scalars
    right: Scalars

    def evaluate(self, now: Now) -> Floats:
        work = ARITHMETIC.get(self.operator) or _compared(COMPARISON[self.operator])
        return work(self.left.evaluate(now), self.right.evaluate(now))


@dataclass(frozen=True, slots=True, eq=False)
class MinusScalar:
    of: Scalars

    def evaluate(self, now: Now) -> Floats:
        return -self.of.evaluate(now)


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """A function of each value; the name goes."""

    of: Vectors
    function: str
    asked: tuple[Scalars, ...] = ()

    def evaluate(self, now: Now) -> Vector:
        asked = [each.evaluate(now)[None, :] for each in self.asked]
        found = self.of.evaluate(now)
        work = _EACH[self.function]
        values = work(found.values, *asked)
        there = found.there & self._fits(asked)
        return nameless(Vector(found.labels, values, there), now)

    def _fits(self, asked: Sequence[Floats]) -> Bools:
        """A clamp between limits that are the wrong way round yields nothing."""
        return asked[1] >= asked[0] if self.function == "clamp" else np.ones((1, 1), dtype=np.bool_)


_EACH: Mapping[str, Worked] = {**FUNCTIONS, **CALENDAR, "minus": np.negative}


@dataclass(frozen=True, slots=True, eq=False)
class WhenLooked:
    """`timestamp(...)` of anything but a selector: the moment of looking."""

    of: Vectors

    def evaluate(self, now: Now) -> Vector:
        found = self.of.evaluate(now)
        return nameless(found.with_values(np.broadcast_to(now.at_ms / 1000.0, found.values.shape)), now)
