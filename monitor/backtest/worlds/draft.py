"""A world file half read: the rows that fit, each with its place, so that one mistake does not hide the next."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from monitor.backtest.worlds.beside import SCENARIOS, CountryFile, country_file
from monitor.backtest.worlds.shape import (
    AllowedRow,
    CauseRow,
    ControlRow,
    CountryRow,
    ExpectRow,
    LandmarkRow,
    LineRow,
    at_ms,
)
from probes import catalogue
from probes.doors.schema import Strict, as_json
from probes.doors.yamlfile import Document, Location, Mistake, Value

_SHORTHANDS = {"drops": "what", "home": "way", "countries": "country"}  # `drops: [all]` is `drops: [{what: all}]`
_LISTS = ("how", "again")  # `how: dns_forged` is `how: [dns_forged]` where several may be given

Row = TypeVar("Row", bound=Strict)
Placed = list[tuple[Location, Row]]


def unfolded(document: Document) -> Document:
    """The same document with its shorthands written out; every line stays where it was."""
    return dataclasses.replace(document, value=_unfolded(document.value, ""))


def _unfolded(value: Value, key: str) -> Value:
    match value:
        case list():
            return [_unfolded({_SHORTHANDS[key]: item} if _is_short(item, key) else item, key) for item in value]
        case dict():
            return {name: _unfolded(_listed(item, name, key), name) for name, item in value.items()}
    return value


def _is_short(item: Value, key: str) -> bool:
    return key in _SHORTHANDS and isinstance(item, str)


def _listed(value: Value, name: str, within: str) -> Value:
    return [value] if within == "standing" and name == "how" and isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read of a world, and every name somebody in it may speak of.

    Attributes:
        networks: which country each is of; also of rows that do not fit, so that one mistake is not told twice.
        named: what may come, and what never may.
        targets: by service, those the catalogue has; services of `not_walked` have none.
    """

    document: Document
    from_ms: int | None
    until_ms: int | None
    countries: Placed[CountryRow]
    shipped: Mapping[str, CountryFile]
    lines: Placed[LineRow]
    controls: Placed[ControlRow]
    landmarks: Placed[LandmarkRow]
    causes: Placed[CauseRow]
    expect: Placed[ExpectRow]
    named: Placed[AllowedRow]
    networks: Mapping[str, str]
    line_ids: frozenset[str]
    walked: tuple[str, ...]
    not_walked: frozenset[str]
    targets: Mapping[str, frozenset[str]]
    unread: tuple[Mistake, ...]

    def mistake(self, location: Location, what: str) -> Mistake:
        return self.document.mistake(location, what)


def drafted(document: Document) -> Draft:
    countries = rows(document, "countries", CountryRow)
    shipped, unread = _shipped(document)
    walked = tuple(texts(document, "services"))
    known = {name: _targets(name) for name in walked}
    lines = rows(document, "lines", LineRow)
    return Draft(
        document,
        _time(document, "from"),
        _time(document, "until"),
        countries,
        shipped,
        lines,
        rows(document, "controls", ControlRow),
        rows(document, "landmarks", LandmarkRow),
        rows(document, "causes", CauseRow),
        rows(document, "expect", ExpectRow),
        [*rows(document, "allowed", AllowedRow), *rows(document, "never", AllowedRow)],
        dict(_networks(document, shipped)),
        frozenset(id for _, row in lines for id in ids_of(row, [each for _, each in lines])),
        walked,
        frozenset(texts(document, "not_walked")),
        {name: targets for name, (targets, _) in known.items()},
        (*unread, *_not_known(document, walked, {name: wrong for name, (_, wrong) in known.items()})),
    )


def base(row: LineRow) -> str:
    """What lines of that row are called, before their number."""
    return row.name or (row.network or row.country).lower()


def ids_of(row: LineRow, among: list[LineRow]) -> list[str]:
    """`NAME-1` ...: rows of one name count on."""
    before = 0
    for each in among:
        if each is row:
            break
        before += each.count if base(each) == base(row) else 0
    return [f"{base(row)}-{before + number}" for number in range(1, row.count + 1)]


def rows(document: Document, key: str, model: type[Row]) -> Placed[Row]:
    """The rows of a list that fit their model; the others are told of by whoever reads the whole."""
    found: Placed[Row] = []
    for index, value in enumerate(_list(document, key)):
        try:
            found.append(((key, index), model.model_validate_json(as_json(value))))
        except ValidationError:
            continue
    return found


def texts(document: Document, key: str) -> list[str]:
    return [each for each in _list(document, key) if isinstance(each, str)]


def raw(document: Document, key: str, name: str) -> list[str]:
    """That key of every row of a list, whatever else is wrong with it."""
    found = (each.get(name) for each in _list(document, key) if isinstance(each, dict))
    return [each for each in found if isinstance(each, str)]


def _list(document: Document, key: str) -> list[Value]:
    found = document.value.get(key) if isinstance(document.value, dict) else None
    return found if isinstance(found, list) else []


def _time(document: Document, key: str) -> int | None:
    try:
        return at_ms(document.value.get(key)) if isinstance(document.value, dict) else None
    except ValueError:
        return None


def _shipped(document: Document) -> tuple[Mapping[str, CountryFile], list[Mistake]]:
    """What is shipped of the countries that name no network of their own."""
    found: dict[str, CountryFile] = {}
    unread: list[Mistake] = []
    for index, row in enumerate(_list(document, "countries")):
        if not isinstance(row, dict) or "networks" in row or not isinstance(code := row.get("country"), str):
            continue
        match country_file(code):
            case None:
                unread.append(
                    document.mistake(("countries", index), f"nothing is shipped of {code}: give its networks")
                )
            case file, mistakes:
                unread += mistakes
                found |= {} if file is None else {code: file}
    return found, unread


def _networks(document: Document, shipped: Mapping[str, CountryFile]) -> Iterator[tuple[str, str]]:
    for row in _list(document, "countries"):
        if isinstance(row, dict) and isinstance(code := row.get("country"), str):
            inline = row.get("networks")
            for each in inline if isinstance(inline, list) else []:
                if isinstance(each, dict) and isinstance(id := each.get("network"), str):
                    yield id, code
            if code in shipped:
                yield from ((each.network, code) for each in shipped[code].networks)


@functools.cache
def _targets(service: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The targets of a shipped service, or what is wrong with that name."""
    services, mistakes = catalogue.load([service], beside=SCENARIOS)
    return frozenset(each.id for found in services for each in found.targets), tuple(each.what for each in mistakes)


def _not_known(document: Document, walked: tuple[str, ...], wrong: Mapping[str, tuple[str, ...]]) -> Iterator[Mistake]:
    for index, name in enumerate(walked):
        yield from (document.mistake(("services", index), what) for what in wrong[name])
        if name in walked[:index]:
            yield document.mistake(("services", index), f"{name!r} is asked for already")
