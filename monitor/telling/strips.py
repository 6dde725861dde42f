"""The states of services in the last day and month as rows of letters, one a cell: what history strips are drawn from.

Pure. A cell that nothing is known of is a space: the box was off, or the past is not read yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from monitor.judge import State, worst
from monitor.telling.status import Json, instant

SLOT_MS = 900_000
HOUR_MS = 3_600_000
SLOTS, HOURS = 96, 720

LETTERS: Mapping[State, str] = {
    State.OK: "o",
    State.SLOW: "s",
    State.BROKEN: "b",
    State.INTERFERED: "i",
    State.REFUSED: "r",
    State.CUT_OFF: "c",
    State.INSUFFICIENT: "n",
}
_STATES = {letter: state for state, letter in LETTERS.items()}
_NOTHING = " "
_ENOUGH = 0.2  # of a cell: a failure that held so long is shown, however long it was well

Counts = Mapping[str, float]  # how often in each state, by its letter
Cells = dict[int, dict[str, str]]  # number of the cell since 1970 -> service -> letter


def letter(counts: Counts) -> str:
    """What a cell says: the failure that held longest, if any held for a fifth of it; else what it was mostly."""
    known = {each: count for each, count in counts.items() if count > 0}
    if not known:
        return _NOTHING
    total = sum(known.values())
    failed = {each: count for each, count in known.items() if each not in "on"}
    if failed and sum(failed.values()) >= _ENOUGH * total:
        return max(failed, key=lambda each: (failed[each], each))
    return max(known, key=lambda each: (known[each], each))


def of_targets(states: Iterable[Counts]) -> str:
    """The same of a service whose targets speak for it together: the worst of them, each by its own letter."""
    letters = [letter(each) for each in states if each]
    return LETTERS[worst([_STATES[each] for each in letters])] if letters else _NOTHING


@dataclass(slots=True)
class Strips:
    """What is known of the past.

    Attributes:
        slots: quarters of an hour, by number.
        hours: hours, by number.
    """

    slots: Cells = field(default_factory=dict)
    hours: Cells = field(default_factory=dict)

    def forget(self, now_ms: int) -> None:
        """What is older than a strip is long."""
        for cells, size_ms, most in ((self.slots, SLOT_MS, SLOTS), (self.hours, HOUR_MS, HOURS)):
            for number in [each for each in cells if not 0 <= now_ms // size_ms - each < most]:
                del cells[number]

    def as_json(self, now_ms: int, services: Iterable[str]) -> Json:
        """Both rows of every service, the oldest cell first; the last cell is the one under way."""
        names = tuple(services)
        letters = {each: state.value for each, state in _STATES.items()}
        day = _rows(now_ms // SLOT_MS, SLOTS, names, self._slot)
        month = _rows(now_ms // HOUR_MS, HOURS, names, self._hour)
        return {
            "letters": letters,
            "day": {"since": instant((now_ms // SLOT_MS - SLOTS + 1) * SLOT_MS), "cell_s": SLOT_MS // 1000} | day,
            "month": {"since": instant((now_ms // HOUR_MS - HOURS + 1) * HOUR_MS), "cell_s": HOUR_MS // 1000} | month,
        }

    def _slot(self, number: int, service: str) -> str:
        """What a sealed hour hides is said by its summary."""
        known = self.slots.get(number)
        return known.get(service, _NOTHING) if known else self.hours.get(number // 4, {}).get(service, _NOTHING)

    def _hour(self, number: int, service: str) -> str:
        """An hour that is not summed up yet is what its quarters say."""
        if (known := self.hours.get(number)) is not None:
            return known.get(service, _NOTHING)
        quarters = [self.slots.get(number * 4 + each, {}).get(service, _NOTHING) for each in range(4)]
        return letter({each: quarters.count(each) for each in set(quarters) - {_NOTHING}})


def _rows(last: int, most: int, services: Iterable[str], cell: Callable[[int, str], str]) -> Json:
    numbers = range(last - most + 1, last + 1)
    return {"services": {each: "".join(cell(number, each) for number in numbers) for each in services}}
