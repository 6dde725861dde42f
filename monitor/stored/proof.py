"""Receiver against spool, series by series: what was delivered must be there, each sample at its time with its value.

Compared is what is settled: neither still owed nor set aside. A sealed hour cannot be compared on the box.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from monitor.decoding import from_json
from monitor.home.digests import Held, Running, same, series_id
from monitor.home.holders import Holder
from monitor.home.querying import Unanswered
from monitor.keeping.pieces import HOUR_MS
from monitor.metrics import NAMES_HOME
from monitor.stored.kept import Kept, Named, Stated

DAY_MS = 24 * HOUR_MS


@dataclass(slots=True)
class Proof:
    """Of one destination.

    Attributes:
        missing, different: samples, by series; `lacking`: the ticks they stand in, and how many samples each has.
        sealed_hours: cannot be read here, and so not compared.
        owed: ticks that are still on their way.
        waiting: samples it has taken and cannot show yet: some of what is missing may be among them.
        aside: samples it will not take, by reason; a tick that is set aside whole counts all of its samples.
        unanswered: why not all of it could be asked for.
    """

    destination: str
    hours: set[int] = field(default_factory=set)
    series: set[str] = field(default_factory=set)
    samples: int = 0
    missing: Counter[Named] = field(default_factory=Counter)
    different: Counter[Named] = field(default_factory=Counter)
    lacking: dict[int, int] = field(default_factory=dict)
    sealed_hours: int = 0
    owed: int = 0
    waiting: int = 0
    aside: Counter[str] = field(default_factory=Counter)
    unanswered: str | None = None

    @property
    def whole(self) -> bool:
        return not self.lacking and self.unanswered is None


class Expected:
    """What a destination should hold by the spool.

    Args:
        also: series beyond the home set that go there.
    """

    def __init__(self, kept: Kept, destination: str, also: frozenset[str], proof: Proof) -> None:
        self._kept, self._destination, self._also, self._proof = kept, destination, also, proof
        self._owed = kept.owed(destination)

    def ticks(self, from_ms: int, until_ms: int) -> Iterator[tuple[Stated, list[tuple[Named, float]]]]:
        """Of each settled tick the samples that went there. Counts on the way what did not."""
        aside = self._kept.aside(self._destination, from_ms, until_ms)
        for tick in self._kept.ticks(from_ms, until_ms):
            if tick.at_ms in self._owed:
                continue
            refused = aside.get(tick.at_ms, {})
            mine = [(named, value) for named, value in tick.samples if self._goes(named) and not math.isnan(value)]
            yield tick, [] if None in refused else [each for each in mine if each[0] not in refused]

    def count_the_rest(self, from_ms: int, until_ms: int) -> None:
        """What cannot be compared, and why."""
        sealed = {each.hour_ms for each in self._kept.sealed(from_ms, until_ms)} if not self._kept.opens else ()
        self._proof.sealed_hours = len(sealed)
        self._proof.owed = sum(from_ms <= at_ms < until_ms for at_ms in self._owed)
        aside = self._kept.aside(self._destination, from_ms, until_ms)
        for tick in self._kept.ticks(from_ms, until_ms) if aside else ():
            for named, reason in aside.get(tick.at_ms, {}).items():
                self._proof.aside[reason] += 1 if named is not None else self.owed_of(tick)

    def owed_of(self, tick: Stated) -> int:
        """How many samples of it go there, staleness markers among them."""
        names = (*(named for named, _ in tick.samples), *tick.ended)
        return sum(self._goes(named) for named in names)

    def _goes(self, named: Named) -> bool:
        return named[0] in NAMES_HOME or named[0] in self._also


async def prove(
    kept: Kept, destination: str, holder: Holder, *, also: frozenset[str], since_ms: int, until_ms: int
) -> Proof:
    """Asks day by day in digests where they are said, and hour by hour where something differs, or none are."""
    proof = Proof(destination)
    expected = Expected(kept, destination, also, proof)
    expected.count_the_rest(since_ms, until_ms)
    for from_ms, end_ms in _days(since_ms, until_ms):
        differing = await _differing(expected, holder, from_ms, end_ms, proof) if holder.in_digests else None
        for hour_ms in range(from_ms, end_ms, HOUR_MS) if differing != set() else ():
            await _hour(expected, holder, hour_ms, min(hour_ms + HOUR_MS, end_ms), differing, proof)
        proof.waiting = max(proof.waiting, holder.waiting)
        if proof.unanswered is not None:
            break
    return proof


def _days(since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """From the beginning of an hour, for a database is asked hour by hour."""
    since_ms -= since_ms % HOUR_MS
    yield from ((from_ms, min(from_ms + DAY_MS, until_ms)) for from_ms in range(since_ms, until_ms, DAY_MS))


async def _differing(expected: Expected, holder: Holder, from_ms: int, until_ms: int, proof: Proof) -> set[str]:
    """The series of which the digest is another; the others are whole, and counted as compared."""
    running = Running()
    hours: defaultdict[str, set[int]] = defaultdict(set)
    for tick, stated in expected.ticks(from_ms, until_ms):
        for named, value in stated:
            running.add(id_of(named), ((tick.at_ms, value),))
            hours[id_of(named)].add(tick.at_ms // HOUR_MS)
    mine = running.digests()
    theirs = await holder.digests(from_ms, until_ms) if mine else {}
    if isinstance(theirs, Unanswered):
        proof.unanswered = theirs.why
        return set()
    whole = {series for series, digest in mine.items() if theirs.get(series) == digest}
    for series in whole:
        proof.samples += mine[series][0]
        proof.hours |= hours[series]
    proof.series |= whole
    return set(mine) - whole


async def _hour(
    expected: Expected, holder: Holder, from_ms: int, until_ms: int, only: set[str] | None, proof: Proof
) -> None:
    """Sample by sample, of these series or of all."""
    stated: defaultdict[Named, dict[int, float]] = defaultdict(dict)
    sizes = {}
    for tick, samples in expected.ticks(from_ms, until_ms):
        sizes[tick.at_ms] = expected.owed_of(tick)
        for named, value in samples:
            if only is None or id_of(named) in only:
                stated[named][tick.at_ms] = value
    if not stated or proof.unanswered is not None:
        return
    theirs = await holder.held(from_ms, until_ms, {id_of(named): of for named, of in stated.items()})
    if isinstance(theirs, Unanswered):
        proof.unanswered = theirs.why
        return
    proof.hours.add(from_ms // HOUR_MS)
    for named, of in stated.items():
        proof.series.add(id_of(named))
        proof.samples += len(of)
        _compare(named, of, theirs, sizes, proof)


def _compare(named: Named, of: Mapping[int, float], theirs: Held, sizes: Mapping[int, int], proof: Proof) -> None:
    held = theirs.get(id_of(named), {})
    for at_ms, value in of.items():
        if at_ms not in held:
            proof.missing[named] += 1
        elif not same(held[at_ms], value):
            proof.different[named] += 1
        else:
            continue
        proof.lacking[at_ms] = sizes[at_ms]


@lru_cache(maxsize=100_000)
def id_of(named: Named) -> str:
    labels: dict[str, str] = from_json(named[1])
    return series_id(named[0], labels)
