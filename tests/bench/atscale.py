"""Memory, cadence and start of the real daemon: with the default selection, with 1,000 targets, and with 10,000.

    python -m tests.bench.atscale inside     measures; only in a room of its own (tests/bench/boxes.py)

Every target is essential, of kind https, walked once a minute: name, connection, TLS 1.3 with a chain of 3.9 KB, page.
The far ends share the machine. Memory is the resident set of the whole process, its libraries' pages among it; the
floor is a process that does nothing but import what the daemon is required to be built on. `dark`: 10,000 walks hang at
their first SYN, as when a line is cut; `stalled`: their ClientHello is swallowed, and OpenSSL alone holds 33 KB of each
(measured with nothing but memory BIOs: 10 KB before its first word, 33 KB after). Lateness is the daemon's own count,
from due to started, over two minutes once the first tick is over. What is not comparable from run to run: with
others at work on this machine a start is late because the processor was; `waited` tells how long ours was ready and had
none.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.bench import boxes
from tests.bench.boxes import DARK, HTTPS, SILENT, Box, FarEnd, rows
from tests.bench.far_end import Ports, many_files
from tests.bench.figures import Figure

_BUILT_ON = (
    "ssl sqlite3 aiohttp.web dns.message prometheus_client apscheduler.schedulers.asyncio uvloop pydantic msgspec"
)
_FLOOR = (
    f"import {','.join([*_BUILT_ON.split(), 'cryptography.x509'])}; print(open('/proc/self/statm').read().split()[1])"
)
_PAGE = 4096
_PEER = "what it is built on, idle"
_HANGING_S, _TICKS_S, _WATCHED_S = 35.0, 75.0, 120.0
_LATE = "didban_schedule_lateness_seconds"


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """MB, cores, shares and seconds."""
    seen: dict[str, float] = json.loads(await boxes.inside("tests.bench.atscale", "inside"))
    floor_mb = seen.pop("memory floor MB")
    for name, value in seen.items():
        if name.startswith("told"):
            said(f"{name}: {value:.4g}")
    return [_figure(name, value, floor_mb) for name, value in seen.items() if not name.startswith("told")]


def _figure(name: str, value: float, floor_mb: float) -> Figure:
    what, _, unit = name.rpartition(" ")
    called = what.replace(" ", "_").replace(",", "")
    return Figure(called, value, unit, *((_PEER, floor_mb) if unit == "MB" else (None, None)))


# ---------------------------------------------------------------- inside


def _measured() -> Iterator[tuple[str, float]]:
    out = subprocess.run([sys.executable, "-c", _FLOOR], capture_output=True, text=True, check=True).stdout
    yield "memory floor MB", int(out) * _PAGE / 1e6
    yield from _starting()
    with _box(0) as box:
        yield "start default selection s", box.start()
        time.sleep(20)
        yield "memory default selection MB", box.memory_mb()["Rss"]
    with _box(1_000) as box:
        yield "start 1,000 targets s", box.start()
        time.sleep(_TICKS_S)
        yield "memory 1,000 targets MB", box.memory_mb()["Rss"]
    for what, port in (("dark", DARK), ("stalled", SILENT)):
        with _box(10_000, port=port, named=False, timeout_s=30) as box:
            box.start()
            time.sleep(_HANGING_S)
            yield f"memory 10,000 targets {what} MB", box.memory_mb()["Rss"]
    with _box(10_000) as box:
        yield "start 10,000 targets s", box.start()
        yield from _walking(box)


def _starting() -> Iterator[tuple[str, float]]:
    """CPU seconds of a command, from nothing to its end."""
    for command in ("--version", "check-config /nowhere.yml", "--help"):
        before_s = _children_s()
        subprocess.run([sys.executable, "-m", "monitor", *command.split()], capture_output=True, check=False)
        yield f"start didban {command.split()[0]} CPU_s", _children_s() - before_s


def _children_s() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _walking(box: Box) -> Iterator[tuple[str, float]]:
    time.sleep(_TICKS_S)
    before, cpu_s, waited_s, began_s = box.metrics(), box.cpu_s(), box.waited_s(), time.monotonic()
    time.sleep(_WATCHED_S)
    took_s = time.monotonic() - began_s
    cpu_s, waited_s = box.cpu_s() - cpu_s, box.waited_s() - waited_s
    time.sleep(60)  # what was counted is stated with the next tick
    after = box.metrics()
    yield "memory 10,000 targets walking MB", box.memory_mb()["Rss"]
    walks = _grown(before, after, "didban_walks_total")
    yield "told: walks", walks
    yield "told: waited for a processor, share", waited_s / took_s
    yield "walking 10,000 targets cores", cpu_s / took_s
    starts = _grown(before, after, f"{_LATE}_count")
    for ms in (10, 100):
        within = _grown(before, after, f'{_LATE}_bucket{{le="{ms / 1000:g}"}}')
        yield f"starts later than {ms} ms share", 1 - within / starts if starts else 1.0
    yield "rounds missed and counted count", _grown(before, after, "didban_schedule_missed_total")


def _grown(before: Mapping[str, float], after: Mapping[str, float], name: str) -> float:
    return sum(value - before.get(key, 0.0) for key, value in after.items() if key.startswith(name))


class _box:
    """A box and its far end, in a folder that goes when both have ended."""

    def __init__(self, targets: int, *, port: int = HTTPS, named: bool = True, timeout_s: int = 10) -> None:
        self._folder = tempfile.TemporaryDirectory()
        at = Path(self._folder.name)
        self._far = FarEnd(at)
        services = "" if targets else "whatsapp, instagram, imo, canaries"
        self._box = Box(at, rows(targets, port=port, named=named), timeout_s=timeout_s, services=services)

    def __enter__(self) -> Box:
        self._far.__enter__()
        return self._box

    def __exit__(self, *raised: object) -> None:
        self._box.stop()
        self._far.__exit__()
        self._folder.cleanup()


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        many_files()
        print(json.dumps(dict(_measured())))
    else:
        for figure in asyncio.run(bench(None, print)):  # type: ignore[arg-type]
            print(f"{figure.name}: {figure.value:.4g} {figure.unit}")
