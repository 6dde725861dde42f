"""Reads and writes the book of controls (`book: FILE` in didban.yml), strictly: a mistake in it is one line."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from probes.doors.schema import Address, Host, Strict, Word, fit, matching
from probes.doors.yamlfile import Document, Mistake, read
from probes.seen import Looks, Name, Seen, Sight

VERSION = 1
LONGEST = 200  # of what a certificate calls its issuer

_HEAD = """\
# What control points saw, written by `didban book`. On a box inside: `book: {name}` in didban.yml. How many controls
# saw a thing, and when the last of them did, to the hour; which of them, and where they stand, is not in it.
"""


def _instant(given: object) -> int:
    """RFC 3339 in UTC, in milliseconds since 1970."""
    try:
        if isinstance(given, str) and given.endswith("Z"):
            return int(datetime.datetime.fromisoformat(given).timestamp()) * 1000
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"must be a time such as 2026-11-21T08:00:00Z, not {str(given)[:40]!r}")


def _version(given: int) -> int:
    if given != VERSION:
        raise ValueError(f"must be {VERSION}: this Didban reads no other form of a book")
    return given


Instant = Annotated[int, BeforeValidator(_instant)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Some = Annotated[int, Field(ge=0, le=10_000)]
Issuer = Annotated[str, Field(min_length=1, max_length=LONGEST)]
TargetName = Annotated[str, AfterValidator(matching("[a-z0-9_-]+/[a-z0-9_-]+", "a target such as whatsapp/chat"))]
Words = Annotated[str, AfterValidator(matching("[!-~ ]{1,400}", "an endpoint such as e1.whatsapp.net:443/tcp"))]


class SightRow(Strict):
    controls: Count
    last: Instant


class NameRow(SightRow):
    addresses: Mapping[Address, SightRow] = Field(default_factory=dict)
    issuers: Mapping[Issuer, SightRow] = Field(default_factory=dict)


class LooksRow(Strict):
    reached: Some = 0
    dead: Some = 0


class BookFile(Strict):
    book: Annotated[int, AfterValidator(_version)]
    at: Instant
    controls: Count
    services: Mapping[Word, Mapping[Host, NameRow]] = Field(default_factory=dict)
    endpoints: Mapping[TargetName, Mapping[Words, LooksRow]] = Field(default_factory=dict)


def load(path: Path) -> tuple[Seen | None, tuple[Mistake, ...]]:
    """The book, or every mistake in it."""
    document = read(path)
    file, mistakes = fit(document, BookFile)
    if file is None:
        return None, mistakes
    if found := tuple(sorted(_contradictions(document, file))):
        return None, found
    services = {service: {host: _name(row) for host, row in names.items()} for service, names in file.services.items()}
    endpoints = {
        target: {words: Looks(row.reached, row.dead) for words, row in rows.items()}
        for target, rows in file.endpoints.items()
    }
    return Seen(file.at, file.controls, services, endpoints), ()


def _name(row: NameRow) -> Name:
    return Name(row.controls, row.last, _sights(row.addresses), _sights(row.issuers))


def _sights(rows: Mapping[str, SightRow]) -> dict[str, Sight]:
    return {key: Sight(row.controls, row.last) for key, row in rows.items()}


def _contradictions(document: Document, file: BookFile) -> Iterator[Mistake]:
    """More controls than there are, and times after the book was written."""
    for service, names in file.services.items():
        for host, name in names.items():
            here: tuple[str, ...] = ("services", service, host)
            rows: list[tuple[tuple[str, ...], SightRow]] = [(here, name)]
            rows += [((*here, "addresses", key), row) for key, row in name.addresses.items()]
            rows += [((*here, "issuers", key), row) for key, row in name.issuers.items()]
            for where, row in rows:
                if row.controls > file.controls:
                    yield document.mistake((*where, "controls"), f"is {row.controls} of {file.controls}")
                if file.controls == 1 and row.last > file.at:
                    yield document.mistake((*where, "last"), "is later than the book itself")
    for target, looked in file.endpoints.items():
        for words, looks in looked.items():
            if looks.reached + looks.dead > file.controls:
                what = f"{looks.reached} and {looks.dead} controls are more than {file.controls}"
                yield document.mistake(("endpoints", target, words), what)


# ---------------------------------------------------------------- writing


def written(seen: Seen, name: str = "book.yml") -> str:
    """The file: one row a line, in an order that does not change by itself."""
    return "\n".join([*_lines(seen, name), ""])


def _lines(seen: Seen, name: str) -> Iterator[str]:
    yield from _HEAD.format(name=name).splitlines()
    yield f"book: {VERSION}"
    yield f"at: {_said(seen.at_ms)}"
    yield f"controls: {seen.controls}"
    yield "services:" if seen.services else "services: {}"
    for service, names in sorted(seen.services.items()):
        yield f"  {_quoted(service)}:" if names else f"  {_quoted(service)}: {{}}"
        for host, each in sorted(names.items()):
            yield f"    {_quoted(host)}:"
            yield f"      controls: {each.controls}"
            yield f"      last: {_said(each.last_ms)}"
            yield from _sight_lines("addresses", each.addresses)
            yield from _sight_lines("issuers", each.issuers)
    yield "endpoints:" if seen.endpoints else "endpoints: {}"
    for target, looked in sorted(seen.endpoints.items()):
        yield f"  {_quoted(target)}:" if looked else f"  {_quoted(target)}: {{}}"
        for words, looks in sorted(looked.items()):
            yield f"    {_quoted(words)}: {{reached: {looks.reached}, dead: {looks.dead}}}"


def _sight_lines(key: str, sights: Mapping[str, Sight]) -> Iterator[str]:
    yield f"      {key}:" if sights else f"      {key}: {{}}"
    for each, sight in sights.items():
        yield f"        {_quoted(each)}: {{controls: {sight.controls}, last: {_said(sight.last_ms)}}}"


def _quoted(text: str) -> str:
    """As JSON, which is YAML too; what cannot be printed was taken out before (`printable`)."""
    return json.dumps(text, ensure_ascii=False)


def printable(text: str) -> str:
    """What a certificate says of itself, as far as it is text a person can read."""
    return "".join(each if each.isprintable() else "?" for each in text[:LONGEST])


def _said(at_ms: int) -> str:
    """To the hour: when a control walks to the second is nobody's business."""
    hour = datetime.datetime.fromtimestamp(at_ms // 3_600_000 * 3600, datetime.UTC)
    return hour.isoformat().replace("+00:00", "Z")
