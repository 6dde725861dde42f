"""One simulated box: the daemon's own rounds, view, judge and tick, on a clock that leaps and a line that is told.

Everything from "this is due" to the tick is the daemon's code. What differs: who walks (`walker`),
who keeps (nobody, unless somebody asks: a simulation needs no evidence), and that the beat is the same arithmetic
without APScheduler.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

from monitor import metrics, parts
from monitor.backtest.lived import nowhere
from monitor.backtest.lived.doze import AT_ONCE_S, NEVER, Calm, Doze, slept_past
from monitor.backtest.lived.leaping import Hands
from monitor.beat.early import Early
from monitor.beat.errands import Errand, errands, walked_by
from monitor.beat.limits import Limits
from monitor.beat.spread import next_round, unit
from monitor.beat.walker import Walker
from monitor.config import Loaded
from monitor.meaning.outside import Trust
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.rounds import Rounds
from monitor.schedule import Due
from monitor.settings import Config
from monitor.spool import Spool
from monitor.tick import Tick
from probes.facts import Round, Service, Target, Vantage

_TICK_MOVED_SHARE = 0.05
_PLENTY = "1000GB"
_RESOLVER = "217.218.155.155"  # a public address, so that it counts as the operator's gateway; nothing is sent to it

Spawn = Callable[[Coroutine[Any, Any, None]], object]
Stated = Callable[[Tick], None]
Memory = dict[str, Any]


class Keeper(Protocol):
    """In the place of the spool."""

    async def add(self, done: Round) -> None: ...

    def state(self, tick: Tick) -> None: ...


class _Unkept:
    """Facts go nowhere."""

    async def add(self, done: Round) -> None:
        return None

    def state(self, tick: Tick) -> None:
        return None


UNKEPT = _Unkept()


def loaded(vantage: Vantage, services: Sequence[Service], *, controls: int) -> Loaded:
    """The configuration `didban init` would have written for that box, with these services."""
    row = {
        "id": vantage.id, "country": vantage.country, "role": vantage.role, "access": vantage.access,
        "network": vantage.network or None, "cohort": vantage.cohort or None, "secret_file": "none",
    }  # fmt: skip
    given = {
        "vantage": row,
        "services": [each.id for each in services],
        "dns": {"system": [_RESOLVER]},
        "landmarks": {"controls": max(1, controls)},
        "limits": {"bytes_per_day": _PLENTY},  # a world asks what the rules say, not what a data plan bears
    }
    return Loaded(Config.model_validate_json(json.dumps(given)), Path(), tuple(services))


class Box:
    """Lives on one loop with all others of its world.

    Args:
        stated: told of every tick, as a whole, but of those that say what the one before said.
        said_again: told of these, by their time.
        keeper: given every round and every tick, but of those that said what the one before said.
    """

    def __init__(
        self,
        config: Loaded,
        *,
        hands: Hands,
        walker: Walker,
        world: str,
        spawn: Spawn,
        stated: Stated,
        said_again: Callable[[int], None] = lambda at_ms: None,
        calm: Calm = NEVER,
        keeper: Keeper = UNKEPT,
    ) -> None:
        self.vantage = config.config.as_vantage()
        self._hands, self._spawn, self._stated = hands, spawn, stated
        self._said_again = said_again
        self._keeper = keeper
        self._secret = hashlib.sha256(f"{world} {self.vantage.id}".encode()).digest()
        self._pace = pace = Pace.of(config.config)
        services = walked_by(self.vantage, config.services, config.config.dns.system)
        todo = errands(services, pace)
        book = parts.book(config, services, pace, Trust())
        self.view = parts.view(config, services, todo, pace, book)
        self._budget = parts.budget(config, pace)
        tools = replace(nowhere.tools(hands, pace.timeout_s), book=book.addresses)
        limits = config.config.limits
        self._early = Early(self.view, pace)
        self._rounds = Rounds(
            self.view,
            todo,
            tools=tools,
            spool=cast(Spool, keeper),
            limits=Limits(hands, concurrency=limits.concurrency, starts_per_second=limits.starts_per_second),
            budget=self._budget,
            pace=pace,
            secret=self._secret,
            responder=None,
            heard=lambda done: None,
            spawn=spawn,
            judged=self._early.walked,
            walker=walker,
        )
        self.last: Tick | None = None
        self._doze = Doze(self._rounds, self.view, calm, began_ms=hands.began_ms)

    # ---------------------------------------------------------------- over a restart

    def memory(self) -> Memory:
        """What the daemon keeps of itself (monitor/engine.py)."""
        view = self.view
        found: Memory = {
            "canaries": view.canaries.memory(), "landmarks": view.landmarks.memory(),
            "baselines": view.baselines.memory(), "book": view.book.memory(), "protocols": view.protocols.memory(),
        }  # fmt: skip
        return found

    def recall(self, memory: Memory) -> None:
        view = self.view
        view.canaries.recall(memory["canaries"])
        view.landmarks.recall(memory["landmarks"], {target.name: target for target in view.targets()})
        view.baselines.recall(memory["baselines"])
        view.book.recall(memory["book"])
        view.protocols.recall(memory["protocols"])

    def start(self) -> None:
        for errand in self._rounds.errands:
            self._spawn(self._walk(errand))
        self._spawn(self._beat())

    def walks_between(self, from_ms: int, until_ms: int, doomed: Callable[[Target], bool]) -> bool:
        """Whether a round begins then of an errand with such a target."""
        for errand in self._rounds.errands:
            _, start_s = next_round(self._secret, errand.name, from_ms / 1000 - AT_ONCE_S, errand.period_s)
            if start_s * 1000 < until_ms and any(map(doomed, errand.targets)):
                return True
        return False

    # ---------------------------------------------------------------- what is due

    def _now_s(self) -> float:
        return self._hands.began_ms / 1000 + self._hands.passed_s

    async def _walk(self, errand: Errand) -> None:
        """Once, within half an interval of the start; from then on as the schedule's arithmetic says."""
        await asyncio.sleep(unit(self._secret, errand.name, "first") * self._pace.interval_s / 2)
        after_s = self._now_s()
        number, start_s = next_round(self._secret, errand.name, after_s, errand.period_s)
        self._rounds.due(Due(errand, number - 1, after_s))
        while True:
            await asyncio.sleep(start_s - self._now_s())
            awake = slept_past(self._secret, errand, start_s, self._doze.wakes_s(errand))
            if awake is not None:  # turns go on as if the rounds in between had been walked
                self._rounds.in_turn.pass_over(errand, awake[0] - number)
                number, start_s = awake
                continue
            self._rounds.due(Due(errand, number, start_s))
            number, start_s = next_round(self._secret, errand.name, start_s, errand.period_s)

    async def _beat(self) -> None:
        due_s = self._now_s()
        while True:
            if self._now_s() + AT_ONCE_S >= due_s:
                _, due_s = next_round(self._secret, "tick", due_s, self._pace.interval_s, _TICK_MOVED_SHARE)
            await self._early.until(due_s - self._now_s())
            self._tick()

    def _tick(self) -> None:
        now_ms = self._hands.now_ms()
        if self._doze.asleep(now_ms):
            self._said_again(now_ms)
            return
        self.view.beat(now_ms)
        self._early.told()
        tick = Tick(now_ms, dict(self._samples(now_ms))).after(self.last)
        self._doze.consider(tick, self.last, now_ms)
        self.last = tick
        self._keeper.state(tick)
        self._stated(tick)

    def _samples(self, now_ms: int) -> Iterator[tuple[Series, float]]:
        yield from self.view.samples(now_ms, home_only=True)
        yield from ((Series(metrics.MISSED, (reason,)), n) for reason, n in self._rounds.missed_counts())
        yield from ((Series(metrics.BYTES, key), count) for key, count in self._budget.total.items())
