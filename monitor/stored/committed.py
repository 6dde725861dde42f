"""Reads from a spool what evidence is made of: records, their bytes as on disk, and the chain that commits to them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.decoding import from_json
from monitor.evidence.proof.commitments import Link
from monitor.keeping import boots, chain, records, waiting
from monitor.stored.kept import Kept
from probes.facts import Walk

_COLUMNS = ("id", "started_ms", "target", "round", "walk")
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Between:
    """When something was that nobody could say the time of: milliseconds since 1970, None where there is no bound."""

    not_before_ms: int | None
    not_after_ms: int | None

    def meets(self, since_ms: int, until_ms: int) -> bool:
        began, ended = self.not_before_ms, self.not_after_ms
        return (began is None or began < until_ms) and (ended is None or ended >= since_ms)


@dataclass(frozen=True, slots=True)
class Record:
    """A walk as it lies on disk.

    Attributes:
        started_ms: when it truly began, as far as that was told; the bytes say what our clock said.
        number: of its round.
        blob: its bytes, which a commitment is to.
        between: in the place of a time, where its boot never learned one.
        salt: what opens its commitment, where it came with the record, as in an export.
    """

    id: int
    started_ms: int
    target: str
    number: int
    blob: bytes
    between: Between | None = None
    salt: bytes | None = None

    @property
    def walk(self) -> Walk:
        return records.decode(self.blob, self.started_ms)


class Committed(Kept):
    """The same spool. With the hub's key the records of sealed hours are among the others."""

    def __init__(self, where: Path, key: str | None = None) -> None:
        super().__init__(where, key)
        self._told: dict[str, bytes] = {}  # accounts of the sealed hours that were opened so far, by first mark

    # ---------------------------------------------------------------- records

    def records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """One at a time, however many there are: sealed hours, then the rest in the order they were written down.

        Last come walks of boots that never learned what time it was, where they may have been of that time.
        """
        yield from self._sealed(since_ms, until_ms)
        how = f"NOT INDEXED WHERE started_ms >= ? AND started_ms < ? AND {self._timed()} ORDER BY id"
        yield from self._open(how, (since_ms, min(until_ms, _LARGEST)))  # by id: what is large is not sorted
        yield from (each for each in self._untimed() if each.between and each.between.meets(since_ms, until_ms))

    def few_records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        """Of a short time, without reading the rest, in whatever order; none without a time."""
        yield from self._sealed(since_ms, until_ms)
        how = f"INDEXED BY walks_in_time WHERE started_ms >= ? AND started_ms < ? AND {self._timed()}"
        yield from self._open(how, (since_ms, min(until_ms, _LARGEST)))

    def count(self, since_ms: int, until_ms: int) -> int:
        """About how many records: of a sealed hour all count that are in it."""
        sql = "SELECT count(*) FROM walks WHERE started_ms >= ? AND started_ms < ?"
        lying_open = int(next(self._asked(sql, (since_ms, min(until_ms, _LARGEST))))[0])
        return lying_open + sum(each.walks for each in self.sealed(since_ms, until_ms) if self.opens)

    def _open(self, how: str, values: tuple[int, ...] = ()) -> Iterator[Record]:
        sql = f"SELECT id, started_ms, target, round, CAST(walk AS BLOB) FROM walks {how}"  # noqa: S608 - names of ours
        yield from (Record(*row) for row in self._asked(sql, values))

    def _sealed(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        for hour_ms in sorted({each.hour_ms for each in self.sealed(since_ms, until_ms)} if self.opens else ()):
            for hour in self._opened(hour_ms):
                self._told.update(hour.rows("accounts").of("mark", "account"))  # type: ignore[arg-type]
                found: Iterator[Any] = hour.rows("walks").of(*_COLUMNS)
                mine = (Record(*row) for row in sorted(found) if since_ms <= row[1] < until_ms)
                yield from mine

    def _timed(self, id: str = "id") -> str:
        with self._in_words():
            return boots.timed(self._db, id) if "boots" in self._tables else "1"

    def _untimed(self) -> Iterator[Record]:
        """By the boots they are of."""
        if "boots" not in self._tables:
            return
        columns = "w.id, w.started_ms, w.target, w.round, CAST(w.walk AS BLOB), b.id, b.last_ms, w.boot_ms"
        which = f"FROM walks w JOIN boots b ON b.id = w.boot WHERE NOT {self._timed('w.id')} ORDER BY w.id"
        rows = self._asked(f"SELECT {columns} {which}")
        for boot, mine in itertools.groupby(rows, key=lambda row: row[5]):
            with self._in_words():
                began_ms, ended_ms = waiting.bounds(self._db, boot)
            for row in mine:
                between = Between(*waiting.within(began_ms, ended_ms, *row[6:]))
                yield Record(row[0], row[1], row[2], row[3], row[4], between)

    @property
    def any_accounts(self) -> bool:
        """Whether a responder told of any walk, as far as is known yet."""
        return bool(self._told) or next(self._asked("SELECT 1 FROM accounts LIMIT 1"), None) is not None

    def account(self, mark: str) -> bytes | None:
        """What the responder told of the walk with this first mark, as it lies on disk."""
        row = next(self._asked("SELECT account FROM accounts WHERE mark = ?", (mark,)), None)
        return row[0] if row is not None else self._told.get(mark)

    # ---------------------------------------------------------------- who it is

    def series(self) -> dict[int, tuple[str, dict[str, str]]]:
        """Name and labels by number, of what lies open."""
        found = self._asked("SELECT id, name, labels FROM series")
        with self._in_words():
            return {id: (name, from_json(labels, dict[str, str])) for id, name, labels in found}

    def identity(self) -> Mapping[str, str]:
        """Of the vantage: what its daemon wrote down of itself last, else what its newest series says."""
        match self.memory("vantage"):
            case dict(found) if "vantage" in found:
                return {str(key): str(value) for key, value in found.items()}
        with self._in_words():
            for (labels,) in self._asked("SELECT labels FROM series ORDER BY id DESC LIMIT 1"):
                return from_json(labels, dict[str, str])
        return {}

    # ---------------------------------------------------------------- the chain

    def links(self, since_ms: int, until_ms: int) -> Iterator[Link]:
        """Of the chain; none where an older Didban kept this."""
        with self._in_words():
            yield from chain.links(self._db, since_ms, until_ms) if self._chained else ()

    def link(self, number: int) -> Link:
        with self._in_words():
            return chain.link_at(self._db, number)

    def keys(self) -> dict[int, bytes]:
        """Of the days: whoever has one can try what a commitment was to."""
        with self._in_words():
            return chain.keys(self._db) if self._chained else {}

    def stamps(self, head: bytes) -> list[tuple[str, bytes]]:
        with self._in_words():
            return chain.stamps(self._db, head) if self._chained else []

    def stamped_later(self, since_ms: int, until_ms: int) -> Iterator[tuple[Any, ...]]:
        """Ticks that were told their time later: when, of which boot, and by how much that may be wrong."""
        if "stamped" in self._tables:
            sql = "SELECT s.at_ms, b.boot, s.error_ms FROM stamped s JOIN boots b ON b.id = s.boot"
            between = (since_ms, min(until_ms, _LARGEST))
            yield from self._asked(f"{sql} WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms", between)

    @property
    def _chained(self) -> bool:
        return "links" in self._tables

    def _asked(self, sql: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        with self._in_words():
            yield from (
                row for row in self._db.execute(sql, values)
            )  # a cursor alone is closed, also after its database
