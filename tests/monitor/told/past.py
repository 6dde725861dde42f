"""A database as it is when the rules have lived through a world up to now: what boxes said, what was recorded, what fires."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.home.remotewrite import Labels
from monitor.promql import reading
from monitor.promql.alerting import Change
from monitor.promql.evaluation import Evaluation
from tests.monitor.hub.late import MINUTE, Sample, stated
from tests.rules.world import RULES, World

_TURN_MS = 15_000


def past(made: World, minutes: int, now_ms: int) -> list[Sample]:
    """Of so many minutes that end at `now_ms`, a whole minute; NaN marks where a recorded series ended."""
    began_ms = now_ms - minutes * MINUTE
    told = stated(made, minutes, began_ms)
    return [*told, *_recorded(told, began_ms, now_ms)]


def _recorded(told: list[Sample], began_ms: int, now_ms: int) -> Iterator[Sample]:
    groups = reading.shipped(RULES)
    names = {rule.record for group in groups for rule in group.rules if rule.record}
    looking = Evaluation(groups, keep=names, since_ms=began_ms)
    series: dict[Labels, list[tuple[int, float]]] = {}
    for labels, at_ms, value in told:
        series.setdefault(labels, []).append((at_ms, value))
    for labels, points in series.items():
        looking.take(labels, [at_ms for at_ms, _ in points], [value for _, value in points])
    changes = list(looking.until(now_ms))
    assert looking.failures() == []
    for piece in looking.recorded():
        yield from (
            (piece.series, int(at_ms), float(value)) for at_ms, value in zip(piece.times_ms, piece.values, strict=True)
        )
    yield from _fired(changes, now_ms)


def _fired(changes: list[Change], now_ms: int) -> Iterator[Sample]:
    """ALERTS and since when, at every turn of the rules, as Prometheus writes them."""
    since: dict[Labels, int] = {}
    for each in changes:
        if each.fires:
            since.setdefault(each.labels, each.at_ms)
        else:
            yield from _alert(each.labels, since.pop(each.labels), each.at_ms)
    for labels, at_ms in since.items():
        yield from _alert(labels, at_ms, now_ms + 1)


def _alert(labels: Labels, since_ms: int, until_ms: int) -> Iterator[Sample]:
    firing = tuple(sorted({**dict(labels), "__name__": "ALERTS", "alertstate": "firing"}.items()))
    began = tuple(sorted({**dict(labels), "__name__": "ALERTS_FOR_STATE"}.items()))
    for at_ms in range(since_ms, until_ms, _TURN_MS):
        yield firing, at_ms, 1.0
        yield began, at_ms, since_ms / 1000
