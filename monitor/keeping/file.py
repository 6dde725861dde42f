"""The file of the spool: opened by one daemon at a time, set aside when damaged. Knows nothing of what is in it."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import structlog

from monitor.keeping import rescue
from monitor.keeping.schema import InUse, SpoolError, bring_forward

_CHECKED_BYTES = 64 * 1024 * 1024  # a larger file is not read whole before the first walk: damage shows when it is met
_DAMAGED = ("malformed", "not a database")
_NO_ROOM = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO}

_log = structlog.get_logger("didban.spool")


class NoRoom(OSError):
    """The disk takes nothing now: full, read-only or failing. It may again."""


def is_damage(error: sqlite3.Error) -> bool:
    return any(word in str(error) for word in _DAMAGED)


class File:
    """Everything here runs on the spool's own thread.

    Attributes:
        wreck: a damaged file that was set aside, the last one.
    """

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        self.path, self._now_ms = path, now_ms
        self.wreck: Path | None = None
        self._lock = -1
        self._was_there = False
        self._db: sqlite3.Connection | None = None

    def db(self) -> tuple[sqlite3.Connection, bool]:
        """The connection, and whether it is a new one.

        Raises:
            SpoolError: the file cannot be used.
            NoRoom: not now.
            sqlite3.DatabaseError: it is damaged.
        """
        if self._db is not None:
            return self._db, False
        self._db = self._connect()
        self._was_there = True
        return self._db, True

    def _connect(self) -> sqlite3.Connection:
        if self._was_there and not self.path.exists():  # a new one here would be hidden when the disk is mounted again
            raise NoRoom(errno.ENODEV, "the file is gone: is its disk mounted?")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_alone()
            unfinished = self.path.with_name(f"{self.path.name}-wal").exists()  # whoever closes it well, removes it
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # WAL and index take their mode from it
            self.path.chmod(0o600)
        except PermissionError:
            raise SpoolError(f"{self.path.parent}: the storage folder cannot be written") from None
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise NoRoom(error.errno, error.strerror) from None
            raise
        db = sqlite3.connect(self.path, check_same_thread=False)
        try:
            bring_forward(db, self.path)
            if unfinished and self.path.stat().st_size <= _CHECKED_BYTES:
                self._check(db)
        except sqlite3.Error as error:
            db.close()
            if is_damage(error):
                raise
            if isinstance(error, sqlite3.OperationalError) and ("full" in str(error) or "I/O" in str(error)):
                raise NoRoom(errno.EIO, str(error)) from None
            raise SpoolError(f"{self.path}: cannot be used: {error}") from None
        except OSError:
            db.close()
            raise
        return db

    @staticmethod
    def _check(db: sqlite3.Connection) -> None:
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(f"malformed: {said}")

    def _take_alone(self) -> None:
        """Two daemons on one folder would walk twice, and trip over each other."""
        if self._lock < 0:
            self._lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"{self.path.parent}: is in use by another Didban") from None

    def rescue(self, why: str) -> None:
        """Sets the damaged file aside, and carries over into a new one what can be read of it."""
        self.drop()
        self.wreck = rescue.set_aside(self.path, self._now_ms())
        self._was_there = False
        db, _ = self.db()
        with db:
            came = rescue.carry_over(self.wreck, db)
        _log.error("spool_damaged", why=why, set_aside=self.wreck.name, carried_over=dict(came))

    def drop(self) -> None:
        """The connection alone: the next one is made anew."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def close(self) -> None:
        """Holds nothing of the disk any more, which can be taken away now."""
        self.drop()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def bytes(self) -> int:
        """On disk: the file, its log and its index."""
        return sum(each.stat().st_size for each in self.path.parent.glob("spool.db*") if each.exists())

    def sync(self) -> None:
        """Of the log alone, from any thread; the file itself is written by a checkpoint, which waits for the disk."""
        try:
            handle = os.open(self.path.with_name(f"{self.path.name}-wal"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # nothing in it, or a disk that cannot: the next write tells
        try:
            os.fdatasync(handle)
        except OSError as error:
            _log.error("spool_cannot_be_synced", why=error.strerror)
        finally:
            os.close(handle)
