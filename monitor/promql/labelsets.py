"""Rows of labels, and what is worked out of them once: which rows make a group. Knows no numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from monitor.home.remotewrite import Labels

NAME = "__name__"
Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
T = TypeVar("T")


class Labelsets:
    """Each row's labels, every row another. Known by identity, so that what follows from it is worked out once."""

    __slots__ = ("_once", "rows")

    def __init__(self, rows: Sequence[Labels]) -> None:
        self.rows = tuple(rows)
        self._once: dict[Hashable, object] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def once(self, what: Hashable, work: Callable[[], T]) -> T:
        """`work()`, or what it gave when the same was asked before."""
        try:
            return cast(T, self._once[what])
        except KeyError:
            found = self._once[what] = work()
            return found

    def picked(self, rows: Rows) -> Labelsets:
        return Labelsets([self.rows[row] for row in rows])


NONE = Labelsets(())
ONE = Labelsets(((),))  # a vector without labels


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows that share a key: `order` puts them side by side, group `n` begins at `starts[n]` and has `sizes[n]`."""

    labels: Labelsets
    order: Rows
    starts: Rows
    sizes: Rows
    of_row: Rows
    alone: bool  # every group is one row, and in order

    @classmethod
    def of(cls, keys: Sequence[Labels]) -> Groups:
        """In the order in which keys are first met."""
        numbers: dict[Labels, int] = {}
        of_row = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp)
        order = np.argsort(of_row, kind="stable")
        sizes = np.bincount(of_row, minlength=len(numbers)).astype(np.intp)
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
        return cls(Labelsets(tuple(numbers)), order, starts, sizes, of_row, len(numbers) == len(keys))


def without(labels: Labels, names: frozenset[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in names)


def only(labels: Labels, names: frozenset[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] in names)


def changed(labels: Labels, changes: Sequence[tuple[str, str]]) -> Labels:
    """With these set; an empty text takes a label away."""
    found = dict(labels)
    found.update(changes)
    return tuple(sorted((name, text) for name, text in found.items() if text))
