"""The line of one simulated place: what stands on its paths at a moment, and whether home can be reached by them."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from monitor.backtest.lived.touching import Place, Stretch, stretches
from monitor.backtest.lived.weather import Absence, Spell
from monitor.backtest.worlds.words import Path, Way, What
from monitor.backtest.worlds.world import Cause, Drop, Home, World
from monitor.beat.spread import unit

_ABROAD = frozenset({Path.FOREIGN, Path.EVERYTHING, Path.LAST_MILE})
# what keeps a TLS connection to an unlisted host abroad from coming to pass
_HOME_DIES = frozenset({What.ALL, What.HELLO_REPLIES, What.BIG_PACKETS, What.UNLISTED_NAMES})
_SHUT_IN = frozenset({What.PORTAL, What.GARDEN})  # answer every greeting themselves, whatever way it was to go
_AWAY = frozenset({What.DARK, What.STOP, What.REBOOT})
_WELL = 0.5  # share of attempts that come through, at which a sender delivers in time: five of them in three minutes


@dataclass(frozen=True, slots=True)
class Now:
    """What holds from one change to the next. `drawn`: dice decide which walks its stretches meet."""

    until_ms: float
    stretches: tuple[Stretch, ...]
    lossy: tuple[Spell, ...]
    lost: float
    delay_ms: float
    slower: float
    away: Absence | None
    drawn: bool


class Line:
    """Asked in the order of time, which makes looking up cheap.

    Args:
        causes: those of the world, and what was broken in the country before it.
    """

    def __init__(
        self, world: World, place: Place, causes: Sequence[Cause], spells: Sequence[Spell], absences: Sequence[Absence]
    ) -> None:
        self.place, self._key = place, f"{world.name} {place.id}".encode()
        self._stretches = tuple(stretches(world, place, causes))
        self._spells = spells
        self._absences = sorted([*absences, *_of_causes(self._stretches)], key=lambda each: each.from_ms)
        self._changes = self._turns()
        lasting: list[Stretch | Spell] = [*self._stretches, *(each for each in spells if each.long or not each.lost)]
        self._shifts = sorted({t for each in lasting for t in (each.from_ms, each.until_ms)})
        self._now = Now(float("-inf"), (), (), 0.0, 0.0, 1.0, None, False)

    def _turns(self) -> list[int]:
        every: list[Stretch | Spell | Absence] = [*self._stretches, *self._spells, *self._absences]
        return sorted({t for each in every for t in (each.from_ms, each.until_ms)})

    def keep(self, matters: Callable[[Spell], bool]) -> None:
        """Forgets short losses that meet no walk."""
        self._spells = [each for each in self._spells if not each.lost or each.long or matters(each)]
        self._changes = self._turns()

    def fate(self, spell: Spell, name: str, at_ms: int) -> float:
        """A number in [0, 1): in a short loss the same for every walk of a target."""
        return self.dice("lost", name, spell.from_ms, at_ms if spell.long else 0)

    def at(self, at_ms: int) -> Now:
        if at_ms >= self._now.until_ms:
            self._now = self._look(at_ms)
        return self._now

    def _look(self, at_ms: int) -> Now:
        after = bisect.bisect_right(self._changes, at_ms)
        until_ms = self._changes[after] if after < len(self._changes) else float("inf")
        here = tuple(each for each in self._stretches if each.from_ms <= at_ms < each.until_ms)
        spells = [each for each in self._spells if each.from_ms <= at_ms < each.until_ms]
        passed, slower = 1.0, 1.0
        for each in spells:
            passed *= 1 - each.lost
            slower *= each.slower
        away = next((each for each in self._absences if each.from_ms <= at_ms < each.until_ms), None)
        delay_ms = sum(each.delay_ms for each in spells)
        lossy = tuple(each for each in spells if each.lost)
        drawn = any(_is_drawn(each, at_ms) for each in here)
        return Now(until_ms, here, lossy, 1 - passed, delay_ms, slower, away, drawn)

    def calm_until_ms(self, at_ms: int) -> float:
        """Until when walks show what they showed before: the next change; now, while anything is drawn by dice."""
        now = self.at(at_ms)
        drawn = now.lost > 0 or any(_is_drawn(each, at_ms) for each in now.stretches)
        return at_ms if drawn else now.until_ms

    def shifted_ms(self, at_ms: int) -> float:
        """When that which lasts last changed; a short loss is over as if it had not been, but for the walks it met."""
        after = bisect.bisect_right(self._shifts, at_ms)
        return self._shifts[after - 1] if after else float("-inf")

    def absences(self) -> Sequence[Absence]:
        return self._absences

    def dice(self, *of: str | int) -> float:
        """A number in [0, 1) that is always the same for the same question."""
        return unit(self._key, *of)


def _is_drawn(each: Stretch, at_ms: int) -> bool:
    cause = each.cause
    ramps = each.strength(at_ms) < 1 or cause.tail_s > 0
    return ramps or any(drop.share < 1 and drop.what is not What.CANARIES for drop in cause.drops)


def _of_causes(found: Iterable[Stretch]) -> Iterable[Absence]:
    for each in found:
        whats = {drop.what for drop in each.cause.drops}
        if whats & _AWAY:
            yield Absence(each.from_ms, each.until_ms, farewell=What.STOP in whats)
        if What.CARD in whats:
            yield Absence(each.from_ms, each.until_ms, stalls=True)


def home_is_open(ways: Sequence[Home], own: Line, abroad: Callable[[str], Line], at_ms: int) -> bool:
    """Whether any way home passes now. `abroad`: the foreign path of a network, wherever in it one stands."""
    if any(_hears_nobody(each) for each in own.at(at_ms).stretches):
        return False
    return any(_passes(way, own, abroad, at_ms) for way in ways)


def _hears_nobody(stretch: Stretch) -> bool:
    return stretch.cause.path is Path.HUB


def _passes(home: Home, own: Line, abroad: Callable[[str], Line], at_ms: int) -> bool:
    if home.way is Way.SATELLITE:
        return True
    if any(drop.what in _SHUT_IN for each in own.at(at_ms).stretches for drop in each.cause.drops):
        return False
    line = abroad(home.network) if home.way is Way.UPLINK else own
    now = line.at(at_ms)
    if now.lost > 1 - _WELL:
        return False
    return not any(_stops(drop, each, home.way, at_ms) for each in now.stretches for drop in each.cause.drops)


def _stops(drop: Drop, stretch: Stretch, way: Way, at_ms: int) -> bool:
    cause = stretch.cause
    if cause.path not in _ABROAD or cause.passes.hub or drop.share * stretch.strength(at_ms) <= 1 - _WELL:
        return False
    return drop.what in _HOME_DIES or (drop.what is What.HUB and way is not Way.SOCKS)
