"""Starts of this machine: when each was heard of, and what time it was then, once somebody said so.

All of it runs on the spool's own thread, in its transaction.
"""

from __future__ import annotations

import sqlite3

from monitor.meaning.timeofday import POSSIBLE_MS, WRONG_MS, Known

# walks of a boot have numbers in one stretch, which an index holds as well: their rows need not be read to count them
_UNTIMED = """
SELECT coalesce(b.after_walk, 0), (SELECT coalesce(min(n.after_walk), 0) FROM boots n WHERE n.id > b.id), EXISTS
(SELECT 1 FROM boots n WHERE n.id > b.id) FROM boots b WHERE b.ahead_ms IS NULL
"""


class Boot:
    """This boot, as the spool knows it.

    Attributes:
        known: what time it is, once it is on disk.
        last_ms: when it was last heard of, in milliseconds since it began.
        wall_ms: our clock minus the time since the boot, then.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.known: Known | None = None
        self.last_ms = 0
        self.wall_ms: int | None = None
        self._number = 0

    def load(self, db: sqlite3.Connection) -> None:
        """Anew, after what was written may have come to nothing."""
        sql = "SELECT id, last_ms, wall_ms, ahead_ms, sources, error_ms FROM boots WHERE boot = ?"
        row = db.execute(sql, (self.id,)).fetchone() or (0, 0, None, None)
        self._number, self.last_ms, self.wall_ms = row[:3]
        self.known = Known(*row[3:]) if row[3] is not None else None

    def forget(self) -> None:
        """What was written came to nothing; it is loaded anew with the next connection."""
        self._number, self.known = 0, None

    def number(self, db: sqlite3.Connection, boot_ms: int) -> int:
        """By which rows name it."""
        if not self._number:
            made = db.execute(
                "INSERT INTO boots(boot, first_ms, last_ms, after_ms, after_walk) VALUES (?, ?, ?,"
                " (SELECT max(at_ms) FROM ticks WHERE at_ms BETWEEN ? AND ?), (SELECT max(id) FROM walks))",
                (self.id, boot_ms, boot_ms, *POSSIBLE_MS),
            )
            self._number = made.lastrowid or 0
        return self._number

    def heard(self, db: sqlite3.Connection, boot_ms: int, wall_ms: int | None = None) -> int:
        """It lives: its number. `wall_ms`: our clock minus the time since the boot, where that may be built on."""
        number = self.number(db, boot_ms)
        sql = "UPDATE boots SET last_ms = max(last_ms, ?), wall_ms = coalesce(?, wall_ms) WHERE id = ?"
        db.execute(sql, (boot_ms, wall_ms, number)).close()
        return number

    def learn(self, db: sqlite3.Connection, boot_ms: int, known: Known) -> int:
        """What time it is; its number."""
        number, said = self.heard(db, boot_ms), (known.ahead_ms, known.sources, known.error_ms)
        db.execute("UPDATE boots SET ahead_ms = ?, sources = ?, error_ms = ? WHERE id = ?", (*said, number)).close()
        self.known = known
        return number

    def true_ms(self, started_ms: int, boot_ms: int | None) -> int:
        """When something was that our clock says was at `started_ms`."""
        if self.known is None or boot_ms is None:
            return started_ms
        true_ms = boot_ms + self.known.ahead_ms
        return started_ms if abs(true_ms - started_ms) <= WRONG_MS else true_ms


def restamp_walks(db: sqlite3.Connection, boot: int, since_ms: int, ahead_ms: int) -> None:
    """Walks of a boot, from `since_ms` after it on, and what was told of them, come to the time they truly were."""
    mine = (
        "id > (SELECT coalesce(after_walk, 0) FROM boots WHERE id = :boot) AND boot = :boot AND boot_ms >= :since"
        " AND abs(boot_ms + :ahead - started_ms) > :wrong"
    )
    said = {"boot": boot, "since": since_ms, "ahead": ahead_ms, "wrong": WRONG_MS}
    db.execute(
        "UPDATE accounts SET started_ms = w.boot_ms + :ahead FROM"  # noqa: S608 - names of ours
        f" (SELECT started_ms, boot_ms FROM walks WHERE {mine}) w WHERE accounts.started_ms = w.started_ms",
        said,
    ).close()
    db.execute(f"UPDATE walks SET started_ms = boot_ms + :ahead WHERE {mine}", said).close()  # noqa: S608 - names of ours


def timed(db: sqlite3.Connection, id: str = "id") -> str:
    """The condition on walks that it is known when they were: those of every boot that learned what time it is.

    Args:
        id: the column, where the query gives the table another name.
    """
    stretches = [
        f"NOT ({id} > {int(after)}{f' AND {id} <= {int(until)}' if is_over else ''})"
        for after, until, is_over in db.execute(_UNTIMED)
    ]
    return f"({' AND '.join(stretches)})" if stretches else "1"
