"""Worlds drawn by a keyed hash, for counts: something that must be told at a moment nobody chose, and quiet weeks.

The seed of each is its name. Lines and noise are those of shipped quiet worlds; nothing here was chosen by its outcome.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.backtest.worlds import reading
from monitor.backtest.worlds.alerts import Severity
from monitor.backtest.worlds.expected import Allowed, Expect, Needs
from monitor.backtest.worlds.words import How, Path, Precision, Set, Sort, Way, What
from monitor.backtest.worlds.world import Cause, Drop, Home, Line, Span, Where, World
from monitor.beat.spread import unit

_BASE = "quiet-ordinary"
_NETWORKS, _LINES = 3, 2  # of the base world, the first so many, with so many lines of each
_COVERED, _MOST_LINES = 4, 3  # networks in which lines are placed, none to so many in each
_QUIET = "quiet-"
_MINUTE_MS = 60_000
_DAY_MINUTES = 24 * 60
_SETTLES_MS, _DRAWN_FROM_MS, _STANDS_MS, _AFTER_MS = 30 * _MINUTE_MS, 60 * _MINUTE_MS, 40 * _MINUTE_MS, 50 * _MINUTE_MS
_EACH_MS = _DRAWN_FROM_MS + _STANDS_MS + _AFTER_MS  # one after the other, so that each is over before the next


@dataclass(frozen=True, slots=True)
class Sorts:
    """One thing that may happen to a network with two lines of ours, and what must be told of it.

    `way_out`: whether these lines have a satellite beside; None: either will do.
    """

    name: str
    drops: tuple[Drop, ...]
    alert: str
    way_out: bool | None = None
    path: Path = Path.FOREIGN


def _block(service: str, how: How) -> tuple[Drop, ...]:
    return (Drop(What.SERVICE, service, how=how),)


SORTS = (
    Sorts("silence", (Drop(What.ALL),), "NetworkSilent", way_out=False),
    Sorts("cut", (Drop(What.ALL),), "NetworkShutdown", way_out=True),
    Sorts("outage", (Drop(What.ALL),), "NetworkOutage", way_out=True, path=Path.EVERYTHING),
    Sorts("whatsapp-silent", _block("whatsapp", How.ADDRESS_SILENT), "ServiceBlocked"),
    Sorts("instagram-reset", _block("instagram", How.NAME_RESET), "ServiceBlocked"),
    Sorts("imo-silent", _block("imo", How.NAME_SILENT), "ServiceBlocked"),
)
_ALLOWED = (
    Allowed("VantageSilent", {}, Severity.TICKET, "a box is a box"),
    Allowed("NetworkSilent", {}, Severity.TICKET, "one line that is all that reports of a network"),
    Allowed("ShutdownOver", {}, Severity.INFO, "when it is"),
    Allowed("ServiceUnblocked", {}, Severity.INFO, "when it is"),
    Allowed("DNSTampering", {}, Severity.TICKET, "names are forged for what stands"),
)
_ALL_SILENT = (Allowed("DidbanBlind", {}, None, "no line of ours in the country delivers while its network is silent"),)
_NEVER = (
    Allowed("ServiceDown", {}, None, "every service is up"),
    Allowed("CountryShutdown", {}, None, "one network at a time"),
    Allowed("CountrySilent", {}, None, "one network at a time"),
    Allowed("CountryOutage", {}, None, "one network at a time"),
    Allowed("ProviderRefusal", {}, None, "nobody refuses anything"),
)
# what is honest to ask of lines that stand anywhere: one line is a ticket, and says nothing of a domestic outage
_NEEDS = {
    "NetworkSilent": Needs(lines=1, others=1),
    "NetworkShutdown": Needs(lines=1),
    "NetworkOutage": Needs(lines=2),
    "ServiceBlocked": Needs(lines=1),
}
_RIVALS = ("NetworkShutdown", "NetworkOutage", "ServiceBlocked")  # each of the wrong class where nothing is expected so


def onsets(count: int) -> Iterator[World]:
    """Each with up to six things to be told, one after the other, in an order and at moments drawn by its name."""
    base = _shipped(_BASE)
    for number in range(-(-count // len(SORTS))):
        yield _onsets(base, number, min(len(SORTS), count - number * len(SORTS)))


def _onsets(base: World, number: int, count: int) -> World:
    networks = tuple(dict.fromkeys(line.network for line in base.lines))[:_NETWORKS]
    name = f"drawn-{number}"
    out = networks[int(unit(name.encode(), "satellites") * len(networks))]
    drawn = _drawn(dataclasses.replace(base, name=name), networks, out, count)
    return dataclasses.replace(drawn, lines=tuple(_lines(base, networks, out)))


def _drawn(base: World, networks: Sequence[str], out: str, count: int) -> World:
    """Causes and what is expected of them, wherever our lines stand. `out`: where lines have a satellite beside."""
    key = base.name.encode()
    from_ms = base.from_ms + int(unit(key, "minute") * _DAY_MINUTES) * _MINUTE_MS
    order = sorted(SORTS, key=lambda each: unit(key, "order", each.name))[:count]
    causes = []
    for place, sort in enumerate(order):
        after_ms = int(unit(key, "onset", sort.name) * _DRAWN_FROM_MS // 1000) * 1000
        onset_ms = from_ms + _SETTLES_MS + place * _EACH_MS + after_ms
        fit = [each for each in networks if sort.way_out is None or (each == out) is sort.way_out]
        causes.append(_cause(base, sort, fit[int(unit(key, "where", sort.name) * len(fit))], onset_ms))
    expect = tuple(_expect(sort, cause) for sort, cause in zip(order, causes, strict=True))
    return dataclasses.replace(
        base, set=Set.HELD_OUT, sort=Sort.SHUTDOWN, from_ms=from_ms,
        until_ms=from_ms + _SETTLES_MS + count * _EACH_MS, causes=tuple(causes), expect=expect,
        allowed=_ALLOWED, never=(*_NEVER, *_rivals(networks, expect)),
    )  # fmt: skip


def covered(count: int) -> Iterator[World]:
    """The same, seen by lines that stand anywhere: none to three in each of four networks, drawn for each world."""
    base = _shipped(_BASE)
    for number in range(-(-count // len(SORTS))):
        yield _covered(base, number, min(len(SORTS), count - number * len(SORTS)))


def _covered(base: World, number: int, count: int) -> World:
    name = f"covered-{number}"
    key = name.encode()
    country = base.country(base.lines[0].country)
    networks = tuple(each.network for each in country.networks[:_COVERED])
    out = networks[int(unit(key, "satellites") * len(networks))]
    drawn = _drawn(dataclasses.replace(base, name=name), networks, out, count)
    lines = []
    for each in networks:
        network = base.network(each)
        home = (Home(Way.FOREIGN, each), Home(Way.SATELLITE)) if each == out else (Home(Way.FOREIGN, each),)
        for place in range(int(unit(key, "lines", each) * (_MOST_LINES + 1))):
            id = f"{network.operator.lower()}-{place + 1}"
            lines.append(Line(id, country.country, each, network.access, home, noise=base.noise))
    expect = tuple(
        dataclasses.replace(each, severity=Severity.TICKET, needs=_NEEDS[each.alert]) for each in drawn.expect
    )
    alone = len({each.network for each in lines}) <= 1
    return dataclasses.replace(
        drawn, lines=tuple(lines), expect=expect, allowed=(*drawn.allowed, *(_ALL_SILENT if alone else ()))
    )


def _cause(base: World, sort: Sorts, network: str, onset_ms: int) -> Cause:
    where = Where(country=base.lines[0].country, networks=(network,))
    span = (Span(onset_ms, onset_ms + _STANDS_MS),)
    minute = Precision.MINUTE
    return Cause(sort.name, span, minute, minute, False, "drawn", where, sort.path, sort.drops)


def _expect(sort: Sorts, cause: Cause) -> Expect:
    (network,), (span,) = cause.where.networks, cause.spans
    service = {"service": sort.drops[0].service} if sort.drops[0].service else {}
    labels = {"country": cause.where.country, "network": network, **service}
    return Expect(
        sort.alert, labels, Severity.PAGE, span.from_ms, span.until_ms, Precision.MINUTE, assumed=False, cause=cause.id,
        needs=Needs(lines=_LINES),
    )  # fmt: skip


def _lines(base: World, networks: Sequence[str], out: str) -> Iterator[Line]:
    """`out`: the network whose lines have a satellite beside."""
    for network in networks:
        for line in [each for each in base.lines if each.network == network][:_LINES]:
            home = (*line.home, Home(Way.SATELLITE)) if network == out else line.home
            yield dataclasses.replace(line, home=home)


def _rivals(networks: Sequence[str], expect: Sequence[Expect]) -> Iterator[Allowed]:
    """What would be the wrong word on each network in all of that world."""
    for alert in _RIVALS:
        for network in networks:
            if not any(each.alert == alert and each.labels["network"] == network for each in expect):
                yield Allowed(alert, {"network": network}, None, "nothing of that kind happens there")


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
