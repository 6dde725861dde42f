"""The daemon: one task group, and the straight line as code.

    schedule -> walk -> spool -> judge -> tick -> expose, ship

A dead child ends it all, and says why; whoever started us starts us anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop
from aiohttp import web

from monitor import config as configuration
from monitor import metrics
from monitor.begin import consent
from monitor.config import Loaded
from monitor.engine import Crew, Engine
from monitor.expose import Answers, Pages, application, listen
from monitor.hub.registry import Registry
from monitor.keeping.upkeep import Upkeep
from monitor.metrics import Series
from monitor.rounds import Asked
from monitor.spool import Spool
from monitor.telling.exposition import Exposition
from monitor.telling.notices import of_spool
from monitor.telling.own import of_daemon
from monitor.telling.status import Json, status, target_as_json
from monitor.tick import Tick
from monitor.webconfig import Doorkeeper, WebConfig, answers_to
from probes.doors.yamlfile import Mistake

_LAST_WORD_S = 3.0  # of the five in which a stop must be over
_CLOCK_BACK_S, _CLOCK_JUMP_S = 1.0, 3600.0

_log = structlog.get_logger("didban")


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `didban run`.

    Attributes:
        registry: what a hub would say of this fleet of one (`didban up`).
        idle: show the pages, send no probe.
    """

    config_file: Path
    host: str
    port: int
    web: WebConfig
    web_folder: Path
    storage: Path
    time_scale: float = 1.0
    registry: Registry | None = None
    idle: bool = False


