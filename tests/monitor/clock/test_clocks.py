"""Clocks that are wrong in every way: each tick is kept once, in order, and comes home with its true time, or never."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from monitor.home.answers import Outcome
from monitor.home.posting import Home, Ways
from monitor.home.remotewrite import STALE, value
from monitor.settings import Destination
from monitor.stored.kept import Kept
from probes.doors.dates import Dates
from tests.monitor.clock.board import DAY_S, HOUR_S, MINUTE_S, TRUE_MS, World, times
from tests.probes import liars
from tests.probes.liars import Authority

WAKES_MS = 90_000  # a minute and a half into 1970
DAY_MS = 86_400_000
IN_2019_MS = 1_560_000_000_000
IN_2038_MS = 2_147_483_648_000
STALE_BYTES = value(STALE)
NEAR_MS = 2_000  # HTTP's Date is to the second


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    app = web.Application(client_max_size=10**8)
    app.router.add_post("/api/v1/write", made.hub.write)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.hub.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


def came_home(world: World, stated: list[int]) -> None:
    """Each tick once, in its order, at its own true time; and nothing else."""
    came = times(world.hub)
    assert len(came) == len(stated), "none is lost, none is doubled"
    off = [at_ms - true_ms for at_ms, true_ms in zip(came, stated, strict=True)]
    assert max(map(abs, off)) <= NEAR_MS, off


@pytest.mark.parametrize(
    ("wakes_ms", "off_s"),
    [(WAKES_MS, 0.0), (IN_2038_MS, 0.0), (None, 2 * DAY_S), (None, -30 * DAY_S), (None, 40 * 365.25 * DAY_S)],
    ids=["1970", "2038", "+2 days", "-30 days", "+40 years"],
)
async def test_a_clock_wrong_from_the_start_delays_its_ticks_until_it_is_told(
    world: World, wakes_ms: int | None, off_s: float
) -> None:
    world.board.start(wakes_ms=wakes_ms, off_s=off_s)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.minutes(2)
        assert life.notices() == ["2 ticks wait until somebody says what time it is: they are kept, and not sent home."]
        assert times(world.hub) == []
        await life.walks()
        await life.minutes(3)
        assert life.notices() == []
        await life.delivered(5)
        came_home(world, world.stated)
        walked = await life.daemon._spool.walks()
        assert walked
        assert all(abs(each.started_ms - world.board.true_ms()) < 10 * MINUTE_S * 1000 for each in walked)
        offset_s = life.time.offset_s
        assert offset_s is not None
        assert abs(offset_s - world.board.off_ms / 1000) <= 1


async def test_a_board_in_1970_waits_however_long_the_dark_is(world: World) -> None:
    world.board.start(wakes_ms=WAKES_MS)
    world.telling = False
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.walks()
        await life.minutes(90)
        assert times(world.hub) == []
        world.telling = True
        world.board.skipped_ms += 15 * MINUTE_S * 1000  # when they are asked again
        await life.walks()
        await life.minutes(1)
        await life.delivered(91)
        came_home(world, world.stated)


async def test_two_boots_in_1970_keep_their_ticks_apart_and_the_one_that_never_learned_has_bounds(world: World) -> None:
    world.board.start(off_s=0)
    async with world.canaries() as loaded:
        async with world.process(loaded) as life:
            await life.walks()
            await life.minutes(2)
            await life.delivered(2)
        before = list(world.stated)
        world.telling = False
        world.board.start(wakes_ms=WAKES_MS, after_s=HOUR_S)
        async with world.process(loaded) as life:
            await life.minutes(4)
        lost = world.stated[2:]
        world.telling = True
        world.board.start(wakes_ms=WAKES_MS, after_s=HOUR_S)
        async with world.process(loaded) as life:
            await life.minutes(2)
            await life.walks()
            await life.minutes(1)
            await life.delivered(5)
        came_home(world, [*before, *world.stated[6:]])
    kept = list(Kept(world.folder / "state").unstamped())
    assert len(kept) == 4, "the same minutes of 1970, and none took the place of another"
    for each, true_ms in zip(kept, lost, strict=True):
        assert each.not_before_ms is not None
        assert each.not_after_ms is not None
        assert each.not_before_ms - NEAR_MS <= true_ms <= each.not_after_ms + NEAR_MS
        assert each.not_after_ms - each.not_before_ms < 3 * HOUR_S * 1000, "both hours without power, and no more"
        assert each.wall_ms < DAY_S * 1000
        assert "didban_spool_observations" in {name for name, _, _ in each.samples}


async def test_what_one_process_could_not_know_a_later_one_of_the_same_boot_stamps(world: World) -> None:
    world.board.start(wakes_ms=WAKES_MS)
    world.telling = False
    async with world.canaries() as loaded:
        async with world.process(loaded) as life:
            await life.walks()
            await life.minutes(3)
        world.telling = True
        async with world.process(loaded) as life:
            assert life.notices()[0].startswith("3 ticks wait")
            await life.walks()
            await life.minutes(2)
            await life.delivered(5)
            came_home(world, world.stated)
            walked = await life.daemon._spool.walks()
            assert min(each.started_ms for each in walked) >= TRUE_MS - NEAR_MS, "the walks of the earlier process too"
        async with world.process(loaded) as life:
            await life.minutes(1)
            assert life.notices() == [], "and the next one knows it at once"
            await life.delivered(6)
            came_home(world, world.stated)


@pytest.mark.parametrize(
    "by_s", [HOUR_S, -HOUR_S, 600.0, 40 * 365.25 * DAY_S], ids=["+1 h", "-1 h", "+10 min", "+40 years"]
)
async def test_a_clock_that_is_set_in_the_middle_moves_no_tick(world: World, by_s: float) -> None:
    world.board.start(off_s=0)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.walks()
        await life.minutes(3)
        world.board.off_ms += by_s * 1000
        await life.minutes(1)
        assert life.notices(), "set right, or set wrong? nothing is sent by it until they have spoken again"
        await life.walks()
        await life.minutes(3)
        await life.delivered(7)
        came_home(world, world.stated)
        walked = [each.started_ms for each in await life.daemon._spool.walks()]
        assert max(walked) - min(walked) < 20 * MINUTE_S * 1000
        assert all(gap > 0 for gap in (b - a for a, b in itertools.pairwise(sorted(set(walked)))))


async def test_a_clock_set_in_the_dark_is_not_followed(world: World) -> None:
    """Somebody's NTP says 40 years later; nobody abroad can be asked. What they said before stands."""
    world.board.start(off_s=0)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.walks()
        await life.minutes(3)
        world.telling = False
        world.board.off_ms += 40 * 365.25 * DAY_S * 1000
        await life.minutes(5)
        assert life.notices() == []
        await life.delivered(8)
        came_home(world, world.stated)


