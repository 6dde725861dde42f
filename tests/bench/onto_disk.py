"""Bytes on the disk a sample: a day of twenty boxes' home sets, written at once, merged, and weighed.

Of twenty and not of a thousand: how well a series packs does not depend on how many there are beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.home.remotewrite import Labels, TimeSeries
from tests.bench.driving import Drive
from tests.bench.engines import Engine, size_mb

BOXES, MINUTES = 20, 1440
_DAY_MS = MINUTES * 60_000
_SETTLED_S = 2.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """`index_bytes`: a series, of what finds series by their labels (VictoriaMetrics keeps it apart)."""

    samples: int
    bytes_a_sample: float
    index_bytes: float


def day(until_ms: int) -> Iterator[list[TimeSeries]]:
    """One box after another: a whole day of it, an hour of which its network is cut."""
    members = [each for each in Drive().members if not each.landmarks][:BOXES]
    for member in members:
        found: dict[Labels, list[tuple[int, bytes]]] = {}
        for minute in range(MINUTES):
            at_ms = until_ms - _DAY_MS + minute * 60_000 + int(member.at_s * 1000)
            spell = "cut" if 600 <= minute < 660 else "well"
            for series in member.box.tick(spell, minute, at_ms):
                found.setdefault(series.labels, []).extend(series.samples)
        yield [TimeSeries(labels, tuple(points)) for labels, points in found.items()]


def victoria(engine: Engine, folder: Path) -> Weighed:
    samples, series = _written(engine)
    engine.ask("/internal/force_flush")
    engine.ask("/internal/force_merge")
    until = time.monotonic() + 120
    while engine.counted("vm_active_merges", type="storage/big") + engine.counted("vm_active_force_merges") > 0:
        if time.monotonic() > until:
            break
        time.sleep(1)
    time.sleep(_SETTLED_S)
    at = folder / "victoria"
    index = sum(size_mb(each) for each in at.rglob("indexdb"))  # beside the data, or among them (1.145)
    data = size_mb(at / "data") - sum(size_mb(each) for each in (at / "data").rglob("indexdb"))
    return Weighed(samples, data * 1e6 / samples, index * 1e6 / series)


def prometheus(engine: Engine, folder: Path) -> Weighed:
    """A snapshot turns its head into a block, whose index holds the labels as well."""
    samples, _ = _written(engine)
    name = engine.ask("/api/v1/admin/tsdb/snapshot", {"skip_head": "false"}).partition('"name":"')[2].partition('"')[0]
    return Weighed(samples, size_mb(folder / "tsdb" / "snapshots" / name) * 1e6 / samples, 0.0)


def _written(engine: Engine) -> tuple[int, int]:
    samples = series = 0
    for box in day(int(time.time() * 1000)):
        engine.write(box)
        samples += sum(len(each.samples) for each in box)
        series += len(box)
    return samples, series
