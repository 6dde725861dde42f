"""Whom a cause touches, and when: spans moved by its spread, its ramp and tail, boxes chosen by a keyed hash. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor.backtest.worlds.words import Path
from monitor.backtest.worlds.world import Cause, Where, World
from monitor.beat.spread import unit
from probes.words import Access


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands, box or landmark. `line`, `control`: its id, if it is one of ours."""

    country: str
    network: str
    access: Access | None = None
    region: str = ""
    line: str = ""
    control: str = ""

    @property
    def id(self) -> str:
        return self.line or self.control or f"{self.country} {self.network}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One span of a cause as it comes over one place, ramp and tail included."""

    cause: Cause
    from_ms: int
    until_ms: int

    def strength(self, at_ms: int) -> float:
        """From 0 to 1, linearly over the ramp, and back over the tail."""
        cause = self.cause
        up = (at_ms - self.from_ms) / (cause.ramp_s * 1000) if cause.ramp_s else 1.0
        down = (self.until_ms - at_ms) / (cause.tail_s * 1000) if cause.tail_s else 1.0
        return max(0.0, min(1.0, up, down))


def stretches(world: World, place: Place, causes: Iterable[Cause]) -> Iterator[Stretch]:
    """Everything that comes over a place, in the order of its beginning."""
    key = world.name.encode()
    found = []
    for cause in causes:
        if not fits(cause.where, cause.path, place):
            continue
        if cause.where.share < 1 and unit(key, cause.id, "whom", place.id) >= cause.where.share:
            continue
        after_ms = int(unit(key, cause.id, "when", place.id) * cause.spread_s * 1000) if cause.spread_s else 0
        for span in cause.spans:
            tail_ms = int(cause.tail_s * 1000)
            found.append(Stretch(cause, span.from_ms + after_ms, span.until_ms + after_ms + tail_ms))
    yield from sorted(found, key=lambda each: each.from_ms)


def fits(where: Where, path: Path, place: Place) -> bool:
    """Everything given must fit. Controls are touched at the far end, at the hub, and where they are named."""
    if place.control:
        if where.controls:
            return place.control in where.controls
        return path in (Path.FAR_END, Path.HUB) and where == Where(share=where.share)
    if where.controls and not (where.lines or where.networks or where.country):
        return False
    return (
        (not where.country or where.country == place.country)
        and (not where.networks or place.network in where.networks)
        and (where.access is None or where.access is place.access)
        and (not where.regions or place.region in where.regions)
        and (not where.lines or place.line in where.lines)
    )
