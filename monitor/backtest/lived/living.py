"""Lives through a world: every box and control of it on one leaping clock, and what of it gets home when.

This is the root of a simulated world's tasks, as daemon.py is of a real one's.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from monitor.backtest.lived.box import UNKEPT, Box, Keeper, loaded
from monitor.backtest.lived.cast import causes_of, services_of, vantages
from monitor.backtest.lived.delivery import Column, Delivery
from monitor.backtest.lived.doze import NEVER, Calm
from monitor.backtest.lived.leaping import Hands, LeapingLoop
from monitor.backtest.lived.line import Line, home_is_open
from monitor.backtest.lived.resident import Resident
from monitor.backtest.lived.touching import Place
from monitor.backtest.lived.walker import Walks
from monitor.backtest.lived.weather import Absence, Spell, absences, limits, spells
from monitor.backtest.worlds.words import Way
from monitor.backtest.worlds.world import Cause, Home, Where, World
from monitor.metrics import identity
from monitor.tick import Tick
from probes.facts import Target, Vantage
from probes.words import Role

_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000
_SLACK_MS = 2_000  # walks that are due together begin one after another (monitor/beat/limits.py)
_UTC = "UTC"

OnHour = Callable[[int, list[Column]], None]


@dataclass(frozen=True, slots=True)
class Lived:
    """A world to be lived through.

    Attributes:
        since_ms: when its boxes start: before the world itself, so that they know their lines.
        wanted: names of series that anybody at the hub reads.
        dozes: whether the quiet is stepped over (monitor/backtest/lived/doze.py).
        keeper: who keeps what each box sees, for whoever needs evidence of a world.
    """

    world: World
    since_ms: int
    wanted: Collection[str]
    dozes: bool = True
    keeper: Callable[[Vantage], Keeper] = lambda vantage: UNKEPT

    def through(self, on_hour: OnHour) -> None:
        """Every hour `on_hour` is told until when it lived, and what ticks of that hour brought home, now or later."""
        hands = Hands(self.since_ms)
        with asyncio.Runner(loop_factory=lambda: LeapingLoop(hands)) as runner:
            runner.run(self._live(_Stage(self, hands), hands, on_hour))

    async def _live(self, stage: _Stage, hands: Hands, on_hour: OnHour) -> None:
        async with asyncio.TaskGroup() as tasks:
            lives = [tasks.create_task(each.live()) for each in stage.residents(tasks.create_task)]
            until_ms = self.since_ms
            while until_ms < self.world.until_ms:
                until_ms = min(until_ms + _HOUR_MS, self.world.until_ms)
                await asyncio.sleep((until_ms - self.since_ms) / 1000 - hands.passed_s)
                on_hour(until_ms, stage.taken())
            for each in lives:
                each.cancel()
            stage.send_home()


class _Stage:
    """Everybody in a world, and what stands on their paths."""

    def __init__(self, lived: Lived, hands: Hands) -> None:
        self._lived, self._world, self._hands = lived, lived.world, hands
        self._services = services_of(self._world)
        self._causes = causes_of(self._world, lived.since_ms)
        self._about = functools.cache(self._path_of)
        self._residents: list[Resident] = []
        self._deliveries: list[Delivery] = []

    def residents(self, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> list[Resident]:
        self._residents = [self._resident(each, start) for each in vantages(self._world)]
        return self._residents

    def taken(self) -> list[Column]:
        return [column for each in self._deliveries for column in each.taken()]

    def send_home(self) -> None:
        for each in self._residents:
            each.send_home()

    def _resident(self, vantage: Vantage, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]) -> Resident:
        line = self._line(vantage)
        walks = Walks(vantage, line, self._services, self._hands, self._landmark)
        config = loaded(vantage, self._services, controls=len(self._world.controls))
        delivery = Delivery(identity(vantage), self._lived.wanted)
        self._deliveries.append(delivery)
        ways, keeper = self._ways(vantage), self._lived.keeper(vantage)

        def build(spawn: Callable[[Coroutine[Any, Any, None]], object], stated: Callable[[Tick], None]) -> Box:
            world = self._world.name
            calm = self._calm(line) if self._lived.dozes else NEVER
            hands, walker = self._hands, walks.walker
            return Box(
                config, hands=hands, walker=walker, world=world, spawn=spawn, stated=stated, said_again=said_again,
                calm=calm, keeper=keeper,
            )  # fmt: skip

        def is_open() -> bool:
            return home_is_open(ways, line, self._about, self._hands.now_ms())

        def stated(tick: Tick) -> None:
            delivery.state(tick, open_=is_open())

        def said_again(at_ms: int) -> None:
            delivery.again(at_ms, open_=is_open())

        resident = Resident(build, line, self._hands, start, stated)
        began_ms = self._lived.since_ms + _MINUTE_MS  # before that rounds begin as those of a fresh start do

        def matters(spell: Spell) -> bool:
            doomed = functools.partial(walks.dooms, spell)
            return spell.from_ms < began_ms or resident.box.walks_between(
                spell.from_ms - _SLACK_MS, spell.until_ms, doomed
            )

        line.keep(matters)
        return resident

    def _calm(self, line: Line) -> Calm:
        """A control also looks at landmarks, and what stands on the paths behind them."""
        behind = [self._about(each.network) for each in self._world.landmarks] if line.place.control else []
        paths = (line, *behind)
        return Calm(
            until_ms=lambda at_ms: min(each.calm_until_ms(at_ms) for each in paths),
            since_ms=lambda at_ms: max(each.shifted_ms(at_ms) for each in paths),
        )

    def _line(self, vantage: Vantage) -> Line:
        inside = vantage.role is Role.INSIDE
        whose = {"line": vantage.id} if inside else {"control": vantage.id}
        place = Place(vantage.country, vantage.network, vantage.access, vantage.region, **whose)
        zone = self._world.country(vantage.country).time_zone if inside else _UTC
        found_spells, found_absences = self._weather(vantage, zone)
        return Line(self._world, place, (*self._causes, *self._limits(vantage)), found_spells, found_absences)

    def _limits(self, vantage: Vantage) -> Iterator[Cause]:
        mine = (vantage.id,)
        where = Where(lines=mine) if vantage.role is Role.INSIDE else Where(controls=mine)
        for each in self._world.noise_of(vantage.id):
            yield from limits(each, self._world.name.encode(), where, self._lived.since_ms, self._world.until_ms)

    def _weather(self, vantage: Vantage, zone: str) -> tuple[list[Spell], list[Absence]]:
        key, since_ms, until_ms = self._world.name.encode(), self._lived.since_ms, self._world.until_ms
        bad: list[Spell] = []
        for each in self._world.noise_of(vantage.id):
            bad += spells(each, key, vantage.id, vantage.network, zone, since_ms, until_ms)
        return bad, absences(self._world, vantage.id, vantage.network, since_ms)

    def _ways(self, vantage: Vantage) -> tuple[Home, ...]:
        lines = {each.id: each.home for each in self._world.lines}
        return lines.get(vantage.id, (Home(Way.FOREIGN, vantage.network),))

    def _path_of(self, network: str) -> Line:
        """The foreign path of a network, wherever in it one stands."""
        country = next(c.country for c in self._world.countries for each in c.networks if each.network == network)
        access = self._world.network(network).access
        return Line(self._world, Place(country, network, access), self._causes, (), ())

    def _landmark(self, target: Target) -> Line | None:
        about = target.about
        assert about is not None
        marks = (each for each in self._world.landmarks if each.network == about.network and each.kind is about.kind)
        return self._about(about.network) if any(each.falls for each in marks) else None
