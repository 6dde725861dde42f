"""Puts the records of a spool together into rounds again, one round in hand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor.stored.committed import Record
from probes.facts import Walk

_TOGETHER_MS = 60_000  # walks of one round began within a minute: a number comes again after a restart, not so soon


@dataclass(frozen=True, slots=True)
class Walked:
    """The walks of a round that were written down together. `number`: the round's, whatever it counts."""

    target: str
    number: int
    walks: tuple[Walk, ...]

    @property
    def started_ms(self) -> int:
        return min(walk.started_ms for walk in self.walks)


def rounds(records: Iterable[Record]) -> Iterator[Walked]:
    """`records`: in the order they were written down."""
    together: list[Walk] = []
    first: Record | None = None
    for record in records:
        walk = record.walk
        if first is not None and not _same(first, together[0], record, walk):
            yield Walked(first.target, first.number, tuple(together))
            together, first = [], None
        first = first or record
        together.append(walk)
    if first is not None:
        yield Walked(first.target, first.number, tuple(together))


def _same(first: Record, its_walk: Walk, record: Record, walk: Walk) -> bool:
    return (first.target, first.number, its_walk.reason) == (record.target, record.number, walk.reason) and abs(
        record.started_ms - first.started_ms
    ) <= _TOGETHER_MS