class Daemon:
    """Lives as long as the process; the engine in it as long as one configuration."""

    def __init__(self, loaded: Loaded, options: Options) -> None:
        self._options = options
        self._identity = metrics.identity(loaded.config.as_vantage())
        self._spool = Spool(options.storage, now_ms=self._now_ms)
        self._exposition = Exposition(self._identity)
        self._stop = asyncio.Event()
        self._reload_ok = True
        self._last_tick: Tick | None = None
        self._upkeep = Upkeep(self._spool, lambda: self._engine, self._renew)
        self._tasks = asyncio.TaskGroup()
        self._engine = self._build(loaded)
        self._reloaded_ms = self._now_ms()

    def _build(self, loaded: Loaded) -> Engine:
        crew = Crew(self._tasks.create_task)
        return Engine.build(loaded, self._options.time_scale, self._spool, crew)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the storage, a file or the listen address cannot be had."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        await self._spool.open()
        await self._engine.recall(self._spool)
        self._last_tick = await self._left_behind()
        runner = await self._open_the_door()
        async with self._tasks:
            loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
            upkeep = (self._upkeep.sync(), self._upkeep.tidy())
            own_work = [self._tasks.create_task(work) for work in (self._beat(), *upkeep)]
            if not self._options.idle:
                self._engine.start()
            await self._stop.wait()
            _log.info("stopping")
            self._engine.stop()
            for task in own_work:
                task.cancel()
        await asyncio.gather(self._say_goodbye(), runner.cleanup())
        await self._spool.close()
        _log.info("stopped")

    async def _open_the_door(self) -> web.AppRunner:
        options = self._options
        answers = Answers(status=self.status, reload=self.reload, probe=self.probe)

        def names() -> frozenset[str]:
            return answers_to(options.host, options.port, self._engine.loaded.config.web.names)

        app = application(Pages(self._exposition, self._spool, answers), Doorkeeper(options.web), names)
        runner = await listen(app, options.host, options.port, options.web.server_context(options.web_folder))
        _log.info("listening", address=f"{options.host}:{options.port}")
        return runner

    def _on_hangup(self) -> None:
        if not self._stop.is_set():
            self._tasks.create_task(self._reload_on_signal())

    async def _left_behind(self) -> Tick | None:
        """What stood when we last stopped or were killed, if a receiver may still believe it: it is ended now."""
        last = await self._spool.last_tick()
        if last is not None and not 0 <= self._now_ms() - last[0] <= self._engine.pace.keep_s * 500:
            self._engine.view.around.time.doubt()  # off for half of all we keep, or before what we saw already
        if last is None or not 0 <= self._now_ms() - last[0] <= self._engine.pace.believed_s * 1000:
            return None
        found = (metrics.read(name, labels) for name, labels in last[1])
        return Tick(last[0], {series: 0.0 for series in found if series is not None})

    # ---------------------------------------------------------------- the tick

    async def _beat(self) -> None:
        """States everything once an interval."""
        while True:
            wait_s = self._engine.next_tick_s() - self._now_ms() / 1000
            before_ms, before_s = self._now_ms(), self._engine.tools.clock.elapsed_s()
            await asyncio.sleep(min(max(0.0, wait_s), 2 * self._engine.pace.interval_s))
            now_ms = self._now_ms()
            back_s = self._engine.tools.clock.elapsed_s() - before_s - (now_ms - before_ms) / 1000
            if back_s > _CLOCK_BACK_S:
                _log.warning("clock_went_back", seconds=round(back_s))
                self._engine.schedule.clock_went_back()
            if abs(back_s) > _CLOCK_JUMP_S:
                self._engine.view.around.time.doubt()
            self._engine.view.beat(now_ms)
            await self._state(Tick(now_ms, {**dict(self._engine.samples(now_ms)), **await self._own(now_ms)}))

    async def _state(self, tick: Tick) -> None:
        """Fixed once, kept, shown, sent; at the time it truly is. Where that is not known, nothing is sent."""
        true_ms = self._engine.view.around.time.believed_ms(tick.at_ms)
        tick = tick.after(self._last_tick).moved((true_ms or tick.at_ms) - tick.at_ms)
        self._last_tick = tick
        shippers = self._engine.shippers if true_ms is not None else ()
        owed_to = {shipper.name: shipper.count(tick) for shipper in shippers}
        await self._spool.add_tick(tick, self._identity, owed_to)
        await self._engine.remember_spent(self._spool)
        self._exposition.publish(tick)
        for shipper in shippers:
            shipper.offer(tick)

    async def _own(self, now_ms: int) -> dict[Series, float]:
        ok, since_ms = self._reload_ok, self._reloaded_ms
        size, registry = await self._spool.size(), self._options.registry
        return dict(of_daemon(size, registry, reload_ok=ok, reloaded_ms=since_ms, now_ms=now_ms))

    # ---------------------------------------------------------------- what the pages ask

    def _now_ms(self) -> int:
        return self._engine.tools.clock.now_ms()

    def status(self) -> Json:
        engine = self._engine
        return status(engine.view, self._now_ms(), notices=list(self._notices()), not_observable=engine.blind)

    def _notices(self) -> Iterator[str]:
        if self._options.idle:
            yield "No probe is sent: nobody has agreed to it yet. Run `didban init`, then `didban up`."
        yield from of_spool(self._spool, self._upkeep.gone)
        if not self._reload_ok:
            yield "The last configuration was refused; the one before it is at work."
        yield from self._engine.notices(self._now_ms())

    async def probe(self, name: str) -> tuple[Asked, Json]:
        """One round of a configured target, and how it stands then."""
        asked = Asked.UNKNOWN if self._options.idle else await self._engine.rounds.asked(name)
        standing = self._engine.view.standings.get(name)
        return asked, target_as_json(standing) if standing is not None else {}

    # ---------------------------------------------------------------- reloading

    async def _reload_on_signal(self) -> None:
        for mistake in await self.reload():
            _log.error("config_refused", mistake=str(mistake))

    async def reload(self) -> tuple[Mistake, ...]:
        """Takes the file anew; when it is bad, the old configuration stays at work, and every mistake is returned."""
        if self._stop.is_set():
            return ()
        engine, mistakes = self._built_anew()
        self._reload_ok = engine is not None
        if engine is None:
            return mistakes
        await self._hand_over_to(engine)
        self._reloaded_ms = self._now_ms()
        _log.info("config_taken", file=str(self._options.config_file))
        return ()

    async def _renew(self) -> None:
        """The same configuration, in an engine that has not outlived what it was built from."""
        with contextlib.suppress(OSError):  # a file of it is gone: it works on, and is asked again
            await self._hand_over_to(self._build(self._engine.loaded))

    async def _hand_over_to(self, engine: Engine) -> None:
        before, self._engine = self._engine, engine
        before.stop()
        self._engine.inherit(before)
        if not self._options.idle:
            self._engine.start()
        await before.close()
        await asyncio.sleep(0)  # its tasks end
        del before
        gc.collect()  # a knot of references round TLS contexts, whose 300 KB a reload the collector does not see

    def _built_anew(self) -> tuple[Engine | None, tuple[Mistake, ...]]:
        """An engine of the file as it is now, or why not: nothing has been touched then."""
        file = str(self._options.config_file)
        loaded, mistakes = configuration.load(self._options.config_file)
        if loaded is None:
            return None, mistakes
        if not self._options.idle and (lacking := consent.lacking(loaded.config)) is not None:
            return None, (Mistake(file, 1, "consent", lacking),)
        now, then = loaded.config, self._engine.loaded.config
        if (now.vantage, now.storage.path) != (then.vantage, then.storage.path):
            return None, (
                Mistake(file, 1, "vantage, storage.path", "take a restart: who we are does not change at work"),
            )
        try:
            return self._build(loaded), ()
        except (OSError, ValueError) as error:
            return None, (Mistake(file, 1, "", f"cannot be used: {error}"),)

    # ---------------------------------------------------------------- stopping

    async def _say_goodbye(self) -> None:
        """One last tick that says this silence is meant, and home with it if home can be reached."""
        now_ms = self._now_ms()
        last_word: dict[Series, float] = {Series(metrics.STOPPING, ()): 1.0}
        if self._engine.view.heartbeat_ms:
            last_word[Series(metrics.HEARTBEAT, ())] = self._engine.view.heartbeat_ms / 1000
        await self._state(Tick(now_ms, last_word))
        await self._engine.remember(self._spool)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                await asyncio.gather(*(shipper.send_waiting() for shipper in self._engine.shippers))
        await self._engine.close()


def run(loaded: Loaded, options: Options) -> None:
    """Runs the daemon to its end.

    Raises:
        OSError: it could not start.
        BaseExceptionGroup: a child died; the daemon with it.
    """

    async def live() -> None:
        await Daemon(loaded, options).run()

    # whoever may connect to our page must not be able to take the file handles walks need
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
