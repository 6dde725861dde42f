"""Between gateway and database: what was acknowledged is on the disk, goes on in its order, and nobody holds up another."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from monitor.disk.file import Unusable
from monitor.hub import queuefile
from monitor.hub.queue import ALWAYS, Queue
from tests.monitor.hub.queues import NOW_MS, Clock, Database, batch, carried, courier, made, minutes

# ---------------------------------------------------------------- on the disk


async def test_what_was_taken_is_there_for_the_next_hub(tmp_path: Path) -> None:
    first = made(tmp_path)
    await first.open()
    assert all(await asyncio.gather(*(first.put(batch(at_ms=at_ms)) for at_ms in minutes(*range(20)))))
    await first.close()
    second, database = made(tmp_path), Database()
    await second.open()
    assert second.samples == 60
    await carried(courier(second, database, live=True), courier(second, database, live=False))
    assert database.of("v1") == set(minutes(*range(20)))
    assert (second.samples, second.bytes, await second.oldest_ms()) == (0, 0, None)
    await second.close()


async def test_every_commit_waits_for_the_disk_and_only_the_hub_may_read_it(queue: Queue, tmp_path: Path) -> None:
    assert await queue.put(batch())
    for path in (tmp_path / "q").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
    synchronous = queue._desk.file.db()[0].execute("PRAGMA synchronous").fetchone()[0]
    assert synchronous == 2, "FULL: the log is written through before anybody is told"


async def test_a_second_hub_on_the_same_folder_is_refused(queue: Queue, tmp_path: Path) -> None:
    other = made(tmp_path)
    with pytest.raises(Unusable, match="in use by another hub"):
        await other.open()
    await other.close()


async def test_a_newer_file_is_left_untouched(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    with sqlite3.connect(tmp_path / "q" / "queue.db") as db:
        db.execute("PRAGMA user_version=9")
    db.close()
    there = made(tmp_path)
    with pytest.raises(Unusable, match="newer Didban"):
        await there.open()
    await there.close()


async def test_what_an_older_hub_kept_goes_on(tmp_path: Path, database: Database) -> None:
    (tmp_path / "q").mkdir()
    one = batch()
    with sqlite3.connect(tmp_path / "q" / "queue.db") as db:
        db.executescript(f"{queuefile._FIRST}PRAGMA user_version=1;")
        sql = "INSERT INTO batches(vantage, received_ms, newest_ms, samples, body) VALUES (?, ?, ?, ?, ?)"
        db.execute(sql, (one.vantage, one.received_ms, one.newest_ms, one.samples, one.body))
    db.close()
    there = made(tmp_path)
    await there.open()
    (out,) = await there.take(["v1"], ALWAYS, most=1, most_samples=10**6)
    assert out.oldest_ms == out.newest_ms == one.newest_ms
    there.give_back([out])
    await carried(courier(there, database, live=True))
    assert database.of("v1") == {NOW_MS}
    await there.close()


async def test_a_damaged_file_is_set_aside_and_what_can_be_read_goes_on(tmp_path: Path, database: Database) -> None:
    first = made(tmp_path)
    await first.open()
    for at_ms in minutes(*range(60)):
        assert await first.put(batch(at_ms=at_ms, series=40))
    await first.close()
    path = tmp_path / "q" / "queue.db"
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 6 * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    second = made(tmp_path)
    await second.open()
    await carried(courier(second, database, live=True), courier(second, database, live=False))
    assert 40 < len(database.of("v1")) <= 60
    assert await second.put(batch())
    await second.close()


async def test_without_room_nothing_is_taken_and_nothing_is_lost(tmp_path: Path, database: Database) -> None:
    there = made(tmp_path, most_bytes=int(20.9 * batch().bytes), sharers=1)
    await there.open()
    took = [at_ms for at_ms in minutes(*range(30)) if await there.put(batch(at_ms=at_ms))]
    assert len(took) == 20
    await carried(courier(there, database, live=True), courier(there, database, live=False))
    assert database.of("v1") == set(took)
    assert await there.put(batch()), "and then there is room again"
    await there.close()


async def test_while_the_disk_takes_nothing_nothing_is_acknowledged(queue: Queue, database: Database) -> None:
    queue._desk.file.db()[0].execute("PRAGMA max_page_count=12")
    took = [at_ms for at_ms in minutes(*range(60)) if await queue.put(batch(at_ms=at_ms, series=90))]
    assert 0 < len(took) < 60
    assert queue.trouble
    await carried(courier(queue, database, live=True), courier(queue, database, live=False))
    assert database.of("v1") == set(took), "what was acknowledged, and nothing else"
    assert await queue.put(batch())
    assert not queue.trouble
    assert queue.samples == 3


async def test_one_that_writes_without_end_fills_its_own_part_alone(tmp_path: Path) -> None:
    there = made(tmp_path, most_bytes=int(20.9 * batch().bytes), sharers=2)
    await there.open()
    assert sum([await there.put(batch("v1", at_ms)) for at_ms in minutes(*range(30))]) == 10
    assert sum([await there.put(batch("v2", at_ms)) for at_ms in minutes(*range(10))]) == 10
    await there.close()


async def test_what_was_counted_wrong_is_counted_anew(queue: Queue, database: Database) -> None:
    """As after a commit that failed and was there all the same: nobody would ask for that vantage again."""
    with queue._desk.file.db()[0] as db:
        row = ("v1", NOW_MS, NOW_MS, 3, batch().body)
        db.execute("INSERT INTO batches(vantage, received_ms, newest_ms, samples, body) VALUES (?, ?, ?, ?, ?)", row)
    news = courier(queue, database, live=True)
    assert not await news.carry()
    await queue.trim(0)
    assert await news.carry()
    assert database.of("v1") == {NOW_MS}
    assert (queue.samples, queue.vantages()) == (0, [])


# ---------------------------------------------------------------- in its order


async def test_news_goes_before_what_is_late_and_both_move(queue: Queue, database: Database) -> None:
    for at_ms in minutes(*range(40, 0, -1)):
        await queue.put(batch(at_ms=at_ms))
    news, late = courier(queue, database, live=True), courier(queue, database, live=False)
    assert await news.carry()
    assert database.order[0] == sorted(minutes(1, 2))
    assert await late.carry()
    assert database.order[1] == sorted(minutes(*range(25, 41))), "the oldest first"
    assert not await news.carry()
    await carried(late)
    assert database.of("v1") == set(minutes(*range(1, 41)))


async def test_while_the_database_is_away_everything_waits_and_then_comes(queue: Queue, database: Database) -> None:
    clock = Clock()
    news, late = courier(queue, database, live=True, clock=clock), courier(queue, database, live=False, clock=clock)
    for at_ms in minutes(50, 1, 0):
        await queue.put(batch(at_ms=at_ms))
    database.there = False
    await carried(news, late)
    asked = database.requests
    await carried(news, late)
    assert database.requests == asked, "and nobody is asked without a pause"
    assert queue.samples == 9
    database.there = True
    clock.at_ms += 1_100
    await carried(news, late)
    assert database.of("v1") == set(minutes(50, 1, 0))
    assert not queue.quarantined
