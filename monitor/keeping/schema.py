"""The tables of the spool, and the way forward from older ones: in one transaction, after a copy. Never backward."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from monitor.disk.file import Unusable
from monitor.logs import Log

VERSION = 3

_FIRST = """
CREATE TABLE walks(
  id INTEGER PRIMARY KEY, started_ms INTEGER NOT NULL, target TEXT NOT NULL, round INTEGER NOT NULL,
  walk BLOB NOT NULL);
CREATE INDEX walks_of_target ON walks(target, started_ms);
CREATE INDEX walks_in_time ON walks(started_ms);
CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL, UNIQUE(name, labels));
CREATE TABLE ticks(at_ms INTEGER PRIMARY KEY, samples BLOB NOT NULL, ended BLOB NOT NULL);
CREATE TABLE memory(key TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
# owed: ticks a destination has not acknowledged. aside: what it will not take, and why; series 0 is the whole tick.
# accounts: what the operator's responder told of a walk, by the walk's first mark
_SECOND = """
CREATE TABLE owed(destination TEXT NOT NULL, at_ms INTEGER NOT NULL, samples INTEGER NOT NULL,
  PRIMARY KEY(destination, at_ms)) WITHOUT ROWID;
CREATE TABLE aside(destination TEXT NOT NULL, at_ms INTEGER NOT NULL, series INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY(destination, at_ms, series)) WITHOUT ROWID;
CREATE TABLE accounts(mark TEXT PRIMARY KEY, started_ms INTEGER NOT NULL, account BLOB NOT NULL);
CREATE INDEX accounts_in_time ON accounts(started_ms);
"""
# boots: `ahead_ms` is true time minus the time since the boot, once `sources` networks said so (0: only our own clock,
# which nobody contradicted), `wall_ms` our clock minus it when that was last noted; `after_ms` and `after_walk`: the
# newest tick and the last walk there was when it was first heard of.
# waiting: ticks of which nobody could say when they were, by the time since their boot. stamped: those told it later
# sealed: hours that only the hub can read, of which there may be several pieces; summaries: what of every hour stays
# links: commitments to the walks of an hour; upto: the id up to which all are closed. stamps: who saw a head, and when
_THIRD = """
CREATE TABLE boots(id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE, first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL, after_ms INTEGER, after_walk INTEGER,
  wall_ms INTEGER, ahead_ms INTEGER, sources INTEGER, error_ms INTEGER);
CREATE TABLE waiting(id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, boot_ms INTEGER NOT NULL,
  wall_ms INTEGER NOT NULL, samples BLOB NOT NULL, ended BLOB NOT NULL);
CREATE INDEX waiting_of_boot ON waiting(boot, boot_ms);
CREATE TABLE stamped(at_ms INTEGER PRIMARY KEY, boot INTEGER NOT NULL, error_ms INTEGER);
ALTER TABLE walks ADD COLUMN boot INTEGER;
ALTER TABLE walks ADD COLUMN boot_ms INTEGER;
CREATE TABLE sealed(id INTEGER PRIMARY KEY, hour_ms INTEGER NOT NULL, key TEXT NOT NULL, walks INTEGER NOT NULL,
  samples INTEGER NOT NULL, piece BLOB NOT NULL);
CREATE INDEX sealed_in_time ON sealed(hour_ms, walks, samples);
CREATE TABLE summaries(hour_ms INTEGER PRIMARY KEY, summary BLOB NOT NULL);
CREATE TABLE links(number INTEGER PRIMARY KEY, hour_ms INTEGER NOT NULL, ids TEXT NOT NULL, commitments BLOB NOT NULL,
  previous BLOB NOT NULL, head BLOB NOT NULL, upto INTEGER NOT NULL);
CREATE INDEX links_in_time ON links(hour_ms);
CREATE TABLE day_keys(day INTEGER PRIMARY KEY, key BLOB NOT NULL);
CREATE TABLE stamps(head BLOB NOT NULL, authority TEXT NOT NULL, response BLOB NOT NULL,
  PRIMARY KEY(head, authority)) WITHOUT ROWID;
"""
_STEPS = (_FIRST, _SECOND, _THIRD)  # the step at index n leads to version n + 1
TABLES = [
    *("walks", "series", "ticks", "memory", "owed", "aside", "accounts", "boots", "waiting", "stamped"),
    *("sealed", "summaries", "links", "day_keys", "stamps"),
]
# the tables that number series, in columns `samples` and `ended`, and by what they are read; what waits becomes a tick
TICKS = {"waiting": "id", "ticks": "at_ms"}

_log = Log()


def bring_forward(db: sqlite3.Connection, path: Path) -> None:
    """Makes the tables, or those that are missing since an older version.

    Raises:
        Unusable: a newer Didban wrote the file, which is left untouched; or it is no spool of ours.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise Unusable(f"{path}: written by a newer Didban (format {version}); left untouched")
    if version == 0:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # so that room given up can be given back
    db.execute("PRAGMA secure_delete=ON")  # what is sealed or too old is overwritten, not only left out
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    if 0 < version < VERSION:
        _copy(path, version)
    if version < VERSION:
        steps = "".join(_STEPS[version:])
        db.executescript(f"BEGIN IMMEDIATE;{steps}PRAGMA user_version={VERSION};COMMIT;")
    found = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not found.issuperset(TABLES):
        raise Unusable(f"{path}: cannot be used: it is no spool of ours")


def _copy(path: Path, version: int) -> None:
    """Of a file nobody else has open. Without room for it the step is taken all the same: it is one transaction."""
    copy = path.with_name(f"{path.name}.v{version}")
    if shutil.disk_usage(path.parent).free < 2 * path.stat().st_size:
        _log.warning("no_room_for_a_copy", of=path.name, format=version)
        return
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    copy.chmod(0o600)
    _log.info("spool_copied_before_a_new_format", to=copy.name)
