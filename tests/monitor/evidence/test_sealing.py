"""What a board nobody may read holds of yesterday: nothing that can be read on it, all of it for the hub."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor import metrics
from monitor.begin import init
from monitor.begin.check import check
from monitor.disk.file import Unusable
from monitor.evidence.settings import Evidence
from monitor.keeping import retention, schema, seal, sealing, summaries
from monitor.keeping.pieces import HOUR_MS
from monitor.keeping.sealer import Sealer
from monitor.keeping.ticks import Refused
from monitor.keeping.upkeep import Upkeep
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.stored.kept import Kept
from monitor.tick import Tick
from probes.facts import Endpoint, Walk
from probes.words import Access, Failure, Role, Step, Transport
from tests.monitor.disk.test_spool import witnessed
from tests.monitor.facts import INSIDE, rounds, walk

PRIVATE = seal.new_key()
KEY = seal.public_of(PRIVATE)
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_793_000_000_000 // HOUR_MS * HOUR_MS + 1_800_000  # a day of October 2026, half past
OLD_MS = NOW_MS - 30 * HOUR_MS
ADDRESS, HOST, TARGET = "203.0.113.77", "e17.secret.example", "hidden/chat"
UP = Series(metrics.TARGET_UP, ("imo", "web"))
STATE = Series(metrics.TARGET_STATE, ("hidden", "chat", "broken"))
ABROAD = Series(metrics.CONNECTIVITY, ("international",))


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    opened = Spool(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


def hidden(at_ms: int, *, failed: Failure | None = Failure.TIMEOUT) -> Walk:
    at = Endpoint(HOST, 443, Transport.TCP)
    return walk(to=TARGET, at=at, address=ADDRESS, started_ms=at_ms, failed=failed, step=Step.HANDSHAKE)


async def an_evening(spool: Spool, start_ms: int = OLD_MS, *, owed: bool = False) -> None:
    """Ten minutes of one target that nobody may know of."""
    for minute in range(10):
        at_ms = start_ms + minute * 60_000
        await spool.add(rounds(hidden(at_ms, failed=None if minute == 0 else Failure.TIMEOUT)))
        tick = Tick(at_ms, {UP: 1.0, STATE: 1.0, ABROAD: 0.5})
        await spool.add_tick(tick, identity(INSIDE), {"hub": 3} if owed else {})


async def today(spool: Spool) -> None:
    await spool.add(rounds(walk(started_ms=NOW_MS - HOUR_MS)))
    await spool.add_tick(Tick(NOW_MS - HOUR_MS, {UP: 1.0}), identity(INSIDE))


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_of_a_sealed_hour_nothing_is_left_in_the_files(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)
    await today(spool)
    for secret in (ADDRESS, HOST, TARGET, "hidden"):
        assert secret.encode() in raw(tmp_path), "what is not there before proves nothing"
    assert await Sealer(spool).seal(NOW_MS - DAY_MS, KEY) == 1
    for secret in (ADDRESS, HOST, TARGET, "hidden"):
        assert secret.encode() not in raw(tmp_path)
    assert b"instagram/web" in raw(tmp_path), "today stays readable"
    assert [each.started_ms for each in await spool.walks()] == [NOW_MS - HOUR_MS]
    assert (await spool.size()).walks == 11
    assert (await spool.size()).oldest_ms == OLD_MS // HOUR_MS * HOUR_MS


async def test_somebody_who_reads_puts_off_only_the_end_of_it(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)
    sealer = Sealer(spool)
    with closing(sqlite3.connect(tmp_path / "spool.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM walks").fetchall()
        assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 1
        assert HOST.encode() in raw(tmp_path), "the log is still read by"
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 0
    assert HOST.encode() not in raw(tmp_path)


async def test_the_hub_reads_sealed_hours_as_if_they_lay_open(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)
    told = witnessed(OLD_MS + 60_500, "a line")
    await spool.add(rounds(told))
    await spool.add_account(told)
    await today(spool)
    with closing(Kept(tmp_path)) as kept:
        walks, ticks = list(kept.walks(0)), list(kept.ticks(0))
        blobs = list(kept.rows("walks", ("started_ms", "walk"), 0))
        assert kept.sealed() == ()
    assert len(walks) == 12
    assert len(ticks) == 11
    assert await Sealer(spool).seal(NOW_MS - DAY_MS, KEY) == 1
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        assert list(kept.walks(0)) == walks
        assert list(kept.ticks(0)) == ticks
        assert list(kept.rows("walks", ("started_ms", "walk"), 0)) == blobs, "byte for byte"
        assert [each.at_ms for each in kept.ticks(OLD_MS + 120_000, OLD_MS + 300_000)] == [
            OLD_MS + minute * 60_000 for minute in (2, 3, 4)
        ]
        assert [(each.walks, each.samples) for each in kept.sealed()] == [(11, 30)]
    with closing(Kept(tmp_path)) as kept:
        assert [each.started_ms for each in kept.walks(0)] == [NOW_MS - HOUR_MS], "without the key there is a hole"
        assert [each.at_ms for each in kept.ticks(0)] == [NOW_MS - HOUR_MS]
    with closing(Kept(tmp_path, seal.new_key())) as kept, pytest.raises(Unusable, match="sealed to another key"):
        list(kept.walks(0))


async def test_what_comes_late_is_a_second_piece_and_reads_as_one_hour(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)
    sealer = Sealer(spool)
    await sealer.seal(NOW_MS - DAY_MS, KEY)
    late = witnessed(OLD_MS + 30_000, "a line")
    await spool.add(rounds(late))
    await sealer.seal(NOW_MS - DAY_MS, KEY)
    await spool.add_account(late)
    await spool.add_tick(Tick(OLD_MS + 30_000, {UP: 0.0}), identity(INSIDE))
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        assert late in list(kept.walks(0)), "what still lies open belongs to it"
        assert [each.at_ms for each in kept.ticks(0)][:3] == [OLD_MS, OLD_MS + 30_000, OLD_MS + 60_000]
    await sealer.seal(NOW_MS - DAY_MS, KEY)
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        assert len(kept.sealed()) == 3
        assert list(kept.walks(0))[1] == late
        assert len(list(kept.ticks(0))) == 11


async def test_what_is_owed_or_of_today_or_of_no_time_stays_open(spool: Spool) -> None:
    await an_evening(spool, owed=True)
    await an_evening(spool, OLD_MS + HOUR_MS)
    await an_evening(spool, 1_000_000)  # a board that woke in 1970
    await an_evening(spool, NOW_MS - DAY_MS)
    sealer = Sealer(spool)
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 1, "the hour between"
    assert len(await spool.walks()) == 30
    await spool.settle("hub", [OLD_MS + minute * 60_000 for minute in range(10)])
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 1


async def test_a_tick_that_is_owed_again_meanwhile_keeps_its_hour_open(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)

    sealer, asked = Sealer(spool), spool.bite

    async def bite(action: Callable[[sqlite3.Connection], object], otherwise: object) -> object:
        found = await asked(action, otherwise)
        if hasattr(found, "tables"):
            with sqlite3.connect(tmp_path / "spool.db") as db:
                db.execute("INSERT INTO owed VALUES ('hub', ?, 3)", (OLD_MS,))
            db.close()
        return found

    spool.bite = bite  # type: ignore[method-assign, assignment]
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 0
    assert len(await spool.walks()) == 10
    with closing(Kept(tmp_path)) as kept:
        assert kept.sealed() == ()


async def test_every_hour_is_summed_up_once_it_is_over_and_stays_so(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)
    await an_evening(spool, NOW_MS - HOUR_MS - 600_000)  # ends ten minutes from being over
    await an_evening(spool, NOW_MS)
    sealer = Sealer(spool)
    await sealer.sum_up(NOW_MS)
    await sealer.seal(NOW_MS - DAY_MS, KEY)
    await Sealer(spool).sum_up(NOW_MS)
    with closing(Kept(tmp_path)) as kept:
        found = dict(kept.summaries())
    assert list(found) == [OLD_MS // HOUR_MS * HOUR_MS, NOW_MS // HOUR_MS * HOUR_MS - HOUR_MS]
    one = found[OLD_MS // HOUR_MS * HOUR_MS]
    assert (one.walks, one.ticks, one.connectivity) == (10, 10, {"international": 0.5})
    assert one.targets == {
        TARGET: summaries.OfTarget(10, 1, {"generic_timeout_error": 9}, {}, {"broken": 10}),
    }
    assert ADDRESS not in str(one)


async def test_series_that_are_still_named_keep_their_numbers(spool: Spool, tmp_path: Path) -> None:
    await spool.add_tick(Tick(OLD_MS, {STATE: 1.0, UP: 1.0}), identity(INSIDE))
    aside = Series(metrics.TARGET_UP, ("aside", "web"))
    await spool.add_tick(Tick(OLD_MS + 1, {aside: 1.0}), identity(INSIDE), {"hub": 1})
    number = spool.names.number(aside.name, aside.labels(identity(INSIDE)))
    await spool.settle("hub", [OLD_MS + 1], [Refused(OLD_MS + 1, (number,), "refused")])
    for back in range(100):
        await spool.add_tick(Tick(NOW_MS - back, {UP: 1.0}), identity(INSIDE))
    assert await Sealer(spool).seal(NOW_MS - DAY_MS, KEY) == 1
    with sqlite3.connect(tmp_path / "spool.db") as db:
        left = {name + labels for name, labels in db.execute("SELECT name, labels FROM series")}
    db.close()
    assert len(left) == 2
    assert any('"aside"' in each for each in left)
    again = Series(metrics.TARGET_UP, ("imo", "other"))
    await spool.add_tick(Tick(NOW_MS + 1, {again: 1.0, UP: 0.0}), identity(INSIDE))
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        ticks = list(kept.ticks(0))
    assert {name for (name, _), _ in ticks[0].samples} == {"didban_target_state", "didban_target_up"}
    assert [labels.count("other") for (_, labels), _ in ticks[-1].samples] == [1, 0]


def test_every_table_that_numbers_series_is_looked_into_before_one_is_forgotten(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        schema.bring_forward(db, tmp_path / "spool.db")
        tables = {
            table
            for table in schema.TABLES
            if {"samples", "ended"} <= {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        }
    db.close()
    assert tables == set(schema.TICKS)


async def test_sealed_hours_count_as_room_and_go_with_their_age_or_as_the_oldest(spool: Spool, tmp_path: Path) -> None:
    for hour in range(30):
        await an_evening(spool, OLD_MS - hour * HOUR_MS)
    sealer = Sealer(spool)
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 24, "a month takes several times"
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 6
    for number in range(300):
        await spool.add(rounds(walk(started_ms=NOW_MS - number * 60_000)))
    gone = await spool.trim(before_ms=OLD_MS // HOUR_MS * HOUR_MS - 27 * HOUR_MS, most_bytes=10**9)
    assert (gone.sealed, gone.walks, gone.thinned) == (2, 20, 0)
    used = await spool.bite(retention._used, 0)
    gone = await spool.trim(before_ms=0, most_bytes=used - 4_096)
    assert 0 < gone.sealed < 28
    assert gone.walks == 10 * gone.sealed, "nothing of today"
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        assert min(each.started_ms for each in kept.walks(0)) == OLD_MS - (27 - gone.sealed) * HOUR_MS


async def test_a_file_of_the_second_format_is_brought_forward_and_seals(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.executescript(f"{schema._FIRST} {schema._SECOND} PRAGMA user_version=2;")
    db.close()
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        assert list(kept.walks(0)) == []
    spool = Spool(tmp_path)
    await spool.open()
    await an_evening(spool)
    copy, sealer = tmp_path / "spool.db.v2", Sealer(spool)
    os.utime(copy, (NOW_MS / 1000, NOW_MS / 1000))
    assert await sealer.seal(NOW_MS - DAY_MS, KEY) == 1
    assert copy.exists(), "a day is enough to know that all went well"
    await sealer.seal(NOW_MS + 1, KEY)
    assert not copy.exists(), "it holds in plain what is sealed now"
    await spool.close()


async def test_of_a_damaged_file_sealed_hours_and_summaries_come_over_too(spool: Spool, tmp_path: Path) -> None:
    await an_evening(spool)
    sealer = Sealer(spool)
    await sealer.sum_up(NOW_MS)
    await sealer.seal(NOW_MS - DAY_MS, KEY)
    await today(spool)
    await spool._desk._run(spool._file.rescue, "a test")
    assert [each.started_ms for each in await spool.walks()] == [NOW_MS - HOUR_MS]
    with closing(Kept(tmp_path, PRIVATE)) as kept:
        assert len(list(kept.walks(0))) == 11
    assert await spool.bite(sealing.last_summed_up, None) == OLD_MS // HOUR_MS * HOUR_MS


async def test_the_daemons_upkeep_sums_up_and_seals_where_there_is_a_key_and_a_time(
    spool: Spool, tmp_path: Path
) -> None:
    await an_evening(spool)
    await today(spool)
    now: dict[str, int | None] = {"ms": None}
    key: dict[str, str | None] = {"to": None}

    async def tidied() -> None:
        """Two turns: the first one may have been under way."""
        upkeep = Upkeep(spool, lambda: _engine(now["ms"], key["to"], turns), _nothing)
        turns: list[int] = []
        task = asyncio.get_running_loop().create_task(upkeep.tidy())
        async with asyncio.timeout(20):
            while len(turns) < 3:  # noqa: ASYNC110 - a loop that nobody tells of
                await asyncio.sleep(0.005)
        task.cancel()

    key["to"] = KEY
    await tidied()
    assert len(await spool.walks()) == 11, "what time it is, nobody knows"
    now["ms"], key["to"] = NOW_MS, None
    await tidied()
    assert len(await spool.walks()) == 11, "there is nobody to seal it to"
    with closing(Kept(tmp_path)) as kept:
        assert len(dict(kept.summaries())) == 2
    key["to"] = KEY
    await tidied()
    assert [each.started_ms for each in await spool.walks()] == [NOW_MS - HOUR_MS]


async def _nothing() -> None:
    pass


def _engine(now_ms: int | None, key: str | None, turns: list[int]) -> Any:
    """As much of one as upkeep asks for."""

    async def remember(spool: Spool) -> None:
        turns.append(1)

    storage = SimpleNamespace(seal_to=key, max_size_bytes=10**9, keep_free_bytes=0)
    config = SimpleNamespace(storage=storage, as_vantage=lambda: INSIDE, evidence=Evidence(), upload=None)
    return SimpleNamespace(
        pace=SimpleNamespace(retention_every_s=0.001, ship_patience_s=1.0, open_s=86_400.0, keep_s=30 * 86_400.0),
        remember=remember,
        outlived=False,
        rests=SimpleNamespace(hushed=False),
        loaded=SimpleNamespace(config=config, folder=Path()),
        view=SimpleNamespace(around=SimpleNamespace(time=SimpleNamespace(believed_ms=lambda _: now_ms))),
        tools=SimpleNamespace(clock=SimpleNamespace(now_ms=lambda: NOW_MS, boot_ms=lambda: 0)),
    )


def test_a_box_inside_that_seals_nothing_is_told_so_and_a_bad_key_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "didban.yml"
    init.write(file, init.Answers(Role.INSIDE, "IR", Access.MOBILE), storage=str(tmp_path), today="2026-11-22")
    assert "Nothing is sealed" in check(file)[0]
    plain = file.read_text()
    file.write_text(plain.replace("max_size: 1GB}", f"max_size: 1GB, seal_to: {KEY}}}"))
    news, mistakes = check(file)
    assert not mistakes
    assert "Nothing is sealed" not in news
    file.write_text(plain.replace("max_size: 1GB}", "max_size: 1GB, seal_to: nonsense}"))
    (mistake,) = check(file)[1]
    assert mistake.key == "storage.seal_to"


@pytest.mark.long
async def test_how_long_an_hour_holds_the_spools_thread(spool: Spool, figure: Callable[[str, float], None]) -> None:
    """An hour as the default selection makes it: 1,800 series a tick, a thousand walks."""
    series = [Series(metrics.STEP_DURATION, ("imo", f"t{number}", "connect")) for number in range(1800)]
    for minute in range(60):
        at_ms = OLD_MS // HOUR_MS * HOUR_MS + minute * 60_000
        samples = {each: number * 0.001 + minute for number, each in enumerate(series)}
        await spool.add_tick(Tick(at_ms, samples), identity(INSIDE))
        await spool.add(rounds(*(walk(to=f"imo/t{number}", started_ms=at_ms) for number in range(17))))
    took_s: list[float] = []
    asked = spool._desk._try

    def timed(action: Callable[[sqlite3.Connection], object]) -> object:
        began_s = time.perf_counter()
        try:
            return asked(action)
        finally:
            took_s.append(time.perf_counter() - began_s)

    spool._desk._try = timed  # type: ignore[method-assign, assignment]
    began_s = time.perf_counter()
    assert await Sealer(spool).seal(NOW_MS - DAY_MS, KEY) == 1
    figure("seconds to seal an hour", time.perf_counter() - began_s)
    figure("seconds of its longest bite", max(took_s))
    assert max(took_s) < 0.5
