"""Spools written in a moment, for tests of what is taken out of them: a box, its walks, its ticks, its chain."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from monitor import metrics
from monitor.evidence.proof.commitments import DAY_MS, HOUR_MS
from monitor.keeping import chain, records, ticks
from monitor.keeping.schema import bring_forward
from monitor.metrics import Series, identity
from monitor.tick import Tick
from probes.facts import Round, Vantage, Walk

NOON_MS = 20_773 * DAY_MS + 12 * HOUR_MS  # 2026-11-16T12:00Z
NOW_MS = NOON_MS + 5 * DAY_MS
MINUTE_MS = 60_000


def box(
    folder: Path,
    vantage: Vantage,
    rounds: Iterable[Round],
    *,
    stated: Iterable[Tick] = (),
    closed_ms: int | None = NOW_MS,
) -> Path:
    """A folder with a spool of that vantage. `closed_ms`: until when its hours are closed, if they are."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "spool.db"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        bring_forward(db, path)
        whose = {"vantage": vantage.id, "cohort": vantage.cohort, **identity(vantage)}
        db.execute("INSERT INTO memory VALUES ('vantage', ?)", (msgspec.json.encode(whose),))
        for done in rounds:
            rows = [(walk.started_ms, done.target, done.number, records.encode(walk)) for walk in done.walks]
            db.executemany("INSERT INTO walks(started_ms, target, round, walk) VALUES (?, ?, ?, ?)", rows)
            for walk in done.walks:
                _account(db, walk)
        _state(db, vantage, stated)
        while closed_ms is not None and chain.close(db, now_ms=closed_ms, vantage=vantage.id):
            pass
    return folder


def _account(db: sqlite3.Connection, walk: Walk) -> None:
    if walk.told is not None:
        row = (walk.marks[0], walk.started_ms, msgspec.json.encode(walk.told))
        db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)", row)


def _state(db: sqlite3.Connection, vantage: Vantage, stated: Iterable[Tick]) -> None:
    names = ticks.Names()
    who = identity(vantage)
    db.execute(
        "INSERT INTO series(name, labels) VALUES ('didban_method_info', ?)",
        (msgspec.json.encode({**who, "judge": "1"}),),
    )
    names.load(db)
    for tick in stated:
        named = tuple((names.id(db, s.name, s.labels(who)), value) for s, value in tick.samples.items())
        ended = tuple(names.id(db, s.name, s.labels(who)) for s in tick.ended)
        ticks.keep(db, ticks.Kept(tick.at_ms, named, ended), {})


def few_ticks(count: int = 5) -> list[Tick]:
    """A gauge, a counter, a histogram, and a series that ends after the third."""
    up, gone = Series(metrics.TARGET_UP, ("imo", "web")), Series(metrics.TARGET_UP, ("imo", "gone"))
    walked = Series(metrics.WALKS, ("imo", "web", "ok"))
    found: list[Tick] = []
    for number in range(count):
        samples: dict[Series, float] = {up: number % 2, walked: float(number)}
        samples |= {Series(metrics.LATENESS, (), "_bucket", le): float(number) for le in ("0.1", "+Inf")}
        samples |= {Series(metrics.LATENESS, (), "_sum"): 0.05 * number, Series(metrics.LATENESS, (), "_count"): number}
        samples |= {gone: 1.0} if number < 3 else {}
        found.append(Tick(NOON_MS + number * MINUTE_MS + 7, samples).after(found[-1] if found else None))
    return found
