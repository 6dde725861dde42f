"""Sample by sample: what a box's spool says it stated, against what the database abroad holds of it."""

from __future__ import annotations

import json
import math
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.keeping import ticks
from monitor.keeping.ticks import Names
from tests.lab import world
from tests.lab.lab import PROMETHEUS_PORT, VICTORIA_PORT, Lab

Points = dict[int, float]
Labels = tuple[tuple[str, str], ...]
Held = dict[Labels, Points]  # a series, and its value at each time in milliseconds

_ALWAYS_MS = 2**62


def series(name: str, rest: Mapping[str, str]) -> Labels:
    return tuple(sorted({"__name__": name, **rest}.items()))


def stated(folder: Path) -> Held:
    """The home set of every tick in a spool that nobody writes to now."""
    found = Held()
    with closing(sqlite3.connect(f"file:{folder}/spool.db?mode=ro", uri=True)) as db:
        names = Names()
        names.load(db)
        for kept in ticks.every(db, -_ALWAYS_MS, _ALWAYS_MS):
            for id, value in kept.samples:
                if names.goes_home(id, frozenset()) and (named := names.of(id)) is not None:
                    found.setdefault(series(*named), {})[kept.at_ms] = value
    return found


def times(folder: Path) -> list[int]:
    """When its ticks were stated, while a daemon may be writing."""
    with closing(sqlite3.connect(f"file:{folder}/spool.db?mode=ro", uri=True)) as db:
        return [at_ms for (at_ms,) in db.execute("SELECT at_ms FROM ticks")]


def held(lab: Lab, name: str, vantage: str, until_ms: int, days: int) -> Held:
    """Every point that the database behind the hub has of a box under a name, up to then. No staleness marker is."""
    return (_victoria if lab.database_port == VICTORIA_PORT else _prometheus)(name, vantage, until_ms, days)


def _prometheus(name: str, vantage: str, until_ms: int, days: int) -> Held:
    asked = {"query": f'{name}{{vantage="{vantage}"}}[{days}d]', "time": f"{until_ms / 1000}"}
    url = f"http://{world.HUB}:{PROMETHEUS_PORT}/api/v1/query?{urllib.parse.urlencode(asked)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        rows: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return {
        tuple(sorted(row["metric"].items())): {round(at_s * 1000): float(text) for at_s, text in row["values"]}
        for row in rows
    }


def _victoria(name: str, vantage: str, until_ms: int, days: int) -> Held:
    """As it lies there: its export, one series a line."""
    asked = {"match[]": f'{name}{{vantage="{vantage}"}}', "start": f"{until_ms / 1000 - days * 86400}"}
    asked["end"] = f"{until_ms / 1000}"
    url = f"http://{world.HUB}:{VICTORIA_PORT}/api/v1/export?{urllib.parse.urlencode(asked)}"
    found = Held()
    with urllib.request.urlopen(url, timeout=60) as answer:
        for row in map(json.loads, answer):
            points = zip(row["timestamps"], row["values"], strict=True)
            mine = found.setdefault(tuple(sorted(row["metric"].items())), {})
            mine.update((at_ms, value) for at_ms, value in points if value is not None and not math.isnan(value))
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """`missing`: samples the database lacks, or has otherwise; `more_ms`: times at which it has some of its own."""

    missing: int
    more_ms: frozenset[int]


def compared(lab: Lab, kept: Held, vantage: str, until_ms: int, days: int = 1) -> Compared:
    """What was stated up to then, with what is held abroad."""
    lacking, more = 0, set[int]()
    for name in sorted({dict(labels)["__name__"] for labels in kept}):
        there = held(lab, name, vantage, until_ms, days)
        for labels, points in kept.items():
            if dict(labels)["__name__"] == name:
                mine = there.get(labels, {})
                lacking += sum(mine.get(at_ms) != value for at_ms, value in points.items())
                more |= mine.keys() - points.keys()
    return Compared(lacking, frozenset(more))
