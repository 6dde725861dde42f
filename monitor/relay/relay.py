"""The relay put together: outbox, couriers, desk, and what it looks after from time to time. Starts no task itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.gate.porter import Bounds, Porter, Spawn
from monitor.home.querying import Far
from monitor.logs import Log
from monitor.notify.settings import Notify
from monitor.notify.token import token
from monitor.relay import texts, ways
from monitor.relay.alertmanager import Alertmanagers
from monitor.relay.alerts import REPEAT_MS, Alert, Payload
from monitor.relay.courier import Courier
from monitor.relay.digest import Weekly
from monitor.relay.door import Door
from monitor.relay.links import Links
from monitor.relay.others import Nobody, Peers
from monitor.relay.outbox import Outbox, Recipient, State
from monitor.relay.taking import Taking
from monitor.relay.texts import Text
from monitor.relay.windows import Windows
from probes.doors import handed
from probes.ports import Clock

_LOOK_EVERY_S = 30.0

_log = Log()


def outbox_of(notify: Notify, folder: Path, storage: str | Path) -> Path:
    """Where the outbox stands, also for whoever only reads receipts. `storage`: the path of that name in the file."""
    return folder / (notify.relay.path or storage) / "outbox.db"


class Relay:
    """Of one machine.

    Args:
        folder: where relative names of files stand.
        outbox: as `outbox_of` says.
        database: where the weekly word asks.
    """

    def __init__(
        self,
        notify: Notify,
        folder: Path,
        outbox: Path,
        *,
        clock: Clock,
        time_scale: float = 1,
        database: Far | None = None,
    ) -> None:
        """Raises OSError where a secret file cannot be read."""
        self._notify, self._clock, self._scale = notify, clock, time_scale
        relay, known = notify.relay, token(handed.at(folder, notify.relay.token_file))
        self.outbox = Outbox(outbox, now_ms=clock.now_ms, repeat_ms=int(REPEAT_MS / time_scale))
        links = Links(self.outbox.desk, now_ms=clock.now_ms, url=notify.pages.url)
        others = Peers(relay.name, relay.peers, known, time_scale=time_scale, clock=clock) if relay.peers else Nobody()
        paged, ticketed = ways.of(notify, folder), ways.of(notify.tickets, folder) if notify.tickets else []
        self._paged = [each.recipient for each in paged]
        self._ticketed = [each.recipient for each in ticketed] if notify.tickets else self._paged
        self._couriers = [
            Courier(each, self.outbox, link=links.make, others=others, clock=clock, time_scale=time_scale)
            for each in {each.recipient: each for each in (*paged, *ticketed)}.values()
        ]
        self._alertmanagers = Alertmanagers(relay.alertmanagers)
        desk, pages = self.outbox.desk, notify.pages
        self._taking = Taking(desk, self._alertmanagers, pages=pages, clock=clock, time_scale=time_scale)
        self._windows = Windows(notify.maintenance, self._alertmanagers, clock)
        self._weekly = (
            Weekly(notify.digest, desk, self._alertmanagers, pages=pages, database=database, clock=clock)
            if notify.digest
            else None
        )
        self._asked = asyncio.Event()
        self.door = Door(
            self.outbox,
            links,
            token=known,
            recipients=self._recipients,
            compose=self._compose,
            taken=self._asked.set,
            clock=clock,
        )
        self._porter = Porter(self.door.application(), None, Bounds(proxied=True))

    async def open(self) -> None:
        """Raises OSError where the outbox or the address cannot be had."""
        await self.outbox.open()
        host, _, port = self._notify.relay.listen.rpartition(":")
        await self._porter.open(host.strip("[]"), int(port))
        _log.info("relay_listening", address=self._notify.relay.listen, people=len(self._couriers))

    def work(self, spawn: Spawn) -> list[Coroutine[Any, Any, None]]:
        """What is to run, each for ever. `spawn`: starts a coroutine in the task group of whoever keeps the relay."""
        return [*(each.run() for each in self._couriers), self._porter.work(spawn), self._look_after()]

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """Messages by (way, state), each way with its zeros; nothing while the disk cannot be read."""
        try:
            found = await self.outbox.counts()
        except (OSError, sqlite3.OperationalError):
            return {}
        return {(each.recipient.way, state.value): 0 for each in self._couriers for state in State} | found

    async def close(self) -> None:
        await self._porter.close()
        for courier in self._couriers:
            await courier.close()
        await self._alertmanagers.close()
        await self.outbox.close()

    def _recipients(self, payload: Payload) -> Sequence[Recipient]:
        """By the receiver's name, as it stands in alertmanager.yml: news goes where pages go."""
        return self._ticketed if payload.receiver == "tickets" else self._paged

    def _compose(self, alerts: Sequence[Alert]) -> Text:
        return texts.compose(alerts, self._notify.pages)

    async def _look_after(self) -> None:
        """What is taken, windows, the weekly word: again and again, and at once when somebody has it."""
        while True:
            self._asked.clear()
            try:
                await self._taking.look()
                await self._windows.look()
                if self._weekly is not None:
                    await self._weekly.look()
            except (OSError, sqlite3.OperationalError, ValueError) as error:  # the disk; an answer that is none
                _log.error("relay_looked_in_vain", why=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S / self._scale):
                    await self._asked.wait()
