"""After a walk of ours to the operator's own responder that failed: what did it see? Asked soon, and until it is known.

Never in the way of a walk: one question at a time, beside them, and only while the day's bytes allow it. What it tells
is kept beside the walk before anybody reads it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from monitor.beat.spread import spread_s
from monitor.home.asking import Asker
from monitor.pace import Pace
from monitor.spool import Spool
from probes.account import Newest, complete
from probes.facts import Round, Walk
from probes.ports import Clock
from probes.words import Hearing

_MOST_A_TARGET = 8  # waiting: what is blocked for days is asked about as it is now
_MOST_DOUBLINGS = 3
_MOST_TIMES_TOLD = 6  # an account may be short because its walk has not ended there yet
_MOST_RECALLED = 5_000
_MEMORY = "responder"


@dataclass(slots=True)
class Waiting:
    """A walk nobody has told us of yet. `due_s` by the monotonic clock."""

    walk: Walk
    due_s: float
    times: int = 0


class Hearings:
    """Of one vantage and its responder.

    Args:
        affordable: whether the day's bytes allow what is not essential.
        told: takes in a walk with what was told of it, once that is kept.
    """

    def __init__(
        self,
        asker: Asker,
        *,
        spool: Spool,
        pace: Pace,
        secret: bytes,
        clock: Clock,
        affordable: Callable[[], bool],
        told: Callable[[Walk], None],
    ) -> None:
        self._asker, self._spool, self._pace, self._secret = asker, spool, pace, secret
        self._clock, self._affordable, self._told = clock, affordable, told
        self._waiting: dict[str, Waiting] = {}
        self._silent = 0
        self._not_before_s = float("-inf")
        self._news = asyncio.Event()

    def note(self, done: Round) -> None:
        """Of a round that was kept: the walks the responder must have seen something of, or should have."""
        for walk in done.walks:
            if walk.failure is not None and self._asker.far.met(walk):
                due_s = max(self._not_before_s, self._clock.elapsed_s() + self._pace.witness_s)
                self._waiting[walk.marks[0]] = Waiting(walk, due_s)
                self._forget_the_oldest(walk.target)
                self._news.set()

    def _forget_the_oldest(self, target: str) -> None:
        mine = [mark for mark, each in self._waiting.items() if each.walk.target == target]
        for mark in mine[:-_MOST_A_TARGET]:
            del self._waiting[mark]

    # ---------------------------------------------------------------- asking

    async def run(self) -> None:
        """For ever: the next that is due, one at a time."""
        while True:
            self._news.clear()
            wait_s = min((each.due_s for each in self._waiting.values()), default=None)
            try:
                async with asyncio.timeout(None if wait_s is None else max(0.0, wait_s - self._clock.elapsed_s())):
                    await self._news.wait()
            except TimeoutError:
                await self._next()

    async def _next(self) -> None:
        mark, waiting = min(self._waiting.items(), key=lambda each: each[1].due_s)
        if not self._affordable():
            self._put_off(self._pace.witness_again_s)
            return
        account = await self._asker.account(waiting.walk)
        if waiting.walk.told is None or account.hearing in (Hearing.TOLD, Hearing.FALSE):  # silence takes no word back
            waiting.walk = replace(waiting.walk, told=account)
        await self._spool.add_account(waiting.walk)
        await self._spool.remember(_MEMORY, [self._asker.newest.number, self._asker.newest.digest])
        self._told(waiting.walk)
        self._once_more(mark, waiting, silent=account.hearing is Hearing.SILENT)

    def _once_more(self, mark: str, waiting: Waiting, *, silent: bool) -> None:
        """Whether to ask again, and when. One silence speaks for all that wait: they would go the same ways."""
        waiting.times += not silent
        self._silent = self._silent + 1 if silent else 0
        too_old = self._age_ms(waiting.walk) > self._pace.witness_keep_s * 1000
        enough = complete(waiting.walk) or waiting.times >= _MOST_TIMES_TOLD
        if self._waiting.get(mark) is not waiting:
            return
        if too_old or (enough and not silent):
            del self._waiting[mark]
        elif silent:
            self._put_off(self._pace.witness_again_s * 2 ** min(self._silent - 1, _MOST_DOUBLINGS))
        else:
            waiting.due_s = self._clock.elapsed_s() + self._pace.witness_s * 2**waiting.times

    def _age_ms(self, walk: Walk) -> int:
        """By the time since the boot, where it was walked in this one: our clock may have been set since."""
        known = walk.boot_ms is not None
        return self._clock.boot_ms() - (walk.boot_ms or 0) if known else self._clock.now_ms() - walk.started_ms

    def _put_off(self, about_s: float) -> None:
        self._not_before_s = self._clock.elapsed_s() + spread_s(self._secret, "witness", self._silent, about_s)
        for each in self._waiting.values():
            each.due_s = max(each.due_s, self._not_before_s)

    # ---------------------------------------------------------------- over a restart, and a reload

    async def recall(self) -> None:
        """What a restart would forget: who waits, and the newest line ever seen."""
        match await self._spool.recall(_MEMORY):
            case [int(number), str(digest)]:
                self._asker.newest = Newest(number, digest)
        since_ms = max(0, self._clock.now_ms() - int(self._pace.witness_keep_s * 1000))
        for walk in await self._spool.walks(since_ms=since_ms, limit=_MOST_RECALLED):
            if walk.told is None or walk.told.hearing is Hearing.SILENT:
                self.note(Round(walk.target, 0, walk.reason, walk.started_ms, (walk,)))

    def inherit(self, before: Hearings) -> None:
        """What a reload would forget, as far as it is of the same responder."""
        if self._asker.far.responder == before._asker.far.responder:
            self._asker.newest = before._asker.newest
            self._waiting = before._waiting
