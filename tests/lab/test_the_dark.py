"""What comes home after the dark: every sample, at its own time, by the way that is left, and nobody is told late news.

The spool of a box is written as days in the dark would have written it; its daemon then starts, behind the liar, with the
direct way home cut: what is delivered crosses the middlebox and a real SOCKS server, a real hub and a real Prometheus.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor import metrics
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.tick import Tick
from probes.facts import Vantage
from probes.words import Access, Role
from tests.lab import enter, world
from tests.lab.lab import PROMETHEUS_PORT, Lab, scratch
from tests.lab.processes import reachable

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

BOX = world.VANTAGES[0]
WHO = Vantage(BOX.name, BOX.country, Role.INSIDE, Access.MOBILE, BOX.network)
SOCKS_PORT = 1080
FASTER = 6  # the daemon alone: a tick every ten seconds; times on the disk are true ones
OF_SERVICES = [(f"s{number}", f"t{target}") for number in range(10) for target in range(4)]

Points = dict[int, float]
Kept = dict[tuple[tuple[str, str], ...], Points]


def ticks(count: int, until_ms: int, step_ms: int) -> Iterator[Tick]:
    """As a box states them while everything foreign is cut, and two services are blocked before that."""
    before: Tick | None = None
    for number in range(count):
        dark = number > count // 3
        samples = {
            **{Series(metrics.TARGET_UP, each): float(not dark) for each in OF_SERVICES},
            **{Series(metrics.STEP_DURATION, (*each, "connect")): 0.1 + number % 7 for each in OF_SERVICES if not dark},
            **{Series(metrics.SERVICE_STATE, (s, "cut_off" if dark else "ok")): 1.0 for s, _ in OF_SERVICES},
            Series(metrics.CONNECTIVITY, ("international",)): float(not dark),
            Series(metrics.CONNECTIVITY, ("domestic",)): 1.0,
            Series(metrics.HEARTBEAT, ()): (until_ms - (count - number) * step_ms) / 1000,
        }
        before = Tick(until_ms - (count - number) * step_ms, samples).after(before)
        yield before


async def write(folder: Path, count: int, until_ms: int, step_ms: int) -> Kept:
    """The spool as it would be, and what a receiver must hold of it in the end."""
    spool, kept = Spool(folder), Kept()
    await spool.open()
    for tick in ticks(count, until_ms, step_ms):
        await spool.add_tick(tick, identity(WHO), {"hub": len(tick.samples) + len(tick.ended)})
        for series, value in tick.samples.items():
            labels = {"__name__": series.name, **series.labels(identity(WHO))}
            kept.setdefault(tuple(sorted(labels.items())), {})[tick.at_ms] = value
    await spool.close()
    return kept


def held(lab: Lab, name: str, until_ms: int, days: int) -> Kept:
    """Every point that Prometheus has of this box under a name, up to then."""
    asked = {"query": f'{name}{{vantage="{BOX.name}"}}[{days}d]', "time": f"{until_ms / 1000}"}
    url = f"http://{world.HUB}:{PROMETHEUS_PORT}/api/v1/query?{urllib.parse.urlencode(asked)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        rows: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return {tuple(sorted(row["metric"].items())): _points(row["values"]) for row in rows}


def _points(values: list[tuple[float, str]]) -> Points:
    return {round(at_s * 1000): float(text) for at_s, text in values if not math.isnan(float(text))}


def instant(lab: Lab, expr: str) -> list[Mapping[str, Any]]:
    return [row["metric"] for row in lab.query(expr)]


def come_home(lab: Lab, count: int, step_ms: int, *, patience_s: float) -> dict[str, float]:
    """Days in the dark, told after it. What is asserted is the promise; the figures are what it took."""
    lab.boxes = [*world.CONTROLS[:2], BOX]
    lab.start_hub()
    lab.spawn("socks", "proxy", ["microsocks", "-i", world.PROXY, "-p", str(SOCKS_PORT)])
    lab.wait_for("the SOCKS server", lambda: reachable(world.PROXY, SOCKS_PORT))
    config = lab.config(BOX, services=["imo", "canaries"], extra="timeout: 20s\n")
    text = config.read_text()
    ways = f'    proxies: [direct, "socks5h://{world.PROXY}:{SOCKS_PORT}"]\n'
    config.write_text(text.replace("    basic_auth:", f"{ways}    basic_auth:"))
    lab.world(BOX, {"lie": "drop_address", "to": [f"{world.HUB}/32"]})
    until_ms = int(time.time() * 1000) - 60_000
    kept = asyncio.run(write(config.parent / "state", count, until_ms, step_ms))
    total = sum(map(len, kept.values()))
    began_s = time.monotonic()
    daemon = [sys.executable, "-m", "monitor", "run", f"--config.file={config}", f"--time-scale={FASTER}"]
    lab.spawn(BOX.name, BOX.name, daemon)
    live = f'count_over_time(didban_heartbeat_timestamp_seconds{{vantage="{BOX.name}"}}[1m]) > 0'
    lab.wait_for("something live", lambda: lab.query(live), patience_s=90)
    live_s = time.monotonic() - began_s
    delivered = f'max_over_time(didban_ship_pending_samples{{vantage="{BOX.name}"}}[30s])'
    owed = [float(row["value"][1]) for row in lab.query(delivered)]
    lab.stop("hub")  # in the middle of it
    _start_hub_again(lab)
    told: set[str] = set()

    def all_home() -> bool:
        told.update(row["alertname"] for row in instant(lab, 'ALERTS{alertstate="firing"}'))
        now = lab.query(f'didban_ship_pending_samples{{vantage="{BOX.name}"}} < 2000')
        return bool(now) and bool(lab.query(live))

    lab.wait_for("the backlog", all_home, patience_s=patience_s)
    handed_on = f"didban_hub_queue_samples == 0 and timestamp(didban_hub_queue_samples) > {time.time():.0f}"
    lab.wait_for("the hub's queue", lambda: lab.query(handed_on), patience_s=60)
    took_s = time.monotonic() - began_s
    days = math.ceil(count * step_ms / 86_400_000) + 1
    missing = 0
    for name in sorted({dict(labels)["__name__"] for labels in kept}):
        there = held(lab, name, until_ms, days)
        for labels, points in kept.items():
            if dict(labels)["__name__"] == name:
                mine = there.get(labels, {})
                missing += len([at_ms for at_ms, value in points.items() if mine.get(at_ms) != value])
                assert mine.keys() <= points.keys(), "nothing at a time of its own"
    assert missing == 0, f"{missing} of {total} samples"
    assert not told & {"NetworkShutdown", "NetworkOutage", "ServiceBlocked", "CountryShutdown", "NetworkSilent"}, told
    return {"samples": total, "live_s": live_s, "took_s": took_s, "owed_when_the_hub_stopped": max(owed, default=0.0)}


def _start_hub_again(lab: Lab) -> None:
    at = lab.folder / "hub"
    command = [sys.executable, "-m", "monitor", "hub", f"--config.file={at}/hub.yml", f"--time-scale={lab.times:g}"]
    lab.spawn("hub", "hub", command)


def test_six_hours_in_the_dark_come_home_whole() -> None:
    with scratch() as folder, Lab(folder, times=1) as lab:
        come_home(lab, 360, 60_000, patience_s=120)


@pytest.mark.long
def test_five_days_in_the_dark_come_home_whole(figure: Callable[[str, float], None]) -> None:
    with scratch() as folder, Lab(folder, times=1) as lab:
        found = come_home(lab, 7200, 60_000, patience_s=900)
    for name, value in found.items():
        figure(f"five days: {name}", value)
