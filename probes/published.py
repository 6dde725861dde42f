"""Reads the lists of fingerprints that others publish, and says which of their rows are not used, and why.

OONI's blocking-fingerprints (CSV, one file for HTTP and one for DNS; its Readme.md and scripts/validate_csv.py) and
Censored Planet's signatures (JSON lines, one file of block pages and one of false positives; censoredplanet-analysis,
pipeline/metadata/blockpage.py). Both are data of strangers: a row that cannot be used is left out with its line, and
the rest of the list is read. A row carries a finding only if its list says that a country or an operator wrote the page
(scope `nat` or `isp`), for this country or for none, and trusts itself not to be mistaken (OONI's confidence 5 or
more: its own rows stand at 5, those it calls likely to err below).
"""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from probes.countries import COUNTRIES
from probes.doors.schema import is_address
from probes.doors.yamlfile import Mistake
from probes.fingerprint import Fingerprints, ForgedAnswer, Mark, Meaning, Where
from probes.pattern import pieces

ENDINGS = (".csv", ".json", ".jsonl")
_MOST_BYTES = 8 * 1024 * 1024
_LOOKED_AT = 16 * 1024  # of a page: block pages are short, and hundreds of patterns are run over each
_CARRY = {"nat", "isp"}  # `prod` and `inst` say which machine or school filters, not that a country does
_FALSE_POSITIVE = "fp"
_SURE = 5
_NEEDED = {"name", "scope", "location_found", "pattern_type", "pattern", "confidence_no_fp", "expected_countries"}
_ANYWHERE = "ZZ"
_SIGNATURE = re.compile(r"(?:[a-z]_)?(?P<scope>nat|isp)_(?:(?P<country>[a-z]{2})_)?")

Row = ForgedAnswer | Mark
Raw = tuple[int, str, Callable[[], Row]]  # the line it begins on, its name, and what makes it a row of ours


@dataclass(frozen=True, slots=True)
class Published:
    """One file of a published list, as far as it is used.

    Attributes:
        unusable: rows that could not be read or would not end, each with its line.
        left_out: how many sound rows carry no finding here, by reason.
    """

    fingerprints: Fingerprints
    unusable: tuple[Mistake, ...]
    left_out: Mapping[str, int]

    @property
    def used(self) -> int:
        return len(self.fingerprints.forged) + len(self.fingerprints.marks)


class _LeftOut(Exception):
    """A sound row that says nothing here."""


def read(path: Path, country: str) -> tuple[Published | None, tuple[Mistake, ...]]:
    """The rows of a list that speak for `country`. The file itself is a mistake only if it is no such list at all."""
    try:
        data = path.read_bytes()[: _MOST_BYTES + 1]
        text = data.decode("utf-8-sig")
    except OSError as error:
        return None, (Mistake(str(path), 1, "", f"cannot be read: {(error.strerror or str(error)).lower()}"),)
    except UnicodeDecodeError as error:
        return None, (Mistake(str(path), data[: error.start].count(b"\n") + 1, "", "is not UTF-8 text"),)
    if len(data) > _MOST_BYTES:
        return None, (Mistake(str(path), 1, "", f"is larger than {_MOST_BYTES // 1024**2} MB"),)
    try:
        rows = _csv_rows(text, country) if path.suffix == ".csv" else _json_rows(text, path.name, country)
        return _gathered(path, rows), ()
    except ValueError as error:
        return None, (Mistake(str(path), 1, "", str(error)),)


def _gathered(path: Path, rows: Iterable[Raw]) -> Published:
    forged: list[ForgedAnswer] = []
    marks: list[Mark] = []
    unusable: list[Mistake] = []
    left_out = Counter[str]()
    for line, name, made in rows:
        try:
            row = made()
        except _LeftOut as why:
            left_out[str(why)] += 1
        except ValueError as error:
            unusable.append(Mistake(str(path), line, name, str(error)))
        else:
            match row:
                case ForgedAnswer():
                    forged.append(row)
                case Mark():
                    marks.append(row)
    return Published(Fingerprints(tuple(forged), tuple(marks)), tuple(unusable), dict(left_out))


def _mark(name: str, meaning: Meaning, where: Where, pattern: str, published: str, header: str = "") -> Mark:
    id, (first, *then) = _id(name), pieces(pattern)
    return Mark(id, meaning, where, first, header=header, published=published, looked_at=_LOOKED_AT, then=tuple(then))


def _id(name: str) -> str:
    """It goes into records, onto pages and into files of others."""
    if not re.fullmatch(r"[!-~]{1,80}", name):
        raise ValueError("has a name that is no word of 80 plain letters, digits and signs at most")
    return name


# ---------------------------------------------------------------- OONI


