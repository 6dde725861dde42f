"""Rules lived through: takes samples as they come, moves through time, says which alerts change. Sends nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from monitor.home.remotewrite import Labels
from monitor.promql import compiling, order
from monitor.promql.alerting import Alerting, Change
from monitor.promql.knot import Knot
from monitor.promql.labelsets import NAME
from monitor.promql.living import Failure, Living, Piece, Words
from monitor.promql.needing import Need, needs
from monitor.promql.now import Now
from monitor.promql.order import ALERTS, Stage, Step
from monitor.promql.reading import Group
from monitor.promql.recorded import Recorded
from monitor.promql.sources import Source
from monitor.promql.told import Told
from monitor.promql.understood import NotUnderstood, evaluated

CHUNK_MS = 3_600_000  # lived through at once, where rules allow it
_LAST = 1 << 30  # the place of who asks: after all rules


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far back anybody looks at a name: into samples from outside, and into what a rule wrote."""

    told_ms: dict[str, int] = field(default_factory=dict)
    kept_ms: dict[str, int] = field(default_factory=dict)

    def add(self, need: Need) -> None:
        self.told_ms[need.name] = max(self.told_ms.get(need.name, 0), need.back_ms)
        self.kept_ms[need.name] = max(self.kept_ms.get(need.name, 0), need.carried_ms)

    def covers(self, need: Need) -> bool:
        name = need.name
        return need.back_ms <= self.told_ms.get(name, -1) and need.carried_ms <= self.kept_ms.get(name, -1)


class Evaluation:
    """`keep`: names of recorded series that are handed back. `asked`: expressions that may be asked for later.

    Rules that neither an alert nor one of these needs are not evaluated. Groups are evaluated at the multiples of their
    interval, those of one moment in the order given. Begins at `since_ms`, or with the first sample to arrive.
    Raises NotUnderstood.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        keep: Collection[str] = (),
        asked: Sequence[str] = (),
        since_ms: int | None = None,
    ) -> None:
        self._next_ms = since_ms
        self._open = since_ms is None  # the first sample may still say when it begins
        self._reach = _Reach()
        asked_for = [need for expr in asked for need in needs(compiling.vector(expr))]
        found = order.ordered(tuple(groups), frozenset({*keep, *(need.name for need in asked_for)}))
        for need in (*asked_for, *(need for step in found.steps for need in needs(step.rule.plan))):
            self._reach.add(need)
        self._told: dict[str, Told] = {}
        self._living: dict[int, Living] = {}
        self._written: defaultdict[str, list[Recorded]] = defaultdict(list)
        for step in found.steps:
            living = self._living[step.place] = self._begun(step, step.rule.record in keep)
            if living.recorded is not None:
                self._written[step.rule.record or ALERTS].append(living.recorded)
        self._stages = found.stages
        self._pieces: list[Piece] = []
        self._failures: list[Failure] = []

    def _begun(self, step: Step, kept: bool) -> Living:
        """What a knot wrote early in an hour is read when the hour is over: nothing of it may be forgotten by then."""
        rule, name = step.rule, step.rule.record or ALERTS
        if rule.alert and rule.for_ms and name in self._reach.kept_ms:
            raise NotUnderstood(f"{ALERTS} of {rule.alert}, which has to wait before it fires")
        recorded = None
        if kept or name in self._reach.kept_ms:
            recorded = Recorded(step.place, step.interval_ms, self._reach.kept_ms.get(name, 0) + CHUNK_MS)
        return Living(step, recorded, Alerting(rule.alert, rule.for_ms) if rule.alert else None, kept)

    # ---------------------------------------------------------------- in

    def take(self, series: Labels, times_ms: ArrayLike, values: ArrayLike, arrived_ms: ArrayLike | None = None) -> None:
        """Samples of one series. `arrived_ms`: when the database could see each; none: at its own time.

        `series`: sorted pairs, `__name__` among them. A value that is STALE marks an end. Of two samples with one time
        the first to arrive counts. What no rule reads is not kept.
        """
        name = dict(series)[NAME]
        times = np.asarray(times_ms, dtype=np.int64)
        if not len(times):
            return
        arrived = times if arrived_ms is None else np.maximum(np.asarray(arrived_ms, dtype=np.int64), times)
        if self._open:
            first_ms = int(arrived.min())
            self._next_ms = first_ms if self._next_ms is None else min(first_ms, self._next_ms)
        if name not in self._reach.told_ms:
            return
        if name not in self._told:
            self._told[name] = Told(self._reach.told_ms[name])
        self._told[name].take(series, times, np.asarray(values, dtype=np.float64), arrived)

    # ---------------------------------------------------------------- through

    def until(self, at_ms: int) -> Iterator[Change]:
        """Every change up to and at this moment, in order of time. Time moves as the answer is read: read all of it."""
        self._open = False
        since_ms = at_ms if self._next_ms is None else self._next_ms
        while since_ms <= at_ms:
            end_ms = min(at_ms, since_ms + CHUNK_MS - 1)
            changes = self._lived(since_ms, end_ms)
            self._next_ms = since_ms = end_ms + 1
            yield from changes

    def _lived(self, since_ms: int, until_ms: int) -> list[Change]:
        for told in self._told.values():
            told.ready(since_ms)
        found: list[tuple[int, int, Change]] = []
        for stage in self._stages:
            for step, (changes, pieces, failures) in self._through(stage, since_ms, until_ms):
                self._pieces += pieces
                self._failures += failures
                found += ((change.at_ms, step.place, change) for change in changes)
        return [change for _, _, change in sorted(found, key=lambda each: each[:2])]

    def _through(self, stage: Stage, first_ms: int, last_ms: int) -> Iterator[tuple[Step, Words]]:
        if stage.backs:
            yield from Knot(stage, self._living, self).lived(first_ms, last_ms)
            return
        for step in stage.steps:
            if moments := step.moments(first_ms, last_ms):
                now = Now(np.arange(moments.start, moments.stop, moments.step), step.place, self)
                yield step, self._living[step.place].live(now)

    def sources(self, name: str) -> list[Source]:
        """Whoever has series of this name: what was taken, and each rule that writes it."""
        told = self._told.get(name)
        return [*([told] if told is not None else []), *self._written.get(name, ())]

    # ---------------------------------------------------------------- out

    def recorded(self) -> Iterator[Piece]:
        """What was recorded under the names to keep since this was last asked."""
        pieces, self._pieces = self._pieces, []
        yield from pieces

    def failures(self) -> list[Failure]:
        """Which rules failed since this was last asked."""
        failures, self._failures = self._failures, []
        return failures

    def ask(self, expr: str) -> list[tuple[Labels, float]]:
        """What an expression says at the last moment reached. Raises NotUnderstood, also for what is not kept."""
        plan = compiling.vector(expr)
        for need in needs(plan):
            if not self._reach.covers(need):
                raise NotUnderstood(f"nobody keeps {need.name} for so long: name the expression in `asked`")
        now = Now(np.array([(self._next_ms or 0) - 1], dtype=np.int64), _LAST, self)
        found = evaluated(plan, now)
        if now.failed is not None:
            raise NotUnderstood("; ".join(now.why))
        rows = np.flatnonzero(found.there[:, 0])
        return [(found.labels.rows[row], float(found.values[row, 0])) for row in rows]
