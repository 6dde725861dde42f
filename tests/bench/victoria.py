"""A thousand boxes of the home set before a real VictoriaMetrics, beside Prometheus: ingest, memory, rules, disk, hub.

Both databases get the same bodies at the same moment, so that whatever else this machine does falls on both. Processor
time is each process's own, read from /proc; the driver's is nobody's. Four hundred days of what the memory groups read
are written first, and memory groups run every two minutes, so that they are seen at all. Warm-up: three minutes before
anything is counted, two more after rules are switched on. Rules are evaluated by Prometheus first, and then by vmalert.

    python -m tests.bench.victoria [MINUTES] [PART ...]     parts: live disk evidence hub, and of live
                                                         rules alone; writes results/scale.json
                                                         (panels: tests/bench/wall.py)
    DIDBAN_VICTORIA=/folder DIDBAN_VICTORIA_IS=1.145    of another victoria-metrics and vmalert than this machine's

MINUTES (default 8) are measured once in peace without rules, and once in the crisis with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from rich.console import Console

from monitor.beside.rulefiles import RULES
from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from tests.bench import engines, evidence_bytes, onto_disk, through_hub
from tests.bench.driving import Drive, selection
from tests.bench.engines import Engine
from tests.bench.fleet import history

RESULTS = Path(__file__).parents[2] / "results" / "scale.json"
_WARM_MIN, _RULES_WARM_MIN, _TURN_S = 3, 2, 15.0
_PORTS = {"victoria": 18428, "prometheus": 19090, "vmalert": 18880}
_BESIDE_RULES = ("-search.latencyOffset=1ms", "-dedup.minScrapeInterval=1ms")

Figures = dict[str, float]


def main() -> int:
    words = sys.argv[1:]
    minutes = next((int(word) for word in words if word.isdigit()), 8)
    parts = [word for word in words if not word.isdigit()] or ["live", "disk", "evidence", "hub"]
    console = Console(stderr=True)
    found: Figures = {}
    with tempfile.TemporaryDirectory(prefix="didban-scale-") as name:
        for part in parts:
            folder = Path(name) / part
            folder.mkdir()
            match part:
                case "live":
                    found |= asyncio.run(_live(folder, minutes, console))
                case "rules":
                    found |= asyncio.run(_live(folder, minutes, console, only_rules=True))
                case "disk":
                    found |= _disk(folder)
                case "evidence":
                    found |= evidence_bytes.figures()
                case "hub":
                    found |= asyncio.run(through_hub.measured(folder, minutes, console))
                case _:
                    console.print(f"{part}: live, rules, disk, evidence or hub")
                    return 2
    write(found)
    for key, value in found.items():
        print(f"{key}: {value:.4g}")
    return 0


def write(found: Figures) -> None:
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept["figures"] = kept.get("figures", {}) | {key: float(f"{value:.4g}") for key, value in found.items()}
    kept["programs"] = {name: _version(name) for name in ("victoria-metrics", "vmalert", "prometheus")}
    kept["date"] = time.strftime("%Y-%m-%d", time.gmtime())
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def _version(name: str) -> str:
    if (program := shutil.which(name, path=os.environ.get(engines.NEWER)) or shutil.which(name)) is None:
        return ""
    asked = "--version" if name == "prometheus" else "-version"
    said = subprocess.run([program, asked], capture_output=True, text=True, check=False)
    number = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return number[0] if number else os.environ.get(f"{engines.NEWER}_IS", "1.79")  # Debian's builds do not say it


# ---------------------------------------------------------------- live: ingest, rules


async def _live(folder: Path, minutes: int, console: Console, *, only_rules: bool = False) -> Figures:
    _configure(folder, rules=False)
    began = (
        lambda: engines.victoria(folder, _PORTS["victoria"], *_BESIDE_RULES),
        lambda: engines.prometheus(folder, _PORTS["prometheus"], folder / "prometheus.json"),
    )
    with engines.ending(*began) as both:
        await asyncio.to_thread(_write_history, both, console)
        drive, found = Drive(), Figures()
        async with _driven(drive, both):
            await _minutes(_WARM_MIN)
            if not only_rules:
                found |= await _spent("peace", both, drive, minutes)
                found |= _held(both[0], drive)
            found |= await _rules(folder, both, drive, minutes)
            console.print({key: round(value, 3) for key, value in found.items()})
    return found


async def _rules(folder: Path, both: Sequence[Engine], drive: Drive, minutes: int) -> Figures:
    """First Prometheus evaluates them, then vmalert: together they would wait for one another's processor."""
    victoria, prometheus = both
    drive.crisis = True
    before = victoria.counted("vm_new_timeseries_created_total")
    _configure(folder, rules=True)
    prometheus.ask("/-/reload", {"now": "1"})
    await _minutes(_RULES_WARM_MIN)
    turns = _turns(prometheus)
    found = await _spent("rules", both, drive, minutes)
    found["rules_prometheus_turns_a_minute"] = (_turns(prometheus) - turns) / minutes
    found |= await _groups(prometheus)
    found["new_series_of_the_crisis"] = victoria.counted("vm_new_timeseries_created_total") - before
    _configure(folder, rules=False)
    prometheus.ask("/-/reload", {"now": "1"})
    with engines.ending(lambda: _vmalert(folder, victoria)) as (alerter,):
        await _minutes(_RULES_WARM_MIN)
        turns = alerter.counted("vmalert_iteration_total", group="didban")
        seen = await _spent("alerting", [*both, alerter], drive, minutes)
        found |= {key: value for key, value in seen.items() if "prometheus" not in key}
        found["alerting_vmalert_turns_a_minute"] = (
            alerter.counted("vmalert_iteration_total", group="didban") - turns
        ) / minutes
        for name in [key[17:-2] for key in found if key.startswith("group_prometheus_")]:
            took_s = alerter.counted("vmalert_iteration_duration_seconds", group=name, quantile="0.5")
            found[f"group_vmalert_{name}_s"] = took_s
        found["vmalert_errors"] = alerter.counted("vmalert_execution_errors_total")
    return found


