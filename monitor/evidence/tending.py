"""What a daemon does for its evidence: closes hours, and has heads of days stamped once there is a way."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from monitor.config import Loaded
from monitor.evidence.proof.commitments import DAY_MS
from monitor.keeping import chain
from monitor.logs import Log
from monitor.metrics import identity
from monitor.spool import Spool

if TYPE_CHECKING:  # loaded only where evidence is to leave: 3 MB that most boxes never need
    from monitor.evidence.proof.authorities import Authorities, Spend
    from monitor.evidence.store.uploading import Store

_AT_ONCE = 6  # stamps asked for each time: five days in the dark are made up for within the hour
_UPLOADS = 4  # times as long as a batch of samples: an hour of walks is some 50 KB, and lines are bad

_log = Log()


class Tending:
    """Comes round now and then; whatever was missed is done then.

    Args:
        spend: counts the bytes of what is asked.
    """

    def __init__(self, spool: Spool, spend: Spend) -> None:
        self._spool, self._spend = spool, spend
        self.needed_ms: int | None = None  # from then on walks have to lie open: they are to be uploaded

    async def tend(self, loaded: Loaded, *, now_ms: int, before_ms: int, patience_s: float) -> None:
        """`before_ms`: walks of before are let go for their age, and so are commitments to them."""
        vantage = loaded.config.as_vantage()
        await self._spool.remember("vantage", {**identity(vantage), "cohort": vantage.cohort})  # exports count lines
        close = functools.partial(chain.close, now_ms=now_ms, vantage=vantage.id)
        while await self._spool.bite(close, None):
            pass  # an hour each, so that walks are written down in between
        await self._spool.bite(lambda db: chain.forget(db, before_ms), 0)
        await self._look_what_is_needed(loaded)
        try:
            authorities, store = _authorities(loaded), _store(loaded)
        except (OSError, ValueError) as error:
            _log.warning("evidence_cannot_leave", why=str(error))
            return
        if authorities is not None:
            await self._stamp(authorities, now_ms // DAY_MS, patience_s)
        if store is not None:
            from monitor.evidence.store.uploading import upload

            await upload(
                store, self._spool, loaded.config, now_ms=now_ms, patience_s=_UPLOADS * patience_s, spend=self._spend
            )
        await self._look_what_is_needed(loaded)

    async def _look_what_is_needed(self, loaded: Loaded) -> None:
        if loaded.config.upload is None:
            self.needed_ms = None
            return
        from monitor.evidence.store.uploading import not_yet

        self.needed_ms = await not_yet(self._spool)

    async def _stamp(self, authorities: Authorities, today: int, patience_s: float) -> None:
        """Heads of days that are over, the newest first: it vouches for all before it."""
        nothing: list[tuple[bytes, str]] = []
        wanted = await self._spool.bite(lambda db: chain.unstamped(db, authorities.urls, before_day=today), nothing)
        silent: set[str] = set()
        for head, url in wanted[::-1][:_AT_ONCE]:
            if url in silent:
                continue
            stamp = await authorities.stamp(head, url, patience_s=patience_s, spend=self._spend)
            if stamp is None:
                silent.add(url)
                continue
            keep = functools.partial(chain.keep_stamp, head=head, authority=url, response=stamp.response)
            await self._spool.bite(keep, None)


def _authorities(loaded: Loaded) -> Authorities | None:
    if not loaded.config.evidence.timestamp:
        return None
    from monitor.evidence.proof.authorities import Authorities

    return Authorities.of(loaded.config, loaded.folder)


def _store(loaded: Loaded) -> Store | None:
    if loaded.config.upload is None:
        return None
    from monitor.evidence.store.uploading import Store

    return Store.of(loaded.config, loaded.folder)
