"""A country by name: its networks, which of them nobody sees into, and what has long been blocked there."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from probes.doors.schema import Country, NetworkId, Strict, Word, fit
from probes.doors.yamlfile import Mistake, read
from probes.facts import Service
from probes.rows import Checked

FOLDER = Path(__file__).parents[1] / "countries"


class NetworkKind(StrEnum):
    """Whom a network carries: people, machines of others, or other networks."""

    ACCESS = "access"
    HOSTING = "hosting"
    TRANSIT = "transit"


class NetworkRow(Strict):
    network: NetworkId
    operator: Annotated[str, Field(min_length=1)]
    kind: NetworkKind
    source: Annotated[str, Field(min_length=1)]
    checked: Checked


class StandingRow(Strict):
    """A block that is no news. `since`: by then at the latest, as exactly as the source says."""

    service: Word
    since: Checked
    source: Annotated[str, Field(min_length=1)]


class CountryFile(Strict):
    country: Country
    networks: Annotated[tuple[NetworkRow, ...], Field(min_length=1)]
    standing: tuple[StandingRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    country: str
    network: str
    operator: str
    kind: NetworkKind

    @property
    def company(self) -> str:
        """The operator without what tells its networks apart: `MCI (second AS)` is MCI's."""
        return self.operator.partition(" (")[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """A service that was blocked in a country before we came."""

    country: str
    service: str
    since: str


def load(folder: Path = FOLDER) -> tuple[tuple[Network, ...], tuple[Mistake, ...]]:
    """Every network of every country file, in the order of the rows."""
    files, mistakes = _files(folder)
    return tuple(
        Network(file.country, row.network, row.operator, row.kind) for file in files for row in file.networks
    ), mistakes


def standing(folder: Path = FOLDER) -> tuple[Standing, ...]:
    """Every dated block of every country file."""
    files, _ = _files(folder)
    return tuple(Standing(file.country, row.service, row.since) for file in files for row in file.standing)


@functools.cache
def _files(folder: Path) -> tuple[tuple[CountryFile, ...], tuple[Mistake, ...]]:
    files: list[CountryFile] = []
    found: list[Mistake] = []
    for path in sorted(folder.glob("*.yml")):
        file, mistakes = fit(read(path), CountryFile)
        found += mistakes
        files += [file] if file is not None else []
    return tuple(files), tuple(found)


def unobservable(services: Iterable[Service], countries: Iterable[str] = ()) -> Iterator[str]:
    """One sentence a country: the networks of it that no landmark among `services` stands in.

    Without `countries`, those in which a landmark stands, or all we know where none does at all.
    """
    landmarks = {target.about for service in services for target in service.targets if target.about is not None}
    networks, _ = load()
    wanted = set(countries) or {about.country for about in landmarks} or {each.country for each in networks}
    seen = {(about.country, about.network) for about in landmarks}
    for country in sorted(wanted):
        here = [each for each in networks if each.country == country]
        blind = [each for each in here if (country, each.network) not in seen]
        if blind:
            names = ", ".join(f"{each.network} {each.operator}" for each in blind)
            share = f"{len(blind)} of {len(here)} networks of {country}"
            yield f"Not observable from outside, for no landmark stands in them ({share}): {names}."
        elif not here and not any(about.country == country for about in landmarks):
            yield f"Nothing of {country} is observable from outside: no landmark stands in it."
