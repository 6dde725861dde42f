"""Time cut into slots, and what each says of networks, services and controls. Arithmetic over what rules recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitor.dossier import played
from monitor.dossier.named import watched
from monitor.dossier.played import Played, Told
from monitor.evidence.lines import Box
from monitor.evidence.window import Window

SLOT_MS, HOUR_MS = 600_000, 3_600_000
_VERDICTS = (played.VERDICT, played.VERDICT_LINES)
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
_MOST_SLOTS = 600  # of one chart: beyond that nobody sees one
INSIDE, LANDMARKS = "inside", "landmarks"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one slot says of one service in one network. `lines`: independent ones that say it; 0: nobody counted."""

    verdict: str
    lines: int


NOTHING = Cell("", 0)


@dataclass(slots=True)
class Grid:
    """`reach`, `outside` (by landmarks), `lines` by network; `cells` by network and service; `control` by service."""

    since_ms: int
    until_ms: int
    slot_ms: int
    reach: dict[str, list[float | None]] = field(default_factory=dict)
    outside: dict[str, list[float | None]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    cells: dict[tuple[str, str], list[Cell]] = field(default_factory=dict)
    control: dict[str, list[float | None]] = field(default_factory=dict)
    control_networks: dict[str, list[int]] = field(default_factory=dict)

    @property
    def slots(self) -> range:
        return range(self.since_ms, self.until_ms, self.slot_ms)

    def at(self, at_ms: int) -> int:
        """The number of the slot that moment is in."""
        return min(max(0, (at_ms - self.since_ms) // self.slot_ms), len(self.slots) - 1)


def slot_of(window: Window) -> int:
    """Ten minutes; of long windows as many hours as it takes, of which a day holds a whole number; then whole days."""
    length_ms = window.until_ms - window.since_ms
    if length_ms <= _MOST_SLOTS * SLOT_MS:
        return SLOT_MS
    hours = -(-length_ms // (_MOST_SLOTS * HOUR_MS))
    return next((each for each in _HOURS if each >= hours), -(-hours // 24) * 24) * HOUR_MS


def grid(boxes: Sequence[Box], found: Played, window: Window) -> Grid:
    """Of every network a box of ours stands in, and every service it walks."""
    made = Grid(window.since_ms, window.until_ms, slot_of(window))
    line_of = {each.identity.get("vantage", ""): each.line for each in boxes}
    for network in sorted({each.network for each in boxes if each.role == INSIDE and each.network}):
        told = list(found.of(played.REACH, network=network, source=INSIDE))
        made.reach[network] = [_mean(told, at_ms, made.slot_ms) for at_ms in made.slots]
        marks = list(found.of(played.REACH, network=network, source=LANDMARKS))
        if marks:
            made.outside[network] = [_mean(marks, at_ms, made.slot_ms) for at_ms in made.slots]
        spoke = list(found.of(played.CONNECTIVITY, network=network, scope="international", role=INSIDE))
        made.lines[network] = [_lines(spoke, line_of, at_ms, made.slot_ms) for at_ms in made.slots]
    pairs = sorted({_of(each) for each in found.of(played.VERDICT)})
    people_use = watched(service for _, service in pairs)
    for network, service in pairs:
        if network in made.lines and service in people_use:
            said = _Said.of(found, network, service)
            made.cells[(network, service)] = [said.cell(at, made.slot_ms) for at in made.slots]
    for service in sorted({service for _, service in made.cells}):
        ok, fails = (
            list(found.of(played.CONTROL_OK, service=service)),
            list(found.of(played.CONTROL_FAILS, service=service)),
        )
        counted = [(_mean(ok, at, made.slot_ms) or 0.0, _mean(fails, at, made.slot_ms) or 0.0) for at in made.slots]
        made.control[service] = [good / (good + bad) if good + bad else None for good, bad in counted]
        made.control_networks[service] = [round(good) for good, _ in counted]
    return made


def _of(told: Told) -> tuple[str, str]:
    return told.labels.get("network", ""), told.labels.get("service", "")


def _mean(told: Sequence[Told], at_ms: int, slot_ms: int) -> float | None:
    values = [each.within(at_ms, at_ms + slot_ms) for each in told]
    every = np.concatenate(values) if values else np.empty(0)
    return float(every.mean()) if len(every) else None


def _lines(told: Sequence[Told], line_of: Mapping[str, str], at_ms: int, slot_ms: int) -> int:
    spoke = (each.labels.get("vantage", "") for each in told if len(each.within(at_ms, at_ms + slot_ms)))
    return len({line_of.get(vantage, vantage) for vantage in spoke})


@dataclass(frozen=True, slots=True)
class _Said:
    """Of one service in one network: each verdict, and how many lines say it."""

    verdicts: Mapping[str, Sequence[Told]]
    lines: Mapping[str, Sequence[Told]]

    @classmethod
    def of(cls, found: Played, network: str, service: str) -> _Said:
        return cls(*(_by_verdict(found.of(n, network=network, service=service)) for n in _VERDICTS))

    def cell(self, at_ms: int, slot_ms: int) -> Cell:
        """What was said for the longest time of it; of two alike the graver."""
        end_ms = at_ms + slot_ms
        said = {word: sum(len(e.within(at_ms, end_ms)) for e in each) for word, each in self.verdicts.items()}
        if not any(said.values()):
            return NOTHING
        verdict = max(said, key=lambda word: (said[word], word != "ok"))
        return Cell(verdict, round(_mean(self.lines.get(verdict, ()), at_ms, slot_ms) or 0))


def _by_verdict(told: Iterable[Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for each in told:
        found.setdefault(each.labels.get("verdict", ""), []).append(each)
    return found