def _csv_rows(text: str, country: str) -> Iterator[Raw]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise ValueError(f"is no blocking-fingerprints list: {error}") from None
    if lacking := sorted(_NEEDED - set(header)):
        raise ValueError(f"is no blocking-fingerprints list: it has no column {', '.join(lacking)}")
    ended_on = reader.line_num
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield ended_on + 1, "", partial(_unreadable, str(error))
            return
        if cells is None:
            return
        began_on, ended_on = ended_on + 1, reader.line_num
        if cells:
            row = dict(zip(header, cells, strict=False))
            yield (
                began_on,
                ascii(row.get("name", ""))[1:-1][:60],
                partial(_ooni, row, len(cells) == len(header), country),
            )


def _unreadable(what: str) -> Row:
    raise ValueError(f"cannot be read, nor what follows: {what}")


def _ooni(row: Mapping[str, str], whole: bool, country: str) -> Row:
    if not whole:
        raise ValueError("has another number of columns than the header")
    meaning = _meaning(row["scope"], _countries(row["expected_countries"]), country)
    confidence = row["confidence_no_fp"].strip() or str(_SURE)
    if not confidence.isdecimal():
        raise ValueError(f"confidence_no_fp is no number: {confidence[:20]!r}")
    if meaning is Meaning.BLOCK_PAGE and int(confidence) < _SURE:
        raise _LeftOut(f"of a confidence below {_SURE}")
    where, _, header = row["location_found"].partition(".")
    match where, row["pattern_type"]:
        case "dns", "full":
            return _forged(row, meaning)
        case "dns", _:
            raise _LeftOut("of names in DNS answers, which are not looked at")
        case ("body", kind) | ("header", kind):
            place = Where.BODY if where == "body" else Where.HEADER
            if (place is Where.HEADER) != bool(header):
                raise ValueError(f"location_found must be body, dns or header.NAME, not {row['location_found'][:40]!r}")
            return _mark(row["name"], meaning, place, _expression(kind, row["pattern"]), "ooni", header.lower())
    raise ValueError(f"location_found must be body, dns or header.NAME, not {row['location_found'][:40]!r}")


def _expression(kind: str, pattern: str) -> str:
    """OONI's four ways to compare, as one."""
    if not pattern:
        raise ValueError("has no pattern")
    match kind:
        case "full":
            return rf"\A{re.escape(pattern)}\Z"
        case "prefix":
            return rf"\A{re.escape(pattern)}"
        case "contains":
            return re.escape(pattern)
        case "regexp":
            return pattern
    raise ValueError(f"pattern_type must be full, prefix, contains or regexp, not {kind[:20]!r}")


def _forged(row: Mapping[str, str], meaning: Meaning) -> ForgedAnswer:
    if meaning is not Meaning.BLOCK_PAGE or not is_address(row["pattern"]):
        raise _LeftOut("of names in DNS answers, which are not looked at")
    return ForgedAnswer(_id(row["name"]), ipaddress.ip_network(row["pattern"]))


def _countries(cell: str) -> set[str]:
    return {each.strip() for each in cell.split(",") if each.strip()}


def _meaning(scope: str, countries: set[str], country: str) -> Meaning:
    if scope == _FALSE_POSITIVE:
        return Meaning.ORDINARY
    if scope not in _CARRY:
        raise _LeftOut(f"of scope {scope[:10]!r}, which says nothing of a country")
    if countries and country not in countries and _ANYWHERE not in countries:
        raise _LeftOut("of other countries")
    return Meaning.BLOCK_PAGE


# ---------------------------------------------------------------- Censored Planet


def _json_rows(text: str, file: str, country: str) -> Iterator[Raw]:
    """Which of the two files it is, its name says, or its first row: false positives are called x_something."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines or not lines[0][1].lstrip().startswith("{"):
        raise ValueError('is no list of signatures: one {"fingerprint": ..., "pattern": ...} a line')
    ordinary = "false_positive" in file or re.match(r'\s*\{\s*"fingerprint"\s*:\s*"x_', lines[0][1]) is not None
    return ((number, "", partial(_signature, line, ordinary, country)) for number, line in lines)


def _signature(line: str, ordinary: bool, country: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    match row:
        case {"fingerprint": str(name), "pattern": str(pattern)} if name and pattern:
            pass
        case _:
            raise ValueError("needs fingerprint and pattern, both text")
    scope, of = _FALSE_POSITIVE, set[str]()
    if not ordinary:
        found = _SIGNATURE.match(name)
        scope = found["scope"] if found else "other"
        of = {(found["country"] or "").upper()} & COUNTRIES if found else of
    return _mark(f"cp.{name}", _meaning(scope, of, country), Where.BODY, pattern, "censoredplanet")
