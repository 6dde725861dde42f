"""How ticks get home: at their own time while the way is open, else later, what is live first, as the daemon ships.

Pure. A sample keeps the time of its tick; what differs is when the hub can see it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from monitor.home.remotewrite import STALE, Labels, labels
from monitor.metrics import Series
from monitor.tick import Tick

_ON_THE_WAY_MS = 1_000
_FEWEST_TICKS, _MOST_TICKS = 4, 120  # of a backlog in one request: as monitor/ship.py, which doubles while all is well
_REQUEST_MS = 1_000


@dataclass(slots=True)
class Column:
    """Samples of one series as a hub takes them in: when they are of, what they say, when they came."""

    labels: Labels
    times_ms: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    arrived_ms: list[int] = field(default_factory=list)


class Delivery:
    """Of one box.

    Args:
        wanted: names of series that anybody at the hub reads; the others are left out to save time, and change nothing.
    """

    def __init__(self, identity: Mapping[str, str], wanted: Collection[str]) -> None:
        self._identity, self._wanted = identity, wanted
        self._columns: dict[Series, Column | None] = {}
        self._waiting: list[Tick] = []

    @property
    def waiting(self) -> int:
        """Ticks that are not home yet."""
        return len(self._waiting)

    def state(self, tick: Tick, *, open_: bool) -> None:
        """A tick is stated; the way home is open now, or not."""
        if not open_:
            self._waiting.append(tick)
            return
        arrived_ms = tick.at_ms + _ON_THE_WAY_MS
        self._came(tick, arrived_ms)
        at_once = _FEWEST_TICKS
        waiting, self._waiting = self._waiting, []
        while waiting:
            arrived_ms += _REQUEST_MS
            for each in waiting[:at_once]:
                self._came(each, arrived_ms)
            waiting = waiting[at_once:]
            at_once = min(_MOST_TICKS, 2 * at_once)

    def _came(self, tick: Tick, arrived_ms: int) -> None:
        for series, value in tick.samples.items():
            self._put(series, tick.at_ms, value, arrived_ms)
        for series in tick.ended:
            self._put(series, tick.at_ms, STALE, arrived_ms)

    def _put(self, series: Series, at_ms: int, value: float, arrived_ms: int) -> None:
        try:
            column = self._columns[series]
        except KeyError:
            wanted = series.family.home and series.name in self._wanted
            column = Column(labels(series.name, series.labels(self._identity))) if wanted else None
            self._columns[series] = column
        if column is not None:
            column.times_ms.append(at_ms)
            column.values.append(value)
            column.arrived_ms.append(arrived_ms)

    def taken(self) -> Iterator[Column]:
        """What came since this was last asked."""
        for series, column in self._columns.items():
            if column is not None and column.times_ms:
                self._columns[series] = Column(column.labels)
                yield column
