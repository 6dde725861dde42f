"""A catalogue from the hub, by the way samples take home: asked for at most once a day, believed like one by hand.

The hub is not trusted with it: what it hands out is signed by a key that is pinned here, is newer than all that ever
stood here, and asks for nothing that may not be asked (monitor/renewal/shelf.py), or nothing changes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from monitor.beat.spread import unit
from monitor.config import Loaded, shelf_of
from monitor.engine import Engine
from monitor.home import ways
from monitor.home.posting import Home, Spend
from monitor.home.ways import NO_WAY, Way
from monitor.logs import Log
from monitor.renewal import shelf
from monitor.renewal.signed import MOST_BYTES
from monitor.spool import Spool
from probes.doors.dates import Dates

WRITE, CATALOGUE = "/api/v1/write", "/api/v1/catalogue"
_DAY_MS = 86_400_000
_MEMORY = "catalogue_asked"  # on which day since 1970, UTC
_HEADERS_BYTES, _HANDSHAKE_BYTES = 700, (1_200, 4_500)
_ANSWERS = (200, 304)  # anything else may be somebody's on the way: the next way is tried

_log = Log()


class Fetching:
    """A child of the daemon's task group.

    Args:
        engine: the one at work: a reload changes it.
        reload: takes the configuration anew, and the catalogue with it.
    """

    def __init__(self, spool: Spool, engine: Callable[[], Engine], reload: Callable[[], Awaitable[object]]) -> None:
        self._spool, self._engine, self._reload = spool, engine, reload

    async def run(self) -> None:
        wait_s = self._engine().pace.interval_s  # soon: a board that is on for an hour a day has its turn as well
        while True:
            await asyncio.sleep(wait_s)
            await self.look()
            wait_s = self._engine().pace.retention_every_s

    async def look(self) -> None:
        """Once a day, at a time that nobody can foretell; a day on which no way led home has had its turn."""
        engine = self._engine()
        config, now_ms = engine.loaded.config, engine.tools.clock.now_ms()
        if not config.catalogue.keys or not config.catalogue.fetch or engine.rests.hushed:
            return
        day = now_ms // _DAY_MS
        late_enough = now_ms >= (day + unit(engine.secret, "catalogue", day)) * _DAY_MS
        if not late_enough or await self._spool.recall(_MEMORY) == day:
            return
        await self._spool.remember(_MEMORY, day)
        try:
            homes = list(_hubs(engine))
        except (OSError, ValueError) as error:
            _log.warning("catalogue_cannot_be_asked_for", why=str(error))
            return
        for home in homes:
            if (data := await self._asked(engine, home)) is not None:
                await self._taken(engine, data)
                return

    async def _asked(self, engine: Engine, home: Home) -> bytes | None:
        """What it hands out: nothing where we have it already; None where it did not answer."""
        have = _mark(engine.loaded)
        for way in ways.of(home.destination.proxies, home.device):
            try:
                status, body = await _get(home, way, have, engine.pace.ship_patience_s, _spend(engine))
            except NO_WAY as error:
                _log.info("way_to_catalogue_failed", way=way.kind, why=type(error).__name__)
                continue
            if status in _ANSWERS:
                return body if status == 200 else b""
        return None

    async def _taken(self, engine: Engine, data: bytes) -> None:
        if not data:
            return
        config, clock = engine.loaded.config, engine.tools.clock
        now_ms = engine.view.around.time.believed_ms(clock.boot_ms()) or clock.now_ms()
        place = shelf_of(config, engine.loaded.folder)
        try:
            new = await asyncio.to_thread(shelf.install, data, place, config.catalogue.keys, now_ms)
        except shelf.Refused as refused:
            _log.warning("catalogue_refused", why=str(refused))
            return
        except OSError as error:
            _log.error("catalogue_cannot_be_written", why=error.strerror or type(error).__name__)
            return
        _log.info("catalogue_installed", version=new.version)
        await self._reload()


def _hubs(engine: Engine) -> Iterator[Home]:
    """Destinations that know us by a credential, and take samples where a hub does. Raises OSError, ValueError."""
    config, time, clock = engine.loaded.config, engine.view.around.time, engine.tools.clock
    dates = Dates(clock.now_ms, lambda: time.estimated_ms(clock.now_ms(), clock.boot_ms()))
    for each in config.ship:
        if each.remote_write.endswith(WRITE) and (each.basic_auth is not None or each.tls.cert_file):
            yield Home.of(each, engine.loaded.folder, ways.home_device(config), dates)


def _mark(loaded: Loaded) -> str:
    """Of the file that was installed, as a hub marks the one it has; no file has an empty one."""
    if loaded.renewed is None:
        return ""
    return hashlib.sha256(Path(loaded.renewed.folder / shelf.SIGNED).read_bytes()).hexdigest()


def _spend(engine: Engine) -> Spend:
    def spend(sent: int, received: int) -> None:
        engine.budget.spend(purpose="ship", sent=sent, received=received, now_ms=engine.tools.clock.now_ms())

    return spend


async def _get(home: Home, way: Way, have: str, patience_s: float, spend: Spend) -> tuple[int, bytes]:
    """Status and body, of which no more than a little beyond the bound is read. Raises what is in NO_WAY."""
    headers = {"If-None-Match": f'"{have}"'} if have else {}
    if home.authorization:
        headers["Authorization"] = home.authorization
    url = way.url(home.destination.remote_write).removesuffix(WRITE) + CATALOGUE
    home.dates.fit(home.tls)
    spend(_HEADERS_BYTES + _HANDSHAKE_BYTES[0], _HANDSHAKE_BYTES[1])
    async with (
        way.session(patience_s) as session,
        session.get(url, headers=headers, proxy=way.proxy, ssl=home.tls, allow_redirects=False) as answer,
    ):
        body = bytearray()
        async for part in answer.content.iter_chunked(16 * 1024):
            body += part
            if len(body) > MOST_BYTES:
                break
        spend(0, _HEADERS_BYTES + len(body))
        return answer.status, bytes(body)
