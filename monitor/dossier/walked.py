"""What the walks behind events show: where they broke, what was found, and the records that show it best."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dashboards.report.model import Event
from monitor.dossier.exhibits import Shelf
from monitor.evidence.lines import Box
from monitor.evidence.rounds import Walked, rounds
from monitor.stored.committed import Record
from probes.facts import Walk
from probes.words import LOCAL, Finding, Reason

Key = tuple[str, str]  # network and service
Source = Callable[[Box], Iterable[Record]]


@dataclass(slots=True)
class Seen:
    """Of one service in one network, while it was not as it should be.

    `broke`: by step and failure, the first that failed. `found`: by finding, in how many attempts.
    """

    attempts: int = 0
    reached: int = 0
    broke: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[Finding] = field(default_factory=Counter)
    resolved_wrong: int = 0


@dataclass(slots=True)
class Walks:
    """All there is to say of them. `local`: by finding, how many had something of the house in the way."""

    seen: dict[Key, Seen]
    shelves: dict[Key, Shelf]
    written: int = 0
    inside: int = 0
    local: Counter[Finding] = field(default_factory=Counter)
    by_target: dict[tuple[str, str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def walks(boxes: Sequence[Box], events: Iterable[Event], until_ms: int, source: Source) -> Walks:
    """One pass over every record. `source`: of a box, in the order they were written down."""
    spans: defaultdict[Key, list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if event.service:
            spans[(event.network, event.service)].append((event.from_ms, event.until_ms or until_ms))
    made = Walks({key: Seen() for key in spans}, {key: Shelf() for key in spans})
    for box in boxes:
        for walked, records in _together(source(box)):
            made.written += len(records)
            _count(made, box, spans, walked, records)
    return made


def _together(records: Iterable[Record]) -> Iterator[tuple[Walked, list[Record]]]:
    """Rounds, and the records they were put together from."""
    waiting: list[Record] = []

    def noted() -> Iterator[Record]:
        for record in records:
            waiting.append(record)
            yield record

    for walked in rounds(noted()):
        mine = waiting[: len(walked.walks)]
        del waiting[: len(walked.walks)]
        yield walked, mine


def _count(
    made: Walks, box: Box, spans: Mapping[Key, Sequence[tuple[int, int]]], walked: Walked, records: Sequence[Record]
) -> None:
    if box.role != "inside":
        return
    made.inside += len(records)
    service = walked.target.partition("/")[0]
    key = (box.network, service)
    within = any(from_ms <= walked.started_ms < until_ms for from_ms, until_ms in spans.get(key, ()))
    compared = records[0].walk.reason is Reason.COMPARE
    if within and compared:
        made.shelves[key].compared(box, walked, records)
    for record, walk in zip(records, walked.walks, strict=True):
        house = [finding for finding in walk.findings if finding in LOCAL]
        made.local.update(house)
        if compared or house:
            continue
        made.by_target[(box.network, walked.target, _outcome(walk))]["walks"] += 1
        if within:
            _took_in(made.seen[key], walk)
            made.shelves[key].walked(box, record, walk)


def _took_in(seen: Seen, walk: Walk) -> None:
    seen.attempts += 1
    seen.reached += walk.reached
    broken = walk.broken[0] if walk.broken else None
    if broken is not None and broken.failure is not None:
        seen.broke[(broken.step.value, broken.failure.value)] += 1
    elif not walk.reached:  # a liar let every step succeed
        seen.broke[(walk.last.step.value, "")] += 1
    seen.found.update(walk.findings)


def _outcome(walk: Walk) -> str:
    broken = walk.broken[0] if walk.broken else None
    if broken is not None and broken.failure is not None:
        return f"{broken.step.value} {broken.failure.value}"
    return "ok" if walk.reached else "lie"
