"""What goes when it is too old, or room is short: first detail, the oldest first; then the oldest. Always counted.

Of what nobody could say when it was, nobody can say how old it is: it goes last, and only for its size.
"""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

from monitor.keeping import boots
from monitor.keeping.pieces import HOUR_MS

THINNED_TO_MS = 600_000  # one tick, and one walk of each target, in ten minutes
_DETAILED_MS = 86_400_000  # the last day is never thinned: it goes whole, when nothing older is left

_LARGEST = 2**62
_USED_BYTES = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
_FIRST_OF_EACH_SLOT = "SELECT min(id) FROM walks WHERE started_ms < ? GROUP BY target, started_ms / ?"


@dataclass(frozen=True, slots=True)
class Gone:
    """What was given up.

    Attributes:
        walks: sealed ones too.
        thinned: walks of which one in ten minutes stays.
        unsent: samples no receiver has.
        sealed: pieces only the hub could have read.
        unstamped: ticks of boots that never learned what time it was.
    """

    walks: int = 0
    thinned: int = 0
    unsent: int = 0
    sealed: int = 0
    unstamped: int = 0

    def __add__(self, other: Gone) -> Gone:
        mine, theirs = astuple(self), astuple(other)
        return Gone(*(one + another for one, another in zip(mine, theirs, strict=True)))

    def __bool__(self) -> bool:
        return any(astuple(self))


@dataclass(frozen=True, slots=True)
class SpoolSize:
    """`walks`: sealed ones too. `free_bytes`: of the disk it lies on; None while that cannot be said."""

    walks: int
    bytes: int
    oldest_ms: int | None
    free_bytes: int | None = None

    def limit(self, most_bytes: int, keep_free_bytes: int) -> int | None:
        """To how many bytes it may grow, as the disk stands now."""
        if self.free_bytes is None:
            return None
        return max(0, min(most_bytes, self.bytes + self.free_bytes - keep_free_bytes))


def measure(db: sqlite3.Connection, bytes: int, free_bytes: int | None = None) -> SpoolSize:
    """`bytes`: on disk."""
    count, oldest = db.execute("SELECT count(*), min(started_ms) FROM walks").fetchone()
    sealed, first = db.execute("SELECT total(walks), min(hour_ms) FROM sealed").fetchone()
    return SpoolSize(
        count + int(sealed),
        bytes,
        min((each for each in (oldest, first) if each is not None), default=None),
        free_bytes,
    )


def trim(db: sqlite3.Connection, *, before_ms: int, most_bytes: int, spare_bytes: int = _LARGEST) -> Gone:
    """Deletes what is too old; while the file is too large it thins the oldest tenth, and only then lets it go.

    What is sealed cannot be thinned: it goes with its age, or as the oldest where nothing else helps.

    Args:
        spare_bytes: to which it shrinks where others fill the disk, as far as it can without the last day and without
            letting anything go that is owed to somebody: what they do with the disk is no reason to lose that.
    """
    gone = _delete_before(db, min(before_ms, _LARGEST))
    db.execute("DELETE FROM summaries WHERE hour_ms < ?", (min(before_ms, _LARGEST),)).close()  # small: never for room
    since_ms = -_LARGEST
    while _used(db) > most_bytes:
        until_ms = _tenth(db, since_ms)
        if until_ms is not None and until_ms < _newest(db) - _DETAILED_MS:
            gone += _thin(db, until_ms)
            since_ms = until_ms
        elif (until_ms := _oldest(db)) is not None:
            gone += _delete_before(db, until_ms)
        elif went := _delete_untimed(db):
            gone += went
        else:
            break
    gone += _make_way(db, spare_bytes)
    db.execute("PRAGMA incremental_vacuum(2000)").fetchall()  # each page is a step of its own
    return gone


def _make_way(db: sqlite3.Connection, most_bytes: int) -> Gone:
    """For others: detail first, then what is a day old and owed to nobody."""
    gone, since_ms = Gone(), -_LARGEST
    while _used(db) > most_bytes:
        day_ms = _newest(db) - _DETAILED_MS
        if (until_ms := _tenth(db, since_ms)) is not None and until_ms < day_ms:
            gone += _thin(db, until_ms)
            since_ms = until_ms
            continue
        until_ms = _oldest(db)
        owed_ms: int | None = db.execute("SELECT min(at_ms) FROM owed").fetchone()[0]
        if until_ms is None or until_ms >= min(day_ms, owed_ms if owed_ms is not None else day_ms):
            break
        gone += _delete_before(db, until_ms)
    return gone


