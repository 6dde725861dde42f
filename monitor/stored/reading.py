"""From files to verdicts: says of each document what it is, and has it judged; never silent, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.judge import State
from monitor.stored import ours, printed, replay
from monitor.stored.documents import USUAL, Bounds, Document, documents
from monitor.stored.ooni import measurement
from monitor.stored.verdict import Verdict
from probes.fingerprint import Fingerprints

_NOBODYS = "it is neither a round of ours nor a measurement of OONI Probe"


def judged(file: Path, known: Fingerprints, bounds: Bounds = USUAL) -> Iterator[Verdict]:
    """Raises OSError where the file cannot be read. Rounds of ours come last: they are judged together."""
    rounds: list[ours.Kept] = []
    for document in documents(file, bounds):
        try:
            found = _one(file, document, known)
        except ours.Unreadable as error:
            found = _unreadable(file, document.line, str(error))
        if isinstance(found, ours.Kept):
            rounds.append(found)
        else:
            yield found
    yield from replay.judged(file, rounds)


def _one(file: Path, document: Document, known: Fingerprints) -> Verdict | ours.Kept:
    if document.mistake:
        return _unreadable(file, document.line, f"it {document.mistake}")
    match document.value:
        case dict(value) if measurement.is_one(value):
            return measurement.judged(file, document.line, value, known)
        case dict(value) if printed.is_one(value):
            return printed.judged(file, document.line, value)
        case dict(value) if ours.is_one(value):
            return ours.read(value, document.line)
        case _:
            return _unreadable(file, document.line, _NOBODYS)


def _unreadable(file: Path, line: int, why: str) -> Verdict:
    return Verdict(str(file), line, "", State.INSUFFICIENT, "unreadable", why)
