"""Reads the spool beside the daemon that writes it. Changes nothing, and waits for nobody."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from monitor.evidence.commitments import Link
from monitor.keeping import chain, records, ticks
from monitor.keeping.schema import VERSION, SpoolError
from probes.facts import Walk

_CHAINED = 3  # the first format with commitments
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Record:
    """A walk as it lies on disk. `blob`: its bytes, which a commitment is to; `number`: of its round."""

    id: int
    started_ms: int
    target: str
    number: int
    blob: bytes

    @property
    def walk(self) -> Walk:
        return records.decode(self.blob)


class Kept:
    """A spool that is only read. Raises SpoolError where there is none that can be."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "spool.db"
        if not self._path.is_file():
            raise SpoolError(f"{self._path}: no spool is there: no daemon has walked yet, or its storage is elsewhere")
        try:
            self._db = sqlite3.connect(f"file:{quote(str(self._path.absolute()))}?mode=ro", uri=True)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: cannot be read: {error}") from None
        if not 0 < version <= VERSION:
            raise SpoolError(f"{self._path}: is no spool that this Didban reads (format {version})")
        self._chained = version >= _CHAINED

    def walks(self, since_ms: int) -> Iterator[Walk]:
        """In the order they began."""
        sql = "SELECT walk FROM walks WHERE started_ms >= ? ORDER BY started_ms, id"
        try:
            for (blob,) in self._db.execute(sql, (since_ms,)):
                yield records.decode(blob)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise SpoolError(f"{self._path}: cannot be read: {error}") from None

    # ---------------------------------------------------------------- for evidence

    def records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """In the order they were written down, one at a time, however many there are."""
        return self._records("NOT INDEXED", since_ms, until_ms, "ORDER BY id")  # by id: what is large is not sorted

    def few_records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """Of a short time, without reading the rest; in whatever order."""
        return self._records("INDEXED BY walks_in_time", since_ms, until_ms)

    def _records(self, how: str, since_ms: int, until_ms: int, order: str = "") -> Iterator[Record]:
        columns = "id, started_ms, target, round, CAST(walk AS BLOB)"
        sql = f"SELECT {columns} FROM walks {how} WHERE started_ms >= ? AND started_ms < ?"  # noqa: S608
        rows = self._rows(f"{sql} {order}", (since_ms, min(until_ms, _LARGEST)))
        yield from (Record(*row) for row in rows)

    def count(self, since_ms: int, until_ms: int) -> int:
        sql = "SELECT count(*) FROM walks WHERE started_ms >= ? AND started_ms < ?"
        return int(next(self._rows(sql, (since_ms, min(until_ms, _LARGEST))))[0])

    @property
    def any_accounts(self) -> bool:
        """Whether a responder told of any walk."""
        return next(self._rows("SELECT 1 FROM accounts LIMIT 1"), None) is not None

    def account(self, mark: str) -> bytes | None:
        """What the responder told of the walk with this first mark, as it lies on disk."""
        row = next(self._rows("SELECT account FROM accounts WHERE mark = ?", (mark,)), None)
        return row[0] if row is not None else None

    def ticks(self, since_ms: int, until_ms: int) -> Iterator[ticks.Kept]:
        sql = "SELECT at_ms, samples, ended FROM ticks WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms"
        yield from (ticks.read(row) for row in self._rows(sql, (since_ms, min(until_ms, _LARGEST))))

    def series(self) -> dict[int, tuple[str, dict[str, str]]]:
        """Name and labels by number."""
        found = self._rows("SELECT id, name, labels FROM series")
        return {id: (name, msgspec.json.decode(labels)) for id, name, labels in found}

    def identity(self) -> Mapping[str, str]:
        """Of the vantage: what its daemon wrote down of itself last, else what its newest series says."""
        match self.memory("vantage"):
            case dict(found) if "vantage" in found:
                return {str(key): str(value) for key, value in found.items()}
        for (labels,) in self._rows("SELECT labels FROM series ORDER BY id DESC LIMIT 1"):
            return dict(msgspec.json.decode(labels, type=dict[str, str]))
        return {}

    def links(self, since_ms: int, until_ms: int) -> Iterator[Link]:
        """Of the chain; none where an older Didban kept this."""
        with self._clearly():
            yield from chain.links(self._db, since_ms, until_ms) if self._chained else ()

    def link(self, number: int) -> Link:
        with self._clearly():
            return chain.link_at(self._db, number)

    def keys(self) -> dict[int, bytes]:
        """Of the days: whoever has one can try what a commitment was to."""
        with self._clearly():
            return chain.keys(self._db) if self._chained else {}

    def stamps(self, head: bytes) -> list[tuple[str, bytes]]:
        with self._clearly():
            return chain.stamps(self._db, head) if self._chained else []

    def _rows(self, sql: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        with self._clearly():
            yield from self._db.execute(sql, values)

    @contextlib.contextmanager
    def _clearly(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, msgspec.DecodeError, zlib.error) as error:
            raise SpoolError(f"{self._path}: cannot be read: {error}") from None

    # ---------------------------------------------------------------- what a restart would forget

    def memory(self, key: str) -> object:
        """What the daemon remembered under `key`, or None."""
        with contextlib.suppress(sqlite3.Error, msgspec.DecodeError):
            row = self._db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
            return msgspec.json.decode(row[0]) if row else None
        return None

    def close(self) -> None:
        self._db.close()
