"""What comes home after the dark: every sample, at its own time, by the way that is left, and nobody is told late news.

The spool of a box is written as days in the dark would have written it; its daemon then starts, behind the liar, with the
direct way home cut: what is delivered crosses the middlebox and a real SOCKS server, a real hub and a real Prometheus.
"""

from __future__ import annotations

import asyncio
import math
import time
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
from tests.lab import counted, enter, world
from tests.lab.counted import Compared, Held
from tests.lab.lab import Lab, scratch
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


async def write(folder: Path, count: int, until_ms: int, step_ms: int) -> Held:
    """The spool as it would be, and what a receiver must hold of it in the end."""
    spool, kept = Spool(folder), Held()
    await spool.open()
    for tick in ticks(count, until_ms, step_ms):
        await spool.add_tick(tick, identity(WHO), {"hub": len(tick.samples) + len(tick.ended)})
        for series, value in tick.samples.items():
            labels = counted.series(series.name, series.labels(identity(WHO)))
            kept.setdefault(labels, {})[tick.at_ms] = value
    await spool.close()
    return kept


def instant(lab: Lab, expr: str) -> list[Mapping[str, Any]]:
    return [row["metric"] for row in lab.query(expr)]


def come_home(lab: Lab, count: int, step_ms: int, *, patience_s: float, victoria: bool = False) -> dict[str, float]:
    """Days in the dark, told after it. What is asserted is the promise; the figures are what it took."""
    lab.boxes = [*world.CONTROLS[:2], BOX]
    lab.start_hub(victoria=victoria, hub_times=FASTER)
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
    lab.start_daemon(BOX, config, times=FASTER)
    live = f'count_over_time(didban_heartbeat_timestamp_seconds{{vantage="{BOX.name}"}}[1m]) > 0'
    lab.wait_for("something live", lambda: lab.query(live), patience_s=90)
    live_s = time.monotonic() - began_s
    delivered = f'max_over_time(didban_ship_pending_samples{{vantage="{BOX.name}"}}[30s])'
    owed = [float(row["value"][1]) for row in lab.query(delivered)]
    lab.stop("hub")  # in the middle of it
    lab.start_again("hub")
    told: set[str] = set()

    def all_home() -> bool:
        told.update(row["alertname"] for row in instant(lab, 'ALERTS{alertstate="firing"}'))
        now = lab.query(f'didban_ship_pending_samples{{vantage="{BOX.name}"}} < 2000')
        return bool(now) and bool(lab.query(live))

    lab.wait_for("the backlog", all_home, patience_s=patience_s)
    lab.wait_until_handed_on()
    took_s = time.monotonic() - began_s
    days = math.ceil(count * step_ms / 86_400_000) + 1
    found = counted.compared(lab, kept, BOX.name, until_ms, days)
    assert found == Compared(0, frozenset()), f"of {total} samples"
    assert not told & {"NetworkShutdown", "NetworkOutage", "ServiceBlocked", "CountryShutdown", "NetworkSilent"}, told
    return {"samples": total, "live_s": live_s, "took_s": took_s, "owed_when_the_hub_stopped": max(owed, default=0.0)}


@pytest.mark.parametrize(
    "victoria", [False, pytest.param(True, marks=pytest.mark.long)], ids=["prometheus", "victoria-metrics"]
)
def test_six_hours_in_the_dark_come_home_whole(victoria: bool) -> None:
    with scratch() as folder, Lab(folder, times=1) as lab:
        come_home(lab, 360, 60_000, patience_s=120, victoria=victoria)


@pytest.mark.long
def test_five_days_in_the_dark_come_home_whole(figure: Callable[[str, float], None]) -> None:
    with scratch() as folder, Lab(folder, times=1) as lab:
        found = come_home(lab, 7200, 60_000, patience_s=900)
    for name, value in found.items():
        figure(f"five days: {name}", value)
