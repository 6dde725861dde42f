"""Tries worlds side by side, each in a process of its own, tells how far each has come; gives them back in order."""

from __future__ import annotations

import functools
import multiprocessing
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from monitor.backtest.hearing import Rules
from monitor.backtest.trial import Trial, tried
from monitor.backtest.worlds.world import World

_ASKED_S = 0.5


class Told(Protocol):
    def put(self, item: tuple[int, int], /) -> None: ...


@dataclass(frozen=True, slots=True)
class How:
    """What is asked of each world, as `tried` takes it."""

    later: bool = True
    shuffled: bool = True


Lived = Callable[[World, int], None]


def every(worlds: Sequence[World], how: How, *, jobs: int, lived: Lived = lambda world, at_ms: None) -> list[Trial]:
    """One trial for each world, in their order, whoever was first. `lived`: told how far a world has come."""
    if jobs <= 1 or len(worlds) <= 1:
        return [_one(world, how, functools.partial(lived, world)) for world in worlds]
    context = multiprocessing.get_context("spawn")  # a fork would copy an event loop, or a thread's lock
    with context.Manager() as manager:
        told = manager.Queue()
        with ProcessPoolExecutor(min(jobs, len(worlds)), mp_context=context) as pool:
            tasks = [pool.submit(_beside, each, how, number, told) for number, each in enumerate(worlds)]
            waiting: set[Future[Trial]] = set(tasks)
            while waiting:
                _, waiting = wait(waiting, timeout=_ASKED_S, return_when=FIRST_COMPLETED)
                _pass_on(told, worlds, lived)
            return [each.result() for each in tasks]


def _pass_on(told: queue.Queue[tuple[int, int]], worlds: Sequence[World], lived: Lived) -> None:
    while True:
        try:
            number, at_ms = told.get_nowait()
        except queue.Empty:
            return
        lived(worlds[number], at_ms)


def _beside(world: World, how: How, number: int, told: Told) -> Trial:
    return _one(world, how, lambda at_ms: told.put((number, at_ms)))


def _one(world: World, how: How, lived: Callable[[int], None]) -> Trial:
    return tried(world, _rules(), later=how.later, shuffled=how.shuffled, lived=lived)


@functools.cache
def _rules() -> Rules:
    return Rules.shipped()
