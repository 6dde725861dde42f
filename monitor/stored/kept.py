"""Reads the spool beside the daemon that writes it, or a copy of it. Changes nothing, and waits for nobody.

Where hours are sealed it has holes, unless the hub's private key is at hand: then they read as if they lay open.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from monitor.decoding import Undecodable, from_json
from monitor.disk.file import Unusable
from monitor.keeping import pieces, records, seal, summaries, ticks, waiting
from monitor.keeping.pieces import HOUR_MS, Hour, Row
from monitor.keeping.schema import VERSION
from monitor.keeping.summaries import Summary
from monitor.keeping.waiting import Unstamped
from probes.facts import Walk

_TIMES = {"walks": "started_ms", "accounts": "started_ms", "ticks": "at_ms"}
_TICK = ("at_ms", "samples", "ended")
_FOREVER_MS = 2**62
# what a damaged file gives back: SQLite's own No, bytes that are another thing, or a column of another type
_DAMAGE = (sqlite3.Error, Undecodable, UnicodeDecodeError, TypeError)

Named = tuple[str, str]  # a series: its name, and its labels as JSON, sorted


@dataclass(frozen=True, slots=True)
class Stated:
    """One tick, whatever numbers its series had on disk."""

    at_ms: int
    samples: tuple[tuple[Named, float], ...]
    ended: tuple[Named, ...]
    nameless: int = 0  # samples of series whose names a damaged file lost


class Stating(Protocol):
    """Whoever keeps ticks."""

    def ticks(self, since_ms: int, until_ms: int = ...) -> Iterator[Stated]: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A piece that lies in the spool. `key`: the public half it was sealed to."""

    hour_ms: int
    key: str
    walks: int
    samples: int


@dataclass(frozen=True, slots=True)
class _Span:
    """From `start_ms` until before `end_ms`. `hours`: what the pieces of it hold, if it is a sealed hour."""

    start_ms: int
    end_ms: int
    hours: tuple[Hour, ...] = ()


