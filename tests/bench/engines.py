"""Databases, rule evaluators and a hub as processes on loopback, and what /proc says they cost. Measures nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from tests.bench.figures import Missing
from tests.bench.turns import cpu_of
from tests.monitor.hub.hubs import die_with_parent

_PATIENCE_S = 60.0
_AT_ONCE = 20_000  # series of one request of history
NEWER = "DIDBAN_VICTORIA"  # the folder of another victoria-metrics and vmalert than this machine's
_PAGE = os.sysconf("SC_PAGE_SIZE")


def program(name: str) -> str:
    """Raises Missing."""
    found = shutil.which(name, path=os.environ.get(NEWER)) or shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


class Engine:
    """One process that listens on loopback. `base`: its address; `ready`: the path that answers once it is there."""

    context: ssl.SSLContext | None = None

    def __init__(self, command: Sequence[str | Path], base: str, ready: str, said: Path) -> None:
        self.base, self.said = base, said
        with said.open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=die_with_parent)
        self._cpu_s = cpu_of(self.process.pid)
        until = time.monotonic() + _PATIENCE_S
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(base + ready, timeout=2, context=self.context).close()
                return
            if self.process.poll() is not None or time.monotonic() > until:
                raise Missing(f"{command[0]} never answered: {said.read_text()[-500:]}")
            time.sleep(0.1)

    def cpu_s(self) -> float:
        return self._cpu_s()

    def rss_mb(self) -> float:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * _PAGE / 1e6

    def anonymous_mb(self) -> float:
        """What it holds itself, without files that are mapped."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+)", text)
        return int(found[1]) * 1024 / 1e6 if found else 0.0

    def ask(self, path: str, given: Mapping[str, str] | None = None, timeout_s: float = 120) -> str:
        url = f"{self.base}{path}"
        body = urllib.parse.urlencode(given).encode() if given else None
        with urllib.request.urlopen(url, data=body, timeout=timeout_s, context=self.context) as answer:
            return str(answer.read().decode())

    def counted(self, name: str, **labels: str) -> float:
        """The sum of one metric of its own over the series with these labels."""
        total = 0.0
        for line in self.ask("/metrics").splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(f'{key}="{text}"' in series for key, text in labels.items()):
                total += float(value)
        return total

    def write(self, series: Sequence[TimeSeries]) -> None:
        for start in range(0, len(series), _AT_ONCE):
            body = remotewrite.encode(series[start : start + _AT_ONCE])
            request = urllib.request.Request(f"{self.base}/api/v1/write", body, dict(remotewrite.HEADERS))
            urllib.request.urlopen(request, timeout=300).close()

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def victoria(folder: Path, port: int, *more: str) -> Engine:
    command = [
        program("victoria-metrics"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-storageDataPath={folder}/victoria",
        "-retentionPeriod=15",
        "-maxInsertRequestSize=256MB",  # of history, which comes in larger pieces than a hub's
        "-loggerLevel=ERROR",
        *more,
    ]
    return Engine(command, f"http://127.0.0.1:{port}", "/health", folder / "victoria.log")


def prometheus(folder: Path, port: int, config: Path, *more: str) -> Engine:
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder}/tsdb",
        "--storage.tsdb.retention.time=500d",
        "--storage.tsdb.min-block-duration=30d",
        "--storage.tsdb.max-block-duration=60d",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--web.enable-lifecycle",
        "--log.level=warn",
        *more,
    ]
    return Engine(command, f"http://127.0.0.1:{port}", "/-/ready", folder / "prometheus.log")


def vmalert(folder: Path, port: int, database: str, rules: str, *more: str) -> Engine:
    """As README tells it to be run beside VictoriaMetrics."""
    command = [
        program("vmalert"),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-rule={rules}",
        f"-datasource.url={database}",
        f"-remoteWrite.url={database}",
        f"-remoteRead.url={database}",
        "-notifier.blackhole",
        "-loggerLevel=ERROR",
        *more,
    ]
    return Engine(command, f"http://127.0.0.1:{port}", "/health", folder / "vmalert.log")


def size_mb(folder: Path) -> float:
    """Blocks on the disk."""
    return sum(each.stat().st_blocks for each in folder.rglob("*") if each.is_file()) * 512 / 1e6


@contextlib.contextmanager
def ending(*started: Callable[[], Engine]) -> Iterator[list[Engine]]:
    """All of them, in turn; each ended afterwards, the last first."""
    running: list[Engine] = []
    try:
        for start in started:
            running.append(start())
        yield running
    finally:
        for each in reversed(running):
            each.end()


def groups(engine: Engine) -> list[dict[str, object]]:
    return list(json.loads(engine.ask("/api/v1/rules"))["data"]["groups"])
