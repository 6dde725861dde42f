"""What was proven of a destination, as a table a person reads. Says of everything that was not compared why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from monitor.decoding import from_json
from monitor.metrics import IDENTITY
from monitor.stored.kept import Named
from monitor.stored.proof import Proof

_HEAD = ("destination", "hours", "series", "samples", "missing", "different")
_MOST_SERIES = 10


def table(proofs: Iterable[Proof]) -> Iterator[str]:
    """One row a destination, and below it what is to be said of it."""
    proofs = list(proofs)
    rows = [_HEAD, *(_row(proof) for proof in proofs)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = [_line(row, widths) for row in rows]
    yield lines[0]
    for line, proof in zip(lines[1:], proofs, strict=True):
        yield line
        yield from (f"  {said}" for said in _besides(proof))


def _row(proof: Proof) -> tuple[str, ...]:
    numbers = (len(proof.hours), len(proof.series), proof.samples, proof.missing.total(), proof.different.total())
    return proof.destination, *(f"{number:,}" for number in numbers)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join((f"{row[0]:<{widths[0]}}", *(f"{cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))))


def _besides(proof: Proof) -> Iterator[str]:
    yield from _series("missing", proof.missing)
    yield from _series("different", proof.different)
    if proof.unanswered is not None:
        yield f"not all could be asked for: {proof.unanswered}"
    if proof.sealed_hours:
        yield f"sealed, and so not comparable here: {proof.sealed_hours} hours (the hub can, from a copy of the spool)"
    if proof.waiting and not proof.whole:
        yield f"taken, and not yet in the database: {proof.waiting:,} samples; what is missing may be among them"
    if proof.owed:
        yield f"still on their way: {proof.owed} ticks"
    if proof.aside:
        yield "set aside: " + ", ".join(f"{count:,} samples {reason}" for reason, count in sorted(proof.aside.items()))
    if proof.whole:
        yield "all of it is there" if proof.samples else "nothing could be compared"


def _series(what: str, found: Counter[Named]) -> Iterator[str]:
    for named, count in found.most_common(_MOST_SERIES):
        yield f"{what}: {count:,} of {_words(named)}"
    if len(found) > _MOST_SERIES:
        yield f"{what}: {len(found) - _MOST_SERIES:,} more series"


def _words(named: Named) -> str:
    labels: dict[str, str] = from_json(named[1])
    own = ",".join(f'{key}="{text}"' for key, text in sorted(labels.items()) if key not in IDENTITY)
    return f"{named[0]}{{{own}}}"
