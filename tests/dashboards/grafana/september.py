"""The night of 21 September 2022 as a database would hold it: made once by `python -m tests.dashboards.grafana.september`.

Seven of the boxes of the shipped scenario `iran-2022-09` and its three controls live from 12:30 to 23:45 UTC. MCI, RighTel
and a part of Irancell are dark from 15:30 to 22:00; one box of MCI reports by a fixed line, the others come home after it.
What is kept is every series of the home set that a simulated box states, minute by minute, with when it came home; what
the shipped rules said live (ALERTS, and what dashboards read of its records), and what the late look adds (didban_incident). Two things are added, and say so
below: a landmark, of which the scenario has none, and what a simulated box, having no disk, cannot say of its spool.

The boxes live from 11:30 on: Instagram, blocked since 11:00, never worked as far as they know, and nobody is told of it.

Making it takes minutes, so no test makes it again. Where rules, judge or scenario have changed what was told that night,
make it again: until then it tells what they said before.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dashboards.grafana.recorded import READ
from monitor import metrics
from monitor.backtest.hearing import Rules, stated
from monitor.backtest.lived.cast import registry, services_of
from monitor.backtest.lived.delivery import Column
from monitor.backtest.lived.living import Lived
from monitor.backtest.worlds import reading
from monitor.backtest.worlds.world import Landmark, World
from monitor.home.remotewrite import STALE, Labels, labels
from monitor.hub.looking.again import Again, Incident
from monitor.promql.alerting import Change
from monitor.promql.evaluation import Evaluation
from monitor.promql.living import Piece
from probes.words import LandmarkKind

FILE = Path(__file__).parent / "september.json.xz"
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


def at_ms(time: str) -> int:
    """Of that night, as `18:00`."""
    return int(datetime.datetime.fromisoformat(f"2022-09-21T{time}+00:00").timestamp() * 1000)


KNOWN_FROM, FROM, UNTIL = at_ms("11:30"), at_ms("12:30"), at_ms("23:45")
DARK, BACKFILLED = at_ms("18:00"), at_ms("23:40")
_LINES = ("mci-and-fixed-1", "mci-1", "irancell-1", "irancell-2", "rightel-1", "tci-1", "shatel-1")
_SERVICES = ("whatsapp", "instagram", "encrypted-dns")
_LONG = frozenset({"didban_step_duration_seconds", "didban_target_up", "didban_target_failure"})
_TIMES = frozenset(family.name for family in metrics.OF_OUR_CLOCK)
_NOT_SHOWN = frozenset({"canaries", "protocols", "landmarks", "encrypted-dns"})  # of _LONG: half of all rows


class Sample(NamedTuple):
    """`value`: None ends the series. `came_ms`: when the database could see it."""

    series: Labels
    time_ms: int
    value: float | None
    came_ms: int


Run = tuple[
    int, int, float | None, int
]  # minutes since FROM, how many of them, the value, in which minute it came (0: at once)


# ---------------------------------------------------------------- read


@functools.cache
def samples() -> Sequence[Sample]:
    """In the order in which they came."""
    found = [each for series, runs in json.loads(lzma.decompress(FILE.read_bytes())) for each in _spread(series, runs)]
    return sorted(found, key=lambda each: (each.came_ms, each.time_ms))


def _spread(series: dict[str, str], runs: Iterable[Run]) -> Iterator[Sample]:
    named = tuple(sorted(series.items()))
    for minute, count, value, came in runs:
        for each in range(minute, minute + count):
            time_ms = FROM + each * _MINUTE_MS
            yield Sample(named, time_ms, value, FROM + came * _MINUTE_MS if came else time_ms)


# ---------------------------------------------------------------- made


def main() -> None:
    FILE.write_bytes(lzma.compress(json.dumps(list(_made()), separators=(",", ":")).encode(), preset=9))


def _made() -> Iterator[tuple[dict[str, str], list[Run]]]:
    world = _night()
    columns: list[Column] = []
    Lived(world, KNOWN_FROM, metrics.NAMES_HOME).through(lambda until_ms, came: columns.extend(came))
    hub = registry(world, services_of(world))
    for hour_ms in range(KNOWN_FROM, UNTIL, _HOUR_MS):  # in that night the country's clocks were put back
        columns += stated(hub, hour_ms, min(hour_ms + _HOUR_MS, UNTIL))
    live, records, late = _as_told(columns)
    rows: defaultdict[Labels, dict[int, tuple[float | None, int]]] = defaultdict(dict)
    for column in (*columns, *_kept_and_sent(columns), *records, *_alerts(live), *_incidents(late, live)):
        if _is_shown(dict(column.labels)):
            _by_minute(column, rows[column.labels])
    for series, minutes in sorted(rows.items(), key=lambda each: [(key, str(value)) for key, value in each[0]]):
        if runs := list(_runs(minutes)):
            yield {key: str(value) for key, value in series}, runs


def _night() -> World:
    found = reading.locate("iran-2022-09")
    assert found is not None
    world, mistakes = reading.load(found)
    assert world is not None, mistakes
    lines = tuple(each for each in world.lines if each.id in _LINES)
    landmark = Landmark("IR", "AS58224", LandmarkKind.ACCESS, hosts=5, falls=True)
    return dataclasses.replace(
        world, from_ms=FROM, until_ms=UNTIL, lines=lines, services=_SERVICES, landmarks=(landmark,)
    )


def _is_shown(series: dict[str, str]) -> bool:
    return series["__name__"] not in _LONG or series.get("service") not in _NOT_SHOWN


def _as_told(columns: Sequence[Column]) -> tuple[list[Change], list[Column], list[Incident]]:
    """What the shipped rules said as it came, what they recorded, and what they would have said, had all come in time."""
    rules = Rules.shipped()
    live = Evaluation(rules.groups, keep=READ, since_ms=KNOWN_FROM)
    again = Again(KNOWN_FROM)
    for column in columns:
        live.take(column.labels, column.times_ms, column.values, column.arrived_ms)
    again.live(((each.labels, each.times_ms, each.values) for each in columns), UNTIL)
    told = list(live.until(UNTIL))
    records = [_column(each) for each in live.recorded()]
    return told, records, again.incidents("IR")


def _column(of: Piece) -> Column:
    """What a rule recorded is seen at once."""
    times_ms = of.times_ms.tolist()
    return Column(of.series, times_ms, of.values.tolist(), times_ms)


def _kept_and_sent(columns: Sequence[Column]) -> Iterator[Column]:
    """What the daemon says of its spool and its way home: computed from what came when; sizes are plain numbers."""
    beats: defaultdict[Labels, list[tuple[int, int]]] = defaultdict(list)
    for column in columns:
        if dict(column.labels)["__name__"] == metrics.HEARTBEAT.name:
            beats[column.labels] += zip(column.times_ms, column.arrived_ms, strict=True)
    for series, both in beats.items():
        identity = {key: value for key, value in series if key != "__name__"}
        times, came = [time for time, _ in sorted(both)], [each for _, each in sorted(both)]
        waiting = [390.0 * sum(time <= now < each for time, each in both) for now in times]
        through = [max((each for each in came if each <= now), default=times[0]) / 1000 for now in times]
        for family, values, numbers in (
            (metrics.SHIP_PENDING, ("hub",), waiting),
            (metrics.SHIP_SUCCESS, ("hub",), through),
            (metrics.SPOOL_BYTES, (), [4e7 + (each - KNOWN_FROM) // _MINUTE_MS * 3e4 for each in times]),
            (metrics.SPOOL_LIMIT, (), [1e9] * len(times)),
            (metrics.SPOOL_OLDEST, (), [times[0] / 1000 - 20 * 86400] * len(times)),
            (metrics.METHOD, ("2022.09", "1", "1.0", "1"), [1.0] * len(times)),
        ):
            own = dict(zip(family.labels, values, strict=True))
            yield Column(labels(family.name, {**identity, **own}), times, numbers, came)


def _alerts(changes: Iterable[Change]) -> Iterator[Column]:
    """As Prometheus writes them: 1 while an alert fires, and since when it is active."""
    open_: dict[Labels, int] = {}
    spans = []
    for change in changes:
        if change.fires:
            open_[change.labels] = change.at_ms
        elif change.labels in open_:
            spans.append((change.labels, open_.pop(change.labels), change.at_ms))
    for series, began_ms, ended_ms in [*spans, *((each, began, UNTIL) for each, began in open_.items())]:
        times = list(range(-(-began_ms // _MINUTE_MS) * _MINUTE_MS, ended_ms, _MINUTE_MS))
        own = dict(series)
        for name, more, value in (("ALERTS", {"alertstate": "firing"}, 1.0), ("ALERTS_FOR_STATE", {}, began_ms / 1000)):
            ends = [*times, (times[-1] if times else began_ms) + _MINUTE_MS]
            yield Column(labels(name, {**own, **more}), ends, [*([value] * len(times)), STALE], ends)


def _incidents(found: Iterable[Incident], live: Sequence[Change]) -> Iterator[Column]:
    """Those the rules never said live; they come when the backlog is home."""
    told = [dict(each.labels) for each in live if each.fires]
    for each in found:
        if not any(each.as_alert().items() <= labels_.items() for labels_ in told):
            times = list(range(each.onset_ms // _MINUTE_MS * _MINUTE_MS, each.ended_ms, _MINUTE_MS))
            came = [max(UNTIL - 10 * _MINUTE_MS, time) for time in times]
            yield Column(labels(metrics.INCIDENT.name, dict(each.labels)), times, [1.0] * len(times), came)


def _by_minute(column: Column, minutes: dict[int, tuple[float | None, int]]) -> None:
    """The last of each minute, times rounded down. One that came within two minutes came at once."""
    for time_ms, value, came_ms in zip(column.times_ms, column.values, column.arrived_ms, strict=True):
        if FROM <= time_ms < UNTIL:
            number = None if value != value else round(float(value), 4)
            if number is not None and dict(column.labels)["__name__"] in _TIMES:
                number = number // 60 * 60
            came = -(-(came_ms - FROM) // _MINUTE_MS) if came_ms > time_ms + 2 * _MINUTE_MS else 0
            minutes[(time_ms - FROM) // _MINUTE_MS] = (number, came)


def _runs(minutes: dict[int, tuple[float | None, int]]) -> Iterator[Run]:
    """What is the same and without a gap is said once."""
    first, many = 0, 0
    last: tuple[float | None, int] = (None, 0)
    for minute, both in sorted(minutes.items()):
        if many and minute == first + many and both == last:
            many += 1
            continue
        if many:
            yield first, many, *last
        first, many, last = minute, 1, both
    if many:
        yield first, many, *last


if __name__ == "__main__":
    main()