class Kept:
    """A spool that is only read. Raises Unusable where there is none that can be, or a piece that does not open.

    Args:
        where: the folder of a spool, or the file of a copy.
        key: the hub's private key in base64, to open sealed hours with; without it they are left out.
    """

    def __init__(self, where: Path, key: str | None = None) -> None:
        self._path, self._key = where if where.is_file() else where / "spool.db", key
        if not self._path.is_file():
            raise Unusable(f"{self._path}: no spool is there: no daemon has walked yet, or its storage is elsewhere")
        try:
            _ = seal.public_of(key) if key is not None else None
        except ValueError as error:
            raise Unusable(f"the key to sealed hours {error}") from None
        try:
            self._db = sqlite3.connect(f"file:{quote(str(self._path.absolute()))}?mode=ro", uri=True)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            self._tables = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise Unusable(f"{self._path}: cannot be read: {error}") from None
        if not 0 < version <= VERSION:
            raise Unusable(f"{self._path}: is no spool that this Didban reads (format {version})")

    def walks(self, since_ms: int, until_ms: int = _FOREVER_MS) -> Iterator[Walk]:
        """In the order they began, each with what the responder told of it."""
        with self._in_words():
            for span in self._spans(since_ms, until_ms):
                told = dict(self._of(span, "accounts", ("mark", "account")))
                for blob, started_ms in self._of(span, "walks", ("walk", "started_ms")):
                    yield records.with_account(records.decode(blob, started_ms), told)

    def rows(self, table: str, columns: tuple[str, ...], since_ms: int, until_ms: int = _FOREVER_MS) -> Iterator[Row]:
        """Of walks, accounts or ticks, in the order of time: the bytes as they lie on disk, or lay there once."""
        with self._in_words():
            for span in self._spans(since_ms, until_ms):
                yield from self._of(span, table, columns)

    def ticks(self, since_ms: int, until_ms: int = _FOREVER_MS) -> Iterator[Stated]:
        """In the order of time. A series whose name a damaged file lost is left out."""
        with self._in_words():
            names = _names(self._db.execute("SELECT id, name, labels FROM series"))
            for span in self._spans(since_ms, until_ms):
                lying_open = (_stated(row, names) for row in self._lying_open(span, "ticks", _TICK))
                sealed = [each for hour in span.hours for each in _stated_in(hour, span)]
                yield from sorted([*sealed, *lying_open], key=lambda each: each.at_ms) if sealed else lying_open

    def sealed(self, since_ms: int = 0, until_ms: int = _FOREVER_MS) -> tuple[Sealed, ...]:
        """The pieces there are, whether they can be opened or not."""
        if "sealed" not in self._tables:
            return ()
        sql = "SELECT hour_ms, key, walks, samples FROM sealed WHERE hour_ms > ? AND hour_ms < ? ORDER BY hour_ms, id"
        with self._in_words():
            return tuple(Sealed(*row) for row in self._db.execute(sql, (since_ms - HOUR_MS, until_ms)))

    @property
    def opens(self) -> bool:
        """Whether sealed hours are read too."""
        return self._key is not None

    @property
    def vantage(self) -> str:
        """Whose spool it is, by the labels of its series; empty where there is none, or all are sealed."""
        with self._in_words():
            row = self._db.execute("SELECT name, labels FROM series LIMIT 1").fetchone()
            named: Named | None = row or next((named for tick in self.ticks(0) for named, _ in tick.samples), None)
            return from_json(named[1], dict[str, str]).get("vantage", "") if named is not None else ""

    def owed(self, destination: str) -> frozenset[int]:
        """The ticks it has not acknowledged."""
        with self._in_words():
            sql = "SELECT at_ms FROM owed WHERE destination = ?"
            return frozenset(row[0] for row in self._db.execute(sql, (destination,)))

    def aside(self, destination: str, since_ms: int, until_ms: int) -> dict[int, dict[Named | None, str]]:
        """What of each tick it will not take, and why. None in the place of a series: every one of that tick."""
        found: defaultdict[int, dict[Named | None, str]] = defaultdict(dict)
        with self._in_words():
            names = _names(self._db.execute("SELECT id, name, labels FROM series"))
            sql = "SELECT at_ms, series, reason FROM aside WHERE destination = ? AND at_ms >= ? AND at_ms < ?"
            for at_ms, number, reason in self._db.execute(sql, (destination, since_ms, until_ms)):
                found[at_ms][names.get(number)] = reason
        return found

    def summaries(self, since_ms: int = 0, until_ms: int = _FOREVER_MS) -> Iterator[tuple[int, Summary]]:
        """What of every hour stays readable, each with its beginning."""
        if "summaries" not in self._tables:
            return
        sql = "SELECT hour_ms, summary FROM summaries WHERE hour_ms >= ? AND hour_ms < ? ORDER BY hour_ms"
        with self._in_words():
            for hour_ms, blob in self._db.execute(sql, (since_ms, until_ms)):
                yield hour_ms, summaries.decode(blob)

    def unstamped(self) -> Iterator[Unstamped]:
        """Ticks of boots that never learned what time it was, boot by boot: they have bounds, and no point in time."""
        with self._in_words():
            if "waiting" in self._tables:
                yield from waiting.unstamped(self._db)

    def memory(self, key: str) -> object:
        """What the daemon remembered under `key`, or None."""
        with suppress(*_DAMAGE):
            row = self._db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
            return from_json(row[0]) if row else None
        return None

    def close(self) -> None:
        self._db.close()

    # ---------------------------------------------------------------- what is sealed among what lies open

    def _spans(self, since_ms: int, until_ms: int) -> Iterator[_Span]:
        """The time between, cut where sealed hours begin and end."""
        at_ms = since_ms
        for hour_ms in sorted({each.hour_ms for each in self.sealed(since_ms, until_ms)} if self._key else ()):
            if at_ms < hour_ms:
                yield _Span(at_ms, hour_ms)
            start_ms, at_ms = max(since_ms, hour_ms), min(hour_ms + HOUR_MS, until_ms)
            yield _Span(start_ms, at_ms, self._opened(hour_ms))
        if at_ms < until_ms:
            yield _Span(at_ms, until_ms)

    def _opened(self, hour_ms: int) -> tuple[Hour, ...]:
        sql = "SELECT piece FROM sealed WHERE hour_ms = ? ORDER BY id"
        found = self._db.execute(sql, (hour_ms,)).fetchall()
        try:
            return tuple(pieces.unpack(seal.unseal(piece, self._key or "")) for (piece,) in found)
        except (seal.NotOurs, pieces.Unreadable) as error:
            raise Unusable(f"{self._path}: a sealed hour does not open: {error}") from None

    def _of(self, span: _Span, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
        """Rows in the order of time, whichever way they lie there."""
        lying_open = self._lying_open(span, table, (_TIMES[table], *columns))
        sealed = [row for hour in span.hours for row in _in_piece(hour, span, table, columns)]
        rows = sorted([*sealed, *lying_open], key=lambda row: row[0]) if sealed else lying_open
        yield from (row[1:] for row in rows)

    def _lying_open(self, span: _Span, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
        if table not in self._tables:  # of an older format
            return
        when = _TIMES[table]
        sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {when} >= ? AND {when} < ? ORDER BY {when}, rowid"  # noqa: S608 - names of ours
        yield from (row for row in self._db.execute(sql, (span.start_ms, span.end_ms)))  # as in Committed._asked

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise Unusable(f"{self._path}: cannot be read: {error}") from None


def _names(rows: Iterable[Any]) -> dict[int, Named]:
    return {number: (name, labels) for number, name, labels in rows}


def _in_piece(hour: Hour, span: _Span, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
    rows: Iterator[Any] = hour.rows(table).of(_TIMES[table], *columns)
    return (row for row in rows if span.start_ms <= row[0] < span.end_ms)


def _stated_in(hour: Hour, span: _Span) -> Iterator[Stated]:
    names = _names(hour.rows("series").of("id", "name", "labels"))
    return (_stated(row[1:], names) for row in _in_piece(hour, span, "ticks", _TICK))


def _stated(row: tuple[int, bytes, bytes], names: Mapping[int, Named]) -> Stated:
    tick = ticks.read(row)
    samples = tuple((names[number], value) for number, value in tick.samples if number in names)
    ended = tuple(names[number] for number in tick.ended if number in names)
    return Stated(tick.at_ms, samples, ended, len(tick.samples) - len(samples))
