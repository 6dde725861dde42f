"""What the hub owes the database: a batch that was answered 204 is on the disk here until the database has it.

Many requests share one commit, on a thread of the queue's own. Nothing acknowledged is ever dropped: where there is no
room, what comes is not taken. No vantage can fill the part of another.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.disk.desk import Desk
from monitor.hub import queuefile
from monitor.hub.batch import ROW_BYTES, Aside, Batch

_ASIDE_SHARE = 0.1  # of max_size: what the database will not take must not fill the disk either
_ROOM_BYTES = 16 * 1024 * 1024  # left on the disk, so that what is here can always be written off

ALWAYS = (-(2**62), 2**62)

Span = tuple[int, int]


@dataclass(slots=True)
class Held:
    """How much of one vantage waits."""

    samples: int = 0
    bytes: int = 0


class Queue:
    """What one hub holds.

    Args:
        most_bytes: of all that waits.
        sharers: among how many vantages that room is divided.
    """

    def __init__(
        self, path: Path, *, most_bytes: int, sharers: Callable[[], int], now_ms: Callable[[], int] = lambda: 0
    ) -> None:
        self._folder = path.parent
        self._desk = Desk(queuefile.at(path, now_ms), "queue")
        self._most_bytes, self._sharers, self._now_ms = most_bytes, sharers, now_ms
        self._held: dict[str, Held] = {}
        self._coming: list[Batch] = []
        self._out: set[int] = set()  # on their way to the database
        self._gone: set[int] = set()  # there, and perhaps not yet deleted here
        self.news = asyncio.Event()
        self.quarantined: Counter[str] = Counter()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written now."""
        return self._desk.trouble

    async def open(self) -> None:
        """What was left by the hub before. Raises OSError: the file cannot be used."""
        await self._desk.open()
        self._recount(await self._desk.read(_held, []))
        self.news.set()

    def _recount(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """By what is on the disk, and what is on its way there: too much for a while does no harm, too little would."""
        self._held = {vantage: Held(samples, size) for vantage, samples, size in rows}
        for batch in self._coming:
            self._count(batch, 1)

    async def close(self) -> None:
        await self._desk.close()

    # ---------------------------------------------------------------- coming

    async def put(self, batch: Batch) -> bool:
        """True once it is through to the disk; False where there is no room, in all or in this vantage's part."""
        if not self._has_room(batch):
            return False
        self._count(batch, 1)
        self._coming.append(batch)
        row = (batch.vantage, batch.received_ms, batch.newest_ms, batch.samples, batch.body, batch.oldest_ms)
        sql = "INSERT INTO batches(vantage, received_ms, newest_ms, samples, body, oldest_ms) VALUES (?, ?, ?, ?, ?, ?)"
        done = await self._desk.write(lambda db: db.execute(sql, row).close(), waits=False)
        self._coming.remove(batch)
        if not done:
            self._count(batch, -1)
            return False
        self.news.set()
        return True

    def _has_room(self, batch: Batch) -> bool:
        """Each its own part: one that writes without end, or whose samples the database hates, fills no other's."""
        share = self._most_bytes / max(1, self._sharers())
        try:
            if shutil.disk_usage(self._folder).free < _ROOM_BYTES:
                return False
        except OSError:  # the folder is gone
            return False
        mine = self._held.get(batch.vantage, Held()).bytes
        return mine + batch.bytes <= share and self.bytes + batch.bytes <= self._most_bytes

    def _count(self, batch: Batch, sign: int) -> None:
        held = self._held.setdefault(batch.vantage, Held())
        held.samples += sign * batch.samples
        held.bytes += sign * batch.bytes
        if held.bytes <= 0:
            del self._held[batch.vantage]

    # ---------------------------------------------------------------- going

    async def take(self, order: Sequence[str], span: Span, *, most: int, most_samples: int) -> list[Batch]:
        """The oldest batches of the first vantage in `order` that has any of that time; they are out until given back.

        Args:
            span: within which the newest sample of a batch lies, in milliseconds.
        """
        out = frozenset(self._out | self._gone)

        def find(db: sqlite3.Connection) -> list[Batch]:
            sql = (
                "SELECT id, vantage, received_ms, newest_ms, samples, body, coalesce(oldest_ms, newest_ms) FROM batches"
            )
            sql += " WHERE vantage = ? AND newest_ms >= ? AND newest_ms < ? ORDER BY newest_ms, id"
            for vantage in order:
                rows = db.execute(sql, (vantage, *span))
                found = _up_to((Batch(*row) for row in rows if row[0] not in out), most, most_samples)
                rows.close()
                if found:
                    return found
            return []

        nothing: list[Batch] = []
        found = [each for each in await self._desk.read(find, nothing) if each.id not in self._out | self._gone]
        self._out.update(batch.id for batch in found)
        return found

    def give_back(self, batches: Iterable[Batch]) -> None:
        """What was not settled stays owed."""
        self._out.difference_update(batch.id for batch in batches)
        self.news.set()

    async def settle(self, batches: Sequence[Batch], aside: Iterable[Aside] = ()) -> None:
        """The database has them, but for what it will never take. What cannot be deleted now is deleted later."""
        ids = [(batch.id,) for batch in batches]
        refused = [(each.vantage, each.received_ms, each.reason, each.samples, each.body) for each in aside]
        self._gone.update(batch.id for batch in batches)
        for batch in batches:
            self._count(batch, -1)
        for each in aside:
            self.quarantined[each.reason] += each.samples

        def keep(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM batches WHERE id = ?", ids).close()
            sql = "INSERT INTO aside(vantage, received_ms, reason, samples, body) VALUES (?, ?, ?, ?, ?)"
            db.executemany(sql, refused).close()

        if await self._desk.write(keep, waits=True):
            self._gone.difference_update(id for (id,) in ids)

    async def trim(self, before_ms: int) -> None:
        """Of what the database will not take: forgets what is too old, and the oldest of what is too much.

        Counts anew what waits: of a commit that failed nobody knows for sure whether it is there.
        """

        def make_room(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM aside WHERE received_ms < ?", (before_ms,)).close()
            sql = "DELETE FROM aside WHERE id <= (SELECT max(id) FROM (SELECT id, sum(length(body) + ?) OVER"
            sql += " (ORDER BY id DESC) AS size FROM aside) WHERE size > ?)"
            db.execute(sql, (ROW_BYTES, int(_ASIDE_SHARE * self._most_bytes))).close()
            db.execute("PRAGMA incremental_vacuum(2000)").fetchall()

        await self._desk.write(make_room, waits=False)
        rows: list[tuple[str, int, int]] | None = await self._desk.read(_held, None)
        if rows is not None:
            self._recount(rows)
            self.news.set()

    # ---------------------------------------------------------------- how much there is

    @property
    def samples(self) -> int:
        return sum(held.samples for held in self._held.values())

    @property
    def bytes(self) -> int:
        return sum(held.bytes for held in self._held.values())

    def samples_of(self, vantage: str) -> int:
        return self._held[vantage].samples if vantage in self._held else 0

    def vantages(self) -> list[str]:
        """Of whom something waits."""
        return list(self._held)

    def waiting_of(self, vantage: str) -> int:
        """Samples of it that the database does not have yet."""
        return self._held.get(vantage, Held()).samples

    async def oldest_ms(self) -> int | None:
        """When the batch that waits longest was received."""
        sql = "SELECT received_ms FROM batches ORDER BY id LIMIT 1"
        row = await self._desk.read(lambda db: db.execute(sql).fetchone(), None)
        return row[0] if row is not None else None


def _held(db: sqlite3.Connection) -> list[tuple[str, int, int]]:
    sql = "SELECT vantage, sum(samples), sum(length(body) + ?) FROM batches GROUP BY vantage"
    return db.execute(sql, (ROW_BYTES,)).fetchall()


def _up_to(batches: Iterable[Batch], most: int, most_samples: int) -> list[Batch]:
    """The first of them that go into one request; one at least."""
    found: list[Batch] = []
    for batch in batches:
        most_samples -= batch.samples
        if found and (len(found) >= most or most_samples < 0):
            break
        found.append(batch)
    return found
