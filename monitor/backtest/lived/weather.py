"""What happens to a line by itself: bursts of loss, evenings, boxes that are gone a while. Drawn by a keyed hash."""

from __future__ import annotations

import datetime
import math
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.backtest.worlds.noise import Away, Bursts, Card, Evening, Noise, RateLimit
from monitor.backtest.worlds.words import How, Path, Precision, What
from monitor.backtest.worlds.world import Cause, Drop, Span, Where, World
from monitor.beat.spread import unit

_SAID_AGAIN_MS = 4_500  # a resolver is asked again by then (monitor/tools.py), and TCP has tried three times
_FEW = 0.02  # below that a loss costs a lookup now and then, and nothing else
_LOOKUPS_A_MINUTE = 8  # of one box; each is said twice, and fails where both are lost, on the way there or back
_STRAY_MS = 60_000 // _LOOKUPS_A_MINUTE
_LIMITED_S = 1_800.0  # answers to one address hang together: as its allowance is spent and comes back (assumed)
_HOUR_MS, _DAY_MS, _WEEK_S = 3_600_000, 86_400_000, 7 * 86_400


@dataclass(frozen=True, slots=True)
class Spell:
    """From then till then: `lost` of all packets, `delay_ms` more a round trip, goodput so many times `slower`."""

    from_ms: int
    until_ms: int
    lost: float = 0.0
    delay_ms: float = 0.0
    slower: float = 1.0

    @property
    def long(self) -> bool:
        """Longer than a target is left unwalked: what is lost in it is drawn anew for each walk."""
        return self.until_ms - self.from_ms >= 60_000


@dataclass(frozen=True, slots=True)
class Absence:
    """A box that is gone. `farewell`: it says so first. `stalls`: it is there, and its disk takes nothing."""

    from_ms: int
    until_ms: int
    farewell: bool = False
    stalls: bool = False


def spells(noise: Noise, key: bytes, line: str, network: str, zone: str, from_ms: int, until_ms: int) -> list[Spell]:
    """In the order of their beginning; they may overlap."""
    found: list[Spell] = []
    if (bursts := noise.bursts) is not None:
        alone, common = 1 - bursts.in_common, bursts.in_common
        found += _bad(bursts, key, line, alone, from_ms, until_ms)
        found += _bad(bursts, key, network, common, from_ms, until_ms)
    for evening in _evenings(noise.evening, zone, from_ms, until_ms) if noise.evening is not None else ():
        found += _strays(evening, key, line) if evening.lost < _FEW else [evening]
    return sorted(found, key=lambda each: each.from_ms)


def _bad(bursts: Bursts, key: bytes, whose: str, share: float, from_ms: int, until_ms: int) -> Iterator[Spell]:
    """The bad times of a line, or, as far as they are shared, of its network: both together are as often as said."""
    if share <= 0:
        return
    at_ms, number = float(from_ms), 0
    while True:
        number += 1
        at_ms += 1000 * _drawn(bursts.good_s / share, key, whose, "good", number)
        if at_ms >= until_ms:
            return
        length_ms = 1000 * _drawn(bursts.bad_s, key, whose, "bad", number)
        if length_ms > _SAID_AGAIN_MS:  # what is over before it is said again, nobody notices
            yield Spell(int(at_ms), int(at_ms + length_ms - _SAID_AGAIN_MS), lost=bursts.lost_bad)
        at_ms += length_ms


def _evenings(evening: Evening, zone: str, from_ms: int, until_ms: int) -> Iterator[Spell]:
    """By the clock of the country, whatever it does in that night."""
    there = zoneinfo.ZoneInfo(zone)
    day = datetime.datetime.fromtimestamp(from_ms / 1000, there).date() - datetime.timedelta(days=1)
    while True:
        begins = _at(day, evening.from_hour, there)
        ends = _at(day + datetime.timedelta(days=evening.until_hour <= evening.from_hour), evening.until_hour, there)
        if begins >= until_ms:
            return
        if ends > from_ms:
            yield Spell(begins, ends, evening.lost, evening.delay_ms, evening.slower)
        day += datetime.timedelta(days=1)


