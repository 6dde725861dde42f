"""A tick is gathered without holding the loop, and says what its samples say."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

from monitor import metrics
from monitor.metrics import Series
from monitor.tick import Breath, Tick, gathered


def up(count: int) -> Iterator[tuple[Series, float]]:
    return ((Series(metrics.TARGET_UP, ("s", f"t{number}")), float(number)) for number in range(count))


def slow(step_s: float = 0.001, most_s: float = 1e9) -> Breath:
    """On a machine on which so much time passes from one look at the clock to the next."""
    now_s = itertools.count(0.0, step_s)
    return Breath(lambda: next(now_s), most_s)


async def turns_beside(count: int, breath: Breath) -> int:
    """How many turns somebody else has while so many samples are gathered."""
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(beside())
    await gathered(up(count), {}, breath)
    other.cancel()
    return turns


async def test_a_tick_has_every_sample_and_of_the_tick_before_what_has_ended() -> None:
    before = dict(up(7))
    ended = tuple(before)[5:]
    assert await gathered(up(5), before, slow()) == (dict(up(5)), ended)
    assert Tick(1, dict(up(5))).after(Tick(0, before)).ended == ended
    assert await gathered(up(9), before, slow()) == (dict(up(9)), ())
    assert await gathered(up(3), {}, slow()) == (dict(up(3)), ())


async def test_a_series_that_lives_on_is_the_same_object() -> None:
    before = dict(up(3))
    stated, _ = await gathered(up(3), before, slow())
    assert [each is other for each, other in zip(stated, before, strict=True)] == [True] * 3


async def test_the_loop_does_something_else_while_a_large_tick_is_gathered() -> None:
    assert await turns_beside(40_000, slow()) >= 100


async def test_a_small_tick_on_a_quick_machine_is_gathered_in_one_go() -> None:
    assert await turns_beside(1_000, slow(step_s=0.00005)) == 0


async def test_on_a_loop_that_gives_turns_late_a_tick_comes_all_the_same() -> None:
    assert await turns_beside(40_000, slow(step_s=0.75, most_s=2.0)) <= 2


def test_what_tells_of_our_clock_is_moved_with_the_tick_and_nothing_else_is() -> None:
    samples = {Series(metrics.HEARTBEAT, ()): 10.0, Series(metrics.SHIP_SUCCESS, ("hub",)): 9.0, **dict(up(1))}
    moved = Tick(1_000, samples).moved(500)
    assert moved.at_ms == 1_500
    assert [*moved.samples.values()] == [10.5, 9.5, 0.0]
    assert samples[Series(metrics.HEARTBEAT, ())] == 10.0
