"""The chain of commitments on disk: a link for every hour that has ended. Written once, never rewritten.

All of it runs on the spool's own thread, in its transaction. Ids that follow one another make a link, so that a walk
which is written down after its hour was closed stands in the next one.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence

from monitor.evidence.proof.commitments import DAY_MS, HOUR_MS, KEY_BYTES, Link, genesis, link, ranges, unranged

_MOST = 5_000  # walks of one link: the walks of now must not wait long for those of then
# by their hour; and by the walks that are of that time now, whatever our clock said when their hour was closed
_LINKS_OF = """
SELECT min(number), max(number) FROM (
SELECT number FROM links WHERE hour_ms > :since - :hour AND hour_ms < :until AND ids != ''
UNION ALL SELECT min(number) FROM links WHERE ids != '' AND upto >=
(SELECT min(id) FROM walks WHERE started_ms >= :since AND started_ms < :until)
UNION ALL SELECT min(number) FROM links WHERE ids != '' AND upto >=
(SELECT max(id) FROM walks WHERE started_ms >= :since AND started_ms < :until))
"""
_COLUMNS = "number, hour_ms, ids, commitments, previous, head"


def close(db: sqlite3.Connection, *, now_ms: int, vantage: str) -> Link | None:
    """Closes the oldest hour that is not; None where there is none. `now_ms`: by the clock that dated the walks."""
    upto = _upto(db)
    records = _of_one_hour(db, upto, now_ms)
    if not records:
        return None
    hour_ms = records[0][1] // HOUR_MS * HOUR_MS
    row = db.execute("SELECT number, head FROM links ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = row if row is not None else (0, genesis(vantage))
    plain = [(id, record) for id, _, record in records]
    made = link(number + 1, hour_ms, plain, _key(db, hour_ms // DAY_MS), previous)
    values = (made.number, hour_ms, ranges(made.ids), made.commitments, previous, made.head, made.ids[-1])
    db.execute("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?)", values).close()
    return made


def mend(db: sqlite3.Connection) -> None:
    """After walks were lost: SQLite gives the ids of the newest again, and what gets one is not closed yet."""
    newest = db.execute("SELECT coalesce(max(id), 0) FROM walks").fetchone()[0]
    db.execute("UPDATE links SET upto = ? WHERE upto > ?", (newest, newest)).close()


def forget(db: sqlite3.Connection, before_ms: int) -> int:
    """Lets go of commitments to walks that are gone for their age, and of the keys. Heads of days stay, for ever."""
    last = "SELECT max(number) FROM links GROUP BY hour_ms / ?"
    old = (max(before_ms, 0) // DAY_MS * DAY_MS, DAY_MS)
    went = db.execute(f"DELETE FROM links WHERE hour_ms < ? AND number NOT IN ({last})", old).rowcount  # noqa: S608 - names of ours
    went += db.execute("UPDATE links SET ids = '', commitments = x'' WHERE hour_ms < ? AND ids != ''", old[:1]).rowcount
    db.execute("DELETE FROM day_keys WHERE day < ?", (old[0] // DAY_MS,)).close()
    return went


def links(db: sqlite3.Connection, since_ms: int, until_ms: int) -> Iterator[Link]:
    """Every one from the first to the last that holds an hour of that time, whole, in their order."""
    until_ms = min(until_ms, 2**62)
    first, last = db.execute(_LINKS_OF, {"since": since_ms, "until": until_ms, "hour": HOUR_MS}).fetchone()
    sql = f"SELECT {_COLUMNS} FROM links WHERE number BETWEEN ? AND ? AND ids != '' ORDER BY number"  # noqa: S608 - names of ours
    yield from (_read(row) for row in db.execute(sql, (first, last)))


def link_at(db: sqlite3.Connection, number: int) -> Link:
    return _read(db.execute(f"SELECT {_COLUMNS} FROM links WHERE number = ?", (number,)).fetchone())  # noqa: S608 - names of ours


def keys(db: sqlite3.Connection) -> dict[int, bytes]:
    """By day."""
    return dict(db.execute("SELECT day, key FROM day_keys"))


# ---------------------------------------------------------------- time-stamps


def heads(db: sqlite3.Connection, before_day: int) -> list[tuple[int, bytes]]:
    """The newest head of each day before that one, oldest first."""
    sql = (
        "SELECT hour_ms / ?, head FROM links"
        " WHERE number IN (SELECT max(number) FROM links WHERE hour_ms < ? GROUP BY hour_ms / ?) ORDER BY number"
    )
    return list(db.execute(sql, (DAY_MS, before_day * DAY_MS, DAY_MS)))


def unstamped(db: sqlite3.Connection, authorities: Sequence[str], *, before_day: int) -> list[tuple[bytes, str]]:
    """Heads of closed days, and who has not said yet when it was there."""
    has = set(db.execute("SELECT head, authority FROM stamps"))
    return [(head, at) for _, head in heads(db, before_day) for at in authorities if (head, at) not in has]


def keep_stamp(db: sqlite3.Connection, head: bytes, authority: str, response: bytes) -> None:
    """Never in the place of another."""
    db.execute("INSERT OR IGNORE INTO stamps VALUES (?, ?, ?)", (head, authority, response)).close()


def stamps(db: sqlite3.Connection, head: bytes) -> list[tuple[str, bytes]]:
    """Authority and its response as it came."""
    return list(db.execute("SELECT authority, response FROM stamps WHERE head = ? ORDER BY authority", (head,)))


# ---------------------------------------------------------------- which walks


def _upto(db: sqlite3.Connection) -> int:
    """Up to which id all walks are closed; 0 where every walk went, and ids began anew."""
    upto: int = db.execute("SELECT coalesce(max(upto), 0) FROM links").fetchone()[0]
    newest: int = db.execute("SELECT coalesce(max(id), 0) FROM walks").fetchone()[0]
    if newest < upto:
        db.execute("UPDATE links SET upto = 0").close()
        return 0
    return upto


def _of_one_hour(db: sqlite3.Connection, upto: int, now_ms: int) -> list[tuple[int, int, bytes]]:
    """The next walks, up to the first of another hour. None of the hour that runs, nor what was written after it.

    One that began in the hour before and was written down later is no other hour. A clock that ran ahead is not waited
    for: what is of the future was written in the past.
    """
    found: list[tuple[int, int, bytes]] = []
    running_ms = now_ms // HOUR_MS * HOUR_MS
    for row in db.execute("SELECT id, started_ms, walk FROM walks WHERE id > ? ORDER BY id LIMIT ?", (upto, _MOST)):
        hour = row[1] // HOUR_MS
        late = found and 0 <= found[0][1] // HOUR_MS - hour <= 1
        if running_ms <= row[1] <= now_ms or (found and not late):
            break
        found.append(row)
    return found


def _key(db: sqlite3.Connection, day: int) -> bytes:
    """Of that day, made when it is first needed."""
    db.execute("INSERT OR IGNORE INTO day_keys VALUES (?, ?)", (day, secrets.token_bytes(KEY_BYTES))).close()
    key: bytes = db.execute("SELECT key FROM day_keys WHERE day = ?", (day,)).fetchone()[0]
    return key


def _read(row: tuple[int, int, str, bytes, bytes, bytes]) -> Link:
    number, hour_ms, ids, commitments, previous, head = row
    return Link(number, hour_ms, unranged(ids), commitments, previous, head)
