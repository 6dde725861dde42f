"""Measures Didban beside its peers, on loopback only, writes `bench.json` and prints a table (`make bench`).

python -m tests.bench [BENCH ...]     measures these alone, and leaves what the others measured as it was
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

import uvloop
from rich.console import Console

from tests.bench import (
    atscale,
    exposition,
    far_end,
    figures,
    limit,
    living,
    remote_write,
    spool,
    stalled,
    truth,
    walk_bytes,
    walk_cpu,
    walk_whole,
)
from tests.bench.far_end import Ports
from tests.bench.figures import Figure, Missing

_ROOT = Path(__file__).parents[2]
_PACKAGES = {
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "openssl": "openssl",
    "ip": "iproute2",
    "unshare": "util-linux",
}
Bench = Callable[[Ports, Callable[[str], None]], Awaitable[list[Figure]]]
_BENCHES: tuple[Bench, ...] = (
    walk_cpu.bench,
    walk_whole.bench,
    limit.bench,
    truth.bench,
    stalled.bench,
    exposition.bench,
    spool.bench,
    walk_bytes.bench,
    remote_write.bench,
    living.bench,
    atscale.bench,
)


def _named(bench: Bench) -> str:
    return bench.__module__.rpartition(".")[2]


async def _measure(console: Console, names: Collection[str]) -> list[Figure]:
    """Every bench of these names, of all if there is none, that can be run here; the others say what is missing."""
    found: list[Figure] = []

    def said(missing: str) -> None:
        console.print(f"not measured, missing: {missing}", soft_wrap=True)

    with far_end.far_end() as ports:
        for bench in (each for each in _BENCHES if not names or _named(each) in names):
            began_s = time.monotonic()
            try:
                found += await bench(ports, said)
            except Missing as missing:
                said(str(missing))
            console.print(f"{_named(bench)}: {time.monotonic() - began_s:.0f} s")
    return found


def main() -> None:
    """Under a quarter of an hour on two cores that do nothing else."""
    wanted = [package for program, package in _PACKAGES.items() if shutil.which(program) is None]
    if wanted:
        subprocess.run([_ROOT / "deploy/machine.sh", "have", *wanted], check=False)
    far_end.many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_measure(Console(stderr=True), sys.argv[1:]))
    figures.write(_ROOT / "bench.json", found)
    Console(width=None if Console().is_terminal else 120).print(figures.table(found))


if __name__ == "__main__":
    main()
