"""How the disk stands is stated: to what the spool may grow, what waits for it, what room was made of."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from monitor import metrics
from monitor.keeping.retention import Gone, SpoolSize
from monitor.metrics import Series
from monitor.spool import Spool
from monitor.telling.own import Disk, of_daemon

GB = 10**9


@pytest.mark.parametrize(
    ("held", "free", "limit"),
    [(GB // 2, 9 * GB, GB), (GB // 2, GB // 4, GB // 2 + GB // 4 - 10**8), (GB // 2, 0, GB // 2 - 10**8), (0, 0, 0)],
)
def test_the_limit_is_the_keepers_or_what_the_disk_leaves(held: int, free: int, limit: int) -> None:
    assert SpoolSize(0, held, None, free).limit(GB, 10**8) == limit


def test_of_a_disk_that_cannot_be_read_no_limit_is_said() -> None:
    size = SpoolSize(0, 0, None)
    assert size.limit(GB, 0) is None
    assert Series(metrics.SPOOL_LIMIT, ()) not in stated(Disk(size, None, Gone()))


async def test_a_spool_knows_how_much_the_disk_has_left(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.open()
    size = await spool.size()
    await spool.close()
    assert size.free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.5)


async def test_what_waits_in_memory_is_counted_until_the_disk_takes_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.open()

    def full(db: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    await spool._write(full)
    assert spool.waiting == 1
    assert stated(Disk(await spool.size(), None, Gone(), spool.waiting))[Series(metrics.SPOOL_WAITING, ())] == 1
    spool._desk._writes.clear()
    await spool.close()


async def test_what_is_on_its_way_to_the_disk_does_not_wait(tmp_path: Path) -> None:
    spool, slow = Spool(tmp_path), threading.Event()
    await spool.open()

    def stuck(db: sqlite3.Connection) -> None:
        slow.wait()

    writes = [asyncio.create_task(spool._write(stuck)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting = spool.waiting
    slow.set()
    await asyncio.gather(*writes)
    await spool.close()
    assert waiting == 0


def test_every_kind_of_loss_is_counted_from_zero() -> None:
    lost = stated(Disk(SpoolSize(0, 0, None), None, Gone(thinned=3, unsent=5, unstamped=7), forgotten=11))
    counts = {series.values: value for series, value in lost.items() if series.family is metrics.SPOOL_LOST}
    assert counts == {("thinned",): 3, ("unsent",): 5, ("unstamped",): 7, ("forgotten",): 11}


def stated(disk: Disk) -> dict[Series, float]:
    return dict(of_daemon(disk, None, reload_ok=True, reloaded_ms=0, now_ms=0))
