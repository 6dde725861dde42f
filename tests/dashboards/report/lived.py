"""Spools of a simulated world: every round and every tick of its boxes, and their chains, the same bytes every time."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from monitor import CONTRACT, __version__, judge
from monitor.backtest.lived.living import Lived
from monitor.backtest.worlds import reading
from monitor.backtest.worlds.world import World
from monitor.evidence.export import SIMULATED
from monitor.evidence.proof.commitments import DAY_MS
from monitor.keeping import chain, records, ticks
from monitor.keeping.schema import bring_forward
from monitor.metrics import identity
from monitor.tick import Tick
from probes.facts import Round, Vantage

SCENARIO = "iran-2022-09"
SINCE_MS = 1_663_740_000_000  # 2022-09-21T06:00Z
HOUR_MS = 3_600_000
_LINES = ("mci-and-fixed-1", "mci-and-fixed-2", "mci-1", "irancell-2", "tci-1", "tci-2", "tci-ahvaz-1")
_SERVICES = ("whatsapp", "instagram")


def september(hours: int = 24) -> World:
    """21 September 2022 of the shipped scenario, seven lines of three networks and its controls, two services."""
    path = reading.locate(SCENARIO)
    assert path is not None
    world, mistakes = reading.load(path)
    assert world is not None, mistakes
    lines = tuple(replace(each, id=_id(each.id)) for each in world.lines if each.id in _LINES)
    controls = tuple(replace(each, id=_id(each.id)) for each in world.controls)
    until_ms = SINCE_MS + hours * HOUR_MS
    return replace(world, lines=lines, controls=controls, services=_SERVICES, from_ms=SINCE_MS, until_ms=until_ms)


def _id(name: str) -> str:
    """As `didban init` gives them: a word that says nothing."""
    return "v" + hashlib.sha256(name.encode()).hexdigest()[:4]


class Kept:
    """The spool of one box, in the order things happened."""

    def __init__(self, path: Path, vantage: Vantage, world: str) -> None:
        path.mkdir(parents=True)
        self._db, self._vantage, self._world = sqlite3.connect(path / "spool.db"), vantage, world
        self._names, self._who = ticks.Names(), identity(vantage)
        with self._db as db:
            bring_forward(db, path / "spool.db")
            whose = {"cohort": vantage.cohort, **self._who}
            db.execute("INSERT INTO memory VALUES ('vantage', ?)", (msgspec.json.encode(whose),))
            db.execute("INSERT INTO memory VALUES (?, ?)", (SIMULATED, msgspec.json.encode(world)))
            method = {**self._who, "judge": str(judge.VERSION), "build": __version__, "contract": str(CONTRACT)}
            db.execute(
                "INSERT INTO series(name, labels) VALUES ('didban_method_info', ?)", (msgspec.json.encode(method),)
            )
            self._names.load(db)

    async def add(self, done: Round) -> None:
        sql = "INSERT INTO walks(started_ms, target, round, walk) VALUES (?, ?, ?, ?)"
        rows = [(each.started_ms, done.target, done.number, records.encode(each)) for each in done.walks]
        self._db.executemany(sql, rows).close()

    def state(self, tick: Tick) -> None:
        ticks.keep(self._db, ticks.named(self._names, tick, self._who)(self._db), {})

    def close(self, now_ms: int) -> None:
        """Its hours are committed to, with keys that are no secret: there is nobody in a simulation to keep one from."""
        with self._db as db:
            for day in range(SINCE_MS // DAY_MS - 1, now_ms // DAY_MS + 1):
                key = hashlib.sha256(f"{self._world} {self._vantage.id} {day}".encode()).digest()
                db.execute("INSERT INTO day_keys VALUES (?, ?)", (day, key))
            while chain.close(db, now_ms=now_ms, vantage=self._vantage.id):
                pass
        self._db.close()


def spools(world: World, folder: Path) -> Iterator[Path]:
    """Lives through it; the folder of each box."""
    kept: dict[str, Kept] = {}

    def keeper(vantage: Vantage) -> Kept:
        return kept.setdefault(vantage.id, Kept(folder / vantage.id, vantage, world.name))

    with contextlib.ExitStack() as stack:
        Lived(world, world.boxes_start_ms, frozenset(), dozes=False, keeper=keeper).through(
            lambda until_ms, columns: None
        )
        for each in kept.values():
            stack.callback(each.close, world.until_ms + HOUR_MS)
    return iter(sorted(folder / name for name in kept))
