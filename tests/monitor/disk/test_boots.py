"""What the spool does with what has no time yet: kept apart, stamped in one piece, marked, and the last to go."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor import metrics
from monitor.keeping import retention, schema
from monitor.meaning.timeofday import Known
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.stored.kept import Kept
from monitor.tick import Tick
from probes.doors.clock import SystemClock, boot_id
from probes.facts import Account, Walk
from probes.words import Failure, Hearing, Step
from tests.monitor.facts import INSIDE, rounds, walk

UP = Series(metrics.TARGET_UP, ("imo", "web"))
DOWN = Series(metrics.TARGET_FAILURE, ("imo", "web", "connect", "generic_timeout_error"))
BEAT = Series(metrics.HEARTBEAT, ())
WAKES_MS, TRUE_MS, MINUTE_MS = 90_000, 1_800_000_000_000, 60_000
KNOWN = Known(TRUE_MS, 4, 700)
HUB = {"hub": frozenset[str]()}


@contextlib.asynccontextmanager
async def opened(folder: Path, boot: str) -> AsyncIterator[Spool]:
    made = Spool(folder, boot=boot)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    async with opened(tmp_path, "a") as made:
        yield made


async def wait_for_it(spool: Spool, minutes: int) -> None:
    """So many ticks of a board in 1970; in the last one a failure ends."""
    before = None
    for number in range(1, minutes + 1):
        wall_ms = WAKES_MS + number * MINUTE_MS
        samples = {UP: 1.0, BEAT: wall_ms / 1000, **({DOWN: 1.0} if number < minutes else {})}
        before = Tick(wall_ms, samples).after(before)
        await spool.add_waiting(before, identity(INSIDE), number * MINUTE_MS)


async def rows(spool: Spool, sql: str) -> list[tuple[object, ...]]:
    return await spool.bite(lambda db: db.execute(sql).fetchall(), [])


async def test_what_waited_is_stamped_owed_and_marked_in_one_piece(spool: Spool) -> None:
    await wait_for_it(spool, 3)
    assert await spool.last_tick() is None
    assert await spool.owed("hub", but=(), most=9) == []
    owed = await spool.later.learn(4 * MINUTE_MS, KNOWN, since_ms=0, owed_to=HUB)
    stamped = await spool.owed("hub", but=(), most=9)
    assert [each.at_ms for each in stamped] == [TRUE_MS + number * MINUTE_MS for number in (1, 2, 3)]
    assert owed["hub"] == await spool.owed_samples("hub") == sum(len(e.samples) + len(e.ended) for e in stamped) == 9
    assert len(stamped[-1].ended) == 1, "its staleness marker came with it"
    beat = spool.names.number("didban_heartbeat_timestamp_seconds", identity(INSIDE))
    assert [dict(each.samples)[beat] * 1000 for each in stamped] == [each.at_ms for each in stamped]
    assert await rows(spool, "SELECT at_ms, boot, error_ms FROM stamped") == [(e.at_ms, 1, 700) for e in stamped]
    assert await spool.later.count() == 0


async def test_two_ticks_never_share_a_moment(spool: Spool) -> None:
    await spool.add_tick(Tick(TRUE_MS + MINUTE_MS, {UP: 0.0}), identity(INSIDE), {"hub": 1})
    await wait_for_it(spool, 1)
    await spool.add_waiting(Tick(WAKES_MS, {UP: 1.0}), identity(INSIDE), MINUTE_MS)
    await spool.later.learn(4 * MINUTE_MS, KNOWN, since_ms=0, owed_to=HUB)
    times = [each.at_ms - TRUE_MS - MINUTE_MS for each in await spool.owed("hub", but=(), most=9)]
    assert times == [0, 1, 2]
    assert await spool.free_ms(TRUE_MS + MINUTE_MS) == TRUE_MS + MINUTE_MS + 3


async def test_each_destination_is_owed_what_it_wants(spool: Spool) -> None:
    await wait_for_it(spool, 1)
    await spool.add_waiting(Tick(WAKES_MS, {Series(metrics.TARGET_CUSUM, ("imo", "web")): 1.0}), identity(INSIDE), 5)
    also = {"hub": frozenset[str](), "all": frozenset({"didban_target_cusum"})}
    owed = await spool.later.learn(4 * MINUTE_MS, KNOWN, since_ms=0, owed_to=also)
    assert owed["all"] == owed["hub"] + 1


async def test_a_transaction_that_fails_stamps_nothing_and_the_next_one_all(spool: Spool) -> None:
    await wait_for_it(spool, 2)
    await rows(spool, "PRAGMA query_only=1")
    await spool.later.learn(4 * MINUTE_MS, KNOWN, since_ms=0, owed_to=HUB)
    assert spool.trouble is not None
    assert spool.later.known is None
    assert await spool.later.count() == 2
    await spool.later.heard(5 * MINUTE_MS, None)
    assert spool.later.known == KNOWN
    assert len(await spool.owed("hub", but=(), most=9)) == 2


# ---------------------------------------------------------------- walks


def begun(boot_ms: int, wall_ms: int) -> Walk:
    return walk(started_ms=wall_ms, boot_ms=boot_ms)


async def test_walks_of_a_boot_that_learns_the_time_are_put_right_and_their_blobs_left_alone(spool: Spool) -> None:
    await spool.add(rounds(begun(1000, WAKES_MS)))
    await spool.later.learn(4000, KNOWN, since_ms=0, owed_to={})
    await spool.add(rounds(begun(5000, WAKES_MS + 4000)))
    await spool.add(rounds(begun(6000, TRUE_MS + 6100)))
    found = await spool.walks()
    assert [(each.started_ms, each.boot_ms) for each in found] == [
        (TRUE_MS + 1000, 1000),
        (TRUE_MS + 5000, 5000),
        (TRUE_MS + 6100, 6000),
    ], "what was near enough keeps its own time"
    ((blob,),) = await rows(spool, "SELECT walk FROM walks WHERE id = 1")
    assert isinstance(blob, bytes)
    assert f'"started_ms":{WAKES_MS}'.encode() in blob
    assert b"boot" not in blob


async def test_walks_from_before_a_clock_was_set_stay_where_they_were(spool: Spool) -> None:
    """A virtual machine was held for an hour: by what is known since, what was before would seem an hour off."""
    await spool.add(rounds(begun(1000, TRUE_MS + 1000)))
    await spool.later.learn(2000, Known(TRUE_MS + 3_600_000, 3, 500), since_ms=1500, owed_to={})
    assert [each.started_ms for each in await spool.walks()] == [TRUE_MS + 1000]


async def test_what_a_responder_told_moves_with_its_walk_also_when_it_comes_later(spool: Spool) -> None:
    def witnessed(boot_ms: int) -> Walk:
        seen = walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE, started_ms=WAKES_MS + boot_ms, boot_ms=boot_ms)
        steps = (*seen.steps[:-1], replace(seen.last, hello_sha256=f"{boot_ms:064x}"))
        return replace(seen, steps=steps, told=Account(Hearing.TOLD, 5, "key"))

    first, second = witnessed(1000), witnessed(2000)
    await spool.add(rounds(replace(first, told=None), replace(second, told=None)))
    await spool.add_account(first)
    await spool.later.learn(4000, KNOWN, since_ms=0, owed_to={})
    await spool.add_account(second)
    found = await spool.walks(since_ms=TRUE_MS)
    assert [each.told is not None for each in found] == [True, True]


async def test_the_time_since_another_boot_says_nothing_in_this_one(tmp_path: Path) -> None:
    async with opened(tmp_path, "a") as first:
        await first.add(rounds(begun(1000, TRUE_MS)))
    async with opened(tmp_path, "b") as second:
        await second.add(rounds(begun(2000, TRUE_MS + MINUTE_MS)))
        assert [each.boot_ms for each in await second.walks()] == [None, 2000]


# ---------------------------------------------------------------- what goes, and what comes over


@contextlib.asynccontextmanager
async def after_an_unlearned_boot(folder: Path) -> AsyncIterator[Spool]:
    """One that never learned the time, 100 walks and ticks of it; and a later one that did."""
    async with opened(folder, "a") as first:
        for number in range(100):
            await first.add(rounds(begun(number * 1000, WAKES_MS + number * 1000)))
        await wait_for_it(first, 100)
    async with opened(folder, "b") as second:
        await second.later.learn(1000, KNOWN, since_ms=0, owed_to={})
        for number in range(300):
            await second.add(rounds(begun(number * 1000, TRUE_MS + number * 1000)))
        yield second


async def test_what_nobody_can_date_is_never_too_old_and_goes_last(tmp_path: Path) -> None:
    async with after_an_unlearned_boot(tmp_path) as spool:
        gone = await spool.trim(before_ms=TRUE_MS + 100_000, most_bytes=10**9)
        assert (gone.walks, gone.unstamped) == (100, 0), "of the boot that knows the time"
        assert len(list(Kept(tmp_path).unstamped())) == 100
        gone = await spool.trim(before_ms=0, most_bytes=1)
        assert gone.unstamped == 100, "counted"
        assert gone.walks == 300
        assert await spool.walks() == []


async def test_room_is_made_of_what_has_a_time_first(tmp_path: Path) -> None:
    async with after_an_unlearned_boot(tmp_path) as spool:
        gone = await spool.trim(before_ms=0, most_bytes=await spool.bite(retention._used, 0) * 8 // 10)
        assert gone.walks > 0
        assert gone.unstamped == 0
        assert len([each for each in await spool.walks() if each.started_ms < TRUE_MS]) == 100


async def test_a_damaged_file_gives_up_what_waits_and_the_boots(tmp_path: Path) -> None:
    async with opened(tmp_path, "a") as spool:
        await wait_for_it(spool, 50)
        for number in range(50):
            await spool.add(rounds(begun(number * 1000, WAKES_MS)))
        met = iter([True])

        def meets_damage(db: sqlite3.Connection) -> None:
            if next(met, False):
                raise sqlite3.DatabaseError("database disk image is malformed")

        await spool.bite(meets_damage, None)
        assert spool.wreck is not None
        assert await spool.later.count() == 50
        await spool.later.learn(60 * MINUTE_MS, KNOWN, since_ms=0, owed_to=HUB)
        assert len(await spool.owed("hub", but=(), most=99)) == 50
        assert [each.boot_ms for each in await spool.walks()] == [number * 1000 for number in range(50)]


async def test_a_file_of_the_second_format_is_brought_forward_and_read_by_who_only_reads(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.db") as db:
        db.executescript(f"{schema._FIRST}{schema._SECOND}PRAGMA user_version=2;")
        db.execute("INSERT INTO ticks VALUES (?, x'', x'')", (TRUE_MS,))
    db.close()
    assert list(Kept(tmp_path).unstamped()) == []
    spool = Spool(tmp_path, boot="a")
    await spool.open()
    await wait_for_it(spool, 1)
    (only,) = Kept(tmp_path).unstamped()
    assert only.not_before_ms == TRUE_MS + MINUTE_MS, "after the newest tick there was, and as long as it had run"
    assert only.not_after_ms is None, "nobody knows yet"
    assert dict((name, value) for name, _, value in only.samples)["didban_target_up"] == 1.0
    await spool.close()


# ---------------------------------------------------------------- the door


def test_a_boot_has_a_name_and_its_time_runs(tmp_path: Path) -> None:
    assert boot_id() == boot_id(), "as the kernel names it"
    assert boot_id(tmp_path / "none") != boot_id(tmp_path / "none"), "where it has no name, one of this process"
    (tmp_path / "odd").write_text("not an id")
    assert len(boot_id(tmp_path / "odd")) == 36
    clock = SystemClock()
    first = clock.boot_ms()
    assert first > 0
    assert clock.boot_ms() >= first
