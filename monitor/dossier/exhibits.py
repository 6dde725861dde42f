"""Picks, of many records, those that show best what happened; each kind once, the first of it. Judges nothing anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dashboards.report.proof import Exhibit, Line
from monitor.evidence.lines import Box
from monitor.evidence.rounds import Walked
from monitor.keeping.records import with_account
from monitor.meaning.cause import shown
from monitor.stored.committed import Record
from probes.account import joined
from probes.facts import Observation, Walk
from probes.words import Cell, Finding, Hearing

_FORGED = frozenset({Finding.FORGED_DNS_ANSWER, Finding.INJECTED_DNS_ANSWER})
FORGED, PAGE, COMPARED, FAILED, WITNESSED = "forged", "page", "compared", "failed", "witnessed"
KINDS = (COMPARED, FORGED, PAGE, WITNESSED, FAILED)
_MOST_CAUSES = 2  # comparisons shown of one service in one network: what they are consistent with may differ


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked: of which box, of which records, in their order, and what the comparison was consistent with."""

    kind: str
    box: Box
    target: str
    records: tuple[Record, ...]
    shows: tuple[str, ...]
    told: Walk | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """The commitment to a record, and the head of the link it stands in, both in hexadecimal."""

    commitment: str
    head: str


NOT_YET = Committed("", "")  # of an hour that has not been closed


@dataclass(slots=True)
class Shelf:
    """Of one service in one network."""

    first: dict[str, Picked] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)

    def walked(self, box: Box, record: Record, walk: Walk) -> None:
        """A regular walk."""
        found = tuple(finding.value for finding in walk.findings)
        if not _FORGED.isdisjoint(walk.findings):
            self.first.setdefault(FORGED, Picked(FORGED, box, walk.target, (record,), found))
        if Finding.BLOCK_PAGE in walk.findings:
            self.first.setdefault(PAGE, Picked(PAGE, box, walk.target, (record,), found))
        if walk.broken and not found:
            key = f"{FAILED} {walk.broken[0].step} {walk.broken[0].failure}"
            self.failed[key] += 1
            self.first.setdefault(key, Picked(FAILED, box, walk.target, (record,), ()))

    def compared(self, box: Box, walked: Walked, records: Sequence[Record]) -> None:
        """One window of a comparison; it is shown where it is consistent with a cause."""
        found = tuple(sorted(finding.value for finding in shown(walked.walks)))
        mine = sum(each.kind == COMPARED for each in self.first.values())
        if found and mine < _MOST_CAUSES:
            self.first.setdefault(f"{COMPARED} {found}", Picked(COMPARED, box, walked.target, tuple(records), found))
        for record, walk in zip(records, walked.walks, strict=True):
            told = box.kept.account(walk.marks[0]) if walk.marks else None
            if told is not None:
                with_it = with_account(walk, {walk.marks[0]: told})
                if with_it.told is not None and with_it.told.hearing is Hearing.TOLD:
                    self.first.setdefault(WITNESSED, Picked(WITNESSED, box, walk.target, (record,), (), with_it))

    def picked(self) -> list[Picked]:
        """Of bare failures the commonest alone."""
        common = {key for key, _ in self.failed.most_common(1)}
        mine = [each for key, each in self.first.items() if each.kind != FAILED or key in common]
        return sorted(mine, key=lambda each: KINDS.index(each.kind))


def exhibit(picked: Picked, commitments: Mapping[tuple[str, int], Committed]) -> Exhibit:
    """As it is shown. `commitments`: by folder of the box and id of the record."""
    first = picked.told or picked.records[0].walk
    told = [(picked.box.name, each.id) for each in picked.records]
    asked = next((each.walk for each in picked.records if each.walk.cell is Cell.NAME_HERE), first)
    endpoint = str(asked.endpoint)
    lines = _cells(picked) if picked.kind == COMPARED else [_line(seen, first) for seen in first.steps]
    opened = [commitments.get(each, NOT_YET) for each in told]
    records = tuple((*each, by.commitment) for each, by in zip(told, opened, strict=True))
    both = joined(picked.told) if picked.told else None
    said, lost = (both.says, both.lost.value if both.lost else "") if both else ("", "")
    at_ms = picked.records[0].started_ms
    return Exhibit(
        picked.kind,
        at_ms,
        picked.target,
        endpoint,
        picked.shows,
        tuple(lines),
        records,
        opened[0].head,
        said,
        lost,
    )


def _cells(picked: Picked) -> list[Line]:
    """In the order in which they were walked, each with how it ended."""
    order = list(Cell)
    walks = sorted((r.walk for r in picked.records if r.walk.cell), key=lambda w: order.index(w.cell or Cell.BEFORE))
    return [
        Line(
            walk.cell.value if walk.cell else "",
            sum(seen.took_s for seen in walk.steps),
            walk.failure.value if walk.failure else "",
            (("place", walk.endpoint.host), ("address", walk.address), ("step", walk.last.step.value)),
        )
        for walk in walks
    ]


def _line(seen: Observation, walk: Walk) -> Line:
    return Line(seen.step.value, seen.took_s, seen.failure.value if seen.failure else "", tuple(_facts(seen, walk)))


def _facts(seen: Observation, walk: Walk) -> Iterator[tuple[str, str]]:
    """Of the far end only; ours is in no record."""
    for key, answers in (
        ("answers", seen.answers),
        ("isp", seen.isp),
        ("trusted", seen.trusted),
        ("second", seen.others),
    ):
        if answers:
            yield key, " ".join(answers)
    if seen.fingerprint:
        yield "fingerprint", seen.fingerprint
    if seen.findings:
        yield "findings", " ".join(finding.value for finding in seen.findings)
    if seen.certificate is not None:
        yield "issuer", seen.certificate.issuer
        yield "certificate", seen.certificate.sha256
    if seen.status is not None:
        yield "status", str(seen.status)
    if seen.body_sha256:
        yield "body", seen.body_sha256
    if seen.step.value == "connect" and walk.address:
        yield "address", walk.address + (" (book)" if walk.booked else "")
