"""How far our own clock is from the time that hosts abroad give with their answers, once they have proved themselves.

Pure. HTTP's `Date` is to the second (RFC 9110 section 6.6.1), which is enough: a day of drift is seconds. Nothing that
anybody on the way could have said counts, as plain NTP would.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from probes.facts import Target, Walk
from probes.words import Step

FEWEST_NETWORKS = 3  # that agree in the middle: a single host may have a wrong clock itself, or be told to lie
WRONG_S = 120.0  # so far ahead a hub takes a time (contract): beyond it, what we state is filed where nobody saw it
_HALF_A_SECOND_MS = 500  # what `Date` cuts off, in the middle
_KEPT_MS = 24 * 3_600_000
_WRITTEN_MS = 1_767_225_600_000  # 2026-01-01: this program was not there before
_AGES_MS = 10 * 366 * 86_400_000  # and no board lives as long as this after it


@dataclass(slots=True)
class TimeOfDay:
    """Network -> our clock minus what a host in it said, and when by our clock."""

    _told: dict[str, tuple[float, int]] = field(default_factory=dict)
    _doubted: bool = False

    def note(self, canary: Target, seen: Walk, now_ms: int) -> None:
        """Takes in a walk to a canary. Without an authenticated date in it, it says nothing."""
        before_s = 0.0
        for step in seen.steps:
            if step.step is Step.FETCH and step.date_ms is not None and seen.authenticated and canary.at is not None:
                answered_ms = seen.started_ms + (before_s + step.took_s / 2) * 1000
                offset_s = (answered_ms - step.date_ms - _HALF_A_SECOND_MS) / 1000
                self._told[canary.at.network] = (offset_s, now_ms)
            before_s += step.took_s

    def doubt(self) -> None:
        """Our clock jumped, or can hardly be right: nothing is built on it until somebody says what time it is."""
        self._doubted = True

    def believed_ms(self, now_ms: int) -> int | None:
        """What time it is: by our clock, or by the others' where ours is wrong; None while that is anybody's guess."""
        offset_s = self.offset_s(now_ms)
        if offset_s is not None:
            self._doubted = False
            return now_ms if abs(offset_s) <= WRONG_S else now_ms - round(offset_s * 1000)
        may_be = _WRITTEN_MS <= now_ms <= _WRITTEN_MS + _AGES_MS
        return now_ms if may_be and not self._doubted else None

    def forget(self) -> None:
        """Our clock was set: what was said of it before says nothing any more."""
        self._told.clear()

    def offset_s(self, now_ms: int) -> float | None:
        """Our clock minus true time, the median over networks; None while too few have said so lately."""
        lately = [offset_s for offset_s, at_ms in self._told.values() if 0 <= now_ms - at_ms <= _KEPT_MS]
        return statistics.median(lately) if len(lately) >= FEWEST_NETWORKS else None

    def is_wrong(self, now_ms: int) -> bool:
        offset_s = self.offset_s(now_ms)
        return offset_s is not None and abs(offset_s) > WRONG_S
