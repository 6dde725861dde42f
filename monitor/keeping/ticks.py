"""Ticks on disk, and what of them is owed to whom. All of it runs on the spool's own thread, in its transaction."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from monitor import metrics
from monitor.decoding import Undecodable, from_json, from_msgpack, inflated
from monitor.logs import Log
from monitor.metrics import NAMES_HOME, Series
from monitor.tick import Tick

_MOST_BYTES = 64 * 1024 * 1024  # unpacked; of ten thousand targets it is 4
_DAMAGED = "damaged"
_WHOLE_TICK = 0  # in the place of a series: none has this id

_log = Log()


@dataclass(frozen=True, slots=True)
class Kept:
    """One tick as it was stated. `samples`: (number of the series, value); `ended`: of those that ended then."""

    at_ms: int
    samples: tuple[tuple[int, float], ...]
    ended: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Samples a destination will not take, ever. `series`: their ids; None is every one of that tick."""

    at_ms: int
    series: tuple[int, ...] | None
    reason: str


class Names:
    """The series by number: a tick of 400 samples names each in two bytes.

    What this process states is known as such; of what an earlier one left, name and labels are kept as on disk.
    """

    def __init__(self) -> None:
        self._identity: Mapping[str, str] = {}
        self._stated: dict[Series, int] = {}  # asked for with every sample of every tick
        self._series: dict[int, Series] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._left: dict[int, tuple[str, str]] = {}
        self.asked_for: set[int] = set()  # for a tick that is kept, since somebody last emptied it

    def load(self, db: sqlite3.Connection) -> None:
        for each in (self._stated, self._series, self._ids, self._left):
            each.clear()
        for id, name, labels in db.execute("SELECT id, name, labels FROM series"):
            try:
                labels_of(labels)
            except (Undecodable, TypeError):  # a dying card: its samples are nobody's now
                _log.warning("series_damaged", id=id)
            else:
                self._ids[name, labels] = id
                self._left[id] = (name, labels)

    def id(self, db: sqlite3.Connection, name: str, labels: Mapping[str, str]) -> int:
        found = self.number(name, labels) or self._new(db, (name, _text(labels)))
        self.asked_for.add(found)
        return found

    def stated(self, db: sqlite3.Connection, series: Series, identity: Mapping[str, str]) -> int:
        """The same. `identity`: of this vantage, and always the same."""
        found = self._stated.get(series)
        if found is None:
            self._identity = identity
            named = (series.name, _text(series.labels(identity)))
            found = self._ids.get(named) or self._new(db, named)
            self._stated[series], self._series[found] = found, series
            del self._ids[named], self._left[found]
        self.asked_for.add(found)
        return found

    def _new(self, db: sqlite3.Connection, named: tuple[str, str]) -> int:
        made = db.execute("INSERT INTO series(name, labels) VALUES (?, ?)", named).lastrowid or 0
        self._ids[named], self._left[made] = made, named
        return made

    def forget(self, ids: Iterable[int]) -> None:
        """Of these no row is left."""
        for id in ids:
            if (series := self._series.pop(id, None)) is not None:
                self._stated.pop(series, None)
            if (named := self._left.pop(id, None)) is not None:
                self._ids.pop(named, None)

    def number(self, name: str, labels: Mapping[str, str]) -> int:
        """0 for a series that was never kept."""
        if (left := self._ids.get((name, _text(labels)), 0)) or not self._stated:
            return left
        series = metrics.read(name, labels)
        if series is None or series.labels(self._identity) != dict(labels):
            return 0
        return self._stated.get(series, 0)

    def of(self, id: int) -> tuple[str, dict[str, str]] | None:
        """Name and labels; None for a number that a damaged file no longer explains."""
        if (series := self._series.get(id)) is not None:
            return series.name, series.labels(self._identity)
        left = self._left.get(id)
        return (left[0], labels_of(left[1])) if left is not None else None

    def numbers(self, names: Collection[str]) -> frozenset[int]:
        """Of every series by one of these names."""
        stated = (id for id, series in self._series.items() if series.name in names)
        return frozenset((*stated, *(id for id, (name, _) in self._left.items() if name in names)))

    def as_kept(self, id: int) -> tuple[str, str] | None:
        """The same, labels as they lie on disk."""
        if (series := self._series.get(id)) is not None:
            return series.name, _text(series.labels(self._identity))
        return self._left.get(id)

    def goes_home(self, id: int, also: frozenset[str]) -> bool:
        series = self._series.get(id)
        name = series.name if series is not None else self._left.get(id, ("",))[0]
        return name in NAMES_HOME or name in also


def labels_of(text: str) -> dict[str, str]:
    return from_json(text, type=dict[str, str])


def _text(labels: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(sorted(labels.items()))).decode()


def named(names: Names, tick: Tick, identity: Mapping[str, str]) -> Callable[[sqlite3.Connection], Kept]:
    """A tick, ready to be kept: its series have their numbers once there is somewhere to keep it."""

    def kept(db: sqlite3.Connection) -> Kept:
        stated = tuple((names.stated(db, series, identity), value) for series, value in tick.samples.items())
        return Kept(tick.at_ms, stated, tuple(names.stated(db, series, identity) for series in tick.ended))

    return kept