async def test_ntp_sets_a_board_of_1970_right_and_others_confirm_it(world: World) -> None:
    world.board.start(wakes_ms=WAKES_MS)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.minutes(3)
        world.board.off_ms = 0
        await life.minutes(4)
        assert times(world.hub) == [], "a clock that leapt 57 years is nobody's word"
        await life.walks()
        await life.minutes(1)
        await life.delivered(8)
        came_home(world, world.stated)


async def test_a_machine_that_was_suspended_states_no_tick_twice_and_none_at_a_wrong_time(world: World) -> None:
    world.board.start(off_s=0)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.walks()
        await life.minutes(2)
        world.board.slept_ms += 9 * HOUR_S * 1000
        await life.minutes(2)
        assert life.notices() == []
        await life.delivered(4)
        came_home(world, world.stated)


async def test_a_virtual_machine_that_was_held_waits_to_be_told_for_how_long(world: World) -> None:
    world.board.start(off_s=0)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.walks()
        await life.minutes(2)
        world.board.stopped_ms += 3 * HOUR_S * 1000  # its host sets its wall clock right afterwards
        await life.minutes(1)
        assert life.notices()
        await life.walks()
        await life.minutes(1)
        await life.delivered(4)
        came_home(world, world.stated)


async def test_a_right_clock_is_believed_after_two_minutes_where_nobody_speaks(world: World) -> None:
    world.board.start(off_s=0)
    world.telling = False
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.minutes(4)
        await life.delivered(4)
        came_home(world, world.stated)
        nothing: list[tuple[int | None]] = []
        sql = "SELECT error_ms FROM stamped"
        marks = await life.daemon._spool.bite(lambda db: db.execute(sql).fetchall(), nothing)
        assert set(marks) == {(None,)}, "marked: stamped later, and by our own clock alone"


