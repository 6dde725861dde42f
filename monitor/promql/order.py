"""In which order rules are lived through so that many moments can be taken at once. Pure: knows who reads whom.

A rule that depends on nothing that depends on it can live through an hour in one go, once those it reads have. Rules
that depend on one another in a circle (memory that outlives an hour reads what it is read by) make a knot, and live
together for as long as none of them has to see what another one has not written yet.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.promql.needing import needs
from monitor.promql.reading import Group, Rule

ALERTS = "ALERTS"


@dataclass(frozen=True, slots=True)
class Step:
    """A rule at its place among all rules."""

    place: int
    rule: Rule
    interval_ms: int

    def moments(self, since_ms: int, until_ms: int) -> range:
        """Multiples of the interval, both ends among them."""
        return range(-(-since_ms // self.interval_ms) * self.interval_ms, until_ms + 1, self.interval_ms)


@dataclass(frozen=True, slots=True)
class _Back:
    """`reader` stands before `writer`, or is it: it sees what was written a moment ago, or `offset_ms` ago."""

    reader: Step
    writer: Step
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps in their order, and who of them looks up at whom."""

    steps: tuple[Step, ...]
    backs: tuple[_Back, ...]

    def segments(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
        """Stretches of time that all steps can live through one after the other."""
        while since_ms <= until_ms:
            end_ms = min([until_ms, *(self._before(back, since_ms) for back in self.backs)])
            yield since_ms, end_ms
            since_ms = end_ms + 1

    def seen_after(self, writer: Step, wrote_ms: int) -> float:
        """Until when nobody who looks up has to see what it wrote at that moment."""
        return min((self._before(back, wrote_ms) for back in self.backs if back.writer is writer), default=math.inf)

    def _before(self, back: _Back, since_ms: int) -> int:
        """The last millisecond before its reader has to see what its writer writes in this stretch."""
        wrote_ms = back.writer.moments(since_ms, since_ms + back.writer.interval_ms)[0]
        sees_ms = max(wrote_ms + back.offset_ms, wrote_ms + 1)
        return back.reader.moments(sees_ms, sees_ms + back.reader.interval_ms)[0] - 1


@dataclass(frozen=True, slots=True)
class Order:
    """`steps`: those that are needed, by place. `stages`: the same, whoever is read before whoever reads."""

    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]


@functools.lru_cache(maxsize=64)
def ordered(groups: tuple[Group, ...], names: frozenset[str]) -> Order:
    """For alerts, and for whoever asks for these names. Worked out once for the same rules."""
    needful = needed(steps(groups), set(names))
    written: defaultdict[str, list[Step]] = defaultdict(list)
    for step in needful:
        written[step.rule.record or ALERTS].append(step)
    return Order(tuple(needful), tuple(stages(needful, written)))


def steps(groups: Sequence[Group]) -> list[Step]:
    """Of all groups, in the order in which they are evaluated at the same moment."""
    rules = [(rule, group.interval_ms) for group in groups for rule in group.rules]
    return [Step(place, rule, interval_ms) for place, (rule, interval_ms) in enumerate(rules)]


def needed(every: Sequence[Step], names: set[str]) -> list[Step]:
    """Those that alerts, or whoever asks for these names, depend on."""
    wanted = set(names)
    found: set[int] = set()
    while True:
        new = [each for each in every if each.place not in found and (each.rule.alert or each.rule.record in wanted)]
        if not new:
            return [each for each in every if each.place in found]
        for each in new:
            found.add(each.place)
            wanted |= {need.name for need in needs(each.rule.plan)}


def stages(every: Sequence[Step], written: Mapping[str, Sequence[Step]]) -> list[Stage]:
    """Whoever is read before whoever reads. `written`: who writes a name."""
    reads = {
        each.place: [w.place for need in needs(each.rule.plan) for w in written.get(need.name, ())] for each in every
    }
    by_place = {each.place: each for each in every}
    return [_stage([by_place[place] for place in sorted(knot)], written) for knot in _knots(reads)]


def _stage(knot: Sequence[Step], written: Mapping[str, Sequence[Step]]) -> Stage:
    inside = {each.place for each in knot}
    backs = [
        _Back(reader, writer, need.offset_ms)
        for reader in knot
        for need in needs(reader.rule.plan)
        for writer in written.get(need.name, ())
        if writer.place in inside and writer.place >= reader.place
    ]
    return Stage(tuple(knot), tuple(backs))


def _knots(reads: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Strongly connected parts, what is read first (Tarjan 1972)."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    open_: list[int] = []
    found: list[list[int]] = []

    def visit(place: int) -> None:
        number[place] = low[place] = len(number)
        open_.append(place)
        for other in reads[place]:
            if other not in number:
                visit(other)
            if other in open_:
                low[place] = min(low[place], low[other])
        if low[place] == number[place]:
            start = open_.index(place)
            found.append(open_[start:])
            del open_[start:]

    for place in reads:
        if place not in number:
            visit(place)
    return found
