"""Reads what history strips show out of the spool, bite by bite beside the watch, and keeps it: nobody waits for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from monitor.judge import State
from monitor.keeping import glance
from monitor.keeping.summaries import Summary
from monitor.spool import Spool
from monitor.telling.status import Json
from monitor.telling.strips import HOUR_MS, HOURS, LETTERS, SLOT_MS, SLOTS, Strips, letter, of_targets
from probes.facts import Service

_AGAIN_S = 60.0
_REST_S = 0.2  # between two bites: a month takes some seconds, and others write meanwhile
_EVERY_MS = 300_000  # one tick in five minutes stands for them
_HOURS_A_BITE = 8
_SUMMED_UP_MS = 4 * HOUR_MS  # after its end an hour has its summary, or will not have one
_LETTERS = {state.value: each for state, each in LETTERS.items()}


class Past:
    """Of one box.

    Args:
        services: those of the configuration at work.
    """

    def __init__(self, spool: Spool, services: Callable[[], Iterable[Service]], now_ms: Callable[[], int]) -> None:
        self._spool, self._services, self._now_ms = spool, services, now_ms
        self._strips = Strips()
        self._lately: glance.States = {}  # of slots that are not over: each tick of them is read once

    def as_json(self) -> Json:
        """What is known of it now."""
        return self._strips.as_json(self._now_ms(), [each.id for each in self._services() if each.watched])

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.read(_REST_S)
            await asyncio.sleep(_AGAIN_S)

    async def read(self, rest_s: float = 0.0) -> None:
        """What is not known yet, the newest first. `rest_s`: between two bites."""
        now_ms = self._now_ms()
        self._strips.forget(now_ms)
        last = now_ms // SLOT_MS
        missing = (each for each in range(last, last - SLOTS, -1) if each >= last - 1 or each not in self._strips.slots)
        for slot in missing:
            await self._read_slot(slot)
            await asyncio.sleep(rest_s)
        self._lately = {at_ms: said for at_ms, said in self._lately.items() if at_ms >= (last - 1) * SLOT_MS}
        last = now_ms // HOUR_MS
        for first in range(last - _HOURS_A_BITE + 1, last - HOURS - _HOURS_A_BITE, -_HOURS_A_BITE):
            if await self._read_hours(first, last - _SUMMED_UP_MS // HOUR_MS):
                await asyncio.sleep(rest_s)

    async def _read_slot(self, slot: int) -> None:
        every = range(slot * SLOT_MS, (slot + 1) * SLOT_MS, _EVERY_MS)
        unread = [at_ms for at_ms in every if at_ms not in self._lately]
        if unread and unread[0] <= self._now_ms():
            look = partial(glance.states, since_ms=unread[0], until_ms=every.stop, every_ms=_EVERY_MS)
            found = await self._spool.bite(partial(look, names=self._spool.names), None)
            if found is None:  # the disk gives nothing now: asked again in a minute
                return
            self._lately |= found
        counts: dict[str, Counter[str]] = {}
        for at_ms in every:
            for service, state in self._lately.get(at_ms, {}).items():
                if state in _LETTERS:
                    counts.setdefault(service, Counter())[_LETTERS[state]] += 1
        self._strips.slots[slot] = {service: letter(states) for service, states in counts.items()}

    async def _read_hours(self, first: int, settled: int) -> bool:
        """A bite of hours; False where all of them are known. What had no summary when it should have has none."""
        hours = self._strips.hours
        oldest = self._now_ms() // HOUR_MS - HOURS + 1
        wanted = [each for each in range(max(first, oldest), first + _HOURS_A_BITE) if each not in hours]
        if not wanted:
            return False
        look = partial(glance.summed_up, since_ms=wanted[0] * HOUR_MS, until_ms=(wanted[-1] + 1) * HOUR_MS)
        found = await self._spool.bite(look, None)
        if found is None:
            return True
        speak = {each.id: _that_speak(each) for each in self._services()}
        for number in wanted:
            if (summary := found.get(number * HOUR_MS)) is not None:
                hours[number] = {each: _said(summary, targets) for each, targets in speak.items()}
            elif number < settled:
                hours[number] = {}
        return True


def _that_speak(service: Service) -> tuple[str, ...]:
    """Of whose states the worst is the service's."""
    essential = tuple(each.name for each in service.targets if each.essential)
    return essential or tuple(each.name for each in service.targets)


def _said(summary: Summary, targets: tuple[str, ...]) -> str:
    known = (summary.targets[each].states for each in targets if each in summary.targets)
    return of_targets({_LETTERS[State(state)]: n for state, n in states.items()} for states in known)
