"""What this version leaves behind, kept for the versions after it: `python -m tests.deploy.record` writes
tests/deploy/recorded/VERSION. It is run once, before a version is given out, and never again for that version."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

from monitor import __version__, metrics
from monitor.begin import enrolment
from monitor.begin.enrolment import Enrolment
from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries, labels, value
from monitor.hub.batch import Batch
from monitor.hub.queue import Queue
from monitor.keeping import seal
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.tick import Tick
from probes.words import Access, Failure, Finding, Role, Step
from tests.monitor.facts import INSIDE, rounds, walk

RECORDED = Path(__file__).parent / "recorded"
T0_MS = 1_795_000_000_000
UP = Series(metrics.TARGET_UP, ("instagram", "web"))
WALKS = (
    walk(started_ms=T0_MS),
    walk(started_ms=T0_MS + 1, failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.FORGED_DNS_ANSWER,)),
)
TICKS = (Tick(T0_MS + 10, {UP: 1.0}), Tick(T0_MS + 60_010, {UP: 0.0}))
SAMPLE = TimeSeries(
    labels("didban_target_up", {**identity(INSIDE), "service": "instagram", "target": "web"}), ((T0_MS, value(1.0)),)
)
SEAL_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


async def record(folder: Path) -> None:
    spool = Spool(folder)
    await spool.open()
    await spool.add(rounds(*WALKS))
    for tick in TICKS:
        await spool.add_tick(tick, identity(INSIDE), {"hub": 1})
    await spool.remember("budget", {"a later word": 1})
    await spool.close()
    queue = Queue(folder / "queue.db", most_bytes=10**6, sharers=lambda: 1)
    await queue.open()
    await queue.put(Batch.of("v1", T0_MS, [SAMPLE]))
    await queue.close()
    for name in ("spool", "queue"):
        with sqlite3.connect(folder / f"{name}.db") as db:
            db.execute("PRAGMA journal_mode=DELETE")
        db.close()
        (folder / f"{name}.lock").unlink(missing_ok=True)
    (folder / "batch.bin").write_bytes(remotewrite.encode([SAMPLE]))
    url = "https://hub.example.org:8443/api/v1/write"
    told = Enrolment("v1", "IR", Role.INSIDE, Access.MOBILE, "AS197207", "", url, "p" * 32, seal.public_of(SEAL_KEY))
    (folder / "enrolment.txt").write_text(enrolment.line(told) + "\n")


if __name__ == "__main__":
    place = RECORDED / __version__
    if place.exists():
        sys.exit(f"{place} is there: what a version left behind does not change")
    place.mkdir(parents=True)
    asyncio.run(record(place))
