"""Old hours go out of sight of whoever holds the box: sealed to the hub's public key, their open rows overwritten.

Sealed is what ended a day ago and is owed to nobody. Each call here is one short bite on the spool's own thread; what
takes long (`seal`, `summary`) touches no database. Never seals an hour before this program was written: a walk from
there has a time nobody believes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from monitor.keeping import boots, pieces, seal, summaries
from monitor.keeping.pieces import HOUR_MS, Hour, Rows
from monitor.keeping.schema import TICKS
from monitor.keeping.summaries import Summary
from monitor.keeping.ticks import Kept, Names, legible

WRITTEN_MS = 1_767_225_600_000  # 2026-01-01
_TIMES = {"walks": "started_ms", "accounts": "started_ms", "ticks": "at_ms"}
_READ_AT_ONCE = 30  # ticks, when it is asked which series are still named


class Owed(Exception):
    """Meanwhile somebody owes a tick of this hour again: it stays open."""


def next_hour(db: sqlite3.Connection, since_ms: int, before_ms: int) -> int | None:
    """The first hour since then in which anything lies open, if it ended before `before_ms`."""
    firsts = []
    for table, column in _TIMES.items():
        sql = f"SELECT min({column}) FROM {table} WHERE {column} >= ? AND {_known(db, table)}"  # noqa: S608 - names of ours
        firsts.append(db.execute(sql, (max(since_ms, WRITTEN_MS),)).fetchone()[0])
    first = min((at_ms for at_ms in firsts if at_ms is not None), default=None)
    if first is None or first // HOUR_MS * HOUR_MS + HOUR_MS > before_ms:
        return None
    return int(first // HOUR_MS * HOUR_MS)


def next_settled(db: sqlite3.Connection, since_ms: int, before_ms: int) -> int | None:
    """The same, of hours that are owed to nobody."""
    while (hour_ms := next_hour(db, since_ms, before_ms)) is not None and _owed(db, hour_ms):
        since_ms = hour_ms + HOUR_MS
    return hour_ms


def _owed(db: sqlite3.Connection, hour_ms: int) -> bool:
    between = (hour_ms, hour_ms + HOUR_MS)
    return db.execute("SELECT 1 FROM owed WHERE at_ms >= ? AND at_ms < ? LIMIT 1", between).fetchone() is not None


def _known(db: sqlite3.Connection, table: str) -> str:
    """The condition that it is known when a row was; ticks of which it is not known wait elsewhere."""
    return boots.timed(db) if table == "walks" else "1"


def gather(db: sqlite3.Connection, hour_ms: int) -> Hour:
    """What lies open of an hour, as it is on disk; the names of series are not in it yet."""
    found = {}
    for table, column in _TIMES.items():
        between = f"{column} >= ? AND {column} < ? AND {_known(db, table)}"
        sql = f"SELECT * FROM {table} WHERE {between} ORDER BY {column}"  # noqa: S608 - names of ours
        with closing(db.execute(sql, (hour_ms, hour_ms + HOUR_MS))) as rows:
            columns = tuple(each[0] for each in rows.description)
            found[table] = Rows(columns, tuple(rows.fetchall()))
    return Hour(hour_ms, found)


def sealed(hour: Hour, names: Names, key: str) -> bytes:
    """The piece: sealed to a public key, with the names of the series its ticks number."""
    numbers = sorted({number for tick in hour.ticks for number in _numbers(tick)})
    rows = tuple((number, *text) for number in numbers if (text := names.as_kept(number)) is not None)
    series = {"series": Rows(("id", "name", "labels"), rows)}
    return seal.seal(pieces.pack(Hour(hour.hour_ms, {**hour.tables, **series})), key)


def _numbers(tick: Kept) -> Iterator[int]:
    yield from (number for number, _ in tick.samples)
    yield from tick.ended


def put_away(db: sqlite3.Connection, hour: Hour, piece: bytes, key: str) -> None:
    """The piece in, the rows that are in it out; what came or changed since stays. Raises Owed, and nothing is done."""
    samples = sum(len(tick.samples) for tick in hour.ticks)
    row = (hour.hour_ms, key, len(hour.rows("walks").rows), samples, piece)
    db.execute("INSERT INTO sealed(hour_ms, key, walks, samples, piece) VALUES (?, ?, ?, ?, ?)", row).close()
    if _owed(db, hour.hour_ms):  # asked after the first write: from here on nobody else can owe anything
        raise Owed
    for table in _TIMES:
        found = hour.rows(table)
        same = " AND ".join(f"{column} IS ?" for column in found.columns)
        db.executemany(f"DELETE FROM {table} WHERE {same}", found.rows).close()  # noqa: S608 - names of ours


def sum_up(db: sqlite3.Connection, hour_ms: int, made: Summary) -> bool:
    """True once it is kept, or a fuller one was."""
    row = db.execute("SELECT summary FROM summaries WHERE hour_ms = ?", (hour_ms,)).fetchone()
    before = summaries.legible(row[0]) if row is not None else None
    if before is None or before.weight < made.weight:
        db.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?)", (hour_ms, summaries.encode(made))).close()
    return True


def last_summed_up(db: sqlite3.Connection) -> int | None:
    found: int | None = db.execute("SELECT max(hour_ms) FROM summaries").fetchone()[0]
    return found


def empty_the_log(db: sqlite3.Connection) -> bool:
    """What was deleted stands in the write-ahead log until it is emptied; False while somebody reads by it."""
    (patience_ms,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute("PRAGMA busy_timeout=50")  # the daemon does not wait for a reader
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    db.execute(f"PRAGMA busy_timeout={patience_ms:d}")
    return not busy


# ---------------------------------------------------------------- series nobody names any more


def named_after(db: sqlite3.Connection, table: str, after: int) -> tuple[set[int], int | None]:
    """The series that some ticks after that one name, and which is the last of them; None where there is none."""
    key = TICKS[table]
    sql = f"SELECT {key}, samples, ended FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"  # noqa: S608 - names of ours
    rows = db.execute(sql, (after, _READ_AT_ONCE)).fetchall()
    named = {number for row in rows if (tick := legible(row)) is not None for number in _numbers(tick)}
    return named, rows[-1][0] if rows else None


def forget_series(db: sqlite3.Connection, named: set[int], names: Names) -> int:
    """Those that no tick names, nor what is set aside, nor anybody asked for since `named` was begun; how many."""
    aside = {row[0] for row in db.execute("SELECT DISTINCT series FROM aside")}
    known = {row[0] for row in db.execute("SELECT id FROM series")}
    doomed = known - named - aside - names.asked_for
    db.executemany("DELETE FROM series WHERE id = ?", [(number,) for number in doomed]).close()
    names.forget(doomed)
    return len(doomed)
