"""Carries over from a damaged spool whatever can still be read. Judges nothing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from monitor.disk.rescue import Row, has_tables, rows, rows_until_it_breaks
from monitor.keeping import chain

# tables in which a damaged stretch can be stepped over
_BY_NUMBER = {
    "series": "id",
    "walks": "id",
    "ticks": "at_ms",
    "boots": "id",
    "waiting": "id",
    "stamped": "at_ms",
    "sealed": "id",
    "summaries": "hour_ms",
    "links": "number",
    "day_keys": "day",
}
_WHOLE = ("owed", "aside", "memory", "accounts", "stamps")


def carry_over(wreck: Path, db: sqlite3.Connection) -> Counter[str]:
    """Rows by table that came over. Ticks whose acknowledgement cannot be read are owed again: a resend is harmless."""
    came = Counter[str]()
    with sqlite3.connect(f"file:{wreck}?mode=ro", uri=True) as old:
        for table in (*_BY_NUMBER, *_WHOLE) if has_tables(old) else ():
            wide = len(db.execute(f"SELECT * FROM {table} LIMIT 0").description)  # noqa: S608
            for row in _rows(old, table):
                all_of_it = (*row, *[None] * (wide - len(row)))  # an older format had fewer columns
                places = ",".join("?" * wide)
                db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", all_of_it).close()  # noqa: S608
                came[table] += 1
    old.close()
    db.execute("DELETE FROM owed WHERE at_ms NOT IN (SELECT at_ms FROM ticks)").close()
    chain.mend(db)
    return came


def _rows(old: sqlite3.Connection, table: str) -> Iterator[Row]:
    key = _BY_NUMBER.get(table)
    return rows(old, table, key) if key is not None else rows_until_it_breaks(old, table)
