"""Bytes of an hour of evidence in the store: a simulated box's own walks, closed and packed as `upload:` would send them.

The box is a line that walks homeset.SERVICES, for three hours in peace and three in the dark, by the simulation of
monitor/backtest; spool, commitments and packing are the daemon's. A real walk holds more names and times of its own:
read the figure as a floor.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import gzip
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from monitor.backtest.lived.living import Lived
from monitor.backtest.worlds import reading
from monitor.evidence.store import segments
from monitor.keeping import chain
from monitor.metrics import identity
from monitor.spool import Spool
from monitor.tick import Tick
from probes.facts import Round, Vantage
from tests.bench import homeset

_HOUR_MS = 3_600_000
_LINE, _HOURS = "mci-1", 6


class Kept:
    """In the place of the spool: every round, for later."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []

    async def add(self, done: Round) -> None:
        self.rounds.append(done)

    def state(self, tick: Tick) -> None:
        return None


def lived() -> tuple[Vantage, list[Round], int]:
    """The box, its rounds, and since when."""
    world, mistakes = reading.load(reading.locate("iran-2022-09") or Path())
    assert world is not None, mistakes
    since_ms = world.from_ms - world.from_ms % _HOUR_MS
    here = dataclasses.replace(
        world, from_ms=since_ms, until_ms=since_ms + _HOURS * _HOUR_MS, landmarks=(), controls=(),
        lines=tuple(each for each in world.lines if each.id == _LINE),
        services=tuple(each for each in homeset.SERVICES if each != "canaries"),
    )  # fmt: skip
    kept: dict[str, tuple[Vantage, Kept]] = {}

    def keeper(vantage: Vantage) -> Kept:
        return kept.setdefault(vantage.id, (vantage, Kept()))[1]

    Lived(here, since_ms, frozenset(), dozes=False, keeper=keeper).through(lambda until_ms, came: None)
    vantage, box = kept[_LINE]
    return vantage, box.rounds, since_ms


async def packed(vantage: Vantage, rounds: Sequence[Round], since_ms: int) -> list[tuple[int, int]]:
    """Of each hour: its walks, and its bytes as they are put."""
    with tempfile.TemporaryDirectory() as name:
        spool = Spool(Path(name))
        await spool.open()
        for each in rounds:
            await spool.add(each)
        close = functools.partial(chain.close, now_ms=since_ms + (_HOURS + 1) * _HOUR_MS, vantage=vantage.id)
        while await spool.bite(close, None):
            pass
        found, number = [], 0
        while True:
            look = functools.partial(segments.after, number=number, identity=identity(vantage))
            segment = await spool.bite(look, None)
            if segment is None:
                break
            number = segment.link
            found.append((gzip.decompress(segment.content).count(b"\n"), len(segment.content)))
        await spool.close()
    return found


def figures() -> dict[str, float]:
    hours = asyncio.run(packed(*lived()))
    full = sorted(size for walks, size in hours if walks)
    return {
        "evidence_bytes_an_hour": full[len(full) // 2],
        "evidence_walks_an_hour": sorted(w for w, _ in hours)[len(hours) // 2],
    }


if __name__ == "__main__":
    print(figures())
    sys.exit(0)
