"""Writes into a spool beside the daemon whose it is, or without one: what is owed once more, where exports lie."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from monitor.decoding import from_json
from monitor.disk.file import Unusable
from monitor.keeping.schema import VERSION
from monitor.keeping.wiping import EXPORTS

_PATIENCE_S = 30.0  # with the daemon, which writes for milliseconds


def owe(folder: Path, destination: str, ticks: Mapping[int, int]) -> int:
    """Ticks that still lie there, by their time, and how many samples of each go to it; returns how many are owed now.

    Raises Unusable: it cannot be written.
    """
    rows = [(destination, samples, at_ms) for at_ms, samples in ticks.items()]
    with _written(folder) as db:
        return db.executemany("INSERT OR IGNORE INTO owed SELECT ?, at_ms, ? FROM ticks WHERE at_ms = ?", rows).rowcount


def note_export(folder: Path, out: Path) -> None:
    """Where one was written, so that `didban wipe` finds it. Raises Unusable: it cannot be written."""
    with _written(folder) as db:
        row = db.execute("SELECT value FROM memory WHERE key = ?", (EXPORTS,)).fetchone()
        found = from_json(row[0], type=list[str]) if row is not None else []
        value = msgspec.json.encode([*(each for each in found if each != str(out)), str(out)])
        db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (EXPORTS, value)).close()


@contextlib.contextmanager
def _written(folder: Path) -> Iterator[sqlite3.Connection]:
    """In one transaction."""
    path = folder / "spool.db"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=_PATIENCE_S)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise Unusable(f"{path}: another Didban wrote it; run that one once")
            with db:
                yield db
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise Unusable(f"{path}: cannot be written: {error}") from None
