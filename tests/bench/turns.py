"""Measures sides in turn, A B A B, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable

Turn = Callable[[], Awaitable[float]]

_AT_ONCE = 8


async def in_turn(*sides: Turn, rounds: int, warm: bool = True) -> list[float]:
    """The median of each side over `rounds`, in the side's own unit; `warm`: after one round that counts not."""
    seen: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds + warm):
        for side, results in zip(sides, seen, strict=True):
            gc.collect()
            results.append(await side())
    return [statistics.median(results[warm:]) for results in seen]


def own_cpu_s() -> float:
    """CPU seconds of this process so far, all its threads, user and system."""
    return time.process_time()


def cpu_of(pid: int) -> Callable[[], float]:
    """Reads the CPU seconds of another process, all its threads, dead ones too (Linux)."""
    clock = (~pid << 3) | 2  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED), include/linux/posix-timers.h
    return lambda: time.clock_gettime(clock)


def cpu_ms(
    action: Callable[[], Awaitable[None]],
    *,
    count: int,
    clock: Callable[[], float] = own_cpu_s,
    at_once: int = _AT_ONCE,
) -> Turn:
    """A side: milliseconds of CPU per `action`, over `count` of them, `at_once` in flight."""

    async def worker() -> None:
        for _ in range(count // at_once):
            await action()

    async def turn() -> float:
        before_s = clock()
        await asyncio.gather(*(worker() for _ in range(at_once)))
        return (clock() - before_s) * 1000 / (count // at_once * at_once)

    return turn


def took_ms(action: Callable[[], object], *, count: int = 1) -> Turn:
    """A side: milliseconds of this thread's CPU per `action`, which waits for nobody."""

    async def turn() -> float:
        before_s = time.thread_time()
        for _ in range(count):
            action()
        return (time.thread_time() - before_s) * 1000 / count

    return turn
