"""Transfers in pairs: which three walks one is, when a slow one is repeated, what is known of each target by now."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from monitor import metrics
from monitor.beat.turns import Next
from monitor.metrics import Series
from probes import throttle
from probes.facts import Endpoint, Round, Target, Walk
from probes.throttle import Pair, Settled
from probes.words import Finding, Kind, Reason, Step, Transport

FETCHES_A_PAIR = 3
NEUTRAL = ".neutral"  # what its other half is called: no id of a file holds a dot
_TLS_PORT = 443

One = Callable[[Target, Next, Reason], Awaitable[Walk]]


async def walked(target: Target, chosen: Sequence[Next], reason: Reason, one: One) -> tuple[Walk, ...]:
    """A-B-A, one after another, to each endpoint that is due; where A did not come to its transfer, A alone."""
    walks: list[Walk] = []
    for each in chosen:
        walks.append(await one(target, each, reason))
        other = neutral(target, each)
        if other is None or walks[-1].last.step is not Step.TRANSFER:
            continue
        walks.append(await one(*other, reason))
        walks.append(await one(target, each, reason))
    return tuple(walks)


def neutral(target: Target, tested: Next) -> tuple[Target, Next] | None:
    """The other half of a pair: the same address and its own name, or another host. None: it is fetched alone."""
    options = {key: value for key, value in target.options.items() if key != "home"}
    said, elsewhere = options.pop("says", None), options.pop("neutral", None)
    there = tested
    if elsewhere is not None:
        host, slash, path = elsewhere.partition("/")
        options["path"] = slash + path
        there = Next(Endpoint(host, _TLS_PORT, Transport.TCP), tested.turn)
    elif said is None:
        return None
    return replace(target, id=target.id + NEUTRAL, options=options), there


@dataclass(slots=True)
class Known:
    """What is known of one target's transfers.

    Attributes:
        speed: bytes a second of the last round, the better of the tested.
        ratios: of the last pairs, each with its time.
        first: the slow pair that is being looked into, and `repeated` what came after it.
        finding: proven by the pairs, and holding until one is slow no more.
        farther: looked into, and no more to be had of it: what stands elsewhere may be slower for being farther.
    """

    speed: float | None = None
    ratios: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=throttle.PAIRS))
    first: Pair | None = None
    repeated: list[Pair | None] = field(default_factory=list)
    finding: Finding | None = None
    farther: bool = False

    def add(self, target: Target, pair: Pair | None, at_ms: int) -> None:
        if pair is not None and (ratio := pair.ratio) is not None:
            self.ratios.append((at_ms, ratio))
        if self.first is not None:
            self.repeated.append(pair)
            self._settle(target)
        elif pair is None:
            return
        elif self.finding is not None:
            self.finding = self.finding if self._upheld(pair) else None
        elif pair.slow and (pair.stalls or not self.farther):
            self.first, self.repeated = pair, []
        self.farther = self.farther and (pair is None or pair.slow)

    def _upheld(self, pair: Pair) -> bool:
        """Slowness is no stall: what is far away stays slow when nothing stalls any more."""
        return pair.stalls > 0 if self.finding is Finding.STALLED_TRANSFER else pair.slow

    def _settle(self, target: Target) -> None:
        assert self.first is not None
        settled = throttle.settle(self.first, self.repeated)
        if settled is Settled.OPEN:
            return
        if settled is Settled.STALLS:
            self.finding = Finding.STALLED_TRANSFER
        elif settled is Settled.SLOWER and by_name(target, [self.first, *self.repeated]):
            self.finding = Finding.THROTTLED_BY_NAME
        self.farther = self.finding is None and "neutral" in target.options
        self.first, self.repeated = None, []

    def ratio(self, now_ms: int, looked_back_s: float) -> float | None:
        """The lower median of what was seen lately: one slow pair beside a good one says nothing."""
        recent = [ratio for at_ms, ratio in self.ratios if now_ms - at_ms <= looked_back_s * 1000]
        return statistics.median_low(recent) if recent else None


def by_name(target: Target, pairs: Sequence[Pair | None]) -> bool:
    """Whether the halves of these pairs differed in the name and in nothing else."""
    other_name = "says" in target.options and "neutral" not in target.options
    return other_name and all(pair is not None and pair.same_address for pair in pairs)


@dataclass(slots=True)
class Transfers:
    """Every target of kind `transfer`. `looked_back_s`: how old a pair may be that is part of a ratio."""

    looked_back_s: float = 3600.0
    known: dict[str, Known] = field(default_factory=dict)

    def add(self, target: Target, done: Round) -> Round:
        """Takes in a finished round; gives it back as it speaks of its target: without neutral walks, with findings."""
        if target.kind is not Kind.TRANSFER:
            return done
        known = self.known.setdefault(target.name, Known())
        tested = [walk for walk in done.walks if walk.target == target.name]
        speeds = [speed for speed in map(throttle.goodput, tested) if speed is not None]
        known.speed = max(speeds, default=None)
        known.add(target, throttle.pair(done.walks, target.name), done.started_ms)
        return structs.replace(done, walks=tuple(_with(walk, known.finding) for walk in tested))

    def unsettled(self, name: str) -> bool:
        """A slow pair is being looked into: more are wanted, and soon."""
        return name in self.known and self.known[name].first is not None

    def samples(self, target: Target, now_ms: int) -> Iterator[tuple[Series, float]]:
        known = self.known.get(target.name)
        key = (target.service, target.id)
        if known is not None and known.speed is not None:
            yield Series(metrics.TRANSFER_SPEED, key), known.speed
        if known is not None and (ratio := known.ratio(now_ms, self.looked_back_s)) is not None:
            yield Series(metrics.TRANSFER_RATIO, key), ratio


def _with(walk: Walk, finding: Finding | None) -> Walk:
    if finding is None or walk.last.step is not Step.TRANSFER:
        return walk
    last = structs.replace(walk.last, findings=(*walk.last.findings, finding))
    return structs.replace(walk, steps=(*walk.steps[:-1], last))