def _used(db: sqlite3.Connection) -> int:
    found: int = db.execute(_USED_BYTES).fetchone()[0]
    return found


def _tenth(db: sqlite3.Connection, since_ms: int) -> int | None:
    """Up to where the oldest tenth of the walks since then reaches."""
    those = f"FROM walks WHERE started_ms >= ? AND {boots.timed(db)}"
    tenth = f"SELECT started_ms {those} ORDER BY started_ms LIMIT 1 OFFSET (SELECT count(*) / 10 {those})"
    row = db.execute(tenth, (since_ms, since_ms)).fetchone()
    return row[0] + 1 if row is not None else None


def _oldest(db: sqlite3.Connection) -> int | None:
    """Up to where the oldest tenth reaches, of what lies open or of what is sealed: whichever is older."""
    sql = "SELECT hour_ms FROM sealed ORDER BY hour_ms LIMIT 1 OFFSET (SELECT count(*) / 10 FROM sealed)"
    row = db.execute(sql).fetchone()
    ends = (_tenth(db, -_LARGEST), row[0] + HOUR_MS if row is not None else None)
    return min((each for each in ends if each is not None), default=None)


def _newest(db: sqlite3.Connection) -> int:
    found: int | None = db.execute(f"SELECT max(started_ms) FROM walks WHERE {boots.timed(db)}").fetchone()[0]  # noqa: S608 - names of ours
    return found or 0


def _thin(db: sqlite3.Connection, before_ms: int) -> Gone:
    slot = (before_ms, THINNED_TO_MS)
    went = db.execute(
        f"DELETE FROM walks WHERE started_ms < ? AND {boots.timed(db)} AND id NOT IN ({_FIRST_OF_EACH_SLOT})",  # noqa: S608 - names of ours
        (before_ms, *slot),
    ).rowcount
    doomed = "at_ms < ? AND at_ms NOT IN (SELECT min(at_ms) FROM ticks WHERE at_ms < ? GROUP BY at_ms / ?)"
    unsent = _delete_ticks(db, doomed, (before_ms, *slot))
    return Gone(thinned=went, unsent=unsent)


def _delete_before(db: sqlite3.Connection, before_ms: int) -> Gone:
    unsent = _delete_ticks(db, "at_ms < ?", (before_ms,))
    timed = boots.timed(db)
    kept = f"SELECT 1 FROM walks WHERE walks.started_ms = accounts.started_ms AND NOT ({timed})"  # noqa: S608 - names of ours
    db.execute(f"DELETE FROM accounts WHERE started_ms < ? AND NOT EXISTS ({kept})", (before_ms,)).close()  # noqa: S608 - names of ours
    walks = db.execute(f"DELETE FROM walks WHERE started_ms < ? AND {timed}", (before_ms,)).rowcount  # noqa: S608 - names of ours
    over, values = "hour_ms <= ?", (before_ms - HOUR_MS,)
    hidden = int(db.execute(f"SELECT total(walks) FROM sealed WHERE {over}", values).fetchone()[0])  # noqa: S608 - names of ours
    sealed = db.execute(f"DELETE FROM sealed WHERE {over}", values).rowcount  # noqa: S608 - names of ours
    return Gone(walks + hidden, unsent=unsent, sealed=sealed)


def _delete_untimed(db: sqlite3.Connection) -> Gone:
    """A tenth of what waits for a time, the oldest boots first: the order is all that is known of it."""
    ticks = _delete_tenth(db, "waiting", "1")
    return Gone(unstamped=ticks) if ticks else Gone(walks=_delete_tenth(db, "walks", f"NOT ({boots.timed(db)})"))


def _delete_tenth(db: sqlite3.Connection, table: str, which: str) -> int:
    of = f"FROM {table} WHERE {which}"
    some = f"SELECT id {of} ORDER BY id LIMIT (SELECT (count(*) + 9) / 10 {of})"
    return db.execute(f"DELETE FROM {table} WHERE id IN ({some})").rowcount  # noqa: S608 - names of ours


def _delete_ticks(db: sqlite3.Connection, doomed: str, values: tuple[int, ...]) -> int:
    """`doomed`: a condition of ours on `at_ms`. Returns how many samples are now lost to some receiver."""
    unsent = int(db.execute(f"SELECT total(samples) FROM owed WHERE {doomed}", values).fetchone()[0])  # noqa: S608 - names of ours
    for table in ("owed", "aside", "stamped", "ticks"):  # ticks last: the others look at them
        db.execute(f"DELETE FROM {table} WHERE {doomed}", values).close()  # noqa: S608 - names of ours
    return unsent
