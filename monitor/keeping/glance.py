"""Short looks into the past of services, each so small that whoever writes hardly waits. On the spool's own thread."""

from __future__ import annotations

import sqlite3

from monitor import garbage, metrics
from monitor.keeping import summaries, ticks
from monitor.keeping.summaries import Summary
from monitor.keeping.ticks import Names

States = dict[int, dict[str, str]]  # from which moment on a tick was sought -> service -> its state in the first


def states(db: sqlite3.Connection, names: Names, since_ms: int, until_ms: int, *, every_ms: int) -> States:
    """Of one tick in so many milliseconds: each is sought by itself, and what lies between is not read."""
    found: States = {}
    wanted = names.numbers((metrics.SERVICE_STATE.name,))  # some: a tick of 10,000 targets has 300,000 others
    for at_ms in range(since_ms, until_ms, every_ms):
        sql = "SELECT at_ms, samples, ended FROM ticks WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT 1"
        row = db.execute(sql, (at_ms, min(at_ms + every_ms, until_ms))).fetchone()
        with garbage.held():
            kept = ticks.legible(row) if row is not None else None
            if kept is None:
                continue
            named = (names.of(id) for id, value in kept.samples if value and id in wanted)
            labels = (each[1] for each in named if each is not None)
            found[at_ms] = {each["service"]: each["state"] for each in labels if {"service", "state"} <= each.keys()}
    return found


def summed_up(db: sqlite3.Connection, since_ms: int, until_ms: int) -> dict[int, Summary]:
    """The hours of which a summary is kept, by their beginning."""
    sql = "SELECT hour_ms, summary FROM summaries WHERE hour_ms >= ? AND hour_ms < ?"
    rows = db.execute(sql, (since_ms, until_ms))
    return {hour_ms: found for hour_ms, blob in rows if (found := summaries.legible(blob)) is not None}
