"""Many writes, one commit: who waits for it, who goes with it, and what becomes of them when it fails."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.disk.desk import Desk
from monitor.disk.file import File, Kind

KIND = Kind("test", "the folder", "test", lambda db, path: None, lambda wreck, db: {})
MAKE = "CREATE TABLE IF NOT EXISTS rows(n INTEGER)"


class Counted(Desk):
    commits = 0

    def _flush(self) -> None:
        self.commits += 1
        super()._flush()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Counted]:
    found = Counted(File(tmp_path / "test.db", KIND, lambda: 0), "test")
    await found.do(lambda db: db.execute(MAKE))
    yield found
    await found.close()


async def add(desk: Desk, n: int, within_s: float = 0.0) -> bool:
    return await desk.write(lambda db: db.execute("INSERT INTO rows VALUES (?)", (n,)), waits=True, within_s=within_s)


async def there(desk: Desk) -> list[int]:
    return await desk.do(lambda db: [n for (n,) in db.execute("SELECT n FROM rows ORDER BY rowid")])


async def test_what_comes_together_is_one_commit(desk: Counted) -> None:
    done = await asyncio.gather(*(add(desk, n, 0.02) for n in range(20)))
    assert (done, await there(desk), desk.commits) == ([True] * 20, [*range(20)], 1)


async def test_who_has_waited_long_enough_is_committed_alone(desk: Counted) -> None:
    assert await asyncio.wait_for(add(desk, 1, 0.001), 5)
    assert await asyncio.wait_for(add(desk, 2, 0.001), 5)
    assert (await there(desk), desk.commits) == ([1, 2], 2)


async def test_what_is_urgent_takes_along_what_lies_there(desk: Counted) -> None:
    patient = asyncio.create_task(add(desk, 1, 600))
    await asyncio.sleep(0)
    assert await add(desk, 2)
    assert (await asyncio.wait_for(patient, 5), await there(desk), desk.commits) == (True, [1, 2], 1)


async def test_a_commit_that_has_begun_is_too_late_for_what_comes_then(desk: Counted) -> None:
    """The flush unsets its mark before it takes anything: nobody waits for one that left without him."""
    for n in range(300):
        first, second = asyncio.create_task(add(desk, 2 * n)), asyncio.create_task(add(desk, 2 * n + 1))
        for _ in range(n % 7):
            await asyncio.sleep(0)
        assert all(await asyncio.wait_for(asyncio.gather(first, second), 5))
    assert await there(desk) == [*range(600)]


async def test_one_who_leaves_takes_nothing_from_the_others(desk: Counted) -> None:
    leaves, stays = asyncio.create_task(add(desk, 1, 0.02)), asyncio.create_task(add(desk, 2, 0.02))
    await asyncio.sleep(0)
    leaves.cancel()
    assert await asyncio.wait_for(stays, 5)
    assert await there(desk) == [1, 2], "what was handed in is written"


async def test_what_lies_there_is_written_before_the_end(tmp_path: Path) -> None:
    desk = Counted(File(tmp_path / "test.db", KIND, lambda: 0), "test")
    await desk.do(lambda db: db.execute(MAKE))
    lies = asyncio.create_task(add(desk, 1, 600))
    await asyncio.sleep(0)
    await desk.close()
    assert await asyncio.wait_for(lies, 5)
    with sqlite3.connect(tmp_path / "test.db") as db:
        assert db.execute("SELECT n FROM rows").fetchall() == [(1,)]


async def test_a_commit_that_fails_tells_everybody_and_is_tried_again_with_the_next(desk: Counted) -> None:
    full = [True]

    def write(db: sqlite3.Connection) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        db.execute("INSERT INTO rows VALUES (1)")

    waiting = asyncio.gather(*(desk.write(write, waits=True, within_s=0.01) for _ in range(2)))
    assert (await asyncio.wait_for(waiting, 5), desk.waiting) == ([False, False], 2)
    assert desk.trouble == "database or disk is full"
    full.clear()
    assert await add(desk, 2)
    assert await there(desk) == [1, 1, 2]
    assert (desk.waiting, desk.trouble or "") == (0, "")


async def test_a_fault_of_ours_reaches_who_wrote(desk: Counted) -> None:
    def write(db: sqlite3.Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(desk.write(write, waits=False), 5)
    assert await add(desk, 1)
