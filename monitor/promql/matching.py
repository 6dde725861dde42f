"""Two vectors made one: arithmetic and comparison by matching labels, and/or/unless. After 2.42's promql/engine.go."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from monitor.home.remotewrite import Labels
from monitor.promql.elementwise import ARITHMETIC, COMPARISON
from monitor.promql.labelsets import NAME, Bools, Floats, Groups, Labelsets, Rows, changed, only, without
from monitor.promql.now import Now
from monitor.promql.understood import Scalars, Vectors
from monitor.promql.vector import Vector, any_of, counted, folded, nameless, nothing, stacked

_MANY_TO_MANY = "many-to-many matching not allowed: matching labels must be unique on one side"
_NAMED = frozenset(("atan2", *COMPARISON))  # what keeps the name; 2.42 forgets to take it away after atan2
_NOT_EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_NOT_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """`on` these labels, or ignoring them. `include`: labels that the one side gives to the many."""

    on: bool
    names: frozenset[str]
    include: tuple[str, ...] = ()

    def key(self, labels: Labels) -> Labels:
        return only(labels, self.names) if self.on else without(labels, self.names | {NAME})

    def of_one(self, labels: Labels, *, named: bool) -> Labels:
        """What a one-to-one match is called."""
        kept = only(labels, self.names) if self.on else without(labels, self.names)
        return kept if named else without(kept, frozenset((NAME,)))

    def of_many(self, many: Labels, one: Labels, *, named: bool) -> Labels:
        kept = many if named else without(many, frozenset((NAME,)))
        given = dict(one)
        return changed(kept, [(name, given.get(name, "")) for name in self.include])


@dataclass(frozen=True, slots=True, eq=False)
class _Join:
    """Pairs of rows that match, the result's labels, and what may not happen twice at one moment."""

    many: Rows
    one: Rows
    groups: Groups  # of pairs, by the labels of the result
    ones: Groups  # of the one side's rows, by key
    keys: Groups | None  # of pairs, by key, where one-to-one has to be checked


def _joined(many: Labelsets, one: Labelsets, matching: Matching, *, named: bool, grouped: bool) -> _Join:
    rows = defaultdict(list)
    for row, labels in enumerate(one.rows):
        rows[matching.key(labels)].append(row)
    pairs, keys, results = [], [], []
    for row, labels in enumerate(many.rows):
        key = matching.key(labels)
        for other in rows.get(key, ()):
            pairs.append((row, other))
            keys.append(key)
            result = (
                matching.of_many(labels, one.rows[other], named=named)
                if grouped
                else matching.of_one(labels, named=named)
            )
            results.append(result)
    index = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    by_key = Groups.of(keys)
    ones = Groups.of([matching.key(labels) for labels in one.rows])
    return _Join(index[:, 0], index[:, 1], Groups.of(results), ones, None if grouped or by_key.alone else by_key)


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """`left op right` of two vectors. `grouped`: "left" or "right" is the side of the many; "" for one-to-one."""

    operator: str
    left: Vectors
    right: Vectors
    matching: Matching
    grouped: str = ""
    as_bool: bool = False

    def evaluate(self, now: Now) -> Vector:
        left, right = self.left.evaluate(now), self.right.evaluate(now)
        many, one = (right, left) if self.grouped == "right" else (left, right)
        if not len(many.labels) or not len(one.labels):
            return nothing(now.moments)
        named = self.operator in _NAMED and not self.as_bool
        grouped = bool(self.grouped)
        join = many.labels.once(
            (self, one.labels), lambda: _joined(many.labels, one.labels, self.matching, named=named, grouped=grouped)
        )
        if not join.ones.alone:
            now.once_at_most(counted(join.ones, one.there) * many.there.any(axis=0), _MANY_TO_MANY)
        there = many.there[join.many] & one.there[join.one]
        values, kept = self._worked(many.values[join.many], one.values[join.one])
        if kept is not None:
            there &= kept
        if join.keys is not None:
            now.once_at_most(counted(join.keys, there), _NOT_EXPLICIT)
        return (
            folded(Vector(join.groups.labels, values, there), join.groups, now)
            if len(join.many)
            else nothing(now.moments)
        )

    def _worked(self, many: Floats, one: Floats) -> tuple[Floats, Bools | None]:
        left, right = (one, many) if self.grouped == "right" else (many, one)
        if self.operator in ARITHMETIC:
            return ARITHMETIC[self.operator](left, right), None
        holds = COMPARISON[self.operator](left, right)
        return (holds.astype(np.float64), None) if self.as_bool else (left, holds)


@dataclass(frozen=True, slots=True, eq=False)
class WithScalar:
    """A vector and a number. `swapped`: the number stands on the left; a comparison keeps the vector's value."""

    operator: str
    vector: Vectors
    scalar: Scalars
    swapped: bool = False
    as_bool: bool = False

    def evaluate(self, now: Now) -> Vector:
        number = self.scalar.evaluate(now)[None, :]
        found = self.vector.evaluate(now)
        left, right = (number, found.values) if self.swapped else (found.values, number)
        if self.operator in ARITHMETIC:
            worked = found.with_values(ARITHMETIC[self.operator](left, right))
            return worked if self.operator in _NAMED else nameless(worked, now)
        holds = COMPARISON[self.operator](left, right)
        if self.as_bool:
            return nameless(found.with_values(holds.astype(np.float64)), now)
        return Vector(found.labels, found.values, found.there & holds)


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """Groups of one side by key, and of each row of the other side the group it belongs to; -1: to none."""

    groups: Groups
    of_row: Rows
    everybody: bool


def _keyed(asking: Labelsets, asked: Labelsets, matching: Matching) -> _Keys:
    groups = Groups.of([matching.key(labels) for labels in asked.rows])
    number = {key: place for place, key in enumerate(groups.labels.rows)}
    of_row = np.array([number.get(matching.key(labels), -1) for labels in asking.rows], dtype=np.intp)
    return _Keys(groups, of_row, bool((of_row >= 0).all()))


@dataclass(frozen=True, slots=True, eq=False)
class Set:
    """`and`, `or`, `unless`."""

    operator: str
    left: Vectors
    right: Vectors
    matching: Matching

    def evaluate(self, now: Now) -> Vector:
        left, right = self.left.evaluate(now), self.right.evaluate(now)
        match self.operator:
            case "and":
                return Vector(left.labels, left.values, left.there & self._met(left, right))
            case "unless":
                return Vector(left.labels, left.values, left.there & ~self._met(left, right))
        if not len(left.labels) or not len(right.labels):
            return left if len(left.labels) else right
        rest = Vector(right.labels, right.values, right.there & ~self._met(right, left))
        both = stacked([left, rest], now.moments)
        return folded(both, both.labels.once("once each", lambda: Groups.of(both.labels.rows)), now)

    def _met(self, asking: Vector, asked: Vector) -> Bools:
        """Where the other side has somebody of the same key."""
        if not len(asked.labels):
            return np.zeros((1, asked.there.shape[1]), dtype=np.bool_)
        keys = asking.labels.once(
            (self.matching, asked.labels), lambda: _keyed(asking.labels, asked.labels, self.matching)
        )
        met = any_of(keys.groups, asked.there)[keys.of_row]
        if not keys.everybody:
            met[keys.of_row < 0] = False
        return met
