"""One world put to the rules: lived through once, then scored as it was, and with each alert's rule switched off."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.backtest.hearing import Rules, heard
from monitor.backtest.told.messages import Message, Routing, messages
from monitor.backtest.told.score import Score, score
from monitor.backtest.worlds.expected import Expect
from monitor.backtest.worlds.shuffle import moved
from monitor.backtest.worlds.words import Set
from monitor.backtest.worlds.world import World

ROUTING = Path(__file__).parents[1] / "notify" / "alertmanager.yml"

Lived = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Without:
    """What the same world comes to when one alert's rule is off."""

    alert: str
    recalled: int
    false: int


@dataclass(frozen=True, slots=True)
class Trial:
    """`by_chance`: alerts expected at a moment that came at it although their causes had been moved elsewhere.

    None where that was not asked.
    """

    score: Score
    without: tuple[Without, ...]
    by_chance: tuple[str, ...] | None

    @property
    def set(self) -> Set:
        return self.score.world.set


def tried(
    world: World, rules: Rules, *, later: bool = True, shuffled: bool = True, lived: Lived = lambda at_ms: None
) -> Trial:
    """`lived`: told how far the world has come."""
    routing = Routing.read(ROUTING)
    found = heard(world, rules, since_ms=world.boxes_start_ms, also_later=later and bool(world.expect), lived=lived)
    then = list(messages(found.then, routing, until_ms=world.until_ms))
    whole = score(world, then, list(messages(found.later, routing, until_ms=world.until_ms)))
    without = []
    for alert in sorted({change.alert for change in found.then if change.fires}):
        less = score(world, list(messages(found.then, routing, until_ms=world.until_ms, but=frozenset({alert}))), [])
        recalled = sum(each.fired_ms is not None and each.unobservable is None for each in less.found)
        without.append(Without(alert, recalled, len(less.false)))
    asked = shuffled and any(each.unobservable is None for each in whole.found)
    chance = _by_chance(world, rules, routing, lived) if asked else None
    return Trial(whole, tuple(without), chance)


def _by_chance(world: World, rules: Rules, routing: Routing, lived: Lived) -> tuple[str, ...]:
    """The same world, its causes at other times: what comes at the old ones comes by chance."""
    elsewhere = moved(world)
    found = heard(elsewhere, rules, since_ms=elsewhere.boxes_start_ms, also_later=False, lived=lived)
    sent: list[Message] = list(messages(found.then, routing, until_ms=world.until_ms))
    asked = dataclasses.replace(world, causes=elsewhere.causes)
    told = score(dataclasses.replace(asked, allowed=()), sent, [])
    found_ = [each.expect for each in told.found if each.fired_ms is not None]
    return tuple(each.alert for each in found_ if not _overlaps(each, elsewhere))


def _overlaps(expect: Expect, world: World) -> bool:
    """A moved cause may come to stand where it was expected after all."""
    return any(s.from_ms < expect.until_ms and s.until_ms > expect.onset_ms for s in world.cause(expect.cause).spans)
