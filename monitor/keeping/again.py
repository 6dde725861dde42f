"""Owes a destination once more what it no longer has, beside the daemon that writes the spool, or without one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from monitor.keeping.schema import VERSION, SpoolError

_PATIENCE_S = 30.0  # with the daemon, which writes for milliseconds


def owe(folder: Path, destination: str, ticks: Mapping[int, int]) -> int:
    """Ticks that still lie there, by their time, and how many samples of each go to it; returns how many are owed now.

    Raises SpoolError: it cannot be written.
    """
    path = folder / "spool.db"
    rows = [(destination, samples, at_ms) for at_ms, samples in ticks.items()]
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=_PATIENCE_S)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise SpoolError(f"{path}: another Didban wrote it; run that one once")
            with db:
                return db.executemany(
                    "INSERT OR IGNORE INTO owed SELECT ?, at_ms, ? FROM ticks WHERE at_ms = ?", rows
                ).rowcount
    except sqlite3.Error as error:
        raise SpoolError(f"{path}: cannot be written: {error}") from None