def keep(db: sqlite3.Connection, kept: Kept, owed_to: Mapping[str, int]) -> None:
    """`owed_to`: how many samples of it are owed to each destination."""
    db.execute("INSERT OR REPLACE INTO ticks VALUES (?, ?, ?)", packed(kept)).close()
    rows = [(destination, kept.at_ms, samples) for destination, samples in owed_to.items()]
    db.executemany("INSERT OR REPLACE INTO owed VALUES (?, ?, ?)", rows).close()


def packed(kept: Kept) -> tuple[int, bytes, bytes]:
    """As it lies on disk."""
    return kept.at_ms, zlib.compress(msgspec.msgpack.encode(kept.samples), 1), msgspec.msgpack.encode(kept.ended)


def free(db: sqlite3.Connection, at_ms: int) -> int:
    """The first millisecond from then on at which no tick is kept: two never share one."""
    while db.execute("SELECT 1 FROM ticks WHERE at_ms = ?", (at_ms,)).fetchone():
        at_ms += 1
    return at_ms


def going_home(kept: Kept, also: frozenset[str], goes_home: Callable[[int, frozenset[str]], bool]) -> int:
    """How many samples of it are for a destination that wants `also` beside the home set."""
    return sum(goes_home(id, also) for id in (*(id for id, _ in kept.samples), *kept.ended))


def read(row: tuple[int, bytes, bytes]) -> Kept:
    """Raises Undecodable."""
    samples = from_msgpack(inflated(row[1], _MOST_BYTES), type=tuple[tuple[int, float], ...])
    return Kept(row[0], samples, from_msgpack(row[2], type=tuple[int, ...]))


def legible(row: tuple[int, bytes, bytes]) -> Kept | None:
    """None for what a dying card gave back as something else: SQLite keeps no sum of it, and we must live on."""
    try:
        return read(row)
    except (Undecodable, TypeError):
        _log.warning("tick_damaged", at_ms=row[0])
        return None


def owed(db: sqlite3.Connection, destination: str, *, but: Sequence[int], most: int) -> list[Kept]:
    """The oldest ticks it has not acknowledged; a damaged one is set aside whole, or it would be asked for for ever.

    `but`: those that are on their way while they are news.
    """
    rows = db.execute(
        "SELECT t.at_ms, t.samples, t.ended FROM owed o JOIN ticks t USING(at_ms) WHERE o.destination = ?"  # noqa: S608 - names of ours
        f" AND o.at_ms NOT IN ({','.join('?' * len(but))}) ORDER BY o.at_ms LIMIT ?",
        (destination, *but, most),
    )
    found = {row[0]: legible(row) for row in rows.fetchall()}
    lost = [at_ms for at_ms, kept in found.items() if kept is None]
    set_aside(db, destination, [Refused(at_ms, None, _DAMAGED) for at_ms in lost])
    settle(db, destination, lost)
    return [kept for kept in found.values() if kept is not None]


def owed_samples(db: sqlite3.Connection, destination: str) -> int:
    found: int = db.execute("SELECT total(samples) FROM owed WHERE destination = ?", (destination,)).fetchone()[0]
    return int(found)


def settle(db: sqlite3.Connection, destination: str, ticks: Iterable[int]) -> None:
    """It has them, or will never take the rest of them."""
    rows = [(destination, at_ms) for at_ms in ticks]
    db.executemany("DELETE FROM owed WHERE destination = ? AND at_ms = ?", rows).close()


def set_aside(db: sqlite3.Connection, destination: str, refused: Iterable[Refused]) -> None:
    rows = [
        (destination, each.at_ms, series, each.reason)
        for each in refused
        for series in (each.series if each.series is not None else (_WHOLE_TICK,))
    ]
    db.executemany("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?)", rows).close()


def too_old(db: sqlite3.Connection, destination: str, before_ms: int, reason: str) -> int:
    """Cuts what the destination would refuse for its age: set aside before it is sent. Returns how many samples."""
    of = (destination, before_ms)
    count = int(db.execute("SELECT total(samples) FROM owed WHERE destination = ? AND at_ms < ?", of).fetchone()[0])
    if count:
        db.execute(
            "INSERT OR REPLACE INTO aside"
            " SELECT destination, at_ms, ?, ? FROM owed WHERE destination = ? AND at_ms < ?",
            (_WHOLE_TICK, reason, *of),
        )
        db.execute("DELETE FROM owed WHERE destination = ? AND at_ms < ?", of)
    return count


def last(db: sqlite3.Connection) -> Kept | None:
    row = db.execute("SELECT at_ms, samples, ended FROM ticks ORDER BY at_ms DESC LIMIT 1").fetchone()
    return legible(row) if row is not None else None


def every(db: sqlite3.Connection, since_ms: int, until_ms: int) -> Iterator[Kept]:
    """In the order of time."""
    sql = "SELECT at_ms, samples, ended FROM ticks WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms"
    yield from (kept for row in db.execute(sql, (since_ms, until_ms)) if (kept := legible(row)) is not None)
