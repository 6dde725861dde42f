"""How ticks get home: at their own time while the way is open, else later, what is live first, as the daemon ships.

Pure. A sample keeps the time of its tick; what differs is when the hub can see it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from monitor import metrics
from monitor.home.remotewrite import STALE, Labels, labels
from monitor.metrics import Series
from monitor.tick import Tick

_ON_THE_WAY_MS = 1_000
_FEWEST_TICKS, _MOST_TICKS = 4, 120  # of a backlog in one request: as monitor/ship.py, which doubles while all is well
_REQUEST_MS = 1_000
_HEARTBEAT = Series(metrics.HEARTBEAT, ())


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
        self._last = Tick(0, {})
        self._again: list[int] = []
        self._waiting: list[tuple[Tick, int]] = []

    @property
    def waiting(self) -> int:
        """Ticks that are not home yet."""
        return len(self._waiting)

    def state(self, tick: Tick, *, open_: bool) -> None:
        """A tick is stated; the way home is open now, or not."""
        self._flush()
        self._last = tick
        self._deliver(tick, tick.at_ms, open_=open_)

    def again(self, at_ms: int, *, open_: bool) -> None:
        """The tick of before is stated again, with its own time and heartbeat: kept as a moment, written out later."""
        if open_ and not self._waiting:
            self._again.append(at_ms)
            return
        self._flush()
        self._deliver(self._last, at_ms, open_=open_)

    def _deliver(self, tick: Tick, at_ms: int, *, open_: bool) -> None:
        if not open_:
            self._waiting.append((tick, at_ms))
            return
        arrived_ms = at_ms + _ON_THE_WAY_MS
        self._came(tick, at_ms, arrived_ms)
        at_once = _FEWEST_TICKS
        waiting, self._waiting = self._waiting, []
        while waiting:
            arrived_ms += _REQUEST_MS
            for each, of_ms in waiting[:at_once]:
                self._came(each, of_ms, arrived_ms)
            waiting = waiting[at_once:]
            at_once = min(_MOST_TICKS, 2 * at_once)

    def _flush(self) -> None:
        times_ms, self._again = self._again, []
        if not times_ms:
            return
        arrived_ms = [each + _ON_THE_WAY_MS for each in times_ms]
        for series, value in self._last.samples.items():
            if (column := self._column(series)) is not None:
                alive = series == _HEARTBEAT
                column.times_ms += times_ms
                column.values += [each / 1000 for each in times_ms] if alive else [value] * len(times_ms)
                column.arrived_ms += arrived_ms

    def _came(self, tick: Tick, at_ms: int, arrived_ms: int) -> None:
        """One that is stated again ends nothing anew, and its heart beats at its own time."""
        first = at_ms == tick.at_ms
        for series, value in tick.samples.items():
            self._put(series, at_ms, value if first or series != _HEARTBEAT else at_ms / 1000, arrived_ms)
        for series in tick.ended if first else ():
            self._put(series, at_ms, STALE, arrived_ms)

    def _put(self, series: Series, at_ms: int, value: float, arrived_ms: int) -> None:
        if (column := self._column(series)) is not None:
            column.times_ms.append(at_ms)
            column.values.append(value)
            column.arrived_ms.append(arrived_ms)

    def _column(self, series: Series) -> Column | None:
        try:
            return self._columns[series]
        except KeyError:
            wanted = series.family.home and series.name in self._wanted
            column = Column(labels(series.name, series.labels(self._identity))) if wanted else None
            self._columns[series] = column
            return column

    def taken(self) -> Iterator[Column]:
        """What came since this was last asked."""
        self._flush()
        for series, column in self._columns.items():
            if column is not None and column.times_ms:
                self._columns[series] = Column(column.labels)
                yield column
