"""A tick is gathered without holding the loop, and says what its samples say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from monitor import metrics
from monitor.metrics import Series
from monitor.tick import Breath, Tick, gathered


def up(count: int) -> Iterator[tuple[Series, float]]:
    return ((Series(metrics.TARGET_UP, ("s", f"t{number}")), float(number)) for number in range(count))


def free() -> Breath:
    return Breath(lambda: 0.0)


async def test_a_tick_has_every_sample_and_none_of_the_tick_before() -> None:
    before = dict(up(7))
    assert await gathered(up(5), before, free()) == dict(up(5))
    assert await gathered(up(9), before, free()) == dict(up(9))
    assert await gathered(up(3), {}, free()) == dict(up(3))


async def test_a_series_that_lives_on_is_the_same_object() -> None:
    before = dict(up(3))
    assert [each is other for each, other in zip(await gathered(up(3), before, free()), before, strict=True)] == [
        True
    ] * 3


async def test_the_loop_does_something_else_while_a_large_tick_is_gathered() -> None:
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(beside())
    await gathered(up(40_000), {}, free())
    other.cancel()
    assert turns >= 20


async def test_on_a_loop_that_gives_turns_late_a_tick_comes_all_the_same() -> None:
    turns, now_s = 0, 0.0

    async def beside() -> None:
        nonlocal turns, now_s
        while True:
            turns, now_s = turns + 1, now_s + 1.5
            await asyncio.sleep(0)

    other = asyncio.ensure_future(beside())
    await gathered(up(40_000), {}, Breath(lambda: now_s, most_s=2.0))
    other.cancel()
    assert turns <= 2


def test_what_tells_of_our_clock_is_moved_with_the_tick_and_nothing_else_is() -> None:
    samples = {Series(metrics.HEARTBEAT, ()): 10.0, Series(metrics.SHIP_SUCCESS, ("hub",)): 9.0, **dict(up(1))}
    moved = Tick(1_000, samples).moved(500)
    assert moved.at_ms == 1_500
    assert [*moved.samples.values()] == [10.5, 9.5, 0.0]
    assert samples[Series(metrics.HEARTBEAT, ())] == 10.0
