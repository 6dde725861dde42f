"""Series put together into the ticks they were stated in. A tick states every live series: the others have ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from monitor.stored.kept import Named, Stated

Samples = Mapping[Named, Iterable[tuple[int, float]]]  # of each series: when in milliseconds since 1970, and what


class Restated:
    """Goes on where it was asked for last, so that what ended between two hours has ended."""

    def __init__(self) -> None:
        self._until_ms = -1
        self._alive: frozenset[Named] = frozenset()

    def ticks(self, found: Samples, since_ms: int, until_ms: int) -> Iterator[Stated]:
        """In the order of time. `found`: every sample of that time."""
        by_time: defaultdict[int, list[tuple[Named, float]]] = defaultdict(list)
        for named, samples in found.items():
            for at_ms, value in samples:
                by_time[at_ms].append((named, value))
        alive = self._alive if self._until_ms == since_ms else frozenset()
        for at_ms in sorted(by_time):
            now = frozenset(named for named, _ in by_time[at_ms])
            yield Stated(at_ms, tuple(by_time[at_ms]), tuple(sorted(alive - now)))
            alive = now
        self._alive, self._until_ms = alive, until_ms
