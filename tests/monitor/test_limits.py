"""How much a vantage may do, and what is left out first when a day's bytes run short."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.beat.limits import Budget, Limits
from probes.doors.clock import SystemClock

DAY_S = 86400.0
DAY_MS = 86_400_000


def budget(cap: int = 100, essential: float = 40, ordinary: float = 40) -> Budget:
    return Budget(cap=cap, day_s=DAY_S, essential_per_day=essential, ordinary_per_day=ordinary)


def test_a_day_within_its_cap_stretches_nothing() -> None:
    assert budget().share(0) == 1.0


def test_what_is_left_is_spread_evenly_over_the_rest_of_the_day() -> None:
    half = budget()
    half.spend(purpose="walk", sent=30, received=40, now_ms=DAY_MS // 2)
    assert half.share(DAY_MS // 2) == pytest.approx((100 - 70 - 20) / 20)


def test_a_new_day_starts_anew() -> None:
    spent = budget()
    spent.spend(purpose="walk", sent=500, received=0, now_ms=DAY_MS // 2)
    assert spent.share(DAY_MS // 2) == 0.0
    assert spent.share(DAY_MS) == 1.0


def test_a_restart_within_the_day_forgets_no_byte() -> None:
    before, after = budget(), budget()
    before.spend(purpose="ship", sent=90, received=0, now_ms=DAY_MS // 2)
    after.recall(before.memory())
    assert after.share(DAY_MS // 2) == before.share(DAY_MS // 2) < 1


@given(st.integers(0, 120), st.integers(1, 500))
def test_the_rounds_that_are_walked_are_that_share_of_all(used: int, rounds: int) -> None:
    some = budget()
    some.spend(purpose="walk", sent=used, received=0, now_ms=DAY_MS // 2)
    walked = sum(some.allows(number, DAY_MS // 2) for number in range(rounds))
    assert abs(walked - some.share(DAY_MS // 2) * rounds) <= 1


def test_bytes_are_counted_by_direction_and_purpose() -> None:
    counted = budget()
    counted.spend(purpose="walk", sent=3, received=4, now_ms=0)
    counted.spend(purpose="ship", sent=5, received=6, now_ms=0)
    assert dict(counted.total) == {
        ("sent", "walk"): 3,
        ("received", "walk"): 4,
        ("sent", "ship"): 5,
        ("received", "ship"): 6,
    }


async def test_a_burst_of_starts_is_spread_and_none_is_refused() -> None:
    clock = SystemClock()
    limits = Limits(clock, concurrency=100, starts_per_second=200)
    began_s = clock.elapsed_s()
    starts: list[float] = []

    async def one() -> None:
        async with limits.one_walk():
            starts.append(clock.elapsed_s() - began_s)

    await asyncio.gather(*(one() for _ in range(20)))
    assert len(starts) == 20
    assert max(starts) >= 19 / 200


async def test_no_more_than_so_many_at_once() -> None:
    limits = Limits(SystemClock(), concurrency=3, starts_per_second=10_000)
    under_way = most = 0

    async def one() -> None:
        nonlocal under_way, most
        async with limits.one_walk():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1

    await asyncio.gather(*(one() for _ in range(20)))
    assert most == 3
