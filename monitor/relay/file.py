"""The file of the outbox: one SQLite database, written through, held by one relay at a time. Sends nothing."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import structlog

from monitor.keeping.file import is_damage
from monitor.keeping.rescue import set_aside

VERSION = 1

# incidents: what is told at once, and who has it. alerts: what an incident is of, and the silence that spares repeats.
# messages: an incident to one person by one way. told: which step was told to whom. links: hashes of "I have it"
_TABLES = """
CREATE TABLE incidents(
  id TEXT PRIMARY KEY, summary TEXT NOT NULL, created_ms INTEGER NOT NULL,
  taken_by TEXT, taken_ms INTEGER, announced INTEGER NOT NULL DEFAULT 0, over INTEGER NOT NULL DEFAULT 0);
CREATE TABLE alerts(
  incident TEXT NOT NULL, step TEXT NOT NULL, fingerprint TEXT NOT NULL, labels TEXT NOT NULL,
  silence TEXT NOT NULL DEFAULT '', silent_until_ms INTEGER NOT NULL DEFAULT 0, seen_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(incident, step));
CREATE INDEX alerts_by_step ON alerts(step);
CREATE TABLE messages(
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, incident TEXT NOT NULL, way TEXT NOT NULL,
  person TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, linked INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
  done_ms INTEGER, receipt TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '');
CREATE INDEX messages_due ON messages(state, way, person, due_ms);
CREATE TABLE told(
  way TEXT NOT NULL, person TEXT NOT NULL, telling TEXT NOT NULL, message INTEGER NOT NULL,
  PRIMARY KEY(way, person, telling));
CREATE TABLE links(
  hash TEXT PRIMARY KEY, incident TEXT NOT NULL, person TEXT NOT NULL, expires_ms INTEGER NOT NULL, used_ms INTEGER);
CREATE TABLE marks(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

T = TypeVar("T")

_log = structlog.get_logger("didban.relay")


class InUse(OSError):
    """Another relay has the outbox; the message is one clear line."""


class File:
    """One thread of its own; every write is through to the disk when it is done."""

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        self.path, self._now_ms = path, now_ms
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._db: sqlite3.Connection | None = None
        self._lock = -1

    async def do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction. Raises OSError or sqlite3.OperationalError where the disk takes none."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, action)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _commit(self, action: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._try(action)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._drop()
            wreck = set_aside(self.path, self._now_ms())
            _log.error("outbox_damaged", why=str(error), set_aside=wreck.name)  # Alertmanager repeats what still lasts
            return self._try(action)

    def _try(self, action: Callable[[sqlite3.Connection], T]) -> T:
        db = self._db = self._db or self._connect()
        try:
            with db:
                return action(db)
        except sqlite3.OperationalError:
            self._drop()  # a disk that came back wants to be opened anew
            raise

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock < 0:
            self._lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"{self.path.parent}: is in use by another relay") from None
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # WAL and index take their mode from it
        db = sqlite3.connect(self.path, check_same_thread=False)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            db.close()
            raise OSError(f"{self.path}: written by a newer Didban (format {version}); left untouched")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        if version == 0:
            db.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
        return db

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _close(self) -> None:
        self._drop()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
