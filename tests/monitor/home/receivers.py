"""Real receivers on loopback: Debian's Prometheus and VictoriaMetrics; and a forwarder before them that loses samples."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from monitor.home import remotewrite
from monitor.home.remotewrite import Labels, TimeSeries
from tests.probes.liars import closed_port

_PATIENCE_S = 30.0
_PROMETHEUS = "storage: {tsdb: {out_of_order_time_window: 30d}}\n"

Loses = Callable[[Labels, int], bool]


def _live(command: list[str], port: int, ready: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).close()
            return process
        time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"{command[0]} never answered")


@contextlib.contextmanager
def prometheus(folder: Path, *more: str) -> Iterator[str]:
    """Its base address; takes samples of 30 days, out of order. `more`: of its command line."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed")
    folder.mkdir()
    (folder / "prometheus.yml").write_text(_PROMETHEUS)
    port = closed_port()
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
        "--log.level=error",
        *more,
    ]
    process = _live(command, port, "/-/ready")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def victoria(folder: Path, *more: str) -> Iterator[str]:
    """Its base address. `more`: of its command line; of a word that is said twice the last counts."""
    if shutil.which("victoria-metrics") is None:
        pytest.skip("victoria-metrics is not installed")
    port = closed_port()
    command = [
        "victoria-metrics",
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder}",
        "-retentionPeriod=2",
        "-memory.allowedBytes=128MB",
        "-loggerLevel=ERROR",
        *more,
    ]
    process = _live(command, port, "/health")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def forget(base: str, match: str) -> None:
    """Has VictoriaMetrics delete a series."""
    given = urllib.parse.urlencode({"match[]": match}).encode()
    urllib.request.urlopen(f"{base}/api/v1/admin/tsdb/delete_series", data=given, timeout=5).close()


class Forwarder:
    """Takes remote write, loses what it is told to, hands on the rest. `lost`: how many samples. `busy`: takes nothing."""

    def __init__(self, to: str) -> None:
        self._to, self.lost, self.port = to, 0, 0
        self.loses: Loses = lambda labels, at_ms: False
        self.busy = False

    async def write(self, request: web.Request) -> web.Response:
        if self.busy:
            return web.Response(status=503)
        kept = []
        for series in remotewrite.decode(await request.read()):
            left = tuple(each for each in series.samples if not self.loses(series.labels, each[0]))
            self.lost += len(series.samples) - len(left)
            kept += [TimeSeries(series.labels, left)] if left else []
        if not kept:
            return web.Response(status=204)
        url = f"{self._to}/api/v1/write"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=remotewrite.encode(kept), headers=remotewrite.HEADERS) as answer,
        ):
            return web.Response(status=answer.status, text=await answer.text())


@contextlib.asynccontextmanager
async def forwarding(to: str) -> AsyncIterator[Forwarder]:
    there = Forwarder(to)
    app = web.Application(client_max_size=10**8)
    app.router.add_post("/api/v1/write", there.write)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.port = runner.addresses[0][1]
    try:
        yield there
    finally:
        await runner.cleanup()
