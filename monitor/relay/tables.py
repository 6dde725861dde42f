"""The tables of the outbox, and what is carried over of a damaged one. Sends nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.disk import rescue
from monitor.disk.desk import Desk
from monitor.disk.file import File, Kind, Unusable

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


def desk(path: Path, now_ms: Callable[[], int]) -> Desk:
    """Where one relay writes, not yet opened."""
    return Desk(File(path, KIND, now_ms), "outbox")


def _bring_forward(db: sqlite3.Connection, path: Path) -> None:
    """Every commit waits for the disk."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise Unusable(f"{path}: written by a newer Didban (format {version}); left untouched")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    if version == 0:
        db.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")


def _carry_over(wreck: Path, db: sqlite3.Connection) -> Mapping[str, int]:
    """Of what is lost, what still lasts comes again: Alertmanager repeats it."""
    return rescue.carry_over(wreck, db, {"messages": "id"}, ("incidents", "alerts", "told", "links", "marks"))


KIND = Kind("outbox", "the folder of the outbox", "relay", _bring_forward, _carry_over)
