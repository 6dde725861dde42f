"""The tables of the hub's queue, and what is carried over of a damaged one. Knows nothing of sending."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.disk import rescue
from monitor.disk.file import File, Kind, Unusable

VERSION = 2

# batches: what the database has not acknowledged. aside: what it will not take, and why
_FIRST = """
CREATE TABLE batches(
  id INTEGER PRIMARY KEY AUTOINCREMENT, vantage TEXT NOT NULL, received_ms INTEGER NOT NULL,
  newest_ms INTEGER NOT NULL, samples INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX batches_in_time ON batches(vantage, newest_ms);
CREATE TABLE aside(
  id INTEGER PRIMARY KEY AUTOINCREMENT, vantage TEXT NOT NULL, received_ms INTEGER NOT NULL, reason TEXT NOT NULL,
  samples INTEGER NOT NULL, body BLOB NOT NULL);
"""
_SECOND = "ALTER TABLE batches ADD COLUMN oldest_ms INTEGER;"  # NULL: an older hub kept it, the newest stands for all
_STEPS = (_FIRST, _SECOND)


def at(path: Path, now_ms: Callable[[], int]) -> File:
    """The file of a queue, not yet opened."""
    return File(path, KIND, now_ms)


def _bring_forward(db: sqlite3.Connection, path: Path) -> None:
    """Every commit waits for the disk: `synchronous=FULL` has the log written through."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise Unusable(f"{path}: written by a newer Didban (format {version}); left untouched")
    if version == 0:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # so that room given up can be given back
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA journal_size_limit=16000000")
    if version < VERSION:
        db.executescript(f"BEGIN IMMEDIATE;{''.join(_STEPS[version:])}PRAGMA user_version={VERSION};COMMIT;")
    db.execute("SELECT count(*) FROM batches WHERE id < 0").fetchone()


def _carry_over(wreck: Path, db: sqlite3.Connection) -> Mapping[str, int]:
    """What is owed; of what was set aside only the count is lost."""
    return rescue.carry_over(wreck, db, {"batches": "id"})


KIND = Kind("queue", "the folder of the queue", "hub", _bring_forward, _carry_over)
