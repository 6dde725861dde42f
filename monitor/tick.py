"""The moment at which every live series is stated once: fixed, kept, shown and sent as it is, resent bit for bit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from monitor.metrics import OF_OUR_CLOCK, Series

_PIECE = 200  # samples after which it is asked how long the loop was held
_HELD_S = 0.002


@dataclass(frozen=True, slots=True)
class Tick:
    """`ended` are the series of the tick before that are no more: each is shipped one staleness marker."""

    at_ms: int
    samples: Mapping[Series, float]
    ended: tuple[Series, ...] = ()

    def after(self, before: Tick | None) -> Tick:
        """This tick, knowing which series of the one before have ended."""
        gone = tuple(series for series in (before.samples if before else ()) if series not in self.samples)
        return Tick(self.at_ms, self.samples, gone)

    def moved(self, by_ms: int) -> Tick:
        """The same as a clock would have it that is so much ahead: its own time, and what it tells of our clock."""
        if not by_ms:
            return self
        ours = {s: self.samples[s] + by_ms / 1000 for s in self.samples if s.family in OF_OUR_CLOCK}
        moved = {**self.samples, **ours}
        return Tick(self.at_ms + by_ms, moved, self.ended)

    def home(self, also: frozenset[str] = frozenset()) -> Tick:
        """The part that is shipped: the home set, and the names in `also`."""

        def wanted(series: Series) -> bool:
            return series.family.home or series.family.name in also

        return Tick(
            self.at_ms,
            {series: value for series, value in self.samples.items() if wanted(series)},
            tuple(series for series in self.ended if wanted(series)),
        )


class Breath:
    """Lets the loop do something else after each two milliseconds, for so long: a tick still comes on a slow machine.

    Each turn that is given there comes back late; a hundred of them kept ticks of 10,000 targets back for minutes.
    """

    def __init__(self, elapsed_s: Callable[[], float], most_s: float = 2.0) -> None:
        self._elapsed_s = elapsed_s
        self._since_s = elapsed_s()
        self._until_s = self._since_s + most_s

    async def taken(self) -> None:
        now_s = self._elapsed_s()
        if self._since_s + _HELD_S <= now_s < self._until_s:
            await asyncio.sleep(0)
            self._since_s = self._elapsed_s()


async def gathered(
    samples: Iterable[tuple[Series, float]], before: Mapping[Series, float], breath: Breath
) -> tuple[dict[Series, float], tuple[Series, ...]]:
    """The samples of a tick and the series that have ended, taken in pieces; between two the loop may do other things.

    A series that was in the tick `before` is the same object again: what is made anew with every tick, and lives until
    the next, keeps the garbage collector busy for as long as all walks together.
    """
    found: dict[Series, float | None] = dict.fromkeys(before)
    for number, (series, value) in enumerate(samples, 1):
        found[series] = value
        if number % _PIECE == 0:
            await breath.taken()
    stated, ended = dict[Series, float](), list[Series]()
    for number, (series, said) in enumerate(found.items(), 1):
        if said is None:
            ended.append(series)
        else:
            stated[series] = said
        if number % _PIECE == 0:
            await breath.taken()
    return stated, tuple(ended)
