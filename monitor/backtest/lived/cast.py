"""Who is in a world: vantages, what they walk, what a registry says of them. Made from the world's own words."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from monitor.backtest.worlds.words import Path as Stretch_
from monitor.backtest.worlds.words import Precision, What
from monitor.backtest.worlds.world import Cause, Drop, Span, Where, World
from monitor.hub.registry import NetworkRow, Registry, Watch
from monitor.meaning import networks as known
from probes import catalogue
from probes.facts import Endpoint, Landmark, Service, Target, Vantage, Whereabouts
from probes.words import Access, Depth, Kind, Role, Scope, Transport

_MEASURES_THE_LINE = ("canaries", "protocols")
_SPEEDS = ("transfers", "international")  # dear in bytes: chosen where somebody asks about speed
_ABOUT_SPEED = frozenset({What.SLOW})
_RESPONDER, _RESPONDER_AT = "responder.example.org", "20.1.2.3"
_DOMESTIC_CANARIES = 6
_AT_HOME = "AS64500"  # a network of no world (RFC 5398), so that none of them stands in a vantage's own


def vantages(world: World) -> Iterator[Vantage]:
    for line in world.lines:
        yield Vantage(line.id, line.country, Role.INSIDE, line.access, line.network, line.cohort, line.region)
    for control in world.controls:
        yield Vantage(control.id, control.country, Role.CONTROL, Access.DATACENTER, control.network)


def services_of(world: World) -> tuple[Service, ...]:
    """What boxes of that world walk, canaries at home and landmarks among it."""
    speeds = _SPEEDS if _asks_about_speed(world) else ()
    names = dict.fromkeys([*world.services, *_MEASURES_THE_LINE, *speeds])
    found, mistakes = catalogue.load(list(names), beside=Path(), responder=_RESPONDER, responder_at=_RESPONDER_AT)
    assert not mistakes, mistakes
    extra = Service("canaries", {}, "canary", False, tuple(_at_home(world, found)))
    landmarks = Service("landmarks", {}, "landmark", False, tuple(_landmarks(world)))
    merged = tuple(_with(each, extra.targets) if each.id == "canaries" else each for each in found)
    return (*merged, landmarks) if landmarks.targets else merged


def _with(service: Service, more: tuple[Target, ...]) -> Service:
    return Service(service.id, service.title, service.category, service.page, (*service.targets, *more), service.book)


def _asks_about_speed(world: World) -> bool:
    drops = [drop for cause in world.causes for drop in cause.drops]
    return any(drop.what in _ABOUT_SPEED or drop.factor != 1 or drop.stall_bytes for drop in drops)


def _at_home(world: World, found: tuple[Service, ...]) -> Iterator[Target]:
    """Domestic canaries of a country for which no catalogue has any."""
    every = [each for service in found for each in service.targets if each.scope is Scope.DOMESTIC]
    known = {each.at.country for each in every if each.at}
    for country in sorted({line.country for line in world.lines} - known):
        for number in range(1, _DOMESTIC_CANARIES + 1):
            name = f"home-{country.lower()}-{number}"
            yield Target(
                "canaries", name, Kind.TLS, Depth.ENDPOINT, (_host(name),), at_least=1, sample=1,
                scope=Scope.DOMESTIC, at=Whereabouts(country, _AT_HOME), source="simulated",
            )  # fmt: skip


def _landmarks(world: World) -> Iterator[Target]:
    for mark in world.landmarks:
        about = Landmark(mark.country, mark.network, mark.kind)
        for number in range(1, mark.hosts + 1):
            name = f"{mark.network.lower()}-{mark.kind}-{number}"
            yield Target(
                "landmarks", name, Kind.TLS, Depth.ENDPOINT, (_host(name),), at_least=1, sample=1, about=about,
                source="simulated",
            )  # fmt: skip


def _host(name: str) -> Endpoint:
    """At a literal address: DNS plays no part."""
    number = sum((index + 1) * ord(letter) for index, letter in enumerate(name))
    return Endpoint(f"{name}.example", 443, Transport.TCP, f"20.200.{number // 250 % 250}.{number % 250 + 1}")


def registry(world: World, services: tuple[Service, ...]) -> Registry:
    """As the hub of that world would have it."""
    rows = []
    for country in world.countries:
        for each in country.networks:
            row = {"country": country.country, "network": each.network, "operator": _word(each.operator)}
            rows.append(NetworkRow.model_validate({**row, "weight": each.weight_ratio}))
    watched = tuple(Watch(country=country) for country in world.watched)
    day = f"{datetime.datetime.fromtimestamp(world.from_ms / 1000, datetime.UTC):%Y-%m-%d}"
    listed = tuple(each for each in known.standing() if each.since <= day)  # nobody had the rest on a list by then
    boxes = {each.id: each for each in vantages(world)}
    return Registry(boxes, frozenset(), tuple(rows), watched, services, standing=listed)


def _word(operator: str) -> str:
    plain = unicodedata.normalize("NFKD", operator.lower().replace("ı", "i")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")


def causes_of(world: World, since_ms: int) -> tuple[Cause, ...]:
    """Those of the world, and what was broken there before it began."""
    return (*_standing(world, since_ms), *world.causes)


def _standing(world: World, since_ms: int) -> Iterator[Cause]:
    """One that a cause of the world goes on with ends there: nobody would see the difference."""
    for country in world.countries:
        for number, row in enumerate(country.standing):
            drops = tuple(Drop(What.SERVICE, row.service, row.targets, how) for how in row.hows)
            yield Cause(
                id=f"standing-{country.country}-{number}",
                spans=(Span(since_ms, world.until_ms),),
                precision=Precision.DAY,
                until_precision=Precision.DAY,
                assumed=True,
                source=row.source,
                where=Where(country=country.country, networks=row.networks),
                path=Stretch_.FOREIGN,
                drops=drops,
            )
