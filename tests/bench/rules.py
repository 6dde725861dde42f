"""How long the shipped rules take over 50 countries, 300 networks and 1,000 vantages, in a real Prometheus on loopback.

Four hundred days of what the memory groups read are written first, then a quarter of an hour is lived in real time: a
tenth of the networks is cut, a tenth has a service blocked. The memory groups run every two minutes here, so that they
are seen at all; every group's last duration is read from Prometheus itself, and beside it the processor time of all it
does, which is the one that means something where others use the machine.

python -m tests.bench.rules [MINUTES]            prints one line a group, and the dearest rules
python -m tests.bench.rules MINUTES states       reach and states of services alone: no targets, protocols, transfers
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from rich.console import Console

from monitor.beside.rulefiles import RULES
from monitor.beside.up import free_port
from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from monitor.promql import reading
from tests.bench.fleet import history, tick

CALM = 3  # minutes before anything happens
BATCH = 20_000  # series a request
LEAST_S = 2.0  # what all groups together may take


def write(base: str, series: list[TimeSeries]) -> None:
    for start in range(0, len(series), BATCH):
        body = remotewrite.encode(series[start : start + BATCH])
        headers = {"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}
        urllib.request.urlopen(urllib.request.Request(f"{base}/api/v1/write", body, headers), timeout=300).close()


def ask(base: str, path: str) -> str:
    with urllib.request.urlopen(f"{base}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def groups(base: str) -> list[dict[str, object]]:
    return list(json.loads(ask(base, "/api/v1/rules"))["data"]["groups"])


def ready(base: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            ask(base, "/-/ready")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("Prometheus never answered")


def configuration(folder: Path, *, rules: bool) -> None:
    document: dict[str, object] = {"global": {"evaluation_interval": "15s"}}
    if rules:
        document["rule_files"] = [f"{folder}/*.yml"]
    (folder / "prometheus.json").write_text(json.dumps(document))


def counted(base: str) -> tuple[float, float]:
    """Seconds of processor so far, and how often the first group ran."""
    cpu_s = runs = missed = 0.0
    for line in ask(base, "/metrics").splitlines():
        name, _, value = line.rpartition(" ")
        cpu_s += float(value) if name == "process_cpu_seconds_total" else 0
        if name.endswith(';didban"}'):
            runs += float(value) if name.startswith("prometheus_rule_group_iterations_total") else 0
            missed += float(value) if name.startswith("prometheus_rule_group_iterations_missed_total") else 0
    return cpu_s, runs - missed


def live(base: str, minutes: int, console: Console, *, whole: bool) -> tuple[dict[str, list[float]], float]:
    """A tick a minute; once something happens, what each group's last evaluation took, and the processor time a run."""
    took: dict[str, list[float]] = {}
    began, before = time.monotonic(), (0.0, 0.0)
    for minute in range(minutes):
        before = counted(base) if minute == CALM else before
        now_ms = int(time.time() * 1000)
        samples = tick(now_ms / 1000, crisis=minute >= CALM, whole=whole)
        write(base, [
            TimeSeries(remotewrite.labels(name, labels), ((now_ms, remotewrite.value(value)),))
            for name, labels, value in samples
        ])  # fmt: skip
        while time.monotonic() < began + 60 * (minute + 1):
            time.sleep(5)
            if minute >= CALM:
                for group in groups(base):
                    took.setdefault(str(group["name"]), []).append(float(str(group["evaluationTime"])))
        console.print(f"minute {minute + 1} of {minutes}")
    cpu_s, runs = (now - then for now, then in zip(counted(base), before, strict=True))
    return took, cpu_s / max(runs, 1)


def dearest(base: str) -> list[tuple[float, str]]:
    rules = [rule for group in groups(base) for rule in group["rules"]]  # type: ignore[attr-defined]
    return sorted(((float(rule["evaluationTime"]), str(rule["name"])) for rule in rules), reverse=True)[:25]


def main() -> int:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    console, told = Console(), Console(stderr=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in RULES.glob("*.yml"):
            text = re.sub("interval: (5m|6h|2d)", "interval: 2m", path.read_text())
            (folder / path.name).write_text(text)
        configuration(folder, rules=False)
        port = free_port(19090)
        command = [
            shutil.which("prometheus") or "prometheus",
            f"--config.file={folder}/prometheus.json",
            f"--storage.tsdb.path={folder}/data",
            "--storage.tsdb.retention.time=500d",
            "--storage.tsdb.min-block-duration=30d",
            "--storage.tsdb.max-block-duration=60d",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver",
            "--log.level=warn",
        ]
        process, base = subprocess.Popen(command), f"http://127.0.0.1:{port}"
        try:
            ready(base)
            for batch in history(int(time.time() * 1000)):
                write(base, batch)
            told.print("history written")
            configuration(folder, rules=True)
            process.send_signal(signal.SIGHUP)
            took, cpu_s = live(base, minutes, told, whole="states" not in sys.argv)
            found = dearest(base)
        finally:
            process.terminate()
            process.wait()
    return report(console, took, cpu_s, found)


def report(console: Console, took: dict[str, list[float]], cpu_s: float, found: list[tuple[float, str]]) -> int:
    middle = {group: statistics.median(seconds) for group, seconds in took.items()}
    for group, seconds in took.items():
        console.print(f"{group}: median {middle[group]:.3f} s, most {max(seconds):.3f} s, n {len(seconds)}")
    every_ms = {group.name: group.interval_ms for group in reading.shipped(RULES)}
    for longest_ms in sorted(set(every_ms.values())):
        meeting = sum(seconds for group, seconds in middle.items() if every_ms[group] <= longest_ms)
        console.print(f"at a turn of all that run every {longest_ms // 1000} s and oftener: {meeting:.3f} s")
    total = sum(middle.values())
    console.print(f"all groups together: {total:.3f} s")
    console.print(f"processor, with all else Prometheus does: {cpu_s:.3f} s a quarter minute")
    for seconds_, name in found:
        console.print(f"  {seconds_ * 1000:7.1f} ms  {name}")
    return 0 if total < LEAST_S else 1


if __name__ == "__main__":
    sys.exit(main())
