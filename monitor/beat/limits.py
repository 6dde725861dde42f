"""How much a vantage may do: walks at once, starts a second, bytes a day. What is not walked for it is counted."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import Self

from probes.ports import Clock


class Limits:
    """Concurrency and rate of starts; a burst of starts is spread, never refused."""

    def __init__(self, clock: Clock, *, concurrency: int, starts_per_second: float) -> None:
        self._clock = clock
        self._slots = asyncio.Semaphore(concurrency)
        self._apart_s = 1 / starts_per_second
        self._next_start_s = 0.0

    def one_walk(self) -> Self:
        """What a walk is taken within. Nothing is kept for each: in a shutdown ten thousand hang here at once."""
        return self

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            now_s = self._clock.elapsed_s()
            start_s = max(now_s, self._next_start_s)
            self._next_start_s = start_s + self._apart_s
            if start_s > now_s:
                await asyncio.sleep(start_s - now_s)
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *raised: object) -> None:
        self._slots.release()


class Budget:
    """Bytes of the day (UTC). Essentials and canaries never stop; the rest is spread over what is left.

    Args:
        day_s: as in `monitor.pace.Pace`.
        essential_per_day, ordinary_per_day: what each part is expected to cost (monitor/begin/cost.py).
    """

    def __init__(self, *, cap: int, day_s: float, essential_per_day: float, ordinary_per_day: float) -> None:
        self._cap = cap
        self._day_ms = day_s * 1000
        self._essential = essential_per_day
        self._ordinary = ordinary_per_day
        self._day = -1
        self._used = 0
        self.total: Counter[tuple[str, str]] = Counter()

    def spend(self, *, purpose: str, sent: int, received: int, now_ms: int) -> None:
        self.total[("sent", purpose)] += sent
        self.total[("received", purpose)] += received
        self._turn_the_day(now_ms)
        self._used += sent + received

    def share(self, now_ms: int) -> float:
        """The share of non-essential rounds that may be walked now, 0 to 1."""
        self._turn_the_day(now_ms)
        left_of_day = 1 - (now_ms % self._day_ms) / self._day_ms
        left = self._cap - self._used - self._essential * left_of_day
        needed = self._ordinary * left_of_day
        return min(1.0, max(0.0, left / needed)) if needed > 0 else 1.0

    def allows(self, number: int, now_ms: int) -> bool:
        """Whether round `number` of something non-essential is one of the share, evenly spaced."""
        share = self.share(now_ms)
        return math.floor((number + 1) * share) > math.floor(number * share)

    def memory(self) -> dict[str, int]:
        return {"day": self._day, "used": self._used}

    def recall(self, memory: dict[str, int]) -> None:
        self._day, self._used = memory["day"], memory["used"]

    def _turn_the_day(self, now_ms: int) -> None:
        today = int(now_ms // self._day_ms)
        if today != self._day:
            self._day, self._used = today, 0
