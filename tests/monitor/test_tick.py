"""A tick is gathered without holding the loop, and says what its samples say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from monitor import metrics
from monitor.metrics import Series
from monitor.tick import Tick, gathered


def up(count: int) -> Iterator[tuple[Series, float]]:
    return ((Series(metrics.TARGET_UP, ("s", f"t{number}")), float(number)) for number in range(count))


async def test_a_tick_has_every_sample_and_none_of_the_tick_before() -> None:
    before = dict(up(7))
    assert await gathered(up(5), before) == dict(up(5))
    assert await gathered(up(9), before) == dict(up(9))
    assert await gathered(up(3), {}) == dict(up(3))


async def test_a_series_that_lives_on_is_the_same_object() -> None:
    before = dict(up(3))
    assert [each is other for each, other in zip(await gathered(up(3), before), before, strict=True)] == [True] * 3


async def test_the_loop_does_something_else_while_a_large_tick_is_gathered() -> None:
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(beside())
    await gathered(up(40_000), {})
    other.cancel()
    assert turns >= 20


def test_what_tells_of_our_clock_is_moved_with_the_tick_and_nothing_else_is() -> None:
    samples = {Series(metrics.HEARTBEAT, ()): 10.0, Series(metrics.SHIP_SUCCESS, ("hub",)): 9.0, **dict(up(1))}
    moved = Tick(1_000, samples).moved(500)
    assert moved.at_ms == 1_500
    assert [*moved.samples.values()] == [10.5, 9.5, 0.0]
    assert samples[Series(metrics.HEARTBEAT, ())] == 10.0
