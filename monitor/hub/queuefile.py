"""The file of the hub's queue: one SQLite database in WAL mode, held by one hub at a time. Knows nothing of sending."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from monitor.keeping.file import NoRoom, is_damage
from monitor.keeping.rescue import set_aside

VERSION = 1

# batches: what the database has not acknowledged. aside: what it will not take, and why
_TABLES = """
CREATE TABLE batches(
  id INTEGER PRIMARY KEY AUTOINCREMENT, vantage TEXT NOT NULL, received_ms INTEGER NOT NULL,
  newest_ms INTEGER NOT NULL, samples INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX batches_in_time ON batches(vantage, newest_ms);
CREATE TABLE aside(
  id INTEGER PRIMARY KEY AUTOINCREMENT, vantage TEXT NOT NULL, received_ms INTEGER NOT NULL, reason TEXT NOT NULL,
  samples INTEGER NOT NULL, body BLOB NOT NULL);
"""
_MOST_STRETCHES = 1_000  # of a damaged file that cannot be read
_DISK = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO}

_log = structlog.get_logger("didban.hub")


class QueueError(OSError):
    """The queue cannot be used; the message is one clear line."""


class QueueFile:
    """Everything here runs on the queue's own thread."""

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        self.path, self._now_ms = path, now_ms
        self._lock = -1
        self._db: sqlite3.Connection | None = None

    def db(self) -> sqlite3.Connection:
        """The connection, made anew where there is none. A damaged file is set aside, what can be read carried over.

        Raises:
            QueueError: the file cannot be used: another hub has it, or a newer one made it.
            NoRoom: not now.
        """
        if self._db is None:
            try:
                self._db = self._connect()
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise QueueError(f"{self.path}: cannot be used: {error}") from None
                self.rescue(str(error))
        assert self._db is not None
        return self._db

    def _connect(self) -> sqlite3.Connection:
        try:
            self.take_alone()
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # WAL and index take their mode from it
        except PermissionError:
            raise QueueError(f"{self.path.parent}: the folder of the queue cannot be written") from None
        except OSError as error:
            if error.errno in _DISK:
                raise NoRoom(error.errno, error.strerror) from None
            raise
        db = sqlite3.connect(self.path, check_same_thread=False)
        try:
            _prepare(db, self.path)
        except sqlite3.OperationalError as error:
            db.close()
            raise NoRoom(errno.EIO, str(error)) from None
        except (sqlite3.DatabaseError, OSError):
            db.close()
            raise
        return db

    def take_alone(self) -> None:
        """Two hubs on one queue would send everything twice. Raises QueueError."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock < 0:
            self._lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise QueueError(f"{self.path.parent}: is in use by another hub") from None

    def rescue(self, why: str) -> None:
        """Sets the damaged file aside and carries over into a new one what can be read of it."""
        self.drop()
        wreck = set_aside(self.path, self._now_ms())
        self._db = self._connect()
        came = 0
        with self._db as db:
            for row in _readable(wreck):
                db.execute("INSERT OR IGNORE INTO batches VALUES (?, ?, ?, ?, ?, ?)", row).close()
                came += 1
        _log.error("queue_damaged", why=why, set_aside=wreck.name, carried_over=came)

    def drop(self) -> None:
        """The connection alone: the next one is made anew."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def close(self) -> None:
        self.drop()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Every commit waits for the disk: `synchronous=FULL` has the log written through."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise QueueError(f"{path}: written by a newer Didban (format {version}); left untouched")
    if version == 0:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # so that room given up can be given back
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA journal_size_limit=16000000")
    if version == 0:
        db.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
    db.execute("SELECT count(*) FROM batches WHERE id < 0").fetchone()


def _readable(wreck: Path) -> Iterator[tuple[object, ...]]:
    """Every batch of a damaged file that can be read, halving the stretches that cannot (as keeping/rescue.py)."""
    with sqlite3.connect(f"file:{wreck}?mode=ro", uri=True) as old:
        stretches, damaged = [(0, 2**40)], 0
        while stretches and damaged < _MOST_STRETCHES:
            low, high = stretches.pop()
            try:
                yield from old.execute("SELECT * FROM batches WHERE id BETWEEN ? AND ?", (low, high)).fetchall()
            except sqlite3.DatabaseError:
                damaged += 1
                middle = (low + high) // 2
                if low < high:
                    stretches += [(middle + 1, high), (low, middle)]
    old.close()
