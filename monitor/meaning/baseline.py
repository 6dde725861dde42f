"""What each step usually takes on this line at this hour: the median of the same hour (UTC) of the last seven days.

Learns only while a target is ok, so that a bad week is not its own measure; keyed on UTC, so that a change of clocks is
no change of habit.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from probes.facts import Walk
from probes.words import Step

_HOURS = 24
_DAYS = 7
_MOST_SAMPLES = 240
_TIMES = 3.0  # slower than this many times the usual ...
_AT_LEAST_S = 0.25  # ... and by at least this much: a fast line may treble without anybody noticing

Key = tuple[str, Step]  # target name, step


class Baselines:
    """All steps of all targets of one vantage.

    Args:
        day_s: as in `monitor.pace.Pace`.
    """

    def __init__(self, *, day_s: float) -> None:
        self._hour_ms = day_s * 1000 / _HOURS
        self._hour = -1
        self._learning: defaultdict[Key, list[float]] = defaultdict(list)
        self._usual: defaultdict[Key, dict[int, list[float]]] = defaultdict(dict)

    def learn(self, walk: Walk, now_ms: int) -> None:
        """Takes in a walk that reached a target which is ok."""
        self._turn_the_hour(now_ms)
        for seen in walk.steps:
            samples = self._learning[(walk.target, seen.step)]
            if len(samples) < _MOST_SAMPLES:
                samples.append(seen.took_s)

    def usual_s(self, target: str, step: Step, now_ms: int) -> float | None:
        """The median of this hour over the last seven days; None before there was one such day."""
        days = self._usual[(target, step)].get(self._slot(now_ms))
        return statistics.median(days) if days else None

    def is_slow(self, walk: Walk, now_ms: int) -> bool:
        """Some step of it took three times as long as usual, and noticeably so."""
        for seen in walk.steps:
            usual_s = self.usual_s(walk.target, seen.step, now_ms)
            if usual_s is not None and seen.took_s > max(_TIMES * usual_s, usual_s + _AT_LEAST_S):
                return True
        return False

    def _slot(self, now_ms: int) -> int:
        return int(now_ms // self._hour_ms) % _HOURS

    def _turn_the_hour(self, now_ms: int) -> None:
        hour = int(now_ms // self._hour_ms)
        if hour == self._hour:
            return
        for key, samples in self._learning.items():
            days = self._usual[key].setdefault(self._hour % _HOURS, [])
            days.append(statistics.median(samples))
            del days[:-_DAYS]
        self._learning.clear()
        self._hour = hour

    # ---------------------------------------------------------------- over a restart

    def memory(self) -> dict[str, dict[str, list[float]]]:
        return {
            f"{target} {step}": {str(slot): days for slot, days in slots.items()}
            for (target, step), slots in self._usual.items()
            if slots
        }

    def recall(self, memory: Mapping[str, Mapping[str, Any]]) -> None:
        for name, slots in memory.items():
            target, _, step = name.partition(" ")
            self._usual[(target, Step(step))] = {int(slot): list(days) for slot, days in slots.items()}
