"""What may be shown to everybody: shares of walks over time, coarse and late enough that they find no household.

Rows of ten minutes say what three lines or more agree on. Rows of a whole hour say the rest, once it is 24 h old: of
all lines of a network together, shares to a tenth, outcomes with three walks or more. There are no ids, cohorts,
regions, kinds of access, addresses, lengths or counts of walks in it, nothing found in a house, no target of one's own.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.evidence.forms.openmetrics import Gathering, head, series
from monitor.evidence.lines import Box
from monitor.evidence.window import Window, rfc3339
from monitor.stored.committed import Record
from probes.catalogue import SHIPPED, load_file, shipped
from probes.facts import Walk
from probes.words import LOCAL, Reason, Scope

SLOT_MS, HOUR_MS = 600_000, 3_600_000
_DAY_MS = 86_400_000
_FEWEST = 3  # lines that agree, or walks of one outcome

HEADER = (
    "from_utc", "minutes", "country", "network", "role", "service", "target", "outcome", "step", "failure",
    "share_of_walks", "lines_at_least_3",
)  # fmt: skip
FAMILY = "didban_public_walks_ratio"
OK, FAILED, FOUND = "ok", "failed", "found"

Source = Callable[[Box, int, int], Iterable[Record]]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    country: str
    network: str
    role: str
    target: str


@dataclass(frozen=True, slots=True, order=True)
class Outcome:
    """`step` and `failure` of one that failed; `failure` also for the word of what was found."""

    kind: str
    step: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`lines`: how many agree, where they are three or more; 0 where they are fewer."""

    at_ms: int
    minutes: int
    place: Place
    outcome: Outcome
    share: float
    lines: int

    def cells(self) -> tuple[str | int | float | None, ...]:
        service, _, target = self.place.target.partition("/")
        return (
            rfc3339(self.at_ms, digits=0), self.minutes, self.place.country, self.place.network, self.place.role,
            service, target, self.outcome.kind, self.outcome.step, self.outcome.failure, self.share, self.lines or None,
        )  # fmt: skip


@dataclass(slots=True)
class _Cell:
    """One place in one stretch of time. `lines`: what was seen by each; `walks` of all of them."""

    walks: int
    seen: Counter[Outcome]
    lines: defaultdict[str, Counter[Outcome]]

    @classmethod
    def empty(cls) -> _Cell:
        return cls(0, Counter(), defaultdict(Counter))


def shown() -> frozenset[str]:
    """Targets that everybody's Didban walks: a name of one's own would name its owner."""
    services = (load_file(SHIPPED / f"{name}.yml")[0] for name in shipped())
    targets = (target for service in services if service is not None for target in service.targets)
    return frozenset(target.name for target in targets if target.scope is not Scope.GATEWAY)


def rounded(window: Window) -> Window:
    """To whole slots, inward: half a slot would say when somebody asked."""
    return Window(-(-window.since_ms // SLOT_MS) * SLOT_MS, window.until_ms // SLOT_MS * SLOT_MS)


def rows(boxes: Sequence[Box], window: Window, now_ms: int, targets: frozenset[str], source: Source) -> Iterator[Row]:
    """A day in hand at a time, in the order of time. `source`: the records of a box, of that time."""
    window = rounded(window)
    days = range(window.since_ms // _DAY_MS * _DAY_MS, window.until_ms, _DAY_MS)
    for day_ms in days:
        day = Window(max(window.since_ms, day_ms), min(window.until_ms, day_ms + _DAY_MS))
        fine: defaultdict[tuple[int, Place], _Cell] = defaultdict(_Cell.empty)
        coarse: defaultdict[tuple[int, Place], _Cell] = defaultdict(_Cell.empty)
        for box in boxes:
            for record in source(box, day.since_ms, day.until_ms):
                if record.target in targets:
                    _count(fine, coarse, box, record)
        found = itertools.chain(_agreed(fine, now_ms), _old(coarse, window, now_ms))
        yield from sorted(found, key=lambda row: (row.at_ms, row.minutes, row.place, row.outcome))


def _count(
    fine: defaultdict[tuple[int, Place], _Cell],
    coarse: defaultdict[tuple[int, Place], _Cell],
    box: Box,
    record: Record,
) -> None:
    walk = record.walk
    if walk.reason is Reason.COMPARE or not LOCAL.isdisjoint(walk.findings):
        return
    place = Place(box.country, box.network, box.role, record.target)
    for cells, length_ms in ((fine, SLOT_MS), (coarse, HOUR_MS)):
        cell = cells[(record.started_ms // length_ms * length_ms, place)]
        cell.walks += 1
        for outcome in _outcomes(walk):
            cell.seen[outcome] += 1
            cell.lines[box.line][outcome] += 1


def _outcomes(walk: Walk) -> Iterator[Outcome]:
    broken = walk.broken[0] if walk.broken else None
    if broken is not None and broken.failure is not None:
        yield Outcome(FAILED, broken.step, broken.failure)
    elif walk.reached:
        yield Outcome(OK)
    yield from (Outcome(FOUND, "", finding) for finding in walk.findings)


def _agreed(cells: dict[tuple[int, Place], _Cell], now_ms: int) -> Iterator[Row]:
    """What three lines or more saw, each most of the time; of slots that are over."""
    for (at_ms, place), cell in cells.items():
        if at_ms + SLOT_MS > now_ms:
            continue
        mostly = Counter(outcome for seen in cell.lines.values() for outcome in _most(seen))
        for outcome, lines in mostly.items():
            if lines >= _FEWEST:
                yield Row(at_ms, 10, place, outcome, _share(cell, outcome), lines)


def _most(seen: Counter[Outcome]) -> Iterator[Outcome]:
    """Of how its walks ended, the commonest; and everything found."""
    ended = [outcome for outcome in seen if outcome.kind != FOUND]
    if ended:
        yield max(ended, key=lambda outcome: (seen[outcome], outcome))
    yield from (outcome for outcome in seen if outcome.kind == FOUND)


def _old(cells: dict[tuple[int, Place], _Cell], window: Window, now_ms: int) -> Iterator[Row]:
    """What fewer saw, an hour of it and a day later; of hours that are wholly asked for."""
    for (at_ms, place), cell in cells.items():
        if at_ms + HOUR_MS > now_ms - _DAY_MS or at_ms < window.since_ms or at_ms + HOUR_MS > window.until_ms:
            continue
        for outcome, count in cell.seen.items():
            if count >= _FEWEST:
                yield Row(at_ms, 60, place, outcome, _share(cell, outcome), 0)


def _share(cell: _Cell, outcome: Outcome) -> float:
    return round(cell.seen[outcome] / cell.walks, 1)


def gathered(gathering: Gathering, rows: Iterable[Row]) -> dict[str, str]:
    """The same as series, each stated at the end of its stretch."""
    for row in rows:
        service, _, target = row.place.target.partition("/")
        named = {
            "country": row.place.country, "network": row.place.network, "role": row.place.role, "service": service,
            "target": target, "outcome": row.outcome.kind, "step": row.outcome.step, "failure": row.outcome.failure,
            "minutes": str(row.minutes),
        }  # fmt: skip
        text = series(FAMILY, {key: value for key, value in named.items() if value})
        gathering.add(FAMILY, text, f"{text} {row.share} {row.at_ms // 1000 + 60 * row.minutes}\n")
    return {FAMILY: head(FAMILY, "gauge", "Share of walks of that stretch of time with this outcome, to a tenth.")}
