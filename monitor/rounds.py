"""Walks what is due: under the limits, onto the disk, then into the view; and walks again what has changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from monitor.beat import pairs
from monitor.beat.asides import Asides
from monitor.beat.asked import Asked as Asked
from monitor.beat.comparisons import Comparisons
from monitor.beat.errands import Errand
from monitor.beat.inturn import InTurn
from monitor.beat.limits import Budget, Limits
from monitor.beat.rests import Rests
from monitor.beat.side import side_by_side
from monitor.beat.spread import spread_s
from monitor.beat.turns import Next, Turns
from monitor.beat.walker import PROBES, Walker
from monitor.logs import Log
from monitor.meaning.view import View
from monitor.pace import Pace
from monitor.schedule import Due
from monitor.spool import Spool
from monitor.telling.histogram import Histogram
from probes.compare import Ground
from probes.facts import Endpoint, Round, Target, Walk
from probes.place import Tools
from probes.throttle import PAIRS
from probes.words import Kind, Reason, Scope

Spawn = Callable[[Coroutine[Any, Any, None]], object]

_log = Log()


class Rounds:
    """Everything between "this is due" and "this is known".

    Args:
        heard: told of every round once it is kept, to ask the responder what it saw of it.
        judged: told of every target once a round of it is judged.
        spawn: starts a coroutine in the daemon's task group.
        walker: who does the walking.
        rests: says which rounds are left out; without it none is.
    """

    def __init__(
        self,
        view: View,
        errands: Iterable[Errand],
        *,
        tools: Tools,
        spool: Spool,
        limits: Limits,
        budget: Budget,
        pace: Pace,
        secret: bytes,
        responder: Endpoint | None,
        heard: Callable[[Round], None],
        spawn: Spawn,
        judged: Callable[[Target], None] = lambda target: None,
        walker: Walker = PROBES,
        rests: Rests | None = None,
    ) -> None:
        self._view, self.errands = view, tuple(errands)
        self._tools, self._spool, self._limits, self._budget = tools, spool, limits, budget
        self._pace, self._secret, self._spawn, self._heard = pace, secret, spawn, heard
        self._judged = judged
        self._walker, self._rests = walker, rests
        self._turns = {target.name: Turns(target) for errand in self.errands for target in errand.targets}
        self._comparisons = Comparisons(
            view,
            self._turns,
            self._window,
            pace=pace,
            secret=secret,
            responder=responder,
            affordable=self._affordable,
            elapsed_s=tools.clock.elapsed_s,
            now_ms=tools.clock.now_ms,
        )
        self._asides = Asides(view, self._aside, pace=pace, secret=secret, clock=tools.clock)
        self._walking, self._confirming = set[str](), set[str]()
        self.in_turn = InTurn(view, self._turns)
        self._asked_s: dict[str, float] = {}
        self.missed = Counter[str]()
        self.lateness = Histogram()

    # ---------------------------------------------------------------- what is due

    def due(self, due: Due) -> None:
        """Starts the round, or counts why it is not walked."""
        now_ms = self._tools.clock.now_ms()
        if due.errand.name in self._walking:
            self.missed["overlap"] += 1
        elif self._is_left_out(due, now_ms):
            self.missed["limit"] += 1
        else:
            self.lateness.add(due.late_s)
            self._spawn(self.walk(due.errand, due.number))

    def _is_left_out(self, due: Due, now_ms: int) -> bool:
        if not due.errand.essential and not self._budget.allows(due.number, now_ms):
            return True
        return self._rests is not None and self._rests.leaves_out(due.errand, due.number, self._tools.clock)

    def unseen(self, errand: Errand, count: int) -> None:
        """Rounds that came and went while the machine was busy or asleep."""
        self.missed["late"] += count
        _log.warning("rounds_unseen", errand=errand.name, count=count)

    async def asked(self, name: str) -> Asked:
        """One round of a target now, under the same limits as all: at most one an interval, and none beyond the cap."""
        if name not in self._turns:
            return Asked.UNKNOWN
        target, now_s = self._turns[name].target, self._tools.clock.elapsed_s()
        spent = not target.essential and self._budget.share(self._tools.clock.now_ms()) <= 0
        if spent or now_s - self._asked_s.get(name, -self._pace.interval_s) < self._pace.interval_s:
            self.missed["limit"] += 1
            return Asked.LIMITED
        self._asked_s[name] = now_s
        await self._round(target, 0, Reason.ASKED, self._turns[name].regular(now_s, self._spared()))
        return Asked.WALKED

    def inherit(self, before: Rounds) -> None:
        """What a reload would forget: counters, whose turn it is, and which addresses rest."""
        self.missed, self.lateness, self._asked_s = before.missed, before.lateness, before._asked_s
        self._comparisons.met = before._comparisons.met
        for name, turns in before._turns.items():
            if name in self._turns and self._turns[name].target == turns.target:
                self._turns[name] = turns

    def missed_counts(self) -> Iterator[tuple[str, int]]:
        """Every reason, also those that never came up: a counter that appears at its first event hides it."""
        return ((reason, self.missed[reason]) for reason in ("overlap", "late", "limit"))

    async def walk(self, errand: Errand, number: int) -> None:
        """One round of an errand, its targets side by side."""
        self._walking.add(errand.name)
        try:
            chosen = self.in_turn.chosen(errand, self._spared())
            rounds = await side_by_side([self._regular(target, number) for target in chosen])
            if errand.scope is Scope.INTERNATIONAL:
                self._view.canaries.turn_ended(foreign_reached=any(rounds))
                if any(rounds):
                    self._spawn(self._asides.time())
                elif self._view.canaries.foreign_seen:
                    self._spawn(self._decide(number))
        finally:
            self._walking.discard(errand.name)

    async def _decide(self, number: int) -> None:
        """A round in which nothing abroad answered: a second one, soon, says whether the line is cut."""
        await asyncio.sleep(spread_s(self._secret, "canaries", number, self._pace.confirm_s[0]))
        await self._walk_all_canaries(number)

    @property
    def busy(self) -> bool:
        """Whether anything is walked beside the regular rounds, comparisons aside."""
        return bool(self._walking or self._confirming)

    @property
    def time_due_s(self) -> float:
        """When canaries are asked the time next, by the monotonic clock."""
        return self._asides.due_s

    # ---------------------------------------------------------------- walking

    def _regular(self, target: Target, number: int) -> Coroutine[Any, Any, bool]:
        chosen = self._turns[target.name].regular(self._tools.clock.elapsed_s(), self._spared())
        return self._round(target, number, Reason.DUE, chosen)

    async def _round(self, target: Target, number: int, reason: Reason, chosen: list[Next]) -> bool:
        """Walks, keeps, judges; True if the target was reached."""
        if not chosen:
            self.missed["limit"] += 1
            return False
        started_ms = self._tools.clock.now_ms()
        if target.kind is Kind.TRANSFER:
            walks = await pairs.walked(target, chosen, reason, self._one)
        else:
            walks = tuple(await side_by_side([self._one(target, each, reason) for each in chosen]))
        done = Round(target.name, number, reason, started_ms, walks)
        await self._spool.add(done)  # facts first: a mistake below costs a replay, never the evidence
        self._heard(done)
        self._take_in(target, done)
        return any(each.reached for each in walks)

    async def _one(self, target: Target, chosen: Next, reason: Reason) -> Walk:
        async with self._limits.one_walk():
            at, turn = chosen.endpoint, chosen.turn
            spared = self._spared()
            seen = await self._walker.walk(target, at, self._tools, reason=reason, turn=turn, avoid=spared)
        self._comparisons.met.note(seen, self._tools.clock.elapsed_s(), target.options.get("says", ""))
        self._pay(seen)
        return seen

    def _affordable(self, target: Target) -> bool:
        """What is not essential is compared only while the day's bytes are enough for everything."""
        return target.essential or self._budget.share(self._tools.clock.now_ms()) >= 1

    def _spared(self) -> frozenset[str]:
        """Addresses that are left alone, because a comparison is to be walked there."""
        return self._comparisons.met.spared(self._tools.clock.elapsed_s())

    def _pay(self, seen: Walk) -> None:
        now_ms = self._tools.clock.now_ms()
        self._budget.spend(purpose="walk", sent=seen.bytes_sent, received=seen.bytes_received, now_ms=now_ms)

    async def _window(self, target: Target, ground: Ground, booked: bool) -> tuple[Walk, ...]:
        """One comparison: walked, kept, judged."""
        started_ms = self._tools.clock.now_ms()
        async with self._limits.one_walk():
            walks = await self._walker.compare(target, ground, self._tools, booked=booked)
        for each in walks:
            self._pay(each)
        await self._keep(Round(target.name, 0, Reason.COMPARE, started_ms, walks))
        return walks

    async def _keep(self, comparison: Round) -> None:
        await self._spool.add(comparison)
        self._heard(comparison)
        self._view.add(comparison, self._tools.clock.now_ms())

    def _take_in(self, target: Target, done: Round) -> None:
        self._turns[target.name].note(done, self._tools.clock.elapsed_s(), self._pace.speech_rest_s)
        news = self._view.add(done, self._tools.clock.now_ms())
        self._judged(target)
        if self._rests is not None and self._rests.hushed:
            return  # nothing of what follows a change
        if news.changed and target.about is None and target.name not in self._confirming:
            self._spawn(self._confirm(target, done.number))
        if self._comparisons.wanted(target):
            self._spawn(self._comparisons.while_broken(target))
        if self._view.transfers.unsettled(target.name) and target.name not in self._confirming:
            self._spawn(self._repeat(target, done.number))
        if news.ask_canaries and done.reason is not Reason.CANARY:
            self._spawn(self._walk_all_canaries(done.number))

    # ---------------------------------------------------------------- walking again

    async def _confirm(self, target: Target, number: int) -> None:
        """About 15, 30 and 45 s after the change, on other addresses, or not at all where there is none."""
        self._confirming.add(target.name)
        try:
            changed_s = self._tools.clock.elapsed_s()
            for about_s in self._pace.confirm_s:
                until_s = changed_s + spread_s(self._secret, f"{target.name} {about_s}", number, about_s)
                await asyncio.sleep(max(0.0, until_s - self._tools.clock.elapsed_s()))  # a walk may have taken long
                if chosen := self._turns[target.name].others(self._tools.clock.elapsed_s(), self._spared()):
                    await self._round(target, number, Reason.CONFIRM, chosen)
        finally:
            self._confirming.discard(target.name)

    async def _repeat(self, target: Target, number: int) -> None:
        """One slow pair proves nothing: up to ten more within half an hour, until it is settled."""
        self._confirming.add(target.name)
        try:
            for count in range(PAIRS):
                about_s = spread_s(self._secret, f"{target.name} pair {count}", number, self._pace.pair_s)
                await asyncio.sleep(about_s)
                if not self._view.transfers.unsettled(target.name):
                    break
                if not self._budget.allows(count, self._tools.clock.now_ms()):
                    self.missed["limit"] += 1
                    continue
                chosen = self._turns[target.name].regular(self._tools.clock.elapsed_s())
                await self._round(target, number, Reason.CONFIRM, chosen)
        finally:
            self._confirming.discard(target.name)

    async def _walk_all_canaries(self, number: int) -> None:
        """Is it the canary, or the line? International ones first: they say most."""
        if "canaries" in self._walking:
            return
        self._walking.add("canaries")
        try:
            together = [errand for errand in self.errands if errand.scope is not None]
            for errand in sorted(together, key=lambda each: each.scope is not Scope.INTERNATIONAL):
                rounds = await side_by_side(
                    [self._again(each, number) for each in self.in_turn.free(errand, self._spared())]
                )
                if errand.scope is Scope.INTERNATIONAL:
                    self._view.canaries.turn_ended(foreign_reached=any(rounds))
                    if not any(rounds):
                        await self._asides.in_clear(errand.targets)
        finally:
            self._walking.discard("canaries")

    async def _aside(self, asked: Target) -> None:
        """One walk to a canary that is none of its rounds: kept, and taken in."""
        seen = await self._one(asked, Next(asked.endpoints[0], 0), Reason.COMPARE)
        await self._keep(Round(asked.name, 0, Reason.COMPARE, seen.started_ms, (seen,)))

    async def _again(self, target: Target, number: int) -> bool:
        chosen = self._turns[target.name].regular(self._tools.clock.elapsed_s(), self._spared())
        return await self._round(target, number, Reason.CANARY, chosen)
