"""Two hubs before a real Prometheus 2.42, which says 500 to a batch with one sample too old, and VictoriaMetrics 1.79."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import urllib.parse
from pathlib import Path

import aiohttp
import pytest

from monitor.home.remotewrite import HEADERS, TimeSeries, encode, labels, value
from tests.monitor.hub.hubs import REGISTRY, SECOND, Hub, enrolled
from tests.probes.liars import closed_port

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PROMETHEUS, VICTORIA = shutil.which("prometheus"), shutil.which("victoria-metrics")


class Real:
    """A real database on loopback; `victoria`: VictoriaMetrics, else Prometheus, two hours out of order at most."""

    def __init__(self, folder: Path, *, victoria: bool) -> None:
        self.folder, self.port, self.victoria = folder, closed_port(), victoria
        self.process: asyncio.subprocess.Process | None = None

    def command(self) -> list[str]:
        at, data = f"127.0.0.1:{self.port}", self.folder / "data"
        if self.victoria:
            # one sample a millisecond: what came by both hubs is counted once
            more = ["-dedup.minScrapeInterval=1ms", "-search.latencyOffset=0s", "-search.disableCache"]
            return [VICTORIA or "", f"-storageDataPath={data}", f"-httpListenAddr={at}", *more]
        (self.folder / "p.yml").write_text("storage: {tsdb: {out_of_order_time_window: 2h}}\n")
        files = [f"--config.file={self.folder}/p.yml", f"--storage.tsdb.path={data}"]
        return [PROMETHEUS or "", *files, "--web.enable-remote-write-receiver", f"--web.listen-address={at}"]

    async def start(self) -> None:
        quiet = asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(*self.command(), stdout=quiet, stderr=quiet)

    async def knows_what_time_it_is(self, now_ms: int) -> None:
        """It has seen a sample of now: an empty Prometheus takes whatever comes first, however old."""
        await self.start()
        end = time.monotonic() + 30
        while not await self.ask("vector(1)"):
            assert time.monotonic() < end
            await asyncio.sleep(0.1)
        url = f"http://127.0.0.1:{self.port}/api/v1/write"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=at("now", now_ms), headers=HEADERS) as said,
        ):
            assert said.status == 204
        await self.stop()

    async def ask(self, query: str) -> dict[str, float]:
        """Values by target, or by hub."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                rows = json.loads(await answer.text())["data"]["result"]
        except (aiohttp.ClientError, KeyError, ValueError):
            return {}
        return {row["metric"].get("target") or row["metric"].get("hub", ""): float(row["value"][1]) for row in rows}

    async def until(self, query: str, wanted: dict[str, float]) -> None:
        end = time.monotonic() + 30
        while (found := await self.ask(query)) != wanted:
            assert time.monotonic() < end, found
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


def at(target: str, *times_ms: int) -> bytes:
    mine = labels("didban_target_up", {"service": "imo", "target": target})
    return encode([TimeSeries(mine, tuple((at_ms, value(1.0)) for at_ms in times_ms))])


async def two_hubs(folder: Path, database: Real) -> None:
    """An hour that is late, what is too old, and news; the database comes when half of it is acknowledged."""
    enrolled(folder, "v1", "v2")
    (folder / "registry.yml").write_text(REGISTRY + SECOND)
    hubs = [Hub(folder, database, name=f"{name}.yml", path="/api/v1/write",
                extra=[f"name: {name}", f"storage: {{path: queue-{name}}}"]) for name in ("a", "b")]  # fmt: skip
    now_ms = int(time.time() * 1000)
    await database.knows_what_time_it_is(now_ms)
    for hub in hubs:
        await hub.start()
    for number in range(60):
        body = at("late", now_ms - HOUR_MS + number * MINUTE_MS)
        assert await hubs[number % 2].write(body) == 204
        if number % 3 == 0:
            assert await hubs[1 - number % 2].write(body) == 204, "the same by the other one"
    assert await hubs[0].write(at("mixed", now_ms - 5 * HOUR_MS, now_ms - MINUTE_MS, now_ms)) == 204
    assert await hubs[1].write(at("old", *(now_ms - 5 * HOUR_MS + n for n in range(5)))) == 204
    await database.start()
    try:
        for number in range(20):
            assert await hubs[number % 2].write(at("news", now_ms - number * 1000)) == 204
        whole: dict[str, float] = {"now": 1, "late": 60, "mixed": 3, "old": 5, "news": 20}
        cut: dict[str, float] = {"now": 1, "late": 60, "mixed": 2, "news": 20}
        await database.until("count_over_time(didban_target_up[6h])", whole if database.victoria else cut)
        aside: dict[str, float] = {"a": 0, "b": 0} if database.victoria else {"a": 1, "b": 5}
        await database.until('max by (hub) (didban_hub_quarantined_total{reason="fault"})', aside)
        await database.until("max by (hub) (didban_hub_queue_samples)", {"a": 0, "b": 0})
        await database.until("count(didban_vantage_expected)", {"": 2})
        for hub in hubs:
            await hub.stop()
    finally:
        await database.stop()


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
async def test_what_two_hubs_acknowledged_while_prometheus_was_away_is_there_once(tmp_path: Path) -> None:
    await two_hubs(tmp_path, Real(tmp_path, victoria=False))


@pytest.mark.long
@pytest.mark.skipif(VICTORIA is None, reason="victoria-metrics is not installed")
async def test_what_two_hubs_acknowledged_while_victoria_metrics_was_away_is_there_once(tmp_path: Path) -> None:
    await two_hubs(tmp_path, Real(tmp_path, victoria=True))
