"""One soak: servers, daemon, and what is looked at while it lives: memory, descriptors, tasks, walks, lateness."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from monitor.begin import consent
from probes.words import Access, Role
from tests.probes.liars import closed_port

SCALE = 30.0  # what `--time-scale` allows at most
_INTERVAL_S = 60
_PATIENCE_S = 60.0
_BUCKET = re.compile(r'didban_schedule_lateness_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\S+)')
# what may come on top between the second quarter and the last, of a run that leaks nothing
MOST_MORE_BYTES, MOST_MORE = 12 * 2**20, 15


@dataclass(frozen=True, slots=True)
class Sample:
    """`walks`, `missed`: since the beginning. `late_p99_s`: of the starts since the sample before; an upper bound."""

    at_s: float
    memory_bytes: int
    descriptors: int
    tasks: int
    walks: int
    missed: int
    late_p99_s: float


def leaks(samples: list[Sample]) -> list[str]:
    """What grew from the second quarter of a run to its last; the first is for caches to fill."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    for name, most in (("memory_bytes", MOST_MORE_BYTES), ("descriptors", MOST_MORE), ("tasks", MOST_MORE)):
        before, after = (median(getattr(each, name) for each in part) for part in (early, late))
        if after - before > most:
            found.append(f"{name}: {before:,.0f} became {after:,.0f}")
    return found


def soak(
    *, seconds: float, walks: float = float("inf"), share: int = 1, leak: bool = False, every_s: float = 1.0
) -> list[Sample]:
    """Until so many seconds have passed or so many walks were made. The daemon must live to the end, and end when told."""
    with tempfile.TemporaryDirectory(prefix="didban-soak-") as named:
        folder, port = Path(named), closed_port()
        with _hostile(folder, share) as there:
            _configure(folder, there)
            dns = str(there["dns"])
            command = [sys.executable, "-m", "tests.soak.box", named, dns, str(port), str(SCALE), *["leaking"][:leak]]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as box:
                try:
                    found = list(_watched(box, folder, port, seconds, walks, every_s))
                    box.send_signal(signal.SIGTERM)
                    said = box.communicate(timeout=_PATIENCE_S)[1]
                finally:
                    box.kill()
            assert box.returncode == 0, said[-3000:]
            return found


@contextmanager
def _hostile(folder: Path, share: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.soak.hostile", str(folder), str(share)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdout
        try:
            yield json.loads(servers.stdout.readline())
        finally:
            servers.kill()  # some of them never end


def _configure(folder: Path, there: dict[str, Any]) -> None:
    """Everybody it asks is hostile: resolvers, trusted ones too, and both it ships to."""
    (folder / "secret").write_bytes(bytes(32))
    (folder / "heartbeat").write_text(f"http://127.0.0.1:{there['trusted']}/\n")
    home = "".join(
        f"  - {{name: hub{number}, remote_write: 'http://127.0.0.1:{port}/write'}}\n"
        for number, port in enumerate(there["home"])
    )
    (folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: DE, network: AS1, access: datacenter, role: control}}
consent: {{acknowledged: 2026-11-21, text_sha256: {consent.digest(Role.CONTROL, "DE", Access.DATACENTER)}}}
services: [./services.yml]
interval: {_INTERVAL_S}s
timeout: 10s
limits: {{concurrency: 200, starts_per_second: 5, bytes_per_day: 900GB}}
dns: {{system: [127.0.0.1], trusted: [{{doh: "https://127.0.0.1:{there["trusted"]}/dns-query"}}]}}
tls: {{ca_file: ca.pem}}
storage: {{path: state, max_size: 200MB}}
ship:
{home}heartbeat: {{url_file: heartbeat, every: 60s}}
""")


def _watched(
    box: subprocess.Popen[str], folder: Path, port: int, seconds: float, walks: float, every_s: float
) -> Iterator[Sample]:
    began_s, late = time.monotonic(), dict[float, float]()
    until_s, done = began_s + _PATIENCE_S, 0
    while time.monotonic() < until_s and done < walks:
        time.sleep(every_s)
        assert box.poll() is None, (box.stderr.read() if box.stderr else "")[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                text = answer.read().decode()
            tasks = int((folder / "tasks").read_text())
        except OSError:
            began_s, until_s = time.monotonic(), time.monotonic() + seconds
            continue  # it has not begun yet
        before, late = late, {float(le): float(count) for le, count in _BUCKET.findall(text)}
        done = _sum(text, "didban_walks_total")
        yield Sample(
            round(time.monotonic() - began_s, 1), _memory_bytes(box.pid), len(list(Path(f"/proc/{box.pid}/fd").iterdir())),
            tasks, done, _sum(text, "didban_schedule_missed_total"), _p99_s(before, late),
        )  # fmt: skip


def _memory_bytes(pid: int) -> int:
    """Its own pages, as they stand in memory: files that are mapped come and go."""
    found = re.search(r"^RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _sum(text: str, name: str) -> int:
    return int(sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name + "{")))


def _p99_s(before: dict[float, float], after: dict[float, float]) -> float:
    """The bound of the bucket in which the last of 99 in 100 lies; -1 where none started."""
    grown = {le: count - before.get(le, 0.0) for le, count in after.items()}
    every = grown.get(float("inf"), 0.0)
    return next((le for le in sorted(grown) if every and grown[le] >= 0.99 * every), -1.0)


def as_json(samples: list[Sample]) -> list[dict[str, float]]:
    return [asdict(each) for each in samples]
