"""A step's deadline is as exact about who ends a step as asyncio's own."""

from __future__ import annotations

import asyncio

import pytest

from probes.deadline import Deadline


async def test_who_is_in_time_is_left_alone() -> None:
    with Deadline(0.05):
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)  # or it would end somebody else's step


async def test_who_is_late_is_told_so() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01):
        await asyncio.sleep(5)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "nothing is left of it"


async def test_a_deadline_that_has_passed_ends_the_first_wait() -> None:
    with pytest.raises(TimeoutError), Deadline(-1):
        await asyncio.sleep(5)


async def test_the_innermost_that_is_over_speaks() -> None:
    with Deadline(5):
        with pytest.raises(TimeoutError), Deadline(0.01):
            await asyncio.sleep(5)
        await asyncio.sleep(0)


async def test_somebody_elses_cancel_stays_one() -> None:
    async def walks() -> None:
        with Deadline(5):
            await asyncio.sleep(5)

    task = asyncio.create_task(walks())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancel_in_the_same_moment_is_not_swallowed() -> None:
    """The daemon stops: a walk that happens to be over must not go on to its next step."""
    entered: list[Deadline] = []

    async def walks() -> None:
        entered.append(Deadline(5))
        with entered[0]:
            await asyncio.sleep(5)

    task = asyncio.create_task(walks())
    await asyncio.sleep(0)
    entered[0]._end()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_failure_of_the_body_is_its_own_though_time_is_over() -> None:
    async def fails_when_ended() -> None:
        with Deadline(0.01):
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                raise ConnectionResetError from None

    with pytest.raises(ConnectionResetError):
        await fails_when_ended()
    await asyncio.sleep(0)  # and no cancel is left hanging
