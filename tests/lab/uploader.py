"""Evidence out of one box, once, as its daemon does every hour: `python -m tests.lab.uploader CONFIG SPOOL`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from monitor.config import load
from monitor.evidence.tending import Tending
from monitor.spool import Spool
from tests.monitor.evidence.boxes import NOW_MS


async def upload(config: Path, folder: Path) -> None:
    """All of it, as after a crash that lost what was done. Ends with the first hour that it could not put."""
    loaded, mistakes = load(config)
    assert loaded is not None, mistakes
    spool = Spool(folder)
    await spool.open()
    await spool.remember("uploaded", 0)
    tending = Tending(spool, lambda sent, received: None)
    await tending.tend(loaded, now_ms=NOW_MS, before_ms=0, patience_s=5)
    assert tending.needed_ms is None, f"an hour stays: {tending.needed_ms}"
    await spool.close()


if __name__ == "__main__":
    asyncio.run(upload(Path(sys.argv[1]), Path(sys.argv[2])))
