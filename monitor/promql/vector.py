"""A vector over many moments at once: a row a series, a column a moment. Only arithmetic of shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.home.remotewrite import Labels
from monitor.promql.labelsets import NAME, NONE, Bools, Floats, Groups, Labelsets, Rows, without
from monitor.promql.now import Now

SAME_LABELSET = "vector cannot contain metrics with the same labelset"


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """`values[row, column]` counts where `there[row, column]`; elsewhere it is anything."""

    labels: Labelsets
    values: Floats
    there: Bools

    def with_values(self, values: Floats) -> Vector:
        return Vector(self.labels, values, self.there)


def nothing(moments: int) -> Vector:
    return Vector(NONE, np.empty((0, moments)), np.empty((0, moments), dtype=np.bool_))


def summed(groups: Groups, values: Floats) -> Floats:
    """Each group's rows added up."""
    if groups.alone:
        return values
    return np.add.reduceat(values[groups.order], groups.starts, axis=0)


def counted(groups: Groups, there: Bools) -> Rows:
    """How many of each group's rows are there."""
    if groups.alone:
        return there.astype(np.intp)
    return np.add.reduceat(there[groups.order], groups.starts, axis=0, dtype=np.intp)


def any_of(groups: Groups, there: Bools) -> Bools:
    if groups.alone:
        return there
    return np.logical_or.reduceat(there[groups.order], groups.starts, axis=0)


def relabelled(vector: Vector, what: object, change: Callable[[Labels], Labels], now: Now) -> Vector:
    """With other labels. Rows that become one row fail where two of them are there. `what`: names the change."""
    groups = vector.labels.once(what, lambda: Groups.of([change(row) for row in vector.labels.rows]))
    return folded(vector, groups, now)


def folded(vector: Vector, groups: Groups, now: Now) -> Vector:
    if groups.alone:
        return Vector(groups.labels, vector.values, vector.there)
    if not len(vector.labels):
        return vector
    count = counted(groups, vector.there)
    now.once_at_most(count, SAME_LABELSET)
    return Vector(groups.labels, summed(groups, np.where(vector.there, vector.values, 0.0)), count > 0)


_NAMED = frozenset((NAME,))


def nameless(vector: Vector, now: Now) -> Vector:
    return relabelled(vector, "nameless", lambda labels: without(labels, _NAMED), now)


def stacked(vectors: Sequence[Vector], moments: int) -> Vector:
    """One under the other; the caller knows that no labels are there twice."""
    if len(vectors) < 2:
        return vectors[0] if vectors else nothing(moments)
    labels = vectors[0].labels.once(
        ("stacked", *(each.labels for each in vectors[1:])),
        lambda: Labelsets([row for each in vectors for row in each.labels.rows]),
    )
    values = np.concatenate([each.values for each in vectors])
    return Vector(labels, values, np.concatenate([each.there for each in vectors]))
