"""One configuration at work: what is walked, when, by which tools, and the view they fill. A reload builds another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any

from monitor import CONTRACT, __version__, judge, metrics, parts
from monitor.beat.early import Early
from monitor.beat.errands import errands
from monitor.beat.hearings import Hearings
from monitor.beat.limits import Budget
from monitor.beat.rests import Rests
from monitor.beat.spread import next_round, unit
from monitor.config import Loaded
from monitor.home import heartbeat
from monitor.meaning import networks, outside
from monitor.meaning.outside import Trust
from monitor.meaning.timeofday import FEWEST_NETWORKS, TimeOfDay
from monitor.meaning.view import View
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.rounds import Rounds
from monitor.schedule import Due, Schedule
from monitor.ship import Shipper
from monitor.spool import Spool
from monitor.telling import notices
from monitor.tools import tools
from probes.doors.clock import SystemClock
from probes.doors.dates import Dates
from probes.place import Tools
from probes.ports import Clock
from probes.words import Role, Scope

_TICK_MOVED_SHARE = 0.05


class Crew:
    """The tasks of one engine: they live in the daemon's task group, and can be sent home together."""

    def __init__(self, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> None:
        self._start = start
        self._tasks: set[asyncio.Task[None]] = set()

    def take_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def send_home(self) -> None:
        for task in list(self._tasks):
            task.cancel()


@dataclass(slots=True)
class Engine:
    """What lives as long as one configuration."""

    loaded: Loaded
    pace: Pace
    tools: Tools
    view: View
    early: Early
    rounds: Rounds
    schedule: Schedule
    budget: Budget
    shippers: tuple[Shipper, ...]
    secret: bytes
    crew: Crew
    hearings: Hearings | None
    catalogue: str
    switch: heartbeat.Switch | None
    blind: tuple[str, ...]  # what a control cannot see, in whole sentences
    rests: Rests
    trust: Trust  # what of the book of controls counted when it was built

    @classmethod
    def build(
        cls,
        loaded: Loaded,
        time_scale: float,
        spool: Spool,
        crew: Crew,
        clock: Clock | None = None,
        time: TimeOfDay | None = None,
    ) -> Engine:
        """Raises OSError when a file the configuration names cannot be read.

        `time`: what the process knows of it; it outlives every configuration.
        """
        config, clock, time = loaded.config, clock or SystemClock(), time or TimeOfDay()
        pace = Pace.of(config, time_scale=time_scale)
        dates = Dates(clock.now_ms, lambda: time.estimated_ms(clock.now_ms(), clock.boot_ms()))
        hands = tools(loaded, pace, clock, dates)
        services, counts = parts.walked(loaded, dates.estimated_ms() or clock.now_ms(), pace)
        todo = errands(services, pace)
        book = parts.book(loaded, services, pace, counts)
        hands = replace(hands, book=book.addresses, unexpected=book.issuers.unexpected)
        view = parts.view(loaded, services, todo, pace, book)
        view.around.time = time
        budget = parts.budget(loaded, pace)
        secret = loaded.path(config.vantage.secret_file).read_bytes()
        rests = Rests(view, pace, quiet=config.quiet)
        hearings = parts.hearings(loaded, hands, spool, view, budget, pace, secret, rests, dates)
        early = Early(view, pace)
        rounds = Rounds(
            view,
            todo,
            tools=hands,
            spool=spool,
            limits=parts.limits(config, hands, time_scale),
            budget=budget,
            pace=pace,
            secret=secret,
            responder=config.responder.endpoint if config.responder else None,
            heard=hearings.note if hearings else lambda done: None,
            spawn=crew.take_on,
            judged=early.walked,
            rests=rests,
        )
        schedule = Schedule(secret, hands.clock, rounds.due, rounds.unseen)
        shippers = tuple(parts.shippers(loaded, hands, budget, pace, spool, view, rests, dates))
        switch = parts.heartbeat_switch(loaded)
        digest = parts.catalogue_digest(loaded)
        blind = tuple(networks.unobservable(services)) if config.vantage.role is Role.CONTROL else ()
        at_work = (loaded, pace, hands, view, early, rounds, schedule, budget, shippers, secret, crew)
        return cls(*at_work, hearings, digest, switch, blind, rests, counts)

    # ---------------------------------------------------------------- working

    def start(self) -> None:
        for shipper in self.shippers:
            self.crew.take_on(shipper.run())
        if self.hearings is not None:
            self.crew.take_on(self.hearings.run())
        if self.switch is not None:
            every_s, patience_s = self.pace.heartbeat_s, self.pace.ship_patience_s
            self.crew.take_on(heartbeat.beat(self.switch, every_s, patience_s, lambda: self.rests.hushed))
        self.schedule.start(self.rounds.errands)
        self.crew.take_on(self._first_rounds())

    def stop(self) -> None:
        """No new walks, and those under way end where they stand."""
        self.schedule.stop()
        self.crew.send_home()

    async def close(self) -> None:
        for shipper in self.shippers:
            await shipper.close()

    async def _first_rounds(self) -> None:
        """Every errand once, spread over half an interval; from then on as the schedule says."""
        began_s = self.tools.clock.elapsed_s()
        for share, errand in sorted((unit(self.secret, each.name, "first"), each) for each in self.rounds.errands):
            at_s = began_s + share * self.pace.interval_s / 2
            await asyncio.sleep(max(0.0, at_s - self.tools.clock.elapsed_s()))
            now_s = self.schedule.now_s()
            number, _ = next_round(self.secret, errand.name, now_s, errand.period_s)
            self.rounds.due(Due(errand, number - 1, now_s))

    def until_next_tick_s(self) -> float:
        """Until the next regular tick: at a phase of our own, never to the second, however our clock is set."""
        now_s = self.schedule.now_s()
        due_s = next_round(self.secret, "tick", now_s, self.pace.interval_s, _TICK_MOVED_SHARE)[1]
        return max(0.0, due_s - now_s)

    @property
    def patience_ms(self) -> int:
        """For how long canaries are waited for to say what time it is; 0 where too few of them could."""
        abroad = (target for target in self.view.targets() if target.scope is Scope.INTERNATIONAL)
        networks = {target.at.network for target in abroad if target.at is not None}
        return int(self.pace.told_s * 1000) if len(networks) >= FEWEST_NETWORKS else 0

    def inherit(self, before: Engine) -> None:
        """What a reload would forget."""
        self.view.inherit(before.view)
        self.rounds.inherit(before.rounds)
        if self.hearings is not None and before.hearings is not None:
            self.hearings.inherit(before.hearings)
        self.budget.total = before.budget.total
        self.budget.recall(before.budget.memory())
        waiting = {shipper.name: shipper for shipper in before.shippers}
        for shipper in self.shippers:
            if (same := waiting.get(shipper.name)) is not None:
                shipper.inherit(same)

    @property
    def outlived(self) -> bool:
        """The book of controls has grown too old, or it is later than we thought: built anew, it believes others."""
        clock = self.tools.clock
        now_ms = self.view.around.time.estimated_ms(clock.now_ms(), clock.boot_ms()) or clock.now_ms()
        return outside.trust(self.loaded.book, self.view.vantage, now_ms, self.pace) != self.trust

    # ---------------------------------------------------------------- what it knows of itself

    def notices(self, now_ms: int) -> Iterator[str]:
        """What the keeper of the box should know of it, in whole sentences."""
        if self.rests.hushed:
            yield "Nothing abroad answers, and this box keeps still: four canaries twice an hour, and nothing else."
        if (share := self.budget.share(now_ms)) < 1:
            yield f"The byte cap of the day is near: {share:.0%} of the rounds that are not essential are walked."
        for shipper in self.shippers:
            if shipper.pending:
                yield f"{shipper.pending} samples have not reached {shipper.name} yet."
        yield from notices.of_sealing(self.loaded.config)
        yield from notices.of_catalogue(self.loaded.renewed, self.loaded.not_renewed, now_ms)
        yield from outside.notices(self.loaded.book, self.trust, self.view.vantage, self.view.services)
        if aside := self.view.landmarks.set_aside():
            yield f"Landmarks that do not answer from here, geo-fenced or gone, are set aside: {', '.join(aside)}."

    def samples(self, now_ms: int) -> Iterator[tuple[Series, float]]:
        """What a tick states: what was seen, and how the work goes."""
        yield from self.view.samples(now_ms)
        yield from ((Series(metrics.MISSED, (reason,)), n) for reason, n in self.rounds.missed_counts())
        yield from ((Series(metrics.BYTES, key), count) for key, count in self.budget.total.items())
        yield from self.rounds.lateness.series(metrics.LATENESS)
        for shipper in self.shippers:
            yield from shipper.series()
        method = (self.catalogue, str(judge.VERSION), __version__, str(CONTRACT))
        yield Series(metrics.METHOD, method), 1
        yield Series(metrics.BUILD, (__version__,)), 1

    # ---------------------------------------------------------------- over a restart

    async def remember(self, spool: Spool) -> None:
        await spool.remember("canaries", self.view.canaries.memory())
        await spool.remember("landmarks", self.view.landmarks.memory())
        await spool.remember("baselines", self.view.baselines.memory())
        await spool.remember("book", self.view.book.memory())
        await spool.remember("issuers", self.view.book.issuers.memory())
        await spool.remember("protocols", self.view.protocols.memory())
        await self.remember_spent(spool)

    async def remember_spent(self, spool: Spool) -> None:
        """At every tick: a kill must not give the day's bytes anew."""
        await spool.remember("budget", self.budget.memory())

    async def recall(self, spool: Spool) -> None:
        """What a restart would forget: what canaries and landmarks were like, and what of today is spent."""
        targets = {target.name: target for target in self.view.targets()}
        if (canaries := await spool.recall("canaries")) is not None:
            self.view.canaries.recall(canaries)
        if (landmarks := await spool.recall("landmarks")) is not None:
            self.view.landmarks.recall(landmarks, targets)
        if (baselines := await spool.recall("baselines")) is not None:
            self.view.baselines.recall(baselines)
        if (book := await spool.recall("book")) is not None:
            self.view.book.recall(book)
        if (issuers := await spool.recall("issuers")) is not None:
            self.view.book.issuers.recall(issuers)
        if (protocols := await spool.recall("protocols")) is not None:
            self.view.protocols.recall(protocols)
        if (budget := await spool.recall("budget")) is not None:
            self.budget.recall(budget)
        if self.hearings is not None:
            await self.hearings.recall()
