"""What a daemon does for its evidence: closes hours, and has heads of days stamped once there is a way."""

from __future__ import annotations

import functools

import structlog

from monitor.engine import Engine
from monitor.evidence.authorities import Authorities
from monitor.evidence.commitments import DAY_MS
from monitor.keeping import chain
from monitor.spool import Spool

_AT_ONCE = 6  # stamps asked for each time: five days in the dark are made up for within the hour

_log = structlog.get_logger("didban.evidence")


class Tending:
    """Comes round now and then; whatever was missed is done then."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def tend(self, engine: Engine, before_ms: int) -> None:
        """`before_ms`: walks of before are let go for their age, and so are commitments to them."""
        vantage = engine.view.vantage
        whose = {key: str(getattr(vantage, key)) for key in ("id", "country", "network", "access", "role", "cohort")}
        await self._spool.remember("vantage", {"vantage": whose.pop("id"), **whose})
        now_ms = engine.tools.clock.now_ms()
        while await self._spool.apart(lambda db: chain.close(db, now_ms=now_ms, vantage=vantage.id), None):
            pass  # an hour each, so that walks are written down in between
        await self._spool.apart(lambda db: chain.forget(db, before_ms), 0)
        try:
            authorities = Authorities.of(engine.loaded.config, engine.loaded.folder)
        except (OSError, ValueError) as error:
            _log.warning("no_roots_for_time_stamps", why=str(error))
            return
        if authorities is not None:
            await self._stamp(engine, authorities, now_ms)

    async def _stamp(self, engine: Engine, authorities: Authorities, now_ms: int) -> None:
        """Heads of days that are over, the newest first: it vouches for all before it."""
        today = now_ms // DAY_MS
        wanted = await self._spool.apart(
            lambda db: chain.unstamped(db, authorities.urls, before_day=today), list[tuple[bytes, str]]()
        )
        silent: set[str] = set()
        for head, url in wanted[::-1][:_AT_ONCE]:
            if url in silent:
                continue
            stamp = await authorities.stamp(
                head, url, patience_s=engine.pace.ship_patience_s, spend=lambda sent, got: _spend(engine, sent, got)
            )
            if stamp is None:
                silent.add(url)
                continue
            keep = functools.partial(chain.keep_stamp, head=head, authority=url, response=stamp.response)
            await self._spool.apart(keep, None)


def _spend(engine: Engine, sent: int, received: int) -> None:
    engine.budget.spend(purpose="ship", sent=sent, received=received, now_ms=engine.tools.clock.now_ms())
