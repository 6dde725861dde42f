"""Facts stay on disk as they were: over a restart, over kill -9, and never with an address of ours."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor import metrics
from monitor.keeping import retention, schema
from monitor.keeping.schema import VERSION
from monitor.keeping.ticks import Refused
from monitor.metrics import Series, identity
from monitor.spool import Spool, Unusable
from monitor.tick import Tick
from probes.facts import Account, Walk
from probes.words import Failure, Finding, Hearing, Step
from tests.monitor.facts import INSIDE, rounds, walk


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    opened = Spool(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_walk_comes_back_as_it_was(spool: Spool) -> None:
    walks = (
        walk(started_ms=1),
        walk(started_ms=2, failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.FORGED_DNS_ANSWER,)),
    )
    await spool.add(rounds(*walks))
    assert tuple(await spool.walks()) == walks


async def test_walks_are_found_by_target_and_time_newest_kept(spool: Spool) -> None:
    for number in range(10):
        await spool.add(rounds(walk(to=f"imo/{number % 2}", started_ms=number)))
    assert [each.started_ms for each in await spool.walks(target="imo/1", since_ms=3)] == [3, 5, 7, 9]
    assert [each.started_ms for each in await spool.walks(limit=3)] == [7, 8, 9]


async def test_two_spools_after_one_another_see_the_same(tmp_path: Path) -> None:
    for _ in range(2):
        spool = Spool(tmp_path)
        await spool.open()
        await spool.add(rounds(walk()))
        await spool.close()
    spool = Spool(tmp_path)
    await spool.open()
    assert (await spool.size()).walks == 2
    await spool.close()


async def test_a_tick_is_kept_with_the_series_it_ended(spool: Spool, tmp_path: Path) -> None:
    up = Series(metrics.TARGET_UP, ("imo", "web"))
    first = Tick(1000, {up: 1.0})
    second = Tick(2000, {}).after(first)
    assert second.ended == (up,)
    await spool.add_tick(first, identity(INSIDE))
    await spool.add_tick(second, identity(INSIDE))
    with sqlite3.connect(tmp_path / "spool.db") as db:
        assert [row[0] for row in db.execute("SELECT at_ms FROM ticks")] == [1000, 2000]
        ((name, labels),) = db.execute("SELECT name, labels FROM series").fetchall()
    assert name == "didban_target_up"
    assert '"vantage":"v1"' in labels


async def test_what_is_too_old_goes_and_the_rest_stays(spool: Spool) -> None:
    for number in range(10):
        await spool.add(rounds(walk(started_ms=number)))
    assert (await spool.trim(before_ms=4, most_bytes=10**9)).walks == 4
    assert [each.started_ms for each in await spool.walks()] == [4, 5, 6, 7, 8, 9]


async def test_a_spool_that_grew_too_large_loses_its_oldest_first(spool: Spool) -> None:
    await spool.add(rounds(walk(started_ms=-(10**12))))  # a clock that was wrong once
    for number in range(2000):
        await spool.add(rounds(walk(started_ms=number)))
    most = 300_000
    gone = (await spool.trim(before_ms=-(10**13), most_bytes=most)).walks
    assert 100 < gone < 2000
    kept = await spool.walks(limit=5000)
    assert [each.started_ms for each in kept] == list(range(gone - 1, 2000)), "the oldest went, the newest stay"
    assert not await spool.trim(before_ms=-(10**13), most_bytes=most)


async def test_it_remembers_what_it_is_told(spool: Spool) -> None:
    assert await spool.recall("canaries") is None
    await spool.remember("canaries", {"a": [1, 2.5, None]})
    assert await spool.recall("canaries") == {"a": [1, 2.5, None]}


async def test_a_newer_spool_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={VERSION + 1}")
        db.execute("CREATE TABLE future(x)")
    before = path.read_bytes()
    with pytest.raises(Unusable, match="written by a newer Didban"):
        await Spool(tmp_path).open()
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "st").write_text("in the way")
    with pytest.raises(OSError, match="st"):
        await Spool(tmp_path / "st").open()


def witnessed(started_ms: int, *lines: str) -> Walk:
    """A walk by TLS that failed, and what the responder told of it."""
    seen = walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE, started_ms=started_ms)
    steps = (*seen.steps[:-1], replace(seen.last, hello_sha256=f"{started_ms:064x}"))
    return replace(seen, steps=steps, told=Account(Hearing.TOLD, started_ms + 5, "key", lines))


async def test_what_a_responder_told_stands_beside_its_walk_the_last_word_of_it(spool: Spool) -> None:
    first, last, other = witnessed(7), witnessed(7, "a line"), witnessed(8)
    await spool.add(rounds(replace(first, told=None), replace(other, told=None)))
    await spool.add_account(first)
    await spool.add_account(last)
    assert await spool.walks() == [last, replace(other, told=None)]
    await spool.trim(before_ms=8, most_bytes=10**9)
    assert await spool._accounts(0) == {}


async def test_on_a_full_disk_the_watch_goes_on_and_says_so(spool: Spool) -> None:
    await spool.add(rounds(walk(started_ms=1)))
    await spool.bite(lambda db: db.execute("PRAGMA max_page_count=1").close(), None)
    for number in range(2, 300):
        await spool.add(rounds(walk(started_ms=number)))
    assert spool.trouble == "database or disk is full"
    assert spool.waiting > 0
    await spool.bite(lambda db: db.execute("PRAGMA max_page_count=100000").close(), None)
    await spool.add(rounds(walk(started_ms=300)))
    assert spool.trouble is None
    assert (spool.waiting, spool.forgotten) == (0, 0)
    assert [each.started_ms for each in await spool.walks()] == list(range(1, 301)), "what waited is on disk, in order"


async def test_two_daemons_never_share_a_folder(spool: Spool, tmp_path: Path) -> None:
    other = Spool(tmp_path)
    with pytest.raises(Unusable, match="is in use by another Didban"):
        await other.open()
    await other.close()


async def test_only_its_owner_reads_it_also_in_a_folder_open_to_all(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    spool = Spool(folder)
    await spool.open()
    await spool.add(rounds(walk()))
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        ("spool.db", "spool.db-wal", "spool.db-shm", "spool.lock"), 0o600
    )
    await spool.close()


async def test_a_memory_that_cannot_be_read_is_forgotten(spool: Spool) -> None:
    await spool.bite(lambda db: db.execute("INSERT INTO memory VALUES ('canaries', x'ff00')").close(), None)
    assert await spool.recall("canaries") is None


async def test_many_writers_at_once_are_one_after_the_other(spool: Spool) -> None:
    await asyncio.gather(*(spool.add(rounds(walk(started_ms=number))) for number in range(50)))
    assert (await spool.size()).walks == 50


async def test_a_file_of_the_first_format_is_brought_forward_after_a_copy(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.executescript(f"{schema._FIRST} PRAGMA user_version=1;")
        db.execute("INSERT INTO memory VALUES ('canaries', '[1]')")
    db.close()
    spool = Spool(tmp_path)
    await spool.open()
    assert await spool.recall("canaries") == [1]
    assert await spool.owed_samples("hub") == 0
    await spool.close()
    with sqlite3.connect(tmp_path / "spool.db.v1") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()


async def test_where_room_is_short_the_oldest_is_thinned_first_and_what_nobody_has_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.open()
    up = Series(metrics.TARGET_UP, ("imo", "web"))
    minute = 60_000
    for number in range(3 * 1440):
        await spool.add(rounds(walk(started_ms=number * minute)))
        if number % 10 == 0:
            await spool.add_tick(Tick(number * minute, {up: 1.0}), identity(INSIDE), {"hub": 1})
    size = await spool.bite(retention._used, 0)
    gone = await spool.trim(before_ms=0, most_bytes=size * 2 // 3)
    assert gone.thinned > 0
    assert gone.walks == 0, "nothing goes whole while detail can"
    kept = [each.started_ms // minute for each in await spool.walks(limit=10_000)]
    assert kept[0] == 0
    assert [each for each in kept if each < 100] == list(range(0, 100, 10))
    assert kept[-1440:] == list(range(3 * 1440 - 1440, 3 * 1440)), "the last day is whole"
    gone = await spool.trim(before_ms=2 * 1440 * minute, most_bytes=10**9)
    assert gone.unsent == 2 * 144
    await spool.close()


async def test_where_others_fill_the_disk_it_gives_way_but_for_the_last_day_and_what_is_owed(spool: Spool) -> None:
    minutes, hour = 3 * 24 * 60, 60
    up = Series(metrics.TARGET_UP, ("imo", "web"))
    for number in range(0, minutes, 5):
        await spool.add(rounds(walk(started_ms=number * 60_000)))
        owed = {"hub": 1} if number >= 20 * hour else {}
        await spool.add_tick(Tick(number * 60_000, {up: 1.0}), identity(INSIDE), owed)
    before = await spool.owed_samples("hub")
    gone = await spool.trim(before_ms=-1, most_bytes=10**9, keep_free_bytes=2**60)
    left = [each.started_ms // 60_000 for each in await spool.walks(limit=10_000)]
    assert gone.thinned > 0
    assert min(left) >= 16 * hour, "what nobody waits for, but for a part of a tenth"
    assert {each for each in range(minutes - 24 * hour + 5, minutes, 5)} <= set(left), "the last day is whole"
    assert await spool.owed_samples("hub") == before - gone.unsent
    assert await spool.owed_samples("hub") > before / 2, "one tick in ten minutes of what is owed stays"


async def test_a_storage_that_cannot_be_written_at_first_is_used_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only file system at the start is no reason not to watch."""
    spool = Spool(tmp_path)
    monkeypatch.setattr(os, "open", _read_only)
    await spool.open()
    assert spool.trouble == "Read-only file system"
    await spool.add(rounds(walk(started_ms=1)))
    assert (await spool.size()).walks == 0
    assert await spool.recall("canaries") is None
    monkeypatch.undo()
    await spool.add(rounds(walk(started_ms=2)))
    assert spool.trouble is None
    assert [each.started_ms for each in await spool.walks()] == [1, 2]
    await spool.close()


def _read_only(*_: object) -> int:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


async def test_what_is_owed_is_told_oldest_first_until_it_is_settled(spool: Spool) -> None:
    up = Series(metrics.TARGET_UP, ("imo", "web"))
    for at_ms in (1000, 2000, 3000):
        await spool.add_tick(Tick(at_ms, {up: 1.0}), identity(INSIDE), {"hub": 1, "other": 1})
    assert [kept.at_ms for kept in await spool.owed("hub", but=[3000], most=10)] == [1000, 2000]
    await spool.settle("hub", [1000], [Refused(2000, (1,), "refused")])
    await spool.settle("hub", [2000])
    assert [kept.at_ms for kept in await spool.owed("hub", but=(), most=10)] == [3000]
    assert await spool.owed_samples("other") == 3
    assert await spool.cut("other", 2500, "too_old") == 2
    assert [kept.at_ms for kept in await spool.owed("other", but=(), most=10)] == [3000]


async def test_a_sync_is_asked_for_once_after_something_was_written(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    await spool.add(rounds(walk()))
    await spool.sync()
    await spool.sync()
    assert len(synced) == 1
