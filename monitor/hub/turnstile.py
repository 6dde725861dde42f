"""How much of one vantage is taken at once and in a minute: what one sends never slows what another sends."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from monitor.hub.gateway import Refusal, Refused
from probes.ports import Clock

_LEAST_COST = 100  # samples, of any request: a thousand empty ones a second are no bargain
_BYTES_A_SAMPLE = 32  # of a body that turns out to hold less: it was read and unfolded all the same
_SOON_S = 1.0


class Turnstile:
    """A bucket of one minute for each vantage. A request is let in while anything is in it, and may overdraw it.

    So a backlog of any request size passes, and on average no more than `a_minute`; what was refused costs as well.
    """

    def __init__(self, *, a_minute: int, at_once: int, clock: Clock) -> None:
        self._a_minute, self._at_once, self._clock = a_minute, at_once, clock
        self._inside: Counter[str] = Counter()
        self._buckets: dict[str, tuple[float, float]] = {}  # samples left, and when that was

    @contextlib.contextmanager
    def passage(self, vantage: str) -> Iterator[None]:
        """For the time of one request. Raises Refusal."""
        if self._inside[vantage] >= self._at_once:
            raise Refusal(Refused.TOO_MANY_AT_ONCE, _SOON_S)
        if (left := self._left(vantage)) <= 0:
            raise Refusal(Refused.TOO_FAST, max(_SOON_S, -left * 60 / self._a_minute))
        self._inside[vantage] += 1
        try:
            yield
        finally:
            self._inside[vantage] -= 1

    def pay(self, vantage: str, *, body_bytes: int, samples: int) -> None:
        """What reading it cost us."""
        cost = max(samples, body_bytes / _BYTES_A_SAMPLE, _LEAST_COST)
        self._buckets[vantage] = (self._left(vantage) - cost, self._clock.elapsed_s())

    def _left(self, vantage: str) -> float:
        now_s = self._clock.elapsed_s()
        left, at_s = self._buckets.get(vantage, (float(self._a_minute), now_s))
        return min(float(self._a_minute), left + (now_s - at_s) * self._a_minute / 60)
