"""What the disk needs while the daemon watches: written out in time, kept within its bounds. Says what it gave up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from monitor.engine import Engine
from monitor.evidence.tending import Tending
from monitor.keeping.retention import Gone
from monitor.keeping.sealer import Sealer
from monitor.logs import Log
from monitor.spool import Spool

_NEVER_MS = -(2**62)  # by a clock in 2040 everything is too old

_log = Log()


class Upkeep:
    """Two loops, each a child of the daemon's task group.

    Args:
        engine: the one at work: a reload changes it.
        renew: builds it anew, where it has outlived what it was built from.
    """

    def __init__(self, spool: Spool, engine: Callable[[], Engine], renew: Callable[[], Awaitable[None]]) -> None:
        self._spool, self._engine, self._renew = spool, engine, renew
        self._sealer = Sealer(spool)
        self._evidence = Tending(spool, self._spend)
        self.gone = Gone()

    async def sync(self) -> None:
        """What was committed reaches the disk within this time: the stated loss of a power cut."""
        while True:
            await asyncio.sleep(self._engine().pace.sync_s)
            await self._spool.sync()

    async def tidy(self) -> None:
        """Now and then: what a restart would forget is written down, what is too old goes, or is no longer believed."""
        while True:
            await asyncio.sleep(self._engine().pace.retention_every_s)
            await self._engine().remember(self._spool)
            if self._engine().outlived:
                await self._renew()
            true_ms = self._true_ms()
            await self._tend_evidence(true_ms)  # before anything is sealed or thinned
            if true_ms is not None:
                await self._sealer.sum_up(true_ms)
                await self._seal(true_ms)
            await self._make_room(true_ms)

    def _true_ms(self) -> int | None:
        engine = self._engine()
        return engine.view.around.time.believed_ms(engine.tools.clock.boot_ms())

    def _too_old_ms(self, true_ms: int | None) -> int:
        """What is of before that is let go."""
        return true_ms - int(self._engine().pace.keep_s * 1000) if true_ms is not None else _NEVER_MS

    async def _tend_evidence(self, true_ms: int | None) -> None:
        engine, before_ms = self._engine(), self._too_old_ms(true_ms)
        if engine.rests.hushed:
            return
        now_ms, patience_s = engine.tools.clock.now_ms(), engine.pace.ship_patience_s
        await self._evidence.tend(engine.loaded, now_ms=now_ms, before_ms=before_ms, patience_s=patience_s)

    def _spend(self, sent: int, received: int) -> None:
        engine = self._engine()
        engine.budget.spend(purpose="ship", sent=sent, received=received, now_ms=engine.tools.clock.now_ms())

    async def _seal(self, true_ms: int) -> None:
        """What is older than a day, where there is a key to seal it to."""
        key = self._engine().loaded.config.storage.seal_to
        if key is not None:
            before_ms = true_ms - int(self._engine().pace.open_s * 1000)
            needed_ms = self._evidence.needed_ms
            await self._sealer.seal(before_ms if needed_ms is None else min(before_ms, needed_ms), key)

    async def _make_room(self, true_ms: int | None) -> None:
        engine = self._engine()
        gone = await self._spool.trim(
            before_ms=self._too_old_ms(true_ms),
            most_bytes=engine.loaded.config.storage.max_size_bytes,
            keep_free_bytes=engine.loaded.config.storage.keep_free_bytes,
        )
        self.gone += gone
        if gone:
            loud = _log.warning if gone.thinned or gone.unsent or gone.unstamped else _log.info
            lost = {"unsent_samples": gone.unsent, "unstamped_ticks": gone.unstamped, "sealed": gone.sealed}
            loud("spool_trimmed", walks=gone.walks, thinned=gone.thinned, **lost)
