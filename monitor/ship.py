"""The way home: what is news first, and behind it what the spool still owes, until every destination has everything.

A sample is never changed: a resend is bit-identical, so one that came twice is harmless. What a receiver will not take
is found by halving and set aside; it never holds up the rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor import metrics
from monitor.beat.limits import Budget
from monitor.beat.spread import spread_s
from monitor.home import remotewrite
from monitor.home.answers import Outcome
from monitor.home.posting import Home, Reply, Ways
from monitor.home.remotewrite import STALE, Labels
from monitor.home.sifting import Progress, Sifting
from monitor.keeping.ticks import Kept, Refused
from monitor.logs import Log
from monitor.metrics import Series
from monitor.pace import Pace
from monitor.spool import Spool
from monitor.tick import Tick
from probes.ports import Clock

__all__ = ["Home", "Shipper"]

CONNECTION_KEPT_TICKS = 2.5  # a connection stays open over the next tick: else each pays for a handshake
_TICKS_KEPT = 10  # what is older is no longer live
_FEWEST_TICKS, _MOST_TICKS = 1, 120
_MOST_SAMPLES = 40_000  # of one request: a hub reads 50,000
_BRISK_SHARE = 1 / 3  # of the patience with one request: who answers sooner gets twice as much the next time
_MARGIN_S = 60.0  # what is about to be too old is too old when it arrives
_OK, _REFUSED, _FAILED = "ok", "refused", "failed"
_TOO_OLD, _FAULT = "too_old", "fault"
_LONGEST_WAITS = 120  # times the first wait

Sample = tuple[Labels, int, bytes]

_log = Log()


@dataclass(frozen=True, slots=True)
class Part:
    """What of one tick goes to one destination."""

    at_ms: int
    samples: tuple[Sample, ...]


class Shipper:
    """One destination. `offer` a tick, and `run` brings it there, now or in five days.

    Args:
        believed_ms: what time it is; None where nobody can say: then nothing is too old.
        keeps_still: nothing is sent meanwhile, and everything afterwards.
    """

    def __init__(
        self,
        home: Home,
        identity: Mapping[str, str],
        *,
        clock: Clock,
        budget: Budget,
        pace: Pace,
        spool: Spool,
        believed_ms: Callable[[], int | None] | None = None,
        keeps_still: Callable[[], bool] = lambda: False,
    ) -> None:
        self._home, self._identity, self._spool = home, identity, spool
        self._clock, self._budget, self._pace, self._believed_ms = clock, budget, pace, believed_ms or clock.now_ms
        self._keeps_still = keeps_still
        self.also = home.destination.series_beyond
        self._live: deque[Part] = deque(maxlen=_TICKS_KEPT)
        self._coming: tuple[int, ...] = ()  # the tick that is being kept, and will be news in a moment
        self._behind = True  # whether the spool may owe what is no longer live
        self._at_once = 4  # ticks of the backlog in one request
        self._news = asyncio.Event()
        kept_s = CONNECTION_KEPT_TICKS * pace.interval_s
        self._ways = Ways(home, patience_s=pace.ship_patience_s, kept_s=kept_s, spend=self._spend)
        self._wait_s = 0.0  # what the far end asked for
        self.pending = 0  # samples not acknowledged
        self.samples = Counter[str]()
        self.quarantined = Counter[str]()
        self.last_success_ms = 0

    @property
    def name(self) -> str:
        return self._home.destination.name

    def count(self, tick: Tick) -> int:
        """How many samples of it are owed here."""
        mine = tick.home(self.also)
        return len(mine.samples) + len(mine.ended)

    def expect(self, at_ms: int) -> None:
        """A tick is about to be kept and then offered: until then it is no backlog, though the spool owes it."""
        self._coming = (at_ms,)

    def offer(self, tick: Tick) -> None:
        """The home set of a tick, each ended series with its one staleness marker."""
        mine = tick.home(self.also)
        live = (self._sample(s.name, s.labels(self._identity), mine.at_ms, v) for s, v in mine.samples.items())
        gone = (self._sample(s.name, s.labels(self._identity), mine.at_ms, STALE) for s in mine.ended)
        part = Part(mine.at_ms, (*live, *gone))
        self._behind = True  # the oldest may have made room for it, or `didban verify` owes something again: look
        self._live.append(part)
        self._coming = ()
        self.pending += len(part.samples)
        self._news.set()

    def owes_more(self, samples: int) -> None:
        """The spool owes what was never news here."""
        self._behind = True
        self.pending += samples
        self._news.set()

    @staticmethod
    def _sample(name: str, rest: Mapping[str, str], at_ms: int, number: float) -> Sample:
        return remotewrite.labels(name, rest), at_ms, remotewrite.value(number)

    def inherit(self, before: Shipper) -> None:
        """What a reload would forget."""
        self._live.extend(before._live)
        self.samples, self.quarantined = before.samples, before.quarantined
        self.last_success_ms, self.pending = before.last_success_ms, before.pending
        self._news.set()

    def series(self) -> Iterator[tuple[Series, float]]:
        """What the tick says of this destination."""
        yield Series(metrics.SHIP_PENDING, (self.name,)), self.pending
        if self.last_success_ms:
            yield Series(metrics.SHIP_SUCCESS, (self.name,)), self.last_success_ms / 1000
        for result in (_OK, _REFUSED, _FAILED):
            yield Series(metrics.SHIP_SAMPLES, (self.name, result)), self.samples[result]
        for reason in (_TOO_OLD, _REFUSED, _FAULT):
            yield Series(metrics.SHIP_QUARANTINED, (self.name, reason)), self.quarantined[reason]

    # ---------------------------------------------------------------- what goes next

    async def run(self) -> None:
        """Sends for ever; after a failure it waits, each box in its own rhythm, or as long as it was asked to."""
        failures = 0
        self.pending = await self._spool.owed_samples(self.name)
        while True:
            self._news.clear()
            while (self._live or self._behind) and not self._keeps_still():
                if await self.send_waiting() and (self._live or await self._send_older()):
                    failures = 0
                    continue
                failures += 1
                about_s = self._pace.ship_backoff_s * min(2 ** (failures - 1), 12)
                wait_s = spread_s(self.name.encode(), self._identity["vantage"], failures, about_s)
                await asyncio.sleep(max(wait_s, min(self._wait_s, _LONGEST_WAITS * self._pace.ship_backoff_s)))
            await self._news.wait()

    async def send_waiting(self) -> bool:
        """Everything that is news; False if it has to be tried again."""
        parts = list(self._live)
        if not parts or not await self._deliver(parts):
            return not parts
        while self._live and any(self._live[0] is part for part in parts):  # others may have come meanwhile
            self._live.popleft()
        return True

    async def _send_older(self) -> bool:
        """One request of what the spool owes, the oldest first; False if it has to be tried again."""
        now_ms = self._believed_ms()
        oldest_ms = (now_ms or 0) - int((self._home.destination.accepts_age_s - _MARGIN_S) * 1000)
        if cut := await self._spool.cut(self.name, oldest_ms, _TOO_OLD):
            _log.warning("too_old_to_be_sent", destination=self.name, samples=cut)
            self.quarantined[_TOO_OLD] += cut
            self.pending -= cut
        news = [*(part.at_ms for part in self._live), *self._coming]
        owed = [self._part(kept) for kept in await self._spool.owed(self.name, but=news, most=self._at_once)]
        self._behind = bool(owed)
        self.pending = await self._spool.owed_samples(self.name)
        if not owed:
            self.pending = sum(len(part.samples) for part in self._live)
            return True
        while len(owed) > 1 and sum(len(part.samples) for part in owed) > _MOST_SAMPLES:
            owed.pop()
        began_s = self._clock.elapsed_s()
        done = await self._deliver(owed)
        brisk = self._clock.elapsed_s() - began_s < _BRISK_SHARE * self._pace.ship_patience_s
        more, fewer = min(_MOST_TICKS, 2 * self._at_once), max(_FEWEST_TICKS, self._at_once // 2)
        self._at_once = more if done and brisk else fewer
        return done

    async def settle(self) -> bool:
        """All that the spool owes, without waiting for news; False where some of it is not taken now."""
        self._behind = True
        while self._behind:
            if not await self._send_older():
                return False
        return True

    def _part(self, kept: Kept) -> Part:
        """As it was when it was news."""
        names, stated = self._spool.names, [*kept.samples, *((id, STALE) for id in kept.ended)]
        mine = ((names.of(id), number) for id, number in stated if names.goes_home(id, self.also))
        samples = (self._sample(*named, kept.at_ms, number) for named, number in mine if named is not None)
        return Part(kept.at_ms, tuple(samples))

    # ---------------------------------------------------------------- sending

    async def _deliver(self, parts: Sequence[Part], *, alive: bool = False) -> bool:
        """Until all of it is delivered or set aside; False if it has to be tried again.

        `alive`: the destination took something else just now, so that a fault is of what is sent.
        """
        if not any(part.samples for part in parts):
            await self._settled(parts)
            return True
        reply = await self._post(sample for part in parts for sample in part.samples)
        if reply.outcome is Outcome.TAKEN:
            await self._settled(parts)
            return True
        if reply.outcome is Outcome.LATER:
            return False
        if reply.outcome is Outcome.FAULT and not alive:
            return await self._takes_any(parts[-1]) and await self._deliver(parts, alive=True)
        if len(parts) > 1:
            middle = len(parts) // 2
            return await self._deliver(parts[:middle], alive=True) and await self._deliver(parts[middle:], alive=True)
        return await self._sift(parts[0], reply)

    async def _takes_any(self, part: Part) -> bool:
        """Whether a destination that says it is at fault takes one sample, or another: then it lives."""
        for sample in (*part.samples[:1], *part.samples[-1:]):
            if (await self._post([sample])).outcome is Outcome.TAKEN:
                return True
        return False

    async def _sift(self, part: Part, reply: Reply) -> bool:
        """Of a tick that is not taken: delivers what can be, and sets the rest aside."""

        async def ask(samples: Sequence[Sample]) -> Outcome:
            return (await self._post(samples)).outcome

        sifting = Sifting(part.samples)
        while (progress := await sifting.go_on(ask)) is Progress.OPEN:
            pass
        if progress is Progress.NOBODY:
            return False
        reason = _FAULT if reply.outcome is Outcome.FAULT else _REFUSED
        await self._settled([part], sifting.refused, reason)
        return True

    async def _settled(self, parts: Sequence[Part], refused: Sequence[Sample] = (), reason: str = "") -> None:
        aside = []
        if refused:
            self.quarantined[reason] += len(refused)
            numbers = tuple(self._number(each) for each in refused)
            aside.append(Refused(parts[0].at_ms, numbers, reason))
        await self._spool.settle(self.name, [part.at_ms for part in parts], aside)
        self.pending -= sum(len(part.samples) for part in parts)

    def _number(self, sample: Sample) -> int:
        rest = dict(sample[0])
        return self._spool.names.number(rest.pop("__name__"), rest)

    async def _post(self, samples: Iterable[Sample]) -> Reply:
        series = remotewrite.gather(samples)
        count = sum(len(each.samples) for each in series)
        reply = await self._ways.post(remotewrite.encode(series))
        words = {Outcome.TAKEN: _OK, Outcome.REFUSED: _REFUSED}
        self.samples[words.get(reply.outcome, _FAILED)] += count
        self._wait_s = reply.after_s
        if reply.outcome is Outcome.TAKEN:
            self.last_success_ms = self._clock.now_ms()
        return reply

    def _spend(self, sent: int, received: int) -> None:
        self._budget.spend(purpose="ship", sent=sent, received=received, now_ms=self._clock.now_ms())

    async def close(self) -> None:
        await self._ways.close()
