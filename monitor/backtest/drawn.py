"""Worlds drawn by a keyed hash, for counts: something that must be told at a moment nobody chose, and quiet weeks.

The seed of each is its name. Lines and noise are those of shipped quiet worlds; nothing here was chosen by its outcome.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.backtest import reading
from monitor.backtest.alerts import Severity
from monitor.backtest.expected import Expect, Needs
from monitor.backtest.words import How, Path, Precision, Set, Sort, Way, What
from monitor.backtest.world import Cause, Drop, Home, Line, Span, Where, World
from monitor.beat.spread import unit

_BASE = "quiet-ordinary"
_QUIET = "quiet-"
_MINUTE_MS = 60_000
_SETTLES_MS, _DRAWN_FROM_MS, _STANDS_MS, _AFTER_MS = 30 * _MINUTE_MS, 60 * _MINUTE_MS, 40 * _MINUTE_MS, 10 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Sorts:
    """One thing that may happen to a network with two lines of ours, and what must be told of it."""

    name: str
    drops: tuple[Drop, ...]
    alert: str
    severity: Severity
    way_out: bool
    path: Path = Path.FOREIGN


def _block(service: str, how: How) -> tuple[Drop, ...]:
    return (Drop(What.SERVICE, service, how=how),)


SORTS = (
    Sorts("silence", (Drop(What.ALL),), "NetworkSilent", Severity.TICKET, way_out=False),
    Sorts("cut", (Drop(What.ALL),), "NetworkShutdown", Severity.PAGE, way_out=True),
    Sorts("outage", (Drop(What.ALL),), "NetworkOutage", Severity.PAGE, way_out=True, path=Path.EVERYTHING),
    Sorts("whatsapp-silent", _block("whatsapp", How.ADDRESS_SILENT), "ServiceBlocked", Severity.PAGE, way_out=False),
    Sorts("instagram-reset", _block("instagram", How.NAME_RESET), "ServiceBlocked", Severity.PAGE, way_out=False),
    Sorts("imo-silent", _block("imo", How.NAME_SILENT), "ServiceBlocked", Severity.PAGE, way_out=False),
)


def onsets(count: int) -> Iterator[World]:
    """Each with one thing to be told, its onset drawn to the second; the sorts in turn."""
    base = _shipped(_BASE)
    for number in range(count):
        yield _onset(base, SORTS[number % len(SORTS)], number)


def _onset(base: World, sort: Sorts, number: int) -> World:
    name = f"drawn-{sort.name}-{number}"
    after_ms = int(unit(name.encode(), "onset") * _DRAWN_FROM_MS // 1000) * 1000
    day_ms = int(unit(name.encode(), "hour") * 24) * 60 * _MINUTE_MS
    from_ms = base.from_ms + day_ms
    span = Span(from_ms + _SETTLES_MS + after_ms, from_ms + _SETTLES_MS + after_ms + _STANDS_MS)
    network = base.lines[0].network
    where = Where(country=base.lines[0].country, networks=(network,))
    cause = Cause(sort.name, (span,), Precision.MINUTE, Precision.MINUTE, False, "drawn", where, sort.path, sort.drops)
    service = {"service": sort.drops[0].service} if sort.drops[0].service else {}
    labels = {"country": where.country, "network": network, **service}
    expect = Expect(
        sort.alert,
        labels,
        sort.severity,
        span.from_ms,
        span.until_ms,
        Precision.MINUTE,
        False,
        sort.name,
        needs=Needs(),
    )
    lines = tuple(_with_a_way_out(each) if sort.way_out else each for each in base.lines)
    return dataclasses.replace(
        base, name=name, set=Set.HELD_OUT, sort=Sort.SHUTDOWN, from_ms=from_ms, until_ms=span.until_ms + _AFTER_MS,
        lines=lines, causes=(cause,), expect=(expect,),
    )  # fmt: skip


def _with_a_way_out(line: Line) -> Line:
    return dataclasses.replace(line, home=(*line.home, Home(Way.SATELLITE)))


def weeks(network_weeks: float) -> Iterator[World]:
    """Shipped quiet worlds over and over, each time with other noise, until there are so many."""
    bases = [_shipped(name) for name in reading.shipped() if name.startswith(_QUIET)]
    number = 0
    while network_weeks > 0:
        base = bases[number % len(bases)]
        number += 1
        networks = len({(line.country, line.network) for line in base.lines})
        network_weeks -= networks * (base.until_ms - base.from_ms) / (7 * 24 * 60 * _MINUTE_MS)
        yield dataclasses.replace(base, name=f"{base.name}-{number}", set=Set.HELD_OUT)


def _shipped(name: str) -> World:
    path = reading.locate(name)
    world = reading.load(path)[0] if path is not None else None
    assert world is not None, name
    return world
