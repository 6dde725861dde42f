"""What controls see of a network from outside: the landmarks inside it that answer, against each one's own level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from probes.facts import Landmark, Target

_DAYS = 7


@dataclass(slots=True)
class _Level:
    """Walks and successes by day, of the last seven days on which it answered at all: an outage is no measure."""

    about: Landmark
    reached: bool | None = None  # None until walked since the start
    by_day: dict[int, list[int]] = field(default_factory=dict)

    def add(self, day: int, *, reached: bool) -> None:
        self.reached = reached
        walks = self.by_day.setdefault(day, [0, 0])
        walks[0] += 1
        walks[1] += reached
        answered = sorted(each for each, counts in self.by_day.items() if counts[1])
        for old in [each for each in self.by_day if each != day and each not in answered[-_DAYS:]]:
            del self.by_day[old]

    @property
    def level(self) -> float | None:
        """Share of walks that were answered; None for one that never was: geo-fenced or gone, it says nothing."""
        days = [counts for counts in self.by_day.values() if counts[1]]
        return sum(counts[1] for counts in days) / sum(counts[0] for counts in days) if days else None

    @property
    def answered(self) -> list[int]:
        """The days on which it answered, the last seven of them."""
        return sorted(day for day, counts in self.by_day.items() if counts[1])[-_DAYS:]


class Landmarks:
    """All landmarks of one control.

    Args:
        day_s: as in `monitor.pace.Pace`.
    """

    def __init__(self, *, day_s: float) -> None:
        self._levels: dict[str, _Level] = {}
        self._day_ms = day_s * 1000

    def add(self, target: Target, *, reached: bool, at_ms: int) -> None:
        assert target.about is not None
        level = self._levels.setdefault(target.name, _Level(target.about))
        level.about = target.about
        level.add(int(at_ms // self._day_ms), reached=reached)

    def ratios(self) -> Iterator[tuple[Landmark, float]]:
        """Per network and kind: how many answer now, over how many usually do; at most 1."""
        abouts = {level.about for level in self._levels.values()}
        for about in sorted(abouts, key=lambda a: (a.country, a.network, a.kind)):
            walked = [each for each in self._of(about) if each.reached is not None and not self._is_fenced(each)]
            usually = sum(each.level for each in walked if each.level is not None)
            if usually > 0:
                yield about, min(1.0, sum(each.reached is True for each in walked) / usually)

    def set_aside(self) -> tuple[str, ...]:
        """Those that were walked and speak for nothing: geo-fenced, or gone."""
        return tuple(sorted(n for n, x in self._levels.items() if x.reached is not None and self._is_fenced(x)))

    def _of(self, about: Landmark) -> list[_Level]:
        return [level for level in self._levels.values() if level.about == about]

    def _is_fenced(self, level: _Level) -> bool:
        """It never answered, or another of its network has answered on seven days since it last did.

        One that comes back first after a cut makes no fences of the others, before it has stayed for a week.
        """
        if not level.answered:
            return True
        last = level.answered[-1]
        return any(sum(day > last for day in each.answered) >= _DAYS for each in self._of(level.about))

    def inherit(self, before: Landmarks, targets: Mapping[str, Target]) -> None:
        """What a reload would forget, of those that are still there."""
        self._levels = {
            name: level
            for name, level in before._levels.items()
            if (target := targets.get(name)) is not None and target.about == level.about
        }

    def memory(self) -> dict[str, dict[str, list[int]]]:
        return {name: {str(day): counts for day, counts in x.by_day.items()} for name, x in self._levels.items()}

    def recall(self, memory: Mapping[str, Mapping[str, list[int]]], targets: Mapping[str, Target]) -> None:
        for name, days in memory.items():
            target = targets.get(name)
            if target is not None and target.about is not None:
                level = self._levels.setdefault(name, _Level(target.about))
                level.by_day = {int(day): list(counts) for day, counts in days.items()}
