"""Carries over from a damaged SQLite file what can still be read. Judges nothing, and leaves the wreck where it is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

_WRECKED = (sqlite3.DatabaseError, UnicodeDecodeError)  # the second where what SQLite complains of is no text
_MOST_STRETCHES = 4_000  # that cannot be read, of one table: some dozens of damaged pages


def set_aside(path: Path, at_ms: int) -> Path:
    """Moves the file and its log away; where to."""
    wreck = path.with_name(f"{path.stem}-damaged-{at_ms}.db")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(wreck.with_name(wreck.name + suffix))
    return wreck


def carry_over(
    wreck: Path, db: sqlite3.Connection, by_number: Mapping[str, str], whole: Collection[str] = ()
) -> Counter[str]:
    """Rows by table that came over into a new file.

    Args:
        by_number: tables and the column that numbers their rows: a damaged stretch of such a one can be stepped over.
        whole: tables read up to the first damaged page.
    """
    came = Counter[str]()
    with sqlite3.connect(f"file:{wreck}?mode=ro", uri=True) as old:
        for table in (*by_number, *whole) if _has_tables(old) else ():
            wide = len(db.execute(f"SELECT * FROM {table} LIMIT 0").description)  # noqa: S608 - names of ours
            for row in _rows(old, table, by_number.get(table)):
                all_of_it = (*row, *[None] * (wide - len(row)))  # an older format had fewer columns
                places = ",".join("?" * wide)
                db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", all_of_it).close()  # noqa: S608 - names of ours
                came[table] += 1
    old.close()
    return came


def _has_tables(old: sqlite3.Connection) -> bool:
    try:
        return bool(old.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except _WRECKED:
        return False


def _rows(old: sqlite3.Connection, table: str, key: str | None) -> Iterator[tuple[object, ...]]:
    if key is None:
        yield from _until_it_breaks(old, table)
        return
    ends = [_end(old, table, key, order) for order in ("ASC", "DESC")]
    low, high = ends[0] or 0, ends[1] if ends[1] is not None else 2**31
    yield from _between(old, table, key, low, high)


def _until_it_breaks(old: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    try:
        yield from old.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
    except _WRECKED:
        return


def _end(old: sqlite3.Connection, table: str, key: str, order: str) -> int | None:
    """The first or the last number, unless the page that holds it is damaged."""
    try:
        row = old.execute(f"SELECT {key} FROM {table} ORDER BY {key} {order} LIMIT 1").fetchone()  # noqa: S608 - names of ours
    except _WRECKED:
        return None
    return row[0] if row is not None else None


def _between(old: sqlite3.Connection, table: str, key: str, low: int, high: int) -> Iterator[tuple[object, ...]]:
    sql = f"SELECT * FROM {table} WHERE {key} BETWEEN ? AND ?"  # noqa: S608 - names of ours
    stretches, damaged = [(low, high)], 0
    while stretches and damaged < _MOST_STRETCHES:
        low, high = stretches.pop()
        try:
            yield from old.execute(sql, (low, high)).fetchall()
        except _WRECKED:
            damaged += 1
            middle = (low + high) // 2
            if low < high:
                stretches += [(middle + 1, high), (low, middle)]
