"""Facts on disk, append-only, before anybody judges them: SQLite in WAL mode, one file, one writer.

A walk is committed before `add` returns, so kill -9 loses none of it. A power cut loses at most what was committed
since the last `sync`: a second by default (`storage.sync`). Never holds an address of ours.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from monitor.decoding import from_json
from monitor.disk.desk import Desk
from monitor.disk.file import File, Kind, Unusable
from monitor.keeping import records, rescue, retention, ticks
from monitor.keeping.boots import Boot
from monitor.keeping.later import Later
from monitor.keeping.retention import Gone, SpoolSize
from monitor.keeping.schema import bring_forward
from monitor.keeping.ticks import Kept, Names, Refused
from monitor.tick import Tick
from probes.facts import Round, Walk

__all__ = ["Spool", "SpoolSize", "Unusable"]

KIND = Kind("spool", "the storage folder", "Didban", bring_forward, rescue.carry_over)

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], None]


class Spool:
    """Every call runs on one thread of its own, in order, and never holds the event loop.

    Args:
        now_ms: for the name of a damaged file that is set aside.
        boot: which start of this machine it is.
        gather_s: how long a walk may wait for others to be committed with it.
    """

    def __init__(
        self, folder: Path, *, now_ms: Callable[[], int] = lambda: 0, boot: str = "", gather_s: float = 0.0
    ) -> None:
        self._file = File(folder / "spool.db", KIND, now_ms)
        self.names = Names()
        self._boot = Boot(boot)
        self._gather_s = gather_s
        self._desk = Desk(self._file, "spool", load=self._load, forget=self._boot.forget)
        self._unsynced = False
        self.later = Later(self._write, self._desk.read, self.names, self._boot)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written now."""
        return self._desk.trouble

    @property
    def waiting(self) -> int:
        """Writes the disk took none of, kept in memory until it does."""
        return self._desk.waiting

    @property
    def forgotten(self) -> int:
        """Writes that memory could not hold either."""
        return self._desk.forgotten

    @property
    def folder(self) -> Path:
        return self._file.path.parent

    @property
    def wreck(self) -> Path | None:
        """A damaged file that was set aside since we started."""
        return self._file.wreck

    async def open(self) -> None:
        """Raises Unusable: the folder cannot be used, or a newer Didban made the file. A full disk is no reason."""
        await self._desk.open()

    async def close(self) -> None:
        await self._desk.close()

    # ---------------------------------------------------------------- facts

    async def add(self, done: Round) -> None:
        """Keeps the walks of a finished round; they are committed when this returns."""
        blobs = [(walk, records.encode(walk)) for walk in done.walks]
        sql = "INSERT INTO walks(started_ms, target, round, walk, boot, boot_ms) VALUES (?, ?, ?, ?, ?, ?)"

        def keep(db: sqlite3.Connection) -> None:
            for walk, blob in blobs:
                boot = self._boot.number(db, walk.boot_ms) if walk.boot_ms is not None else None
                at_ms = self._boot.true_ms(walk.started_ms, walk.boot_ms)
                db.execute(sql, (at_ms, done.target, done.number, blob, boot, walk.boot_ms)).close()

        await self._write(keep, within_s=self._gather_s)

    async def add_tick(self, tick: Tick, identity: Mapping[str, str], owed_to: Mapping[str, int] | None = None) -> None:
        """Keeps the tick as it was stated.

        Args:
            identity: the labels of this vantage, part of every series.
            owed_to: destination -> how many samples of it are to go there.
        """
        kept = ticks.named(self.names, tick, identity)
        await self._write(lambda db: ticks.keep(db, kept(db), owed_to or {}))

    async def add_waiting(self, tick: Tick, identity: Mapping[str, str], boot_ms: int) -> None:
        """Keeps a tick of which nobody can say when it is but so long after the boot; it is owed once somebody can."""
        await self.later.add(boot_ms, ticks.named(self.names, tick, identity))

    async def free_ms(self, at_ms: int) -> int:
        """The first millisecond from then on that no tick is kept at."""
        return await self._desk.read(lambda db: ticks.free(db, at_ms), at_ms)

    async def walks(self, *, target: str | None = None, since_ms: int = 0, limit: int = 1000) -> list[Walk]:
        """The newest walks, oldest first; without those of a later version, whose words are not known here."""
        where, values = ("target = ? AND ", [target]) if target is not None else ("", [])
        columns = "walk, started_ms, CASE WHEN boot = (SELECT id FROM boots WHERE boot = ?) THEN boot_ms END"
        sql = f"SELECT {columns} FROM walks WHERE {where}started_ms >= ? ORDER BY started_ms DESC, id DESC LIMIT ?"  # noqa: S608 - names of ours
        nothing: list[tuple[bytes, int, int | None]] = []
        rows = await self._desk.read(
            lambda db: db.execute(sql, (self._boot.id, *values, since_ms, limit)).fetchall(), nothing
        )
        told = await self._accounts(since_ms)
        found = (records.legible(*row, told) for row in reversed(rows))
        return [walk for walk in found if walk is not None]

    async def add_account(self, walk: Walk) -> None:
        """Keeps what the responder told of a walk; what it told later takes the place of what it told first."""
        told, sql = msgspec.json.encode(walk.told), "INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)"

        def keep(db: sqlite3.Connection) -> None:
            at_ms = self._boot.true_ms(walk.started_ms, walk.boot_ms)
            db.execute(sql, (walk.marks[0], at_ms, told)).close()

        await self._write(keep)

    async def _accounts(self, since_ms: int) -> dict[str, bytes]:
        """Of walks since then, by the first mark of each."""
        nothing: list[tuple[str, bytes]] = []
        sql = "SELECT mark, account FROM accounts WHERE started_ms >= ?"
        return dict(await self._desk.read(lambda db: db.execute(sql, (since_ms,)).fetchall(), nothing))

    async def remember(self, key: str, value: object) -> None:
        """Keeps what a restart would forget."""
        row = (key, msgspec.json.encode(value))
        await self._write(lambda db: db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", row).close())

    async def recall(self, key: str) -> Any:
        """What was remembered under `key`, or None; what cannot be read is forgotten."""
        sql = "SELECT value FROM memory WHERE key = ?"
        row = await self._desk.read(lambda db: db.execute(sql, (key,)).fetchone(), None)
        try:
            return from_json(row[0]) if row else None
        except msgspec.DecodeError:
            return None

    async def last_tick(self) -> tuple[int, list[tuple[str, dict[str, str]]]] | None:
        """When the last tick was stated, and its series by name and labels: after a restart they have ended."""
        last = await self._desk.read(ticks.last, None)
        return (last.at_ms, self.series_of(last)) if last is not None else None

    def series_of(self, kept: Kept) -> list[tuple[str, dict[str, str]]]:
        named = (self.names.of(id) for id, _ in kept.samples)
        return [each for each in named if each is not None]

    # ---------------------------------------------------------------- what is owed

    async def owed(self, destination: str, *, but: Iterable[int], most: int) -> list[Kept]:
        """The oldest ticks a destination has not acknowledged; `but`: those on their way while they are news."""
        return await self._desk.read(lambda db: ticks.owed(db, destination, but=tuple(but), most=most), [])

    async def owed_samples(self, destination: str) -> int:
        return await self._desk.read(lambda db: ticks.owed_samples(db, destination), 0)

    async def settle(self, destination: str, settled: Iterable[int], refused: Iterable[Refused] = ()) -> None:
        """These ticks are delivered, but for what the destination refuses for good."""
        done, aside = tuple(settled), tuple(refused)

        def keep(db: sqlite3.Connection) -> None:
            ticks.set_aside(db, destination, aside)
            ticks.settle(db, destination, done)

        await self._write(keep)

    async def cut(self, destination: str, before_ms: int, reason: str) -> int:
        """Sets aside what is too old to be sent there; how many samples that is."""
        return await self._desk.read(lambda db: ticks.too_old(db, destination, before_ms, reason), 0)

    # ---------------------------------------------------------------- room

    async def size(self) -> SpoolSize:
        def measured(db: sqlite3.Connection) -> SpoolSize:
            return retention.measure(db, self._file.bytes(), self._free_bytes())

        return await self._desk.read(measured, SpoolSize(0, 0, None))

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._file.path.parent).free
        except OSError:  # the disk is gone: the next write says so
            return 0

    async def trim(self, *, before_ms: int, most_bytes: int, keep_free_bytes: int = 0) -> Gone:
        """Makes room (monitor/keeping/retention.py), also where others fill the disk; returns what went."""

        def make_room(db: sqlite3.Connection) -> Gone:
            there = self._file.bytes() + self._free_bytes()
            spare = max(0, there - keep_free_bytes)
            return retention.trim(db, before_ms=before_ms, most_bytes=most_bytes, spare_bytes=spare)

        return await self._desk.read(make_room, Gone())

    async def bite(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """A short piece of upkeep, in one transaction; `otherwise`: what is said while the disk takes nothing."""
        return await self._desk.read(action, otherwise)

    async def sync(self) -> None:
        """Has the operating system write what was committed: a power cut after this loses none of it."""
        if self._unsynced:
            self._unsynced = False
            await asyncio.get_running_loop().run_in_executor(None, self._file.sync)

    async def _write(self, action: Write, *, within_s: float = 0.0) -> None:
        """While the disk takes nothing, what is written waits in memory, in order, and that is said."""
        self._unsynced |= await self._desk.write(action, waits=True, within_s=within_s)

    def _load(self, db: sqlite3.Connection) -> None:
        self.names.load(db)
        self._boot.load(db)
