"""Facts on disk, append-only, before anybody judges them: SQLite in WAL mode, one file, one writer.

A walk is committed before `add` returns, so kill -9 loses none of it; what a power cut may lose is what the operating
system had not yet written (issue "nothing is lost" makes that a stated second). Never holds an address of ours.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog

from monitor.tick import Tick
from probes.facts import Account, Round, Walk

SCHEMA_VERSION = 2
_SINCE_2 = """
CREATE TABLE accounts(
  mark TEXT PRIMARY KEY, started_ms INTEGER NOT NULL, account BLOB NOT NULL);
CREATE INDEX accounts_in_time ON accounts(started_ms);
"""
_SCHEMA = f"""
CREATE TABLE walks(
  id INTEGER PRIMARY KEY, started_ms INTEGER NOT NULL, target TEXT NOT NULL, round INTEGER NOT NULL,
  walk BLOB NOT NULL);
CREATE INDEX walks_of_target ON walks(target, started_ms);
CREATE INDEX walks_in_time ON walks(started_ms);
CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL, UNIQUE(name, labels));
CREATE TABLE ticks(at_ms INTEGER PRIMARY KEY, samples BLOB NOT NULL, ended BLOB NOT NULL);
CREATE TABLE memory(key TEXT PRIMARY KEY, value BLOB NOT NULL);
{_SINCE_2}"""
_LARGEST = 2**62
_USED_BYTES = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""

_TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"

T = TypeVar("T")

_log = structlog.get_logger("didban.spool")


class SpoolError(OSError):
    """The spool cannot be used; the message is one clear line."""


@dataclass(frozen=True, slots=True)
class SpoolSize:
    walks: int
    bytes: int
    oldest_ms: int | None


class Spool:
    """Every call runs on one thread of its own, in order, and never holds the event loop."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "spool.db"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._db: sqlite3.Connection | None = None
        self._lock = -1
        self.trouble: str | None = None  # why nothing can be written now: a full disk must not end the watch
        self._series: dict[tuple[str, str], int] = {}

    async def open(self) -> None:
        """Raises SpoolError: the folder cannot be written, or a newer Didban made the file."""
        await self._run(self._open)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def add(self, done: Round) -> None:
        """Keeps the walks of a finished round; they are committed when this returns."""
        rows = [(walk.started_ms, done.target, done.number, _encode(walk)) for walk in done.walks]
        sql = "INSERT INTO walks(started_ms, target, round, walk) VALUES (?, ?, ?, ?)"
        await self._write(lambda db: _done(db.executemany(sql, rows)))

    async def add_tick(self, tick: Tick, identity: Mapping[str, str]) -> None:
        """Keeps the tick as it was stated. `identity`: the labels of this vantage, part of every series."""
        samples = [(series.name, series.labels(identity), value) for series, value in tick.samples.items()]
        ended = [(series.name, series.labels(identity)) for series in tick.ended]
        await self._write(lambda db: self._keep_tick(db, tick.at_ms, samples, ended))

    async def walks(self, *, target: str | None = None, since_ms: int = 0, limit: int = 1000) -> list[Walk]:
        """The newest walks, oldest first."""
        where, values = ("target = ? AND ", [target]) if target is not None else ("", [])
        sql = f"SELECT walk FROM walks WHERE {where}started_ms >= ? ORDER BY started_ms DESC, id DESC LIMIT ?"  # noqa: S608
        rows = await self._run(lambda db: db.execute(sql, (*values, since_ms, limit)).fetchall())
        told = await self._accounts(since_ms)
        return [_with(_decode(row[0]), told) for row in reversed(rows)]

    async def add_account(self, walk: Walk) -> None:
        """Keeps what the responder told of a walk; what it told later takes the place of what it told first."""
        row = (walk.marks[0], walk.started_ms, msgspec.json.encode(walk.told))
        await self._write(lambda db: _done(db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)", row)))

    async def _accounts(self, since_ms: int) -> dict[str, bytes]:
        """Of walks since then, by the first mark of each."""
        sql = "SELECT mark, account FROM accounts WHERE started_ms >= ?"
        return dict(await self._run(lambda db: db.execute(sql, (since_ms,)).fetchall()))

    async def remember(self, key: str, value: object) -> None:
        """Keeps what a restart would forget."""
        row = (key, msgspec.json.encode(value))
        await self._write(lambda db: _done(db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", row)))

    async def recall(self, key: str) -> Any:
        """What was remembered under `key`, or None; what cannot be read is forgotten."""
        sql = "SELECT value FROM memory WHERE key = ?"
        row = await self._run(lambda db: db.execute(sql, (key,)).fetchone())
        try:
            return msgspec.json.decode(row[0]) if row else None
        except msgspec.DecodeError:
            return None

    async def last_tick(self) -> tuple[int, list[tuple[str, dict[str, str]]]] | None:
        """When the last tick was stated, and its series by name and labels: after a restart they have ended."""
        return await self._run(self._last_tick)

    async def size(self) -> SpoolSize:
        return await self._run(self._size)

    async def trim(self, *, before_ms: int, most_bytes: int) -> int:
        """Deletes what is too old, and the oldest tenth while the file is too large; returns how many walks went."""
        return await self._run(lambda db: self._trim(db, before_ms, most_bytes))

    # ---------------------------------------------------------------- on the spool's own thread

    async def _write(self, action: Callable[[sqlite3.Connection], None]) -> None:
        """While the disk is full or read-only nothing is kept, and that is said; what is seen goes home even so."""
        try:
            await self._run(action)
        except sqlite3.OperationalError as error:
            if self.trouble is None:
                _log.error("spool_cannot_write", why=str(error))
            self.trouble = str(error)
        else:
            self.trouble = None

    async def _run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, action)

    def _commit(self, action: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is None:
            self._db = self._connect()
        with self._db:
            return action(self._db)

    def _connect(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_alone()
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # WAL and index take their mode from it
            self._path.chmod(0o600)
            db = sqlite3.connect(self._path, check_same_thread=False)
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise SpoolError(f"{self._path}: written by a newer Didban (format {version}); left untouched")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            if version < SCHEMA_VERSION:
                made = _SINCE_2 if version else _SCHEMA
                db.executescript(f"BEGIN IMMEDIATE;{made}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
            if db.execute(_TABLES).fetchone()[0] != _SCHEMA.count("CREATE TABLE"):
                raise SpoolError(f"{self._path}: cannot be used: it is no spool of ours")
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: cannot be used: {error}") from None
        except PermissionError:
            raise SpoolError(f"{self._path.parent}: the storage folder cannot be written") from None
        return db

    def _take_alone(self) -> None:
        """Two daemons on one folder would walk twice, and trip over each other."""
        if self._lock < 0:
            self._lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpoolError(f"{self._path.parent}: is in use by another Didban") from None

    def _open(self, db: sqlite3.Connection) -> None:
        try:
            rows = db.execute("SELECT id, name, labels FROM series").fetchall()
        except sqlite3.Error as error:
            raise SpoolError(f"{self._path}: cannot be used: {error}") from None
        self._series = {(name, labels): id for id, name, labels in rows}

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _keep_tick(
        self,
        db: sqlite3.Connection,
        at_ms: int,
        samples: Iterable[tuple[str, Mapping[str, str], float]],
        ended: Iterable[tuple[str, Mapping[str, str]]],
    ) -> None:
        values = [(self._series_id(db, name, labels), value) for name, labels, value in samples]
        gone = [self._series_id(db, name, labels) for name, labels in ended]
        row = (at_ms, zlib.compress(msgspec.msgpack.encode(values), 1), msgspec.msgpack.encode(gone))
        db.execute("INSERT OR REPLACE INTO ticks VALUES (?, ?, ?)", row)

    def _series_id(self, db: sqlite3.Connection, name: str, labels: Mapping[str, str]) -> int:
        key = (name, msgspec.json.encode(dict(sorted(labels.items()))).decode())
        if key not in self._series:
            self._series[key] = db.execute("INSERT INTO series(name, labels) VALUES (?, ?)", key).lastrowid or 0
        return self._series[key]

    def _last_tick(self, db: sqlite3.Connection) -> tuple[int, list[tuple[str, dict[str, str]]]] | None:
        row = db.execute("SELECT at_ms, samples FROM ticks ORDER BY at_ms DESC LIMIT 1").fetchone()
        if row is None:
            return None
        stated = {id for id, _ in msgspec.msgpack.decode(zlib.decompress(row[1]))}
        return row[0], [(n, msgspec.json.decode(text)) for (n, text), id in self._series.items() if id in stated]

    def _size(self, db: sqlite3.Connection) -> SpoolSize:
        count, oldest = db.execute("SELECT count(*), min(started_ms) FROM walks").fetchone()
        on_disk = sum(path.stat().st_size for path in self._path.parent.glob("spool.db*"))
        return SpoolSize(count, on_disk, oldest)

    def _trim(self, db: sqlite3.Connection, before_ms: int, most_bytes: int) -> int:
        gone = _delete_before(db, min(before_ms, _LARGEST))
        while db.execute(_USED_BYTES).fetchone()[0] > most_bytes:
            tenth = "SELECT started_ms FROM walks ORDER BY started_ms LIMIT 1 OFFSET (SELECT count(*) / 10 FROM walks)"
            row = db.execute(tenth).fetchone()
            if row is None:
                break
            gone += _delete_before(db, row[0] + 1)
        return gone


def _delete_before(db: sqlite3.Connection, before_ms: int) -> int:
    db.execute("DELETE FROM ticks WHERE at_ms < ?", (before_ms,))
    db.execute("DELETE FROM accounts WHERE started_ms < ?", (before_ms,))
    return db.execute("DELETE FROM walks WHERE started_ms < ?", (before_ms,)).rowcount


def _done(cursor: sqlite3.Cursor) -> None:
    """A cursor must die on the spool's thread: one collected on another while this one writes is SQLITE_MISUSE."""
    cursor.close()


def _encode(walk: Walk) -> bytes:
    """JSON without what is unknown or empty: `probes.facts` has the same defaults."""
    record = msgspec.to_builtins(walk)
    if walk.told is None:
        del record["told"]
    record["steps"] = [
        {key: value for key, value in seen.items() if value not in (None, [])} for seen in record["steps"]
    ]
    return msgspec.json.encode(record)


def _decode(blob: bytes) -> Walk:
    return msgspec.json.decode(blob, type=Walk)


def _with(walk: Walk, told: Mapping[str, bytes]) -> Walk:
    """The walk, and beside it what the responder told of it, if it did."""
    blob = told.get(walk.marks[0]) if told and walk.marks else None
    return walk if blob is None else replace(walk, told=msgspec.json.decode(blob, type=Account))