async def _groups(prometheus: Engine) -> Figures:
    """Seconds of an evaluation of each group, the median of five turns."""
    took: dict[str, list[float]] = {}
    for _ in range(5):
        await asyncio.sleep(_TURN_S)
        for group in engines.groups(prometheus):
            took.setdefault(f"group_prometheus_{group['name']}_s", []).append(float(str(group["evaluationTime"])))
    return {key: statistics.median(seen) for key, seen in took.items()}


def _turns(prometheus: Engine) -> float:
    """How often the group of a quarter minute was evaluated."""
    total = 0.0
    for line in prometheus.ask("/metrics").splitlines():
        name, _, value = line.rpartition(" ")
        if name.endswith(';didban"}') and "iterations_" in name:
            total += -float(value) if "missed" in name else float(value)
    return total


def _configure(folder: Path, *, rules: bool) -> None:
    document: dict[str, object] = {"global": {"evaluation_interval": "15s"}}
    if rules:
        (folder / "rules").mkdir(exist_ok=True)
        for path in RULES.glob("*.yml"):
            (folder / "rules" / path.name).write_text(re.sub("interval: (5m|6h|2d)", "interval: 2m", path.read_text()))
        document["rule_files"] = [f"{folder}/rules/*.yml"]
    (folder / "prometheus.json").write_text(json.dumps(document))


def _vmalert(folder: Path, database: Engine) -> Engine:
    delay = () if "1.79" in _version("vmalert") else ("-rule.evalDelay=0s",)
    return engines.vmalert(folder, _PORTS["vmalert"], database.base, f"{folder}/rules/*.yml", *delay)


def _write_history(both: Sequence[Engine], console: Console) -> None:
    began_s, count = time.monotonic(), 0
    for batch in history(int(time.time() * 1000), selection()):
        for engine in both:
            engine.write(batch)
        count += sum(len(each.samples) for each in batch)
    console.print(f"history: {count / 1e6:.1f} M samples into both in {time.monotonic() - began_s:.0f} s")


@contextlib.asynccontextmanager
async def _driven(drive: Drive, both: Sequence[Engine]) -> AsyncIterator[None]:
    async def post(vantage: str, body: bytes) -> None:
        await asyncio.gather(*(asyncio.to_thread(_post, engine, body) for engine in both))

    async def stated(series: list[TimeSeries]) -> None:
        await post("", remotewrite.encode(series))

    driving = asyncio.ensure_future(drive.live(post, stated))
    try:
        yield
        if driving.done():
            driving.result()
    finally:
        driving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await driving


def _post(engine: Engine, body: bytes) -> None:
    request = urllib.request.Request(f"{engine.base}/api/v1/write", body, dict(remotewrite.HEADERS))
    urllib.request.urlopen(request, timeout=60).close()


async def _minutes(count: float) -> None:
    await asyncio.sleep(60 * count)


_NAMES = ("victoria", "prometheus", "vmalert")


async def _spent(when: str, running: Sequence[Engine], drive: Drive, minutes: int) -> Figures:
    """Processor seconds a minute and memory of each, and how much came in meanwhile."""
    cpu_s, samples, began_s = [each.cpu_s() for each in running], drive.samples, time.monotonic()
    rss: list[list[float]] = [[] for _ in running]
    load = []
    for _ in range(minutes * 6):
        await asyncio.sleep(10)
        load.append(os.getloadavg()[0])
        for each, seen in zip(running, rss, strict=True):
            seen.append(each.anonymous_mb())
    lived_min = (time.monotonic() - began_s) / 60
    found = {f"{when}_samples_a_second": (drive.samples - samples) / lived_min / 60}
    found[f"{when}_load_of_the_machine"] = statistics.mean(load)
    found[f"{when}_driver_late_s"] = drive.late_s
    for name, each, before_s, seen in zip(_NAMES, running, cpu_s, rss, strict=False):
        found[f"{when}_{name}_cpu_s_a_minute"] = (each.cpu_s() - before_s) / lived_min
        found[f"{when}_{name}_anonymous_mb"] = statistics.median(seen)
        found[f"{when}_{name}_rss_mb"] = each.rss_mb()
    return found


def _held(victoria: Engine, drive: Drive) -> Figures:
    return {
        "active_series": victoria.counted("vm_cache_entries", type="storage/hour_metric_ids"),
        "series_of_a_box": drive.samples / max(1, drive.bodies),
        "body_bytes": drive.sent_bytes / max(1, drive.bodies),
    }


# ---------------------------------------------------------------- disk


def _disk(folder: Path) -> Figures:
    with engines.ending(lambda: engines.victoria(folder, _PORTS["victoria"])) as (victoria,):
        ours = onto_disk.victoria(victoria, folder)
    (folder / "prometheus.json").write_text("{}")
    beside = folder / "prometheus.json"
    start = lambda: engines.prometheus(folder, _PORTS["prometheus"], beside, "--web.enable-admin-api")  # noqa: E731
    with engines.ending(start) as (prometheus,):
        theirs = onto_disk.prometheus(prometheus, folder)
    return {
        "disk_samples": ours.samples,
        "disk_victoria_bytes_a_sample": ours.bytes_a_sample,
        "disk_victoria_index_bytes_a_series": ours.index_bytes,
        "disk_prometheus_bytes_a_sample": theirs.bytes_a_sample,
    }


if __name__ == "__main__":
    sys.exit(main())
