"""Measures Didban beside its peers, on loopback only, writes `bench.json` and prints a table (`make bench`)."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
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
from tests.bench.figures import Figure, Missing

_ROOT = Path(__file__).parents[2]
_PACKAGES = {
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "openssl": "openssl",
    "ip": "iproute2",
    "unshare": "util-linux",
}
_BENCHES = (
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


async def _measure(console: Console) -> list[Figure]:
    """Every bench that can be run here; the others say what is missing."""
    found: list[Figure] = []

    def said(missing: str) -> None:
        console.print(f"not measured, missing: {missing}", soft_wrap=True)

    with far_end.far_end() as ports:
        for bench in _BENCHES:
            began_s = time.monotonic()
            try:
                found += await bench(ports, said)
            except Missing as missing:
                said(str(missing))
            console.print(f"{bench.__module__.rpartition('.')[2]}: {time.monotonic() - began_s:.0f} s")
    return found


def main() -> None:
    """Under a quarter of an hour on two cores that do nothing else."""
    wanted = [package for program, package in _PACKAGES.items() if shutil.which(program) is None]
    if wanted:
        subprocess.run([_ROOT / "deploy/machine.sh", "have", *wanted], check=False)
    far_end.many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_measure(Console(stderr=True)))
    figures.write(_ROOT / "bench.json", found)
    Console(width=None if Console().is_terminal else 120).print(figures.table(found))


if __name__ == "__main__":
    main()
