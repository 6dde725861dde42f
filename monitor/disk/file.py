"""One SQLite file: opened by one process at a time, set aside when damaged. Knows nothing of what is in it."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.disk import rescue
from monitor.logs import Log

_CHECKED_BYTES = 64 * 1024 * 1024  # a larger file is not read whole before it is used: damage shows when it is met
_DAMAGED = ("malformed", "not a database")
_NO_ROOM = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO}


class Unusable(OSError):
    """The file cannot be used; the message is one clear line."""


class InUse(Unusable):
    """Another process is at work on it."""


class NoRoom(OSError):
    """The disk takes nothing now: full, read-only or failing. It may again."""


def is_damage(error: sqlite3.Error) -> bool:
    return any(word in str(error) for word in _DAMAGED)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is different from one file of ours to another.

    Attributes:
        name: as logs call it.
        folder: what an operator knows its folder as.
        user: who else may hold it.
        bring_forward: makes the tables, or those an older version lacks; raises Unusable, e.g. for a newer one's.
        carry_over: brings what can be read of a wreck into a new file; rows by table.
    """

    name: str
    folder: str
    user: str
    bring_forward: Callable[[sqlite3.Connection, Path], None]
    carry_over: Callable[[Path, sqlite3.Connection], Mapping[str, int]]


class File:
    """Everything here runs on one thread.

    Args:
        now_ms: for the name of a damaged file that is set aside.

    Attributes:
        wreck: a damaged file that was set aside, the last one.
    """

    def __init__(self, path: Path, kind: Kind, now_ms: Callable[[], int]) -> None:
        self.path, self._kind, self._now_ms = path, kind, now_ms
        self.wreck: Path | None = None
        self._lock = -1
        self._was_there = False
        self._db: sqlite3.Connection | None = None
        self._log = Log()

    def db(self) -> tuple[sqlite3.Connection, bool]:
        """The connection, and whether it is a new one.

        Raises:
            Unusable: the file cannot be used.
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
            self.take_alone()
            unfinished = self.path.with_name(f"{self.path.name}-wal").exists()  # whoever closes it well, removes it
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # WAL and index take their mode from it
            self.path.chmod(0o600)
        except PermissionError:
            raise Unusable(f"{self.path.parent}: {self._kind.folder} cannot be written") from None
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise NoRoom(error.errno, error.strerror) from None
            raise
        db = sqlite3.connect(self.path, check_same_thread=False)
        try:
            self._kind.bring_forward(db, self.path)
            if unfinished and self.path.stat().st_size <= _CHECKED_BYTES:
                self._check(db)
        except sqlite3.Error as error:
            db.close()
            if is_damage(error):
                raise
            if isinstance(error, sqlite3.OperationalError) and ("full" in str(error) or "I/O" in str(error)):
                raise NoRoom(errno.EIO, str(error)) from None
            raise Unusable(f"{self.path}: cannot be used: {error}") from None
        except UnicodeDecodeError:  # of SQLite's own complaint about a table whose name is no text
            db.close()
            raise sqlite3.DatabaseError("malformed: a name in it is no text") from None
        except OSError:
            db.close()
            raise
        return db

    @staticmethod
    def _check(db: sqlite3.Connection) -> None:
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(f"malformed: {said}")

    def take_alone(self) -> None:
        """Two processes on one file would do everything twice, and trip over each other. Raises InUse."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock < 0:
            self._lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"{self.path.parent}: is in use by another {self._kind.user}") from None

    def rescue(self, why: str) -> None:
        """Sets the damaged file aside, and carries over into a new one what can be read of it."""
        self.drop()
        self.wreck = rescue.set_aside(self.path, self._now_ms())
        self._was_there = False
        db, _ = self.db()
        with db:
            came = self._kind.carry_over(self.wreck, db)
        self._log.error(f"{self._kind.name}_damaged", why=why, set_aside=self.wreck.name, carried_over=dict(came))

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
        return sum(each.stat().st_size for each in self.path.parent.glob(f"{self.path.name}*") if each.exists())

    def sync(self) -> None:
        """Of the log alone, from any thread; the file itself is written by a checkpoint, which waits for the disk."""
        try:
            handle = os.open(self.path.with_name(f"{self.path.name}-wal"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # nothing in it, or a disk that cannot: the next write tells
        try:
            os.fdatasync(handle)
        except OSError as error:
            self._log.error(f"{self._kind.name}_cannot_be_synced", why=error.strerror)
        finally:
            os.close(handle)
