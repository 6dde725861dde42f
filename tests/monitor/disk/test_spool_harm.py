"""What kill -9, noise and bad sectors leave of a spool: everything that was kept, or everything that can be read."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import metrics
from monitor.keeping.schema import VERSION
from monitor.metrics import Series, identity
from monitor.spool import Spool, Unusable
from monitor.tick import Tick
from tests.monitor.facts import INSIDE, rounds, walk

_SAYS_EACH_WALK_IT_KEPT = """
import asyncio, sys
from pathlib import Path
from monitor.spool import Spool
from tests.monitor.facts import rounds, walk

async def main():
    spool = Spool(Path(sys.argv[1]))
    await spool.open()
    for number in range(int(sys.argv[2]), 10**9):
        await spool.add(rounds(walk(started_ms=number)))
        print(number, flush=True)

asyncio.run(main())
"""


async def _killed(folder: Path, first: int, after: int) -> list[int]:
    """A process says each walk aloud once it is kept, and is killed at some moment after so many: what it said."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SAYS_EACH_WALK_IT_KEPT, str(folder), str(first), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    said = [int(await child.stdout.readline()) for _ in range(after)]
    child.send_signal(signal.SIGKILL)
    rest, _ = await child.communicate()
    return said + [int(line) for line in rest.splitlines()]


async def _kept(folder: Path) -> list[int]:
    spool = Spool(folder)
    await spool.open()
    kept = [each.started_ms for each in await spool.walks(limit=1_000_000)]
    await spool.close()
    return kept


async def test_kill_minus_nine_loses_no_walk_that_was_kept(tmp_path: Path) -> None:
    said = await _killed(tmp_path, 0, 50)
    kept = await _kept(tmp_path)
    assert set(said) <= set(kept)
    assert len(kept) == len(set(kept))


@pytest.mark.long
async def test_fifty_kills_on_one_spool_lose_nothing(tmp_path: Path, figure: Callable[[str, float], None]) -> None:
    said: list[int] = []
    for number in range(50):
        said += await _killed(tmp_path, (number + 1) * 1_000_000, 1 + 7 * number)
    kept = await _kept(tmp_path)
    figure("kills", 50)
    figure("walks said to be kept", len(said))
    figure("walks lost", len(set(said) - set(kept)))
    assert set(said) <= set(kept)
    with sqlite3.connect(tmp_path / "spool.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_kill_in_its_first_moment_leaves_a_spool_that_opens(tmp_path: Path) -> None:
    """The tables come together or not at all."""
    (tmp_path / "spool.db").touch()
    spool = Spool(tmp_path)
    await spool.open()
    await spool.add(rounds(walk()))
    await spool.close()


@pytest.mark.parametrize("whose", ["no tables", "half the tables"])
async def test_a_database_of_others_is_one_clear_line(tmp_path: Path, whose: str) -> None:
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE walks(x)" if whose == "half the tables" else "CREATE TABLE other(x)")
        db.execute(f"PRAGMA user_version={VERSION if whose != 'half the tables' else 0}")
    db.close()
    spool = Spool(tmp_path)
    with pytest.raises(Unusable, match="cannot be used"):
        await spool.open()
    await spool.close()


@pytest.mark.parametrize("noise", ["all of it", "behind the first page's head"])
async def test_a_file_of_noise_is_set_aside_and_the_watch_goes_on(tmp_path: Path, noise: str) -> None:
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE walks(x)")
    db.close()
    path.write_bytes((path.read_bytes()[:100] if noise != "all of it" else b"") + os.urandom(8000))
    spool = Spool(tmp_path, now_ms=lambda: 7)
    await spool.open()
    await spool.add(rounds(walk()))
    assert (await spool.size()).walks == 1
    assert spool.wreck == tmp_path / "spool-damaged-7.db"
    assert spool.wreck.exists()
    await spool.close()


@pytest.mark.parametrize("when", ["before it is opened", "while it is open"])
async def test_of_a_damaged_file_everything_readable_is_carried_over(tmp_path: Path, when: str) -> None:
    spool = Spool(tmp_path, now_ms=lambda: 7)
    await spool.open()
    up = Series(metrics.TARGET_UP, ("imo", "web"))
    for number in range(600):
        await spool.add(rounds(walk(started_ms=number)))
        await spool.add_tick(Tick(number, {up: 1.0}), identity(INSIDE), {"hub": 1})
    await spool.bite(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall(), None)
    if when == "before it is opened":
        await spool.close()
    path = tmp_path / "spool.db"
    whole = bytearray(path.read_bytes())
    page = len(whole) // 4096 // 2 * 4096  # among walks and ticks
    whole[page : page + 4096] = os.urandom(4096)
    path.write_bytes(whole)
    if when == "before it is opened":
        spool = Spool(tmp_path, now_ms=lambda: 7)
        await spool.open()
    else:
        await spool.bite(lambda db: db.execute("PRAGMA cache_size=0").close(), None)
    kept = [each.started_ms for each in await spool.walks(limit=1000)]
    await spool.add(rounds(walk(started_ms=1000)))
    kept = [each.started_ms for each in await spool.walks(limit=1000)]
    assert spool.wreck is not None
    assert 550 < len(kept) < 601, "a page holds a dozen walks"
    assert kept[-1] == 1000
    assert await spool.owed_samples("hub") > 550
    await spool.close()
