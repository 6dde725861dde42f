"""What canaries are asked beside their regular walks: in clear, who answers for them; and seldom, what time it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from monitor.beat.spread import unit
from monitor.meaning.timeofday import FEWEST_NETWORKS
from monitor.meaning.view import View
from monitor.pace import Pace
from probes.facts import Target
from probes.ports import Clock
from probes.words import Kind, Scope

_IN_CLEAR, _HTTP_PORT = 3, 80
TIME_ASKED = 5  # networks: two of them may be wrong, and the one in the middle is right
_WAS_SET_S = 1.0

AskOne = Callable[[Target], Awaitable[None]]


class Asides:
    """Of one vantage.

    Args:
        ask: one walk to a target made from a canary's, under the limits, kept and taken in.
    """

    def __init__(self, view: View, ask: AskOne, *, pace: Pace, secret: bytes, clock: Clock) -> None:
        self._view, self._ask = view, ask
        self._pace, self._secret, self._clock = pace, secret, clock
        self.due_s = self._ahead_s = 0.0
        self._times = 0

    async def in_clear(self, canaries: Iterable[Target]) -> None:
        """Nothing abroad proves itself: does somebody else answer for them, as a portal in this house would?"""
        for target in sorted(canaries, key=lambda each: unit(self._secret, each.name, "clear"))[:_IN_CLEAR]:
            at = replace(target.endpoints[0], port=_HTTP_PORT)
            await self._ask(replace(target, kind=Kind.HTTP, endpoints=(at,), options={}))

    async def time(self) -> None:
        """At the start, then a few times a day, and at once where our own clock was set or has stood still. Where it is
        wrong, or nobody could say, again soon.

        A HEAD, to hosts in different networks that live: the answer is one packet, and its `Date` is authenticated.
        """
        ahead_s, time = self._clock.now_ms() / 1000 - self._clock.elapsed_s(), self._view.around.time
        if abs(ahead_s - self._ahead_s) > _WAS_SET_S:
            self.due_s = 0.0
        self._ahead_s = ahead_s
        chosen = self._of_several_networks() if self._clock.elapsed_s() >= self.due_s else []
        if len(chosen) < FEWEST_NETWORKS:
            return
        self._times += 1
        self.due_s = self._clock.elapsed_s() + self._pace.clock_s
        for target in chosen:
            await self._ask(replace(target, kind=Kind.HTTPS, options={"method": "HEAD"}))
        told = time.look(self._clock.now_ms(), self._clock.boot_ms())
        unknown = told is None and (time.known is None or not time.known.sources)
        if time.is_wrong or unknown:
            self.due_s = self._clock.elapsed_s() + self._pace.tier_1_s

    def _of_several_networks(self) -> list[Target]:
        usable = self._view.canaries.usable(Scope.INTERNATIONAL, self._clock.now_ms())
        alive = [each.target for each in usable if each.alive and each.target.at is not None]
        alive.sort(key=lambda each: unit(self._secret, each.name, "time", self._times))
        return list({each.at.network: each for each in alive if each.at}.values())[:TIME_ASKED]
