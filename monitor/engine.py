"""One configuration at work: what is walked, when, by which tools, and the view they fill. A reload builds another."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitor import CONTRACT, __version__, judge, metrics
from monitor.beat.errands import Errand, errands, walked_by
from monitor.beat.limits import Budget, Limits
from monitor.beat.pairs import Transfers
from monitor.beat.spread import next_round, unit
from monitor.begin import cost
from monitor.config import Loaded
from monitor.home import heartbeat
from monitor.meaning import networks
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.view import View
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.rounds import Rounds
from monitor.schedule import Due, Schedule
from monitor.ship import Home, Shipper
from monitor.spool import Spool
from monitor.telling.histogram import Histogram
from monitor.tools import resolvers, tools
from probes import catalogue
from probes.book import Book
from probes.facts import Service
from probes.place import Tools
from probes.words import Role

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
    rounds: Rounds
    schedule: Schedule
    budget: Budget
    shippers: tuple[Shipper, ...]
    secret: bytes
    crew: Crew
    catalogue: str
    heartbeat_url: str | None
    blind: tuple[str, ...]  # what a control cannot see, in whole sentences

    @classmethod
    def build(cls, loaded: Loaded, time_scale: float, spool: Spool, crew: Crew) -> Engine:
        """Raises OSError when a file the configuration names cannot be read."""
        config = loaded.config
        pace = Pace.of(config, time_scale=time_scale)
        hands = tools(loaded, pace)
        services = walked_by(config.as_vantage(), loaded.services, list(config.dns.isp) or resolvers(loaded))
        todo = errands(services, pace)
        shipped = {host: known for service in services for host, known in service.book.items()}
        book = Book(keep_ms=pace.book_s * 1000, shipped=shipped)
        hands = replace(hands, book=book.addresses)
        view = _view(loaded, services, todo, pace, book)
        budget = _budget(loaded, pace)
        secret = loaded.path(config.vantage.secret_file).read_bytes()
        limits = Limits(
            hands.clock,
            concurrency=config.limits.concurrency,
            starts_per_second=config.limits.starts_per_second * time_scale,
        )
        rounds = Rounds(
            view,
            todo,
            tools=hands,
            spool=spool,
            limits=limits,
            budget=budget,
            pace=pace,
            secret=secret,
            responder=config.responder or "",
            spawn=crew.take_on,
        )
        schedule = Schedule(secret, hands.clock, rounds.due, rounds.unseen)
        shippers = tuple(_shippers(loaded, hands, budget, pace))
        url_file = config.heartbeat.url_file
        url = loaded.path(url_file).read_text().strip() if url_file is not None else None
        digest = catalogue_digest(loaded)
        blind = tuple(networks.unobservable(services)) if config.vantage.role is Role.CONTROL else ()
        return cls(loaded, pace, hands, view, rounds, schedule, budget, shippers, secret, crew, digest, url, blind)

    # ---------------------------------------------------------------- working

    def start(self) -> None:
        for shipper in self.shippers:
            self.crew.take_on(shipper.run())
        if self.heartbeat_url is not None:
            self.crew.take_on(heartbeat.beat(self.heartbeat_url, self.pace.heartbeat_s, self.pace.ship_patience_s))
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
            now_s = self.tools.clock.now_ms() / 1000
            number, _ = next_round(self.secret, errand.name, now_s, errand.period_s)
            self.rounds.due(Due(errand, number - 1, now_s))

    def next_tick_s(self) -> float:
        """When the next tick is due, in seconds since 1970: at a phase of our own, and never to the second."""
        now_s = self.tools.clock.now_ms() / 1000
        return next_round(self.secret, "tick", now_s, self.pace.interval_s, _TICK_MOVED_SHARE)[1]

    def inherit(self, before: Engine) -> None:
        """What a reload would forget."""
        self.view.inherit(before.view)
        self.rounds.inherit(before.rounds)
        self.budget.total = before.budget.total
        self.budget.recall(before.budget.memory())
        waiting = {shipper.name: shipper for shipper in before.shippers}
        for shipper in self.shippers:
            if (same := waiting.get(shipper.name)) is not None:
                shipper.inherit(same)

    # ---------------------------------------------------------------- what it knows of itself

    def notices(self, now_ms: int) -> Iterator[str]:
        """What the keeper of the box should know of it, in whole sentences."""
        if (share := self.budget.share(now_ms)) < 1:
            yield f"The byte cap of the day is near: {share:.0%} of the rounds that are not essential are walked."
        for shipper in self.shippers:
            if shipper.pending:
                yield f"{shipper.pending} samples have not reached {shipper.name} yet."
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
        if (protocols := await spool.recall("protocols")) is not None:
            self.view.protocols.recall(protocols)
        if (budget := await spool.recall("budget")) is not None:
            self.budget.recall(budget)


def _view(loaded: Loaded, services: tuple[Service, ...], todo: tuple[Errand, ...], pace: Pace, book: Book) -> View:
    vantage = loaded.config.as_vantage()
    canaries = (target for errand in todo for target in errand.targets if target.scope is not None)
    turn_s = {target.name: errand.turn_s for errand in todo for target in errand.targets}
    return View(
        vantage=vantage,
        services=services,
        turn_s=turn_s,
        canaries=Canaries(canaries, vantage, standing_s=pace.standing_s, day_s=pace.day_s, turn_s=turn_s),
        landmarks=Landmarks(day_s=pace.day_s),
        baselines=Baselines(day_s=pace.day_s),
        book=book,
        histograms=defaultdict(Histogram) if loaded.config.histograms else None,
        transfers=Transfers(looked_back_s=pace.pairs_looked_back_s),
    )


def _budget(loaded: Loaded, pace: Pace) -> Budget:
    essential, ordinary = cost.split(loaded.config, loaded.services)
    cap = loaded.config.bytes_per_day
    return Budget(cap=cap, day_s=pace.day_s, essential_per_day=essential, ordinary_per_day=ordinary)


def _shippers(loaded: Loaded, hands: Tools, budget: Budget, pace: Pace) -> Iterator[Shipper]:
    uplink = loaded.config.vantage.uplink
    device = (uplink.home or "") if uplink else ""
    identity = metrics.identity(loaded.config.as_vantage())
    for destination in loaded.config.ship:
        home = Home.of(destination, loaded.folder, device)
        yield Shipper(home, identity, clock=hands.clock, budget=budget, pace=pace)


def catalogue_digest(loaded: Loaded) -> str:
    """Twelve hex digits over the service files in use, and the fingerprints added to ours: what was asked, and how."""
    digest = hashlib.sha256()
    for name in sorted(loaded.config.services):
        path: Path | None = catalogue.locate(name, loaded.folder)
        digest.update(path.read_bytes() if path else b"")
    for name in loaded.config.fingerprints:
        digest.update(loaded.path(name).read_bytes())
    return digest.hexdigest()[:12]
