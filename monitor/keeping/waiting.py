"""Ticks of which nobody could say when they were: kept by the time since their boot, and stamped once that is known.

All of it runs on the spool's own thread, in its transaction. None takes the place of another, and none is shipped here.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from monitor.keeping import ticks
from monitor.keeping.ticks import Kept
from monitor.meaning.timeofday import Known

GoesHome = Callable[
    [int, frozenset[str]], bool
]  # the number of a series, and the names a destination wants beside ours

_OF = "SELECT id, boot_ms, wall_ms, samples, ended FROM waiting WHERE boot = ? ORDER BY boot_ms, id"


@dataclass(frozen=True, slots=True)
class Unstamped:
    """A tick of a boot that never learned what time it was, with the widest bounds of when it can have been.

    Attributes:
        boot_ms: milliseconds since that boot.
        wall_ms: what our clock said.
        samples: name, labels and value; `ended`: series that ended then.
    """

    boot: str
    boot_ms: int
    wall_ms: int
    not_before_ms: int | None
    not_after_ms: int | None
    samples: tuple[tuple[str, Mapping[str, str], float], ...]
    ended: tuple[tuple[str, Mapping[str, str]], ...]


def keep(db: sqlite3.Connection, boot: int, boot_ms: int, kept: Kept) -> None:
    """`kept.at_ms` is what our clock says, whatever that is worth."""
    _, samples, ended = ticks.packed(kept)
    row = (boot, boot_ms, kept.at_ms, samples, ended)
    db.execute("INSERT INTO waiting(boot, boot_ms, wall_ms, samples, ended) VALUES (?, ?, ?, ?, ?)", row).close()


def count(db: sqlite3.Connection, boot: str) -> int:
    sql = "SELECT count(*) FROM waiting w JOIN boots b ON b.id = w.boot WHERE b.boot = ?"
    found: int = db.execute(sql, (boot,)).fetchone()[0]
    return found


def last(db: sqlite3.Connection, boot: str) -> tuple[int, Kept] | None:
    """The newest of a boot: when, since that boot, and the tick."""
    sql = (
        "SELECT w.boot_ms, w.wall_ms, w.samples, w.ended FROM waiting w JOIN boots b ON b.id = w.boot WHERE b.boot = ?"
    )
    row = db.execute(f"{sql} ORDER BY w.boot_ms DESC, w.id DESC LIMIT 1", (boot,)).fetchone()
    kept = ticks.legible(row[1:]) if row is not None else None
    return (row[0], kept) if kept is not None else None


def stamp(
    db: sqlite3.Connection,
    boot: int,
    known: Known,
    *,
    of_our_clock: Collection[int],
    goes_home: GoesHome,
    owed_to: Mapping[str, frozenset[str]],
) -> Counter[str]:
    """All that waits of this boot comes to its true time, marked, and is owed; how many samples each destination gets.

    Args:
        of_our_clock: series whose values are times by our clock: they are put right with the tick.
        owed_to: the destinations, and the names each wants beside the home set.
    """
    owed = Counter[str]()
    for id, boot_ms, wall_ms, samples, ended in db.execute(_OF, (boot,)).fetchall():
        at_ms = ticks.free(db, boot_ms + known.ahead_ms)
        read = ticks.legible((wall_ms, samples, ended)) or Kept(wall_ms, (), ())
        kept = _moved(read, at_ms, of_our_clock)
        home = {name: ticks.going_home(kept, also, goes_home) for name, also in owed_to.items()}
        ticks.keep(db, kept, home)
        db.execute("INSERT OR REPLACE INTO stamped VALUES (?, ?, ?)", (at_ms, boot, known.error_ms)).close()
        db.execute("DELETE FROM waiting WHERE id = ?", (id,)).close()
        owed.update(home)
    return owed


def _moved(kept: Kept, at_ms: int, of_our_clock: Collection[int]) -> Kept:
    by_s = (at_ms - kept.at_ms) / 1000
    stated = tuple((id, value + by_s if id in of_our_clock else value) for id, value in kept.samples)
    return Kept(at_ms, stated, kept.ended)


# ---------------------------------------------------------------- boots that never learned it


def unstamped(db: sqlite3.Connection) -> Iterator[Unstamped]:
    """In the order of boots, and within each of time."""
    names = {id: (name, ticks.labels_of(text)) for id, name, text in db.execute("SELECT id, name, labels FROM series")}
    for number, boot, last_ms in db.execute("SELECT id, boot, last_ms FROM boots ORDER BY id").fetchall():
        began_ms, ended_ms = bounds(db, number)
        for _, boot_ms, wall_ms, samples, ended in db.execute(_OF, (number,)):
            kept = ticks.read((wall_ms, samples, ended))
            not_before_ms, not_after_ms = within(began_ms, ended_ms, last_ms, boot_ms)
            yield Unstamped(
                boot,
                boot_ms,
                wall_ms,
                not_before_ms=not_before_ms,
                not_after_ms=not_after_ms,
                samples=tuple((*names[id], value) for id, value in kept.samples if id in names),
                ended=tuple(names[id] for id in kept.ended if id in names),
            )


def within(began_ms: int | None, ended_ms: int | None, last_ms: int, boot_ms: int) -> tuple[int | None, int | None]:
    """The same for what was `boot_ms` after the beginning of a boot that was last heard of at `last_ms`."""
    not_before_ms = began_ms + boot_ms if began_ms is not None else None
    return not_before_ms, ended_ms - (max(last_ms, boot_ms) - boot_ms) if ended_ms is not None else None


def bounds(db: sqlite3.Connection, boot: int) -> tuple[int | None, int | None]:
    """When a boot cannot have begun yet, and when it must have been over: by the boots before and after it."""
    began = db.execute(
        "SELECT max(ms) FROM (SELECT max(ahead_ms + last_ms - coalesce(error_ms, 0)) AS ms FROM boots WHERE id < ?"
        " UNION ALL SELECT after_ms FROM boots WHERE id = ?)",
        (boot, boot),
    ).fetchone()[0]
    sql = "SELECT min(ahead_ms + coalesce(error_ms, 0)) FROM boots WHERE id > ?"
    return began, db.execute(sql, (boot,)).fetchone()[0]
