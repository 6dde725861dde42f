"""Who is expected: the vantages of a fleet, the weights of networks, and what of it becomes series for the rules."""

from __future__ import annotations

import datetime
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from monitor import metrics
from monitor.meaning import networks as known
from monitor.metrics import Series, identity
from monitor.settings import Identity
from monitor.telling.localtime import utc_offset_s
from probes import catalogue
from probes.doors.schema import Country, NetworkId, Strict, Word, fit
from probes.doors.yamlfile import Document, Mistake, read
from probes.facts import Service, Vantage
from probes.words import Role

Statement = tuple[Series, Mapping[str, str], float]  # a series, the identity it carries, its value


def moment(given: object) -> int:
    """A time of RFC 3339 in milliseconds since 1970."""
    try:
        if not isinstance(given, str) or not re.fullmatch(
            r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", given
        ):
            raise ValueError
        return int(datetime.datetime.fromisoformat(given.upper()).timestamp() * 1000)
    except ValueError:
        raise ValueError("must be a time such as 2026-12-01T00:00:00Z") from None


def _moment_or_none(given: object) -> int | None:
    return None if given is None else moment(given)


def _by_country(given: object) -> object:
    return {"country": given} if isinstance(given, str) else given


class VantageRow(Identity):
    """One enrolled box.

    Attributes:
        paused: its silence is agreed.
        retired: it is expected no more and may write nothing; the row stays, so that nobody gets its id again.
    """

    paused: bool = False
    retired: bool = False


class Watch(Strict):
    """A country in which a single box that falls silent is a page; `until_ms`: and then by itself no longer."""

    country: Country
    until_ms: Annotated[int | None, BeforeValidator(_moment_or_none), Field(alias="until")] = None


class NetworkRow(Strict):
    """Whose network it is, and which share of the country's users it carries, with where that figure comes from."""

    country: Country
    network: NetworkId
    operator: Word
    weight: Annotated[float, Field(gt=0, le=1)] | None = None
    source: str = ""  # a weight without one is a mistake


class RegistryFile(Strict):
    """Each list may stand there with nothing below it yet."""

    vantages: tuple[VantageRow, ...] | None = ()
    networks: tuple[NetworkRow, ...] | None = ()
    watch: tuple[Annotated[Watch, BeforeValidator(_by_country)], ...] | None = ()


@dataclass(frozen=True, slots=True)
class Registry:
    vantages: Mapping[str, Vantage]
    paused: frozenset[str]
    networks: tuple[NetworkRow, ...]
    watched: tuple[Watch, ...]
    services: tuple[Service, ...]
    retired: frozenset[str] = frozenset()
    names: tuple[known.Network, ...] = field(default_factory=lambda: known.load()[0])
    standing: tuple[known.Standing, ...] = field(default_factory=known.standing)

    @classmethod
    def alone(cls, vantage: Vantage, services: tuple[Service, ...]) -> Registry:
        """The fleet of one: a machine that is its own hub."""
        return cls({vantage.id: vantage}, frozenset(), (), (), services)

    def statements(self, now_ms: int) -> Iterator[Statement]:
        """What the rules need to know beside the measurements."""
        for vantage in self.vantages.values():
            yield Series(metrics.EXPECTED, ()), identity(vantage), 1
            yield Series(metrics.PAUSED, ()), identity(vantage), float(vantage.id in self.paused)
            if vantage.cohort:
                yield Series(metrics.COHORT, (vantage.cohort,)), identity(vantage), 1
            if vantage.region:
                yield Series(metrics.REGION, (vantage.region,)), identity(vantage), 1
        for service in self.services:
            if not service.watched:
                continue
            yield Series(metrics.SERVICE_INFO, (service.id, str(service.page).lower())), {}, 1
        yield from self._networks()
        for country in sorted({each.country for each in self.watched if (each.until_ms or now_ms + 1) > now_ms}):
            yield Series(metrics.WATCH, (country,)), {}, 1
        inside = {vantage.country for vantage in self.vantages.values() if vantage.role is Role.INSIDE}
        for each in self.standing:
            if each.country in inside:
                yield Series(metrics.STANDING, (each.country, each.service)), {}, 1
        for country in sorted({vantage.country for vantage in self.vantages.values()}):
            if (offset_s := utc_offset_s(country, now_ms)) is not None:
                yield Series(metrics.UTC_OFFSET, (country,)), {}, offset_s

    def _networks(self) -> Iterator[Statement]:
        """Whose each network is: by the registry, else by name where a box of ours stands; and its weight if known."""
        operators = {(row.country, row.network): row.operator for row in self.networks}
        stood_in = {(each.country, each.network) for each in self.vantages.values() if each.role is Role.INSIDE}
        for name in self.names:
            if (name.country, name.network) in stood_in:
                operators.setdefault((name.country, name.network), name.company)
        for (country, network), operator in operators.items():
            yield Series(metrics.OPERATOR, (country, network, operator)), {}, 1
        for row in self.networks:
            if row.weight is not None:
                yield Series(metrics.WEIGHT, (row.country, row.network, row.operator)), {}, row.weight


def load(path: Path, services: Iterable[Service]) -> tuple[Registry | None, tuple[Mistake, ...]]:
    """The registry, or every mistake in it."""
    document = read(path)
    file, mistakes = fit(document, RegistryFile)
    if file is None:
        return None, mistakes
    found = tuple(_contradictions(file, document))
    if found:
        return None, found
    rows = file.vantages or ()
    vantages = {row.id: row.as_vantage() for row in rows if not row.retired}
    paused = frozenset(row.id for row in rows if row.paused)
    retired = frozenset(row.id for row in rows if row.retired)
    return Registry(vantages, paused, file.networks or (), file.watch or (), tuple(services), retired), ()


@functools.cache
def shipped_services() -> tuple[Service, ...]:
    """Every service Didban ships, for what the rules must know of it (does a block of it wake people?).

    What ships does not change while we run: a hub reads its own files again and again, these once.
    """
    services, mistakes = catalogue.load(catalogue.shipped(), beside=Path())
    assert not mistakes
    return services


def _contradictions(file: RegistryFile, document: Document) -> Iterator[Mistake]:
    rows = file.vantages or ()
    ids = [row.id for row in rows]
    watched = {row.country for row in rows if row.role is Role.INSIDE and not row.retired}
    for index, row in enumerate(rows):
        if row.id in ids[:index]:
            yield document.mistake(("vantages", index, "id"), f"{row.id!r} is enrolled twice")
        if row.role is Role.CONTROL and row.country in watched and not row.retired:
            what = f"is watched from inside: a control in {row.country} would share its blocks"
            yield document.mistake(("vantages", index, "country"), what)
    networks = [(row.country, row.network) for row in file.networks or ()]
    for index, pair in enumerate(networks):
        if pair in networks[:index]:
            yield document.mistake(("networks", index, "network"), f"{pair[1]} has a row already")
    weights: defaultdict[str, float] = defaultdict(float)
    for index, network in enumerate(file.networks or ()):
        weights[network.country] += network.weight or 0
        if network.weight is not None and not network.source.strip():
            yield document.mistake(("networks", index, "weight"), "has no source: say where the figure comes from")
        if weights[network.country] > 1.001 >= weights[network.country] - (network.weight or 0):
            what = f"the networks of {network.country} carry more than all of its users"
            yield document.mistake(("networks", index, "weight"), what)
