"""The daemon: one task group, and the straight line as code.

    schedule -> walk -> spool -> judge -> tick -> expose, ship

A dead child ends it all, and says why; whoever started us starts us anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import sys
from collections.abc import Iterator

import uvloop

from monitor import garbage, metrics, reloading
from monitor.beat.exercise import LASTS_S, Exercise
from monitor.config import Loaded
from monitor.engine import Crew, Engine
from monitor.expose import Answers, Pages, application, listen
from monitor.garbage import Garbage
from monitor.gate.passwords import Doorkeeper
from monitor.gate.porter import Porter
from monitor.keeping.upkeep import Upkeep
from monitor.logs import Log
from monitor.meaning.timeofday import TimeOfDay
from monitor.metrics import Series
from monitor.options import Options
from monitor.pace import Pace
from monitor.renewal.fetching import Fetching
from monitor.rounds import Asked
from monitor.spool import Spool
from monitor.stating import Stating
from monitor.telling.exposition import Exposition
from monitor.telling.notices import of_spool
from monitor.telling.own import Disk, of_daemon
from monitor.telling.past import Past
from monitor.telling.status import Json, status, target_as_json
from monitor.telling.workings import workings
from monitor.tick import Breath, Tick, gathered
from monitor.webconfig import answers_to
from probes.doors.clock import SystemClock, boot_id
from probes.doors.yamlfile import Mistake
from probes.ports import Clock

_LAST_WORD_S = 3.0  # of the five in which a stop must be over
# How long the thread of the spool, packing a tick, keeps Python from a loop that comes back from the kernel:
# with the usual 5 ms a tick of 10,000 targets made hundreds of starts late.
_TURN_S = 0.0005
_OVERDUE_S = 600.0  # beyond three intervals: a tick that long away will not come any more

_log = Log()


class Daemon:
    """Lives as long as the process; the engine in it as long as one configuration."""

    def __init__(self, loaded: Loaded, options: Options, clock: Clock | None = None, boot: str = "") -> None:
        self._options = options
        self._clock, self._time = clock or SystemClock(), TimeOfDay()
        identity = metrics.identity(loaded.config.as_vantage())
        gather_s = Pace.of(loaded.config, time_scale=options.time_scale).gather_s
        self._spool = Spool(options.storage, now_ms=self._now_ms, boot=boot or boot_id(), gather_s=gather_s)
        self._exposition = Exposition(identity)
        self._stating = Stating(self._spool, self._exposition, identity, self._clock, self._time)
        self._exercise = Exercise(LASTS_S / options.time_scale)
        self._stop = asyncio.Event()
        self._reload_ok = True
        self._upkeep = Upkeep(self._spool, lambda: self._engine, self._renew)
        self._fetching = Fetching(self._spool, lambda: self._engine, self.reload)
        self._garbage = Garbage()
        self._tasks = asyncio.TaskGroup()
        self._engine = self._build(loaded)
        self._past = Past(self._spool, lambda: self._engine.view.services, self._now_ms)
        self._reloaded_ms, self._ticked_s = self._now_ms(), self._clock.elapsed_s()

    def _build(self, loaded: Loaded) -> Engine:
        crew = Crew(self._tasks.create_task)
        return Engine.build(loaded, self._options.time_scale, self._spool, crew, self._clock, self._time)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the storage, a file or the listen address cannot be had."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        await self._spool.open()
        await self._engine.recall(self._spool)
        await self._stating.begin(self._engine.pace)
        porter = await self._open_the_door()
        async with self._tasks:
            loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
            door = porter.work(self._tasks.create_task)
            upkeep = (self._upkeep.sync(), self._upkeep.tidy(), self._past.run())
            own_work = [
                self._tasks.create_task(work)
                for work in (self._beat(), *upkeep, door, self._options.supervisor.watch(self._ticks))
            ]
            if not self._options.idle:
                self._engine.start()
                own_work.append(self._tasks.create_task(self._fetching.run()))
            self._garbage.settle()  # code and catalogue stay
            self._options.supervisor.ready()
            await self._stop.wait()
            self._options.supervisor.stopping()
            _log.info("stopping")
            self._engine.stop()
            for task in own_work:
                task.cancel()
        await asyncio.gather(self._say_goodbye(), porter.close())
        await self._spool.close()
        _log.info("stopped")

    async def _open_the_door(self) -> Porter:
        options = self._options
        answers = Answers(
            status=self.status,
            reload=self.reload,
            probe=self.probe,
            drill=self.drill,
            begin_drill=lambda: self._exercise.begin(self._now_ms()),
            end_drill=self._exercise.end,
            history=self._past.as_json,
        )

        def names() -> frozenset[str]:
            return answers_to(options.host, options.port, self._engine.loaded.config.web.names)

        app = application(
            Pages(self._exposition, self._spool, answers),
            Doorkeeper(options.web.basic_auth_users),
            names,
            options.web.headers,
        )
        porter = await listen(app, options.host, options.port, options.web, options.web_folder)
        _log.info("listening", address=f"{options.host}:{options.port}")
        return porter

    def _on_hangup(self) -> None:
        if not self._stop.is_set():
            self._tasks.create_task(self._reload_on_signal())

    def _ticks(self) -> bool:
        """Whether a tick was stated lately: a daemon that measures and states nothing had better be started anew."""
        return self._clock.elapsed_s() - self._ticked_s < 3 * self._engine.pace.interval_s + _OVERDUE_S

    # ---------------------------------------------------------------- the tick

    async def _beat(self) -> None:
        """States everything once an interval, and before its time where a service is something else by now."""
        while True:
            await self._engine.early.until(self._engine.until_next_tick_s())
            with self._garbage.left_alone():
                await self.tick()

    async def tick(self) -> None:
        """States everything now."""
        engine = self._engine
        await self._stating.settle(engine.shippers, patience_ms=0 if self._options.idle else engine.patience_ms)
        now_ms = self._now_ms()
        breath = Breath(self._clock.elapsed_s)
        for _ in engine.view.beating(now_ms):
            await breath.taken()
        engine.early.told()
        own = await self._own(now_ms)
        said = itertools.chain(engine.samples(now_ms), own.items())
        samples, ended = await gathered(said, self._stating.last.samples, breath)
        await self._stating.state(Tick(self._now_ms(), samples, ended), engine.shippers)
        if Series(metrics.DRILL, ()) in own:
            self._exercise.was_stated(self._now_ms(), self._stating.ahead_ms)
        await engine.remember_spent(self._spool)
        self._ticked_s = self._clock.elapsed_s()

    async def _own(self, now_ms: int) -> dict[Series, float]:
        ok, since_ms = self._reload_ok, self._reloaded_ms
        size, room = await self._spool.size(), self._engine.loaded.config.storage
        limit_bytes = size.limit(room.max_size_bytes, room.keep_free_bytes)
        disk = Disk(size, limit_bytes, self._upkeep.gone, self._spool.waiting, self._spool.forgotten)
        said = dict(of_daemon(disk, self._options.registry, reload_ok=ok, reloaded_ms=since_ms, now_ms=now_ms))
        drill = self._exercise.said(now_ms)
        return said if drill is None else {**said, Series(metrics.DRILL, ()): drill}

    # ---------------------------------------------------------------- what the pages ask

    def _now_ms(self) -> int:
        return self._clock.now_ms()

    def status(self) -> Json:
        engine = self._engine
        shown = status(engine.view, self._now_ms(), notices=list(self._notices()), not_observable=engine.blind)
        return shown | workings(engine.view.around.time, engine.shippers, self._stating.waits, engine.loaded.renewed)

    def _notices(self) -> Iterator[str]:
        if self._options.idle:
            yield "No probe is sent: nobody has agreed to it yet. Run `didban init`, then `didban up`."
        yield from of_spool(self._spool, self._upkeep.gone)
        yield from self._stating.notices()
        if not self._reload_ok:
            yield "The last configuration was refused; the one before it is at work."
        yield from self._engine.notices(self._now_ms())

    async def probe(self, name: str) -> tuple[Asked, Json]:
        """One round of a configured target, and how it stands then."""
        asked = Asked.UNKNOWN if self._options.idle else await self._engine.rounds.asked(name)
        standing = self._engine.view.standings.get(name)
        return asked, target_as_json(standing) if standing is not None else {}

    def drill(self) -> Json:
        """Where an exercise stands here."""
        return self._exercise.as_json(self._engine.loaded.config.vantage.id, self._engine.shippers)

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
        self._garbage.settle()  # a knot round TLS contexts, whose 300 KB a reload would stay until something grew

    def _built_anew(self) -> tuple[Engine | None, tuple[Mistake, ...]]:
        """An engine of the file as it is now, or why not: nothing has been touched then."""
        file, at_work = self._options.config_file, self._engine.loaded.config
        loaded, mistakes = reloading.read_anew(file, at_work, idle=self._options.idle)
        if loaded is None:
            return None, mistakes
        try:
            return self._build(loaded), ()
        except (OSError, ValueError) as error:
            return None, (Mistake(str(file), 1, "", f"cannot be used: {error}"),)

    # ---------------------------------------------------------------- stopping

    async def _say_goodbye(self) -> None:
        """One last tick that says this silence is meant, and home with it if home can be reached."""
        last_word: dict[Series, float] = {Series(metrics.STOPPING, ()): 1.0}
        if self._engine.view.heartbeat_ms:
            last_word[Series(metrics.HEARTBEAT, ())] = self._engine.view.heartbeat_ms / 1000
        await self._stating.state(Tick(self._now_ms(), last_word).after(self._stating.last), self._engine.shippers)
        await self._engine.remember(self._spool)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                if not self._engine.rests.hushed:
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

    sys.setswitchinterval(_TURN_S)
    garbage.only_when_grown()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
