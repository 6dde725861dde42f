"""`didban hub`: receives from vantages, checks, keeps, forwards, and says who is expected. One task group."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import uvloop
from aiohttp import web

from monitor.home.querying import Far
from monitor.hub import registry, settings
from monitor.hub.courier import Courier
from monitor.hub.door import Door
from monitor.hub.forward import Forwarder
from monitor.hub.front import Front
from monitor.hub.gateway import Bounds, Gateway
from monitor.hub.looking.look import Looking
from monitor.hub.overview import Overview
from monitor.hub.queue import Queue
from monitor.hub.registry import Registry
from monitor.hub.settings import LoadedHub
from monitor.hub.stating import Stating
from monitor.logs import Log
from monitor.notify.settings import Notify
from monitor.relay.door import runbook
from monitor.relay.relay import Relay, outbox_of
from monitor.settings import ClientTls
from monitor.supervisor import NOBODY, Supervisor
from probes.doors.clock import SystemClock
from probes.doors.yamlfile import Mistake
from probes.ports import Clock

_STATE_EVERY_S = 15.0
_LOOK_EVERY_S = 2.0
_LATE_LOOK_EVERY_S = 15.0
_TRIM_EVERY_S = 600.0

_log = Log()


class Hub:
    def __init__(self, loaded: LoadedHub, file: Path, time_scale: float, supervisor: Supervisor = NOBODY) -> None:
        self._loaded, self._file, self._scale = loaded, file, time_scale
        self._supervisor = supervisor
        config, folder = loaded.config, loaded.folder
        self._clock = SystemClock()
        bounds = Bounds(int(config.accepts_age_s * 1000), config.most_series)
        self._gateway = Gateway(folder / config.credentials, loaded.registry, bounds, config.identity)
        self._queue = Queue(
            loaded.queue,
            most_bytes=config.storage.max_size_bytes,
            sharers=lambda: len(self._gateway.registry.vantages),
            now_ms=self._clock.now_ms,
        )
        now_ms = self._clock.now_ms
        self._straight = Forwarder(config.forward, folder, now_ms=now_ms)
        self._ends = [Forwarder(config.forward, folder, now_ms=now_ms) for _ in range(2)]
        self._relay = _relay(loaded, self._clock, time_scale)
        self._stating = Stating(
            self._gateway,
            self._queue,
            self._straight,
            name=config.name,
            now_ms=now_ms,
            last_success_ms=lambda: max(each.last_success_ms for each in self._ends),
            told=self._relay.counts if self._relay is not None else None,
        )
        own, book = self._stating.own, self._relay.outbox.desk if self._relay is not None else None
        overview = Overview(loaded, self._gateway, self._queue, own=own, clock=self._clock, book=book)
        told = self._relay.door.public() if self._relay is not None else [web.get("/runbook/{name}", runbook)]
        self._door = Door(
            loaded,
            self._gateway,
            self._queue,
            own=own,
            clock=self._clock,
            time_scale=time_scale,
            pages=[*Front(overview).routes(), *told],
        )
        self._looking = Looking(loaded, self._gateway, self._queue, self._clock, time_scale)
        self._seen = _mark(self._registry_path)
        self._asked, self._stop = asyncio.Event(), asyncio.Event()

    @property
    def _registry_path(self) -> Path:
        return self._loaded.folder / self._loaded.config.registry

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the listen address, the queue or a file cannot be had."""
        await self._queue.open()
        if self._relay is not None:
            await self._relay.open()
        porter = await self._door.open()
        async with asyncio.TaskGroup() as tasks:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop.set)
            loop.add_signal_handler(signal.SIGHUP, self._asked.set)
            children = [
                tasks.create_task(porter.work(tasks.create_task)),
                tasks.create_task(self._stating.run(_STATE_EVERY_S / self._scale)),
                tasks.create_task(self._look_after()),
                tasks.create_task(self._trim()),
                tasks.create_task(self._looking.run(_LATE_LOOK_EVERY_S / self._scale)),
                *(tasks.create_task(each.run()) for each in self._couriers()),
                *(
                    tasks.create_task(each)
                    for each in (self._relay.work(tasks.create_task) if self._relay is not None else ())
                ),
                tasks.create_task(self._supervisor.watch(lambda: True)),  # a child that died has ended us already
            ]
            self._supervisor.ready()
            await self._stop.wait()
            self._supervisor.stopping()
            await porter.close()  # first: what is answered from here on is answered by nobody
            for child in children:
                child.cancel()
        for forwarder in (self._straight, *self._ends):
            await forwarder.close()
        if self._relay is not None:
            await self._relay.close()
        await self._queue.close()
        _log.info("stopped")

    def _couriers(self) -> list[Courier]:
        return [
            Courier(
                self._queue,
                end,
                live=live,
                lives=self._stating.lives,
                clock=self._clock,
                time_scale=self._scale,
                landed=self._looking.landed,
            )
            for end, live in zip(self._ends, (True, False), strict=True)
        ]

    # ---------------------------------------------------------------- looking after

    async def _look_after(self) -> None:
        """Takes the registry anew when its file changed, or at SIGHUP: so two hubs with one file change together."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S / self._scale):
                    await self._asked.wait()
            except TimeoutError:
                if _mark(self._registry_path) == self._seen:
                    continue
            self._seen = _mark(self._registry_path)
            found, mistakes = await asyncio.to_thread(self._read_anew, self._asked.is_set())
            self._asked.clear()
            for mistake in mistakes:
                _log.error("config_refused", mistake=str(mistake))
            if found is not None:
                self._gateway.registry = found
                self._stating.changed.set()
                _log.info("registry_taken", vantages=len(found.vantages))

    def _read_anew(self, whole: bool) -> tuple[Registry | None, tuple[Mistake, ...]]:
        """A bad registry is refused, and the old one stays. `whole`: the services of hub.yml as well."""
        if not whole:
            return registry.load(self._registry_path, self._gateway.registry.services)
        loaded, mistakes = settings.load(self._file)
        return (loaded.registry if loaded is not None else None), mistakes

    async def _trim(self) -> None:
        keep_ms = int(self._loaded.config.storage.keep_s * 1000)
        while True:
            await self._queue.trim(self._clock.now_ms() - keep_ms)
            await asyncio.sleep(_TRIM_EVERY_S / self._scale)


def _relay(loaded: LoadedHub, clock: Clock, time_scale: float) -> Relay | None:
    """None where nobody is told by it. Raises OSError where a secret file cannot be read."""
    config = loaded.config
    if not config.notify.needs_relay:
        return None
    forward = config.forward
    database = Far.of(forward.query, forward.basic_auth, forward.tls, loaded.folder) if forward.query else None
    outbox = outbox_of(config.notify, loaded.folder, config.storage.path)
    return Relay(config.notify, loaded.folder, outbox, clock=clock, time_scale=time_scale, database=database)


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever the file does."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


async def relay_alone(notify: Notify, folder: Path, storage: Path, database: str, time_scale: float) -> None:
    """The relay without a hub, as `didban up` runs it beside Alertmanager; until SIGTERM or SIGINT."""
    outbox, stop = outbox_of(notify, folder, storage), asyncio.Event()
    far = Far.of(database, None, ClientTls(), folder)
    relay = Relay(notify, folder, outbox, clock=SystemClock(), time_scale=time_scale, database=far)
    await relay.open()
    async with asyncio.TaskGroup() as tasks:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        children = [tasks.create_task(each) for each in relay.work(tasks.create_task)]
        await stop.wait()
        for child in children:
            child.cancel()
    await relay.close()


def run(loaded: LoadedHub, file: Path, time_scale: float) -> None:
    """Runs the hub to its end."""

    async def live() -> None:
        await Hub(loaded, file, time_scale, Supervisor.of(os.environ)).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
