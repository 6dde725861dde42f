"""Sums up every hour once it is over, and seals the old ones, bite by bite, beside a daemon that goes on writing."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

from monitor.keeping import sealing, summaries
from monitor.keeping.pieces import HOUR_MS, Hour
from monitor.keeping.schema import TICKS
from monitor.keeping.shred import shred
from monitor.keeping.summaries import Summary
from monitor.logs import Log
from monitor.spool import Spool

_MOST_HOURS = 24  # at a time: a month that was never sealed takes some hours, not all of a small board
_SETTLED_MS = 600_000  # after its end: walks that began in an hour are over, and kept
_BEGINNING = -(2**62)

_log = Log()


class Sealer:
    """Of one spool. What it could not do now (a full disk, a tick that is owed again) it does the next time."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._summed_up_ms: int | None = None
        self._log_holds_some = True  # of what was sealed, perhaps by one before us that was killed

    async def sum_up(self, now_ms: int) -> None:
        """Hours that are over, each once; `now_ms`: what time it truly is."""
        if self._summed_up_ms is None:
            last = await self._spool.bite(sealing.last_summed_up, None)
            self._summed_up_ms = last + HOUR_MS if last is not None else sealing.WRITTEN_MS
        for _ in range(_MOST_HOURS):
            after_ms, over_ms = self._summed_up_ms, now_ms - _SETTLED_MS
            hour = await self._next(partial(sealing.next_hour, since_ms=after_ms, before_ms=over_ms))
            if hour is None:
                return
            made = await asyncio.to_thread(summaries.summary, hour, self._spool.names.of)
            if not await self._spool.bite(partial(sealing.sum_up, hour_ms=hour.hour_ms, made=made), False):
                return
            self._summed_up_ms = hour.hour_ms + HOUR_MS

    async def seal(self, before_ms: int, key: str) -> int:
        """Hours that ended before then and are owed to nobody; how many. `key`: the public half."""
        done, since_ms = 0, sealing.WRITTEN_MS
        while done < _MOST_HOURS:
            hour = await self._next(partial(sealing.next_settled, since_ms=since_ms, before_ms=before_ms))
            if hour is None:
                break
            since_ms = hour.hour_ms + HOUR_MS
            made = await asyncio.to_thread(summaries.summary, hour, self._spool.names.of)
            piece = await asyncio.to_thread(sealing.sealed, hour, self._spool.names, key)
            done += await self._spool.bite(partial(_put_away, hour=hour, piece=piece, key=key, made=made), False)
        if done:
            await self._forget_series()
            self._log_holds_some = True
            _log.info("hours_sealed", hours=done)
        if self._log_holds_some:
            self._log_holds_some = not await self._spool.bite(sealing.empty_the_log, False)
        await asyncio.to_thread(_destroy_copies, self._spool.folder, before_ms)
        return done

    async def _next(self, which: partial[int | None]) -> Hour | None:
        """The next hour, as it lies open."""

        def look(db: sqlite3.Connection) -> Hour | None:
            hour_ms = which(db)
            return sealing.gather(db, hour_ms) if hour_ms is not None else None

        return await self._spool.bite(look, None)

    async def _forget_series(self) -> None:
        """Those that only sealed hours name: their labels tell what was seen on this line."""
        named: set[int] = set()
        self._spool.names.asked_for.clear()
        for table in TICKS:
            after: int | None = _BEGINNING
            while after is not None:
                found = await self._named_after(table, after)
                if found is None:
                    return
                named |= found[0]
                after = found[1]
        await self._spool.bite(partial(sealing.forget_series, named=named, names=self._spool.names), 0)

    async def _named_after(self, table: str, after: int) -> tuple[set[int], int | None] | None:
        return await self._spool.bite(lambda db: sealing.named_after(db, table, after), None)


def _put_away(db: sqlite3.Connection, hour: Hour, piece: bytes, key: str, made: Summary) -> bool:
    try:
        sealing.put_away(db, hour, piece, key)
    except sealing.Owed:
        db.rollback()
        return False
    sealing.sum_up(db, hour.hour_ms, made)
    return True


def _destroy_copies(folder: Path, before_ms: int) -> None:
    """A copy from before a new format holds in plain what is sealed now; a day tells whether all went well."""
    for copy in folder.glob("spool.db.v*"):
        if copy.stat().st_mtime * 1000 < before_ms:
            left = shred(copy)
            _log.info("old_copy_destroyed", copy=copy.name, left=left)
