"""What goes when it is too old, or room is short: first detail, the oldest first; then the oldest. Always counted.

Of what nobody could say when it was, nobody can say how old it is: it goes last, and only for its size.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

THINNED_TO_MS = 600_000  # one tick, and one walk of each target, in ten minutes
_DETAILED_MS = 86_400_000  # the last day is never thinned: it goes whole, when nothing older is left

_LARGEST = 2**62
_USED_BYTES = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
# walks of a boot have numbers in one stretch, which an index holds as well: their rows need not be read to count them
_UNTIMED = """
SELECT coalesce(b.after_walk, 0), (SELECT coalesce(min(n.after_walk), 0) FROM boots n WHERE n.id > b.id), EXISTS
(SELECT 1 FROM boots n WHERE n.id > b.id) FROM boots b WHERE b.ahead_ms IS NULL
"""
_FIRST_OF_EACH_SLOT = "SELECT min(id) FROM walks WHERE started_ms < ? GROUP BY target, started_ms / ?"


@dataclass(frozen=True, slots=True)
class Gone:
    """What was given up. `unsent`: samples no receiver has; `thinned`: walks of which one in ten minutes stays.

    `unstamped`: ticks of boots that never learned what time it was.
    """

    walks: int = 0
    thinned: int = 0
    unsent: int = 0
    unstamped: int = 0

    def __add__(self, other: Gone) -> Gone:
        walks, thinned = self.walks + other.walks, self.thinned + other.thinned
        return Gone(walks, thinned, self.unsent + other.unsent, self.unstamped + other.unstamped)

    def __bool__(self) -> bool:
        return bool(self.walks or self.thinned or self.unsent or self.unstamped)


def trim(db: sqlite3.Connection, *, before_ms: int, most_bytes: int) -> Gone:
    """Deletes what is too old; while the file is too large it thins the oldest tenth, and only then lets it go."""
    gone = _delete_before(db, min(before_ms, _LARGEST))
    since_ms = -_LARGEST
    while _used(db) > most_bytes:
        until_ms = _tenth(db, since_ms)
        if until_ms is not None and until_ms < _newest(db) - _DETAILED_MS:
            gone += _thin(db, until_ms)
            since_ms = until_ms
        elif (until_ms := _tenth(db, -_LARGEST)) is not None:
            gone += _delete_before(db, until_ms)
        elif went := _delete_untimed(db):
            gone += went
        else:
            break
    db.execute("PRAGMA incremental_vacuum(2000)").fetchall()  # each page is a step of its own
    return gone


def _used(db: sqlite3.Connection) -> int:
    found: int = db.execute(_USED_BYTES).fetchone()[0]
    return found


def _tenth(db: sqlite3.Connection, since_ms: int) -> int | None:
    """Up to where the oldest tenth of the walks since then reaches."""
    those = f"FROM walks WHERE started_ms >= ? AND {_timed(db)}"
    tenth = f"SELECT started_ms {those} ORDER BY started_ms LIMIT 1 OFFSET (SELECT count(*) / 10 {those})"
    row = db.execute(tenth, (since_ms, since_ms)).fetchone()
    return row[0] + 1 if row is not None else None


def _newest(db: sqlite3.Connection) -> int:
    found: int | None = db.execute(f"SELECT max(started_ms) FROM walks WHERE {_timed(db)}").fetchone()[0]  # noqa: S608
    return found or 0


def _thin(db: sqlite3.Connection, before_ms: int) -> Gone:
    slot = (before_ms, THINNED_TO_MS)
    went = db.execute(
        f"DELETE FROM walks WHERE started_ms < ? AND {_timed(db)} AND id NOT IN ({_FIRST_OF_EACH_SLOT})",  # noqa: S608
        (before_ms, *slot),
    ).rowcount
    doomed = "at_ms < ? AND at_ms NOT IN (SELECT min(at_ms) FROM ticks WHERE at_ms < ? GROUP BY at_ms / ?)"
    unsent = _delete_ticks(db, doomed, (before_ms, *slot))
    return Gone(thinned=went, unsent=unsent)


def _delete_before(db: sqlite3.Connection, before_ms: int) -> Gone:
    unsent = _delete_ticks(db, "at_ms < ?", (before_ms,))
    timed = _timed(db)
    kept = f"SELECT 1 FROM walks WHERE walks.started_ms = accounts.started_ms AND NOT ({timed})"  # noqa: S608
    db.execute(f"DELETE FROM accounts WHERE started_ms < ? AND NOT EXISTS ({kept})", (before_ms,)).close()  # noqa: S608
    went = db.execute(f"DELETE FROM walks WHERE started_ms < ? AND {timed}", (before_ms,)).rowcount  # noqa: S608
    return Gone(walks=went, unsent=unsent)


def _delete_untimed(db: sqlite3.Connection) -> Gone:
    """A tenth of what waits for a time, the oldest boots first: the order is all that is known of it."""
    ticks = _delete_tenth(db, "waiting", "1")
    return Gone(unstamped=ticks) if ticks else Gone(walks=_delete_tenth(db, "walks", f"NOT ({_timed(db)})"))


def _timed(db: sqlite3.Connection) -> str:
    """The condition on walks that it is known when they were: those of every boot that learned what time it is."""
    stretches = [
        f"NOT (id > {int(after)}{f' AND id <= {int(until)}' if is_over else ''})"
        for after, until, is_over in db.execute(_UNTIMED)
    ]
    return f"({' AND '.join(stretches)})" if stretches else "1"


def _delete_tenth(db: sqlite3.Connection, table: str, which: str) -> int:
    of = f"FROM {table} WHERE {which}"
    some = f"SELECT id {of} ORDER BY id LIMIT (SELECT (count(*) + 9) / 10 {of})"
    return db.execute(f"DELETE FROM {table} WHERE id IN ({some})").rowcount  # noqa: S608


def _delete_ticks(db: sqlite3.Connection, doomed: str, values: tuple[int, ...]) -> int:
    """`doomed`: a condition of ours on `at_ms`. Returns how many samples are now lost to some receiver."""
    unsent = int(db.execute(f"SELECT total(samples) FROM owed WHERE {doomed}", values).fetchone()[0])  # noqa: S608
    for table in ("owed", "aside", "stamped", "ticks"):  # ticks last: the others look at them
        db.execute(f"DELETE FROM {table} WHERE {doomed}", values).close()  # noqa: S608
    return unsent
