"""Steps over the quiet: while nothing on a line changes and a box has said the same again and again, it is let sleep.

Its ticks go on, each with its own time and heartbeat; its rounds are passed over, up to those that a box which had
stayed awake would still remember when it wakes. That this gives the very ticks of one that walked every round is held
by tests/monitor/backtest/test_backtest_doze.py, for worlds with blocks, cuts and noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor import metrics
from monitor.beat.comparisons import COMPARABLE
from monitor.beat.errands import Errand
from monitor.beat.spread import next_round
from monitor.judge import State
from monitor.meaning.cause import WINDOWS
from monitor.meaning.evidence import ROUNDS_LOOKED_AT
from monitor.meaning.standing import Standing
from monitor.meaning.view import View
from monitor.rounds import Rounds
from monitor.tick import Tick
from probes.facts import Round
from probes.words import Scope

_COUNTED = frozenset({metrics.BYTES, metrics.MISSED, metrics.HEARTBEAT})  # what only ever grows says nothing of a line
_SETTLED_TICKS = 1
_SETTLED_MS = 35 * 60_000  # by then everything has been walked since the last change, what is walked seldom too
_COMPARED_MS = 3 * 3_600_000
_LONGEST_MS = 6 * 3_600_000
_SHORTEST_MS = 5 * 60_000  # below that nothing is gained
_ROUNDS_BEFORE_WAKING = 2  # of each turn: what a box remembers of a target is its last rounds
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
AT_ONCE_S = 0.001  # moments nearer to each other than that are one


@dataclass(frozen=True, slots=True)
class Calm:
    """What a box's line is told to have ahead of it and behind, each asked with the present moment.

    Attributes:
        until_ms: until when every walk shows what it showed before; the moment itself: no longer.
        since_ms: when that which lasts last changed.
    """

    until_ms: Callable[[int], float]
    since_ms: Callable[[int], float]


NEVER = Calm(until_ms=lambda at_ms: at_ms, since_ms=lambda at_ms: at_ms)


def slept_past(secret: bytes, errand: Errand, start_s: float, wakes_s: float) -> tuple[int, float] | None:
    """The first round since the waking, and its start; None where that of `start_s` is it, or comes later."""
    if start_s > wakes_s - AT_ONCE_S:
        return None
    return next_round(secret, errand.name, wakes_s - AT_ONCE_S, errand.period_s)


class Doze:
    """Of one box."""

    def __init__(self, rounds: Rounds, view: View, calm: Calm, *, began_ms: int) -> None:
        self._rounds, self._view, self._calm, self._began_ms = rounds, view, calm, began_ms
        self._same = 0
        self._changed_ms = 0
        self._wakes_ms = 0.0
        self._slept_ms = 0

    def asleep(self, now_ms: int) -> bool:
        return now_ms < self._wakes_ms

    def wakes_s(self, errand: Errand) -> float:
        """From when on rounds of it are walked again, in seconds since 1970."""
        return self._wakes_ms / 1000 - _ROUNDS_BEFORE_WAKING * errand.turn_s if self._wakes_ms else 0.0

    def consider(self, tick: Tick, before: Tick | None, now_ms: int) -> None:
        """Whether to sleep now, and until when."""
        same = before is not None and _says_the_same(tick, before)
        self._same = self._same + 1 if same else 0
        if not same:
            self._changed_ms = now_ms
        if self._same < _SETTLED_TICKS or self._rounds.busy or not self._is_settled(now_ms):
            return
        if any(self._is_compared(each, now_ms) for each in self._view.standings.values()):
            return
        until_ms = min(self._calm.until_ms(now_ms), now_ms + _LONGEST_MS, *self._own_ends(now_ms))
        if until_ms - now_ms >= _SHORTEST_MS:
            self._wakes_ms = until_ms
            self._learn(now_ms, until_ms)

    def _is_settled(self, now_ms: int) -> bool:
        """Whether one more round of everything would leave everything as it is."""
        since_ms = self._calm.since_ms(now_ms)
        if now_ms - max(self._changed_ms, since_ms) >= _SETTLED_MS:
            return True
        if now_ms - self._began_ms < _SETTLED_MS:
            return False
        return all(_is_settled(each, since_ms, now_ms) for each in self._view.standings.values())

    def _is_compared(self, standing: Standing, now_ms: int) -> bool:
        """Whether comparisons may still teach something of it; what they agreed on, or never did, they have said."""
        record = standing.record
        if record.last is None or record.reached or record.target.kind not in COMPARABLE:
            return False
        agreed = len(record.windows) == WINDOWS and len(set(record.windows)) == 1
        return not agreed and now_ms - standing.since_ms < _COMPARED_MS

    def _own_ends(self, now_ms: int) -> list[float]:
        """When the box would change its words by itself: a canary dead for a day, the time to be asked anew."""
        deaths = [each.dead_since_ms for scope in Scope for each in self._view.canaries.of(scope)]
        ends = [float(each + _DAY_MS) for each in deaths if each is not None and each + _DAY_MS > now_ms]
        asks_ms = self._began_ms + self._rounds.time_due_s * 1000
        return [*ends, asks_ms] if asks_ms > now_ms - _SHORTEST_MS else ends

    def _learn(self, from_ms: int, until_ms: float) -> None:
        """What it would have learned each hour of steps that take as long as they do."""
        for hour in range(from_ms // _HOUR_MS + 1, int(until_ms // _HOUR_MS)):
            for standing in self._view.standings.values():
                success = standing.record.last_success()
                if success is not None and standing.judgement.state is State.OK:
                    self._view.baselines.learn(success, hour * _HOUR_MS)


def _is_settled(standing: Standing, since_ms: float, now_ms: int) -> bool:
    """It is as a target that was never lost, or as one that has failed alike for as long as anything is remembered.

    `since_ms`: each of its endpoints has been walked since then.
    """
    record = standing.record
    if record.last is None:
        return True
    if any(walk.started_ms < since_ms for walk in record.latest.values()):
        return False
    if record.reached:
        whole = all(walk.reached for walk in record.latest.values()) and record.clean_rounds >= WINDOWS
        return whole and not record.cusum and not record.slow_rounds and not record.house and not record.known
    failed = [*record.failed, record.last]
    counted = len(record.failed) in (0, ROUNDS_LOOKED_AT) and not 0 < record.well.rounds < ROUNDS_LOOKED_AT
    alike = len({_shape(each) for each in failed}) == 1 and counted
    return alike and now_ms - standing.since_ms >= _SETTLED_MS


def _shape(done: Round) -> tuple[object, ...]:
    """How a round failed, whatever address it was sent to."""
    return tuple(
        (walk.reached, walk.findings, walk.broken and walk.broken[0].step, walk.failure) for walk in done.walks
    )


def _says_the_same(tick: Tick, before: Tick) -> bool:
    if len(tick.samples) != len(before.samples):
        return False
    said = before.samples
    return all(said.get(s) == v or s.family in _COUNTED for s, v in tick.samples.items())
