"""Carries what the queue holds to the database: news and what is late, both moving, each vantage in its turn.

One request holds samples of one vantage: whatever is in them, and whatever the database makes of them, holds up nobody
else. What it will not take is found by halving and set aside with a reason.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.home.answers import Outcome
from monitor.home.remotewrite import Malformed
from monitor.home.sifting import Progress, Sifting
from monitor.hub.batch import Aside, Batch, Sample, body_of, together
from monitor.hub.queue import ALWAYS, Queue, Span
from monitor.logs import Log
from probes.ports import Clock

_LIVE_MS = 150_000  # news is what was measured since then: two ticks, and the way here
_MOST_SAMPLES = 20_000  # of one request
_FEWEST, _MOST = 1, 64  # batches in one request
_A_TURN = 8  # questions, then another vantage has its turn
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_REASONS = {Outcome.REFUSED: "refused", Outcome.FAULT: "fault"}
UNREADABLE = "unreadable"  # what the disk gave back is no batch
REASONS = (*_REASONS.values(), UNREADABLE)

_log = Log()


class Database(Protocol):
    asked_to_wait_s: float

    async def send_on(self, body: bytes, *, doubted: bool = False) -> Outcome: ...


class Waits:
    """After how long somebody is tried again: doubling while it fails."""

    def __init__(self, clock: Clock, scale: float) -> None:
        self._clock, self._scale = clock, scale
        self._failures: defaultdict[str, int] = defaultdict(int)
        self._until_s: dict[str, float] = {}

    def failed(self, who: str, asked_s: float = 0.0) -> None:
        self._failures[who] += 1
        wait_s = min(_FIRST_WAIT_S * 2 ** (self._failures[who] - 1), _LONGEST_WAIT_S)
        self._until_s[who] = self._clock.elapsed_s() + max(wait_s, asked_s) / self._scale

    def went_well(self, who: str) -> None:
        self._failures.pop(who, None)
        self._until_s.pop(who, None)

    def left_s(self, who: str) -> float:
        return max(0.0, self._until_s.get(who, 0.0) - self._clock.elapsed_s())


@dataclass(frozen=True, slots=True)
class Begun:
    """A batch in which the bad samples are being looked for."""

    batch: Batch
    reason: str
    sifting: Sifting[Sample]


class Courier:
    """One of the two ends of the queue: the news, or what is late.

    Args:
        lives: whether the database takes a sample of our own now.
        landed: told of what the database has, before the queue forgets it.
    """

    def __init__(
        self,
        queue: Queue,
        forwarder: Database,
        *,
        live: bool,
        lives: Callable[[], Awaitable[bool]],
        clock: Clock,
        time_scale: float,
        landed: Callable[[Sequence[Batch]], Awaitable[None]] | None = None,
    ) -> None:
        self._landed = landed
        self._queue, self._forwarder, self._lives = queue, forwarder, lives
        self._clock, self._live = clock, live
        self._live_ms, self._idle_s = int(_LIVE_MS / time_scale), 5.0 / time_scale
        self._waits = Waits(clock, time_scale)
        self._turn: dict[str, int] = {}
        self._turns = 0
        self._at_once: defaultdict[str, int] = defaultdict(lambda: 16)
        self._begun: dict[str, Begun] = {}
        self._questions = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            self._queue.news.clear()
            if not await self.carry():
                wait_s = self._waits.left_s("") or self._idle_s
                try:
                    async with asyncio.timeout(wait_s):
                        await self._queue.news.wait()
                except TimeoutError:
                    continue

    async def carry(self) -> bool:
        """One turn of one vantage, a few questions long; False when nobody has anything to carry now."""
        if self._waits.left_s(""):
            return False
        waiting = sorted(self._queue.vantages(), key=lambda vantage: self._turn.get(vantage, 0))
        order = [vantage for vantage in waiting if not self._waits.left_s(vantage)]
        begun = next((place for place, vantage in enumerate(order) if vantage in self._begun), len(order))
        batches = await self._queue.take(order[:begun], self._span(), most=_MOST, most_samples=_MOST_SAMPLES)
        if not batches and begun == len(order):
            return False
        vantage = batches[0].vantage if batches else order[begun]
        self._turns += 1
        self._turn[vantage] = self._turns
        self._questions = 0
        if not batches:
            await self._sift(vantage)
            return True
        await self._deliver(batches[: self._at_once[vantage]])
        mine = self._begun[vantage].batch if vantage in self._begun else None
        self._queue.give_back(batch for batch in batches if batch is not mine)
        return True

    def _span(self) -> Span:
        since_ms = self._clock.now_ms() - self._live_ms
        return (since_ms, ALWAYS[1]) if self._live else (ALWAYS[0], since_ms)

    async def _deliver(self, batches: Sequence[Batch], *, alive: bool = False) -> bool:
        """Until all of it is delivered or about to be sifted; False when the rest has to come again.

        `alive`: the database took something else just now, so that a No is about what is sent.
        """
        vantage = batches[0].vantage
        try:
            body = await asyncio.to_thread(together, batches)
        except Malformed:  # one of them; alone, the database says which
            batches = batches[:1]
            body = batches[0].body
        outcome = await self._post(body, doubted=alive)
        if outcome is Outcome.TAKEN:
            self._at_once[vantage] = min(_MOST, 2 * len(batches))
            self._waits.went_well("")
            self._waits.went_well(vantage)
            await self._delivered(batches)
            await self._queue.settle(batches)
            return True
        if outcome is Outcome.LATER or not (alive or await self._lives()):
            await self._later(vantage)
            return False
        self._at_once[vantage] = max(_FEWEST, len(batches) // 2)
        if len(batches) == 1:
            await self._doubt(batches[0], _REASONS[outcome])
            return False
        middle = len(batches) // 2
        if not await self._deliver(batches[:middle], alive=True):
            return False
        # others wait: the rest of it has its turn again after theirs
        return self._questions < _A_TURN and await self._deliver(batches[middle:], alive=True)

    async def _doubt(self, batch: Batch, reason: str) -> None:
        """It alone is not taken: what of it is to blame is found in the turns to come."""
        try:
            self._begun[batch.vantage] = Begun(batch, reason, Sifting(await asyncio.to_thread(batch.loose)))
        except Malformed:
            _log.error("batch_unreadable", vantage=batch.vantage, samples=batch.samples)
            await self._queue.settle([batch], [batch.aside_whole(UNREADABLE)])

    async def _later(self, vantage: str) -> None:
        """Who rests: this vantage alone, where the database takes what is ours."""
        asked_s = self._forwarder.asked_to_wait_s
        self._waits.failed(vantage if await self._lives() else "", asked_s)

    async def _sift(self, vantage: str) -> None:
        """Of a batch that is not taken: delivers what can be, and sets the rest aside."""
        begun = self._begun[vantage]
        progress = await begun.sifting.go_on(self._ask, most=_A_TURN)
        if progress is Progress.OPEN:
            return
        del self._begun[vantage]
        if progress is Progress.NOBODY:
            self._queue.give_back([begun.batch])
            await self._later(vantage)
            return
        aside: list[Aside] = []
        if refused := begun.sifting.refused:
            aside.append(begun.batch.aside(refused, begun.reason))
            _log.warning("samples_set_aside", vantage=vantage, why=begun.reason, samples=len(refused))
        await self._delivered([begun.batch])
        await self._queue.settle([begun.batch], aside)
        self._queue.give_back([begun.batch])

    async def _delivered(self, batches: Sequence[Batch]) -> None:
        """Before the queue forgets them: somebody may have to look at that time again."""
        if self._landed is not None:
            await self._landed(batches)

    async def _ask(self, samples: Sequence[Sample]) -> Outcome:
        return await self._post(await asyncio.to_thread(body_of, samples), doubted=True)

    async def _post(self, body: bytes, *, doubted: bool) -> Outcome:
        self._questions += 1
        return await self._forwarder.send_on(body, doubted=doubted)
