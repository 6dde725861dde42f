"""A world of vantages lived through by the evaluator in memory, in which anything can be asked at any moment."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from monitor.home.remotewrite import Labels, labels
from monitor.home.vectors import Found
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from tests.rules.lines import at
from tests.rules.world import RULES, World, series

STEP_MS = 15_000
_SERIES = re.compile(r"(\w+)\{(.*)\}")
_PAIR = re.compile(r'(\w+)="([^"]*)"')


def samples(world: World, minutes: int) -> Iterator[tuple[Labels, list[int], list[float]]]:
    """What the wire would carry: one value a minute; a heartbeat's is its own time."""
    for box in world.boxes:
        everything = dict(box.series)
        if box.heartbeat:
            everything[series("didban_heartbeat_timestamp_seconds", box.labels)] = {}
        for name, steps in everything.items():
            yield _one(
                name, {m: at(steps, m) if steps else 60.0 * m for m in range(minutes + 1) if _there(box.away, m)}
            )
        expected = series("didban_vantage_expected", box.labels)
        yield _one(expected, {m: at(box.expected, m) for m in range(minutes + 1)})
    for name, steps in world.extra.items():
        yield _one(name, {m: at(steps, m) for m in range(minutes + 1)})


def _there(away: list[tuple[int, int]], minute: int) -> bool:
    return not any(since <= minute < until for since, until in away)


def _one(name: str, values: dict[int, float | None]) -> tuple[Labels, list[int], list[float]]:
    found = _SERIES.fullmatch(name)
    assert found is not None
    known = {minute: value for minute, value in values.items() if value is not None}
    return labels(found[1], dict(_PAIR.findall(found[2]))), [60_000 * m for m in known], list(known.values())


class Lived:
    """One world, moment by moment. `asked`: what will be asked of it."""

    def __init__(self, world: World, minutes: int, asked: list[str]) -> None:
        self.evaluation = Evaluation(reading.shipped(RULES), asked=asked, since_ms=0)
        for name, times_ms, values in samples(world, minutes):
            self.evaluation.take(name, np.array(times_ms), np.array(values))
        self.firing: dict[Labels, float] = {}
        self.at_ms = 0

    def until(self, at_ms: int) -> None:
        self.at_ms = at_ms
        for change in self.evaluation.until(at_ms):
            if change.fires:
                self.firing[change.labels] = change.at_ms / 1000
            else:
                self.firing.pop(change.labels, None)

    async def ask(self, query: str) -> list[Found]:
        """As a database would: also for what fires."""
        if query.startswith("ALERTS"):
            wanted = dict(re.findall(r'(\w+)="([^"|]*)"', query))
            wanted.pop("alertstate", None)
            fits = [(dict(each), at_s) for each, at_s in self.firing.items() if wanted.items() <= dict(each).items()]
            regexes = re.findall(r'(\w+)=~"([^"]*)"', query)
            fits = [each for each in fits if all(re.fullmatch(text, each[0].get(key, "")) for key, text in regexes)]
            return [Found(each, at_s if "FOR_STATE" in query else 1.0) for each, at_s in fits]
        return [Found(dict(each), value) for each, value in self.evaluation.ask(query)]
