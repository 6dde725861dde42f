"""Reads what liars and providers are known to answer (probes/fingerprints/*.yml) into `Fingerprints`."""

from __future__ import annotations

import datetime
import ipaddress
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from probes.doors.schema import Country, Strict, Word, fit
from probes.doors.yamlfile import Mistake, read
from probes.fingerprint import Fingerprints, ForgedAnswer, Mark, Meaning, Where

FOLDER = Path(__file__).parent / "fingerprints"


class ForgedRow(Strict):
    id: Word
    country: Country
    answers: Annotated[tuple[str, ...], Field(min_length=1)]
    note: str = ""
    source: Annotated[str, Field(min_length=1)]
    checked: datetime.date


class MarkRow(Strict):
    id: Word
    meaning: Meaning
    where: Where
    pattern: Annotated[str, Field(min_length=1)]
    statuses: tuple[int, ...] = ()
    most_bytes: Annotated[int, Field(ge=1, le=65536)] = 65536
    note: str = ""
    source: Annotated[str, Field(min_length=1)]
    checked: datetime.date


class FingerprintFile(Strict):
    forged_answers: tuple[ForgedRow, ...] = ()
    marks: tuple[MarkRow, ...] = ()


class DataMistake(Exception):
    """The rows themselves do not fit: one line each."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))


def load(folder: Path = FOLDER) -> Fingerprints:
    """Every file of the folder, in the order of their names."""
    forged: list[ForgedAnswer] = []
    marks: list[Mark] = []
    for path in sorted(folder.glob("*.yml")):
        file, mistakes = fit(read(path), FingerprintFile)
        if file is None:
            raise DataMistake(mistakes)
        for row in file.forged_answers:
            forged += (ForgedAnswer(row.id, ipaddress.ip_network(answer)) for answer in row.answers)
        for mark in file.marks:
            pattern = re.compile(mark.pattern)
            marks.append(Mark(mark.id, mark.meaning, mark.where, pattern, mark.statuses, mark.most_bytes))
    return Fingerprints(tuple(forged), tuple(marks))
