"""What an expression reads: series of one name, as they were known at each of many moments. Protocols, no storage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.promql.labelsets import Bools, Floats, Ints, Labelsets, Rows

LOOKBACK_MS = 300_000  # Prometheus's default: what was said longer ago is not said any more
NEVER_MS = -1e18
MOST_CELLS = 2_000_000  # of one piece of windows: 16 MB a matrix


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Who looks when: at each of `at_ms`, `offset_ms` back from it, as a rule that stands at `place`."""

    at_ms: Ints
    offset_ms: int
    place: int

    @property
    def back_ms(self) -> Ints:
        return self.at_ms - self.offset_ms if self.offset_ms else self.at_ms


@dataclass(frozen=True, slots=True, eq=False)
class Latest:
    """A row a series, a column a moment: the last value, the time of its sample, and whether there is one."""

    values: Floats
    at_ms: Floats
    there: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Series by moments by samples, oldest first; `columns` says which moments. No staleness marker is `there`."""

    columns: slice
    values: Floats
    at_ms: Floats
    there: Bools


class Source(Protocol):
    """Series of one name that came one way: from outside, or from one rule."""

    @property
    def labels(self) -> Labelsets:
        """Of every series, by row."""
        ...

    def instant(self, rows: Rows | None, sight: Sight) -> Latest:
        """The last sample of the five minutes before, unless it is a staleness marker. `rows`: None for all."""
        ...

    def last(self, rows: Rows | None, sight: Sight, range_ms: int) -> Latest:
        """The last sample of the range, staleness markers not counted."""
        ...

    def count(self, rows: Rows | None, sight: Sight, range_ms: int) -> Rows:
        """How many samples the range has."""
        ...

    def windows(self, rows: Rows | None, sight: Sight, range_ms: int) -> Iterator[Windows]:
        """Every sample of the range, in pieces of moments; both ends belong to it, as in Prometheus 2."""
        ...


class Database(Protocol):
    """Whatever has series."""

    def sources(self, name: str) -> Sequence[Source]: ...


def pieces(rows: int, moments: int, samples: int) -> Iterator[slice]:
    """So many moments at a time that no matrix of windows grows too large."""
    step = max(1, MOST_CELLS // max(1, rows * samples))
    return (slice(first, min(first + step, moments)) for first in range(0, moments, step))
