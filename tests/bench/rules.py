"""How long the shipped rules take over 50 countries, 300 networks and 1,000 vantages, in a real Prometheus on loopback.

Four hundred days of what the memory groups read are written first, then a quarter of an hour is lived in real time: a
tenth of the networks is cut, a tenth has a service blocked. The memory groups run every two minutes here, so that they
are seen at all; every group's last duration is read from Prometheus itself, and beside it the processor time of all it
does, which is the one that means something where others use the machine.

python -m tests.bench.rules [MINUTES]     prints one line a group, and the dearest rules
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from monitor.beside.rulefiles import RULES
from monitor.beside.up import free_port
from monitor.home import remotewrite
from monitor.home.remotewrite import Labels, TimeSeries

COUNTRIES, NETWORKS, LINES, CONTROLS = 50, 6, 3, 100
SERVICES = tuple(f"service{number}" for number in range(10))
STATES = ("ok", "slow", "broken", "interfered", "refused", "cut_off", "insufficient")
DAY_MS = 86_400_000
CALM = 3  # minutes before anything happens
BATCH = 20_000  # series a request
LEAST_S = 2.0  # what all groups together may take

Sample = tuple[str, dict[str, str], float]


class Network:
    """One network of the fleet; every tenth is about to be cut, another tenth to lose a service."""

    def __init__(self, number: int) -> None:
        self.country, self.name = f"C{number // NETWORKS:02d}", f"AS{number + 1}"
        self.labels = {"country": self.country, "network": self.name}
        self.cut, self.blocked = number % 10 == 3, number % 10 == 7
        self.boxes = [
            self.labels | {"vantage": f"v{number}x{line}", "access": "mobile", "role": "inside"}
            for line in range(LINES)
        ]


FLEET = [Network(number) for number in range(COUNTRIES * NETWORKS)]
ABROAD = [
    {"vantage": f"c{number}", "country": "DE", "network": f"AS9{number:03d}", "access": "datacenter", "role": "control"}
    for number in range(CONTROLS)
]


def states(box: dict[str, str], said: dict[str, str]) -> Iterator[Sample]:
    for service in SERVICES:
        for state in STATES:
            yield (
                "didban_service_state",
                box | {"service": service, "state": state},
                float(said.get(service, "ok") == state),
            )


def tick(now_s: float, *, crisis: bool) -> Iterator[Sample]:
    """What a minute brings: every box once, and what the hub states."""
    for network in FLEET:
        cut, blocked = crisis and network.cut, crisis and network.blocked
        for box in network.boxes:
            for scope in ("international", "domestic", "gateway"):
                value = 0.0 if cut and scope == "international" else 1.0
                yield "didban_connectivity_ratio", box | {"scope": scope}, value
            said = dict.fromkeys(SERVICES, "cut_off") if cut else {SERVICES[0]: "broken"} if blocked else {}
            yield from states(box, said)
        about = {"about_country": network.country, "about_network": network.name, "kind": "access"}
        for box in ABROAD[:2]:
            yield "didban_landmarks_ratio", box | about, 0.0 if cut else 1.0
        weight = network.labels | {"operator": f"operator {network.name}"}
        yield "didban_network_weight_ratio", weight, 1 / NETWORKS
        yield "didban_network_operator", weight, 1.0
    for box in ABROAD:
        yield "didban_connectivity_ratio", box | {"scope": "international"}, 1.0
        yield from states(box, {})
    for box in boxes():
        yield "didban_heartbeat_timestamp_seconds", box, now_s
        yield "didban_vantage_expected", box, 1.0
        yield "didban_vantage_paused", box, 0.0
    for service in SERVICES:
        yield "didban_service_info", {"service": service, "page": "true"}, 1.0
    for number in range(COUNTRIES):
        yield "didban_country_utc_offset_seconds", {"country": f"C{number:02d}"}, 12600.0


def boxes() -> list[dict[str, str]]:
    return [box for network in FLEET for box in network.boxes] + ABROAD


def remembered() -> Iterator[tuple[str, dict[str, str]]]:
    """What the memory groups keep of whom, by the stem of its name."""
    for box in boxes():
        yield "didban:vantage_heartbeat:timestamp", box
        yield "didban:vantage_well:timestamp", box
    for network in FLEET:
        yield "didban:network_well:timestamp", network.labels
        for service in SERVICES:
            yield "didban:service_works:timestamp", network.labels | {"service": service}
        if network.cut:
            for name in ("network_cut", "network_cut_sure"):
                yield f"didban:{name}:timestamp", network.labels | {"kind": "shutdown"}
            for name in ("network_unwell", "network_recovered"):
                yield f"didban:{name}:timestamp", network.labels


def history(now_ms: int) -> Iterator[list[TimeSeries]]:
    """Ten days at a time, oldest first: six-hourly for 400 days, five-minutely for the last twelve hours."""
    everybody = [(name, remotewrite.labels(f"{name}_6h", labels)) for name, labels in remembered()]
    for days in range(400, 0, -10):
        times = range(now_ms - days * DAY_MS, now_ms - (days - 10) * DAY_MS - DAY_MS // 2, DAY_MS // 4)
        yield [whole(labels, times) for name, labels in everybody if days <= 20 or "service" not in name]
    levels = [("didban:network_reach:ratio_5m", network.labels) for network in FLEET]
    days7 = range(now_ms - 7 * DAY_MS, now_ms - 60_000, 300_000)
    yield [
        TimeSeries(remotewrite.labels(name, labels), tuple((at, remotewrite.value(1.0)) for at in days7))
        for name, labels in levels
    ]
    recent = range(now_ms - DAY_MS // 2, now_ms - 60_000, 300_000)
    yield [whole(remotewrite.labels(f"{name}_5m", labels), recent) for name, labels in remembered()]


def whole(labels: Labels, times: range) -> TimeSeries:
    return TimeSeries(labels, tuple((at, remotewrite.value(at / 1000)) for at in times))


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


def live(base: str, minutes: int, console: Console) -> tuple[dict[str, list[float]], float]:
    """A tick a minute; once something happens, what each group's last evaluation took, and the processor time a run."""
    took: dict[str, list[float]] = {}
    began, before = time.monotonic(), (0.0, 0.0)
    for minute in range(minutes):
        before = counted(base) if minute == CALM else before
        now_ms = int(time.time() * 1000)
        samples = tick(now_ms / 1000, crisis=minute >= CALM)
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
            text = path.read_text().replace("interval: 5m", "interval: 2m").replace("interval: 6h", "interval: 2m")
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
            took, cpu_s = live(base, minutes, told)
            found = dearest(base)
        finally:
            process.terminate()
            process.wait()
    return report(console, took, cpu_s, found)


def report(console: Console, took: dict[str, list[float]], cpu_s: float, found: list[tuple[float, str]]) -> int:
    total = 0.0
    for group, seconds in took.items():
        ordered = sorted(seconds)
        total += ordered[len(ordered) // 2]
        console.print(f"{group}: median {ordered[len(ordered) // 2]:.3f} s, most {ordered[-1]:.3f} s, n {len(ordered)}")
    console.print(
        f"all groups together: {total:.3f} s; processor, with all else Prometheus does: {cpu_s:.3f} s a quarter minute"
    )
    for seconds_, name in found:
        console.print(f"  {seconds_ * 1000:7.1f} ms  {name}")
    return 0 if total < LEAST_S else 1


if __name__ == "__main__":
    sys.exit(main())