async def test_a_series_that_ends_while_nobody_knows_the_time_ends_at_its_true_time(world: World) -> None:
    world.board.start(wakes_ms=WAKES_MS)
    async with world.canaries() as loaded, world.process(loaded) as life:
        world.telling = False
        await life.walks()
        await life.minutes(1)  # the canaries are stated: they answered nothing, but were walked
        life.engine.view.heartbeat_ms = 0
        await life.minutes(1)
        world.telling = True
        world.board.skipped_ms += 15 * MINUTE_S * 1000
        await life.walks()
        await life.minutes(1)
        await life.delivered(3)
        came_home(world, world.stated)
    ends = {at_ms for batch in world.hub.taken for _, at_ms, packed in batch if packed == STALE_BYTES}
    assert any(abs(at_ms - world.stated[1]) <= NEAR_MS for at_ms in ends)


async def test_what_was_stamped_and_not_yet_taken_is_owed_after_a_kill(world: World) -> None:
    world.board.start(wakes_ms=WAKES_MS)
    async with world.canaries() as loaded:
        async with world.process(loaded, ships=False) as life:
            await life.minutes(3)
            await life.walks()
            await life.minutes(1)
        assert times(world.hub) == []
        async with world.process(loaded) as life:
            await life.delivered(4)
            came_home(world, world.stated)


async def test_a_full_disk_while_the_time_is_told_delays_the_stamping_and_loses_nothing(world: World) -> None:
    world.board.start(wakes_ms=WAKES_MS)
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.minutes(3)
        spool = life.daemon._spool
        await spool.bite(lambda db: db.execute("PRAGMA max_page_count=1").fetchall(), None)
        await life.walks()
        await life.minutes(2)
        assert spool.trouble is not None
        await spool.bite(lambda db: db.execute("PRAGMA max_page_count=1000000").fetchall(), None)
        await life.minutes(2)
        assert spool.trouble is None
        assert life.notices() == []
        await life.delivered(7)
        came_home(world, world.stated)


async def test_a_clock_alone_that_is_set_back_states_the_same_hour_twice_and_loses_none_of_it(world: World) -> None:
    """Nobody abroad ever spoke: what is stated has the time our clock gave it, and takes nobody's place."""
    world.board.start(off_s=0)
    world.telling = False
    async with world.canaries() as loaded, world.process(loaded) as life:
        await life.minutes(6)
        world.board.off_ms -= 50 * MINUTE_S * 1000
        await life.minutes(60)
        await life.delivered(66)
        assert len(set(times(world.hub))) == len(times(world.hub)) == 66


async def certified(folder: Path, dates: Dates, *, expired: bool) -> Outcome:
    """What becomes of a batch for a hub whose certificate ended with 2019, or did not."""
    authority = Authority.make(folder)
    taken = liars.says(b"HTTP/1.1 204 No Content\r\n\r\n")
    async with liars.listening(taken, authority.server("localhost", expired=expired)) as port:
        to = {"name": "hub", "remote_write": f"https://localhost:{port}/", "tls": {"ca_file": authority.ca_file.name}}
        ways = Ways(
            Home.of(Destination.model_validate(to), folder, dates=dates),
            patience_s=10,
            kept_s=1,
            spend=lambda sent, received: None,
        )
        try:
            return (await ways.post(b"")).outcome
        finally:
            await ways.close()


@pytest.mark.parametrize(
    ("ours_ms", "true_ms", "expired", "outcome"),
    [
        (WAKES_MS, TRUE_MS, False, Outcome.TAKEN),
        (TRUE_MS, IN_2019_MS, True, Outcome.TAKEN),
        (TRUE_MS, TRUE_MS - DAY_MS, True, Outcome.LATER),
        (TRUE_MS, TRUE_MS, True, Outcome.LATER),
        (TRUE_MS, TRUE_MS, False, Outcome.TAKEN),
    ],
)
async def test_a_hub_is_known_by_its_certificate_whatever_our_clock_says(
    tmp_path: Path, ours_ms: int, true_ms: int, expired: bool, outcome: Outcome
) -> None:
    """Else what was stamped at last would lie here until somebody sets the clock."""
    assert await certified(tmp_path, Dates(lambda: ours_ms, lambda: true_ms), expired=expired) is outcome
