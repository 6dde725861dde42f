"""Reads what liars and providers are known to answer, ours and what an operator adds, into `Fingerprints`."""

from __future__ import annotations

import datetime
import functools
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from probes import pattern, published
from probes.doors.schema import Country, Strict, Word, fit
from probes.doors.yamlfile import Document, Mistake, read
from probes.fingerprint import Fingerprints, ForgedAnswer, Mark, Meaning, Where
from probes.published import Published

FOLDER = Path(__file__).parent / "fingerprints"


def _expression(given: str) -> str:
    if pattern.compiled(given).search(""):
        raise ValueError("fits an empty page, and so any")
    return given


def _network(given: str) -> str:
    try:
        ipaddress.ip_network(given)
    except ValueError:
        raise ValueError(f"must be an address or a prefix such as 10.10.34.0/24, not {given[:60]!r}") from None
    return given


def _ours(given: Meaning) -> Meaning:
    if given is Meaning.ORDINARY:
        raise ValueError("ordinary is a word of published lists: a row of one's own is left out instead")
    return given


class ForgedRow(Strict):
    id: Word
    country: Country
    answers: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(min_length=1)]
    note: str = ""
    source: Annotated[str, Field(min_length=1)]
    checked: datetime.date


class MarkRow(Strict):
    id: Word
    meaning: Annotated[Meaning, AfterValidator(_ours)]
    where: Where
    pattern: Annotated[str, Field(min_length=1), AfterValidator(_expression)]
    statuses: tuple[int, ...] = ()
    most_bytes: Annotated[int, Field(ge=1, le=65536)] = 65536
    vague: bool = False
    note: str = ""
    source: Annotated[str, Field(min_length=1)]
    checked: datetime.date

    def as_mark(self) -> Mark:
        ready = pattern.compiled(self.pattern)
        return Mark(self.id, self.meaning, self.where, ready, self.statuses, self.most_bytes, vague=self.vague)


class FingerprintFile(Strict):
    forged_answers: tuple[ForgedRow, ...] = ()
    marks: tuple[MarkRow, ...] = ()


class DataMistake(Exception):
    """The rows themselves do not fit: one line each."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(map(str, mistakes)))


@functools.cache
def load(folder: Path = FOLDER, renewed: Path | None = None) -> Fingerprints:
    """Every file of the folder, in the order of their names; read once: what is shipped does not change under us.

    `renewed`: a folder whose files stand in the place of those of the same names, and beside the others.
    """
    found = Fingerprints()
    files = {path.name: path for each in (folder, renewed) if each is not None for path in each.glob("*.yml")}
    for _, path in sorted(files.items()):
        file, mistakes = load_file(path)
        if file is None:
            raise DataMistake(mistakes)
        found = found.more(file)
    return found


def load_file(path: Path) -> tuple[Fingerprints | None, tuple[Mistake, ...]]:
    """One file of our own form. It is one hand's work: a single mistake in it refuses all of it."""
    document = read(path)
    file, mistakes = fit(document, FingerprintFile)
    found = tuple(sorted({*mistakes, *_twice(document)}))
    if file is None or found:
        return None, found
    forged = (
        ForgedAnswer(row.id, ipaddress.ip_network(answer)) for row in file.forged_answers for answer in row.answers
    )
    return Fingerprints(tuple(forged), tuple(row.as_mark() for row in file.marks)), ()


def load_any(path: Path, country: str) -> tuple[Published | None, tuple[Mistake, ...]]:
    """A file an operator names: of our own form (.yml), or a published list (probes/published.py), by its ending."""
    if path.suffix in published.ENDINGS:
        return published.read(path, country)
    if path.suffix not in (".yml", ".yaml"):
        what = f"must end in .yml, or, for a published list, in {', '.join(published.ENDINGS)}"
        return None, (Mistake(str(path), 1, "", what),)
    own, mistakes = load_file(path)
    return (None if own is None else Published(own, (), {})), mistakes


def _twice(document: Document) -> Iterator[Mistake]:
    """An id stands in records for years: it means one row."""
    for part in ("forged_answers", "marks"):
        match document.value:
            case {**parts} if isinstance(rows := parts.get(part), list):
                ids = [row.get("id") for row in rows if isinstance(row, dict)]
                for index, each in enumerate(ids):
                    if isinstance(each, str) and each in ids[:index]:
                        yield document.mistake((part, index, "id"), f"{each!r} is the id of an earlier row")
