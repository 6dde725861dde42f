"""So many a minute of each address, and no more: a bucket each, for those that were seen last."""

from __future__ import annotations

import asyncio

_KEPT = 4096  # whoever comes by more addresses than that has a fresh one anyway


class Buckets:
    """Of each key `a_minute` on average, and `at_once` of them together. Time is the running loop's."""

    def __init__(self, a_minute: float, at_once: float) -> None:
        self._a_minute, self._at_once = a_minute, at_once
        self._seen: dict[str, tuple[float, float]] = {}  # how many were left, and when

    def left(self, key: str) -> float:
        left, then_s = self._seen.get(key, (self._at_once, 0.0))
        return min(self._at_once, left + (asyncio.get_running_loop().time() - then_s) * self._a_minute / 60)

    def take(self, key: str, count: float = 1) -> None:
        """Never below nothing; a negative `count` gives back."""
        left = max(0.0, self.left(key) - count)
        self._seen.pop(key, None)
        self._seen[key] = (left, asyncio.get_running_loop().time())
        if len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
