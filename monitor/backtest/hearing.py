"""What the hub hears of a world, and what the shipped rules make of it: as known then, and as known later."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.backtest.lived.cast import registry, services_of
from monitor.backtest.lived.delivery import Column
from monitor.backtest.lived.living import Lived
from monitor.backtest.worlds.world import World
from monitor.home.remotewrite import labels
from monitor.hub.registry import Registry
from monitor.promql import reading
from monitor.promql.alerting import Change
from monitor.promql.evaluation import Evaluation
from monitor.promql.reading import Group

RULES = Path(__file__).parents[1] / "rules"
_STATED_MS = 15_000  # as often as a hub says who is expected (monitor/hub/daemon.py)
_HOUR_MS = 3_600_000
_NAME = re.compile(r"\bdidban_\w+")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rule files as they are shipped. `digest`: sha256 over their bytes, in the order of their names."""

    groups: tuple[Group, ...]
    digest: str
    names: frozenset[str]

    @classmethod
    def shipped(cls, folder: Path = RULES) -> Rules:
        files = sorted(folder.glob("*.yml"))
        whole = b"".join(each.read_bytes() for each in files)
        names = frozenset(_NAME.findall(whole.decode()))
        return cls(tuple(reading.shipped(folder)), hashlib.sha256(whole).hexdigest(), names)

    @property
    def alerts(self) -> tuple[str, ...]:
        """Every alert, each once, in the order of the files."""
        return tuple(dict.fromkeys(rule.alert for group in self.groups for rule in group.rules if rule.alert))


@dataclass(slots=True)
class Heard:
    """`then`: changes of alerts as samples arrived; `later`: had every sample come at its own time."""

    then: list[Change] = field(default_factory=list)
    later: list[Change] = field(default_factory=list)


def heard(
    world: World, rules: Rules, *, since_ms: int, also_later: bool, lived: Callable[[int], None] = lambda at_ms: None
) -> Heard:
    """Lives through the world and its rules side by side, hour by hour; `lived` is told until when."""
    found = Heard()
    live = Evaluation(rules.groups, since_ms=since_ms)
    later = Evaluation(rules.groups, since_ms=since_ms) if also_later else None
    hub = registry(world, services_of(world))
    begun = [since_ms]

    def on_hour(until_ms: int, columns: list[Column]) -> None:
        for column in (*columns, *stated(hub, begun[0], until_ms)):
            live.take(column.labels, column.times_ms, column.values, column.arrived_ms)
            if later is not None:
                later.take(column.labels, column.times_ms, column.values)
        begun[0] = until_ms
        found.then.extend(live.until(until_ms))
        lived(until_ms)

    Lived(world, since_ms, rules.names).through(on_hour)
    if later is not None:
        found.later.extend(later.until(world.until_ms))
    return found


def stated(hub: Registry, since_ms: int, until_ms: int) -> Iterator[Column]:
    """What the hub itself says meanwhile; what it says of an hour, it says at its beginning."""
    times = list(range(since_ms, until_ms, _STATED_MS))
    for series, who, value in hub.statements(since_ms):
        named = labels(series.name, series.labels(who))
        yield Column(named, times, [value] * len(times), times)