def _strays(evening: Spell, key: bytes, line: str) -> Iterator[Spell]:
    """The same evening, its few losses as the moments in which one lookup fails: nothing else of it can be seen."""
    yield Spell(evening.from_ms, evening.until_ms, 0.0, evening.delay_ms, evening.slower)
    both = (1 - (1 - evening.lost) ** 2) ** 2
    at_ms, number = float(evening.from_ms), 0
    while both > 0:
        number += 1
        at_ms += 60_000 / _LOOKUPS_A_MINUTE * _drawn(1 / both, key, line, "stray", evening.from_ms, number)
        if at_ms >= evening.until_ms:
            return
        yield Spell(int(at_ms), int(at_ms) + _STRAY_MS, lost=1.0)


def _at(day: datetime.date, hour: int, zone: zoneinfo.ZoneInfo) -> int:
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    return int((midnight + datetime.timedelta(hours=hour)).timestamp() * 1000)


def absences(world: World, id: str, network: str, since_ms: int) -> list[Absence]:
    """Those of a line, or of a control, that has lived since then."""
    return [each for noise in world.noise_of(id) for each in _absences(noise, world, id, network, since_ms)]


def _absences(noise: Noise, world: World, id: str, network: str, since_ms: int) -> Iterator[Absence]:
    key, until_ms = world.name.encode(), world.until_ms
    for number, away in enumerate(noise.away):
        yield from _gone(away, key, f"{id} {number}", 1 - away.in_common, since_ms, until_ms)
        yield from _gone(away, key, f"{network} {number}", away.in_common, since_ms, until_ms)
    if noise.card is not None:
        yield from _stalls(noise.card, key, id, since_ms, until_ms)


def _gone(away: Away, key: bytes, whose: str, share: float, from_ms: int, until_ms: int) -> Iterator[Absence]:
    """Drawn evenly: a Poisson stream has exponential gaps."""
    if share <= 0 or away.per_week <= 0:
        return
    at_ms, number = float(from_ms), 0
    while True:
        number += 1
        at_ms += 1000 * _drawn(_WEEK_S / (away.per_week * share), key, whose, "gap", number)
        if at_ms >= until_ms:
            return
        length_ms = 1000 * _drawn(away.for_s, key, whose, "gone", number)
        says = unit(key, whose, "farewell", number) < away.farewell
        yield Absence(int(at_ms), int(at_ms + length_ms), farewell=says)
        at_ms += length_ms


def _stalls(card: Card, key: bytes, whose: str, from_ms: int, until_ms: int) -> Iterator[Absence]:
    """More often every day: twice as often on the second, three times on the third."""
    dead_ms = until_ms if card.dead_after_s is None else from_ms + int(card.dead_after_s * 1000)
    day_ms, number = from_ms + int(card.after_s * 1000), 0
    while day_ms < min(dead_ms, until_ms):
        number += 1
        for stall in range(round(card.stalls_per_day * number)):
            at_ms = day_ms + int(unit(key, whose, "stall", number, stall) * _DAY_MS)
            if at_ms < dead_ms:
                yield Absence(at_ms, at_ms + int(card.for_s * 1000), stalls=True)
        day_ms += _DAY_MS
    if dead_ms < until_ms:
        yield Absence(dead_ms, until_ms, stalls=True)


def limits(noise: Noise, key: bytes, where: Where, from_ms: int, until_ms: int) -> Iterator[Cause]:
    """What services answer to a box for its share of the time, as causes at their far end that only this box meets."""
    for number, limit in enumerate(noise.limits):
        spans = tuple(_limited(limit, key, f"{where.lines or where.controls} {number}", from_ms, until_ms))
        drop = Drop(What.SERVICE, limit.service, how=How.STATUS, status=limit.status)
        name = f"limit-{noise.name}-{number}"
        if spans:
            yield Cause(name, spans, Precision.DAY, Precision.DAY, True, limit.source, where, Path.FAR_END, (drop,))


def _limited(limit: RateLimit, key: bytes, whose: str, from_ms: int, until_ms: int) -> Iterator[Span]:
    if limit.share >= 1:
        yield Span(from_ms, until_ms)
        return
    free_s = _LIMITED_S * (1 - limit.share) / limit.share
    at_ms, number = float(from_ms), 0
    while True:
        number += 1
        at_ms += 1000 * _drawn(free_s, key, whose, "free", number)
        if at_ms >= until_ms:
            return
        length_ms = 1000 * _drawn(_LIMITED_S, key, whose, "limited", number)
        yield Span(int(at_ms), min(until_ms, int(at_ms + length_ms)))
        at_ms += length_ms


def _drawn(mean_s: float, key: bytes, *of: str | int) -> float:
    """A length drawn exponentially about its mean."""
    return -mean_s * math.log(1.0 - unit(key, *of))
