"""Reads the spool beside the daemon that writes it. Changes nothing, and waits for nobody."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from monitor.keeping import records, waiting
from monitor.keeping.schema import VERSION, SpoolError
from monitor.keeping.waiting import Unstamped
from probes.facts import Walk

_SINCE_BOOTS = 3  # the format that knows of them


class Kept:
    """A spool that is only read. Raises SpoolError where there is none that can be."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "spool.db"
        if not self._path.is_file():
            raise SpoolError(f"{self._path}: no spool is there: no daemon has walked yet, or its storage is elsewhere")
        try:
            self._db = sqlite3.connect(f"file:{quote(str(self._path.absolute()))}?mode=ro", uri=True)
            version = self._version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: cannot be read: {error}") from None
        if not 0 < version <= VERSION:
            raise SpoolError(f"{self._path}: is no spool that this Didban reads (format {version})")

    def walks(self, since_ms: int) -> Iterator[Walk]:
        """In the order they began."""
        sql = "SELECT walk, started_ms FROM walks WHERE started_ms >= ? ORDER BY started_ms, id"
        try:
            for blob, started_ms in self._db.execute(sql, (since_ms,)):
                yield records.decode(blob, started_ms)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise SpoolError(f"{self._path}: cannot be read: {error}") from None

    def unstamped(self) -> Iterator[Unstamped]:
        """Ticks of boots that never learned what time it was, boot by boot: they have bounds, and no point in time."""
        try:
            if self._version >= _SINCE_BOOTS:
                yield from waiting.unstamped(self._db)
        except (sqlite3.Error, msgspec.DecodeError, zlib.error) as error:
            raise SpoolError(f"{self._path}: cannot be read: {error}") from None

    def memory(self, key: str) -> object:
        """What the daemon remembered under `key`, or None."""
        with contextlib.suppress(sqlite3.Error, msgspec.DecodeError):
            row = self._db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
            return msgspec.json.decode(row[0]) if row else None
        return None

    def close(self) -> None:
        self._db.close()
