"""An event loop whose clock leaps to the next thing that is due: a simulated day takes as long as its work does.

It reads no clock, opens no socket and waits for nobody; what would wait for ever is a fault, and raised.
"""

from __future__ import annotations

import asyncio
import selectors
from dataclasses import dataclass

_RESOLUTION_S = 1e-6  # times are seconds since the world began: a year of them still holds a microsecond


class Stuck(RuntimeError):
    """Everybody waits, and nothing is due."""


@dataclass(slots=True)
class Hands:
    """Of the simulated clock. `began_ms`: when the world began, in milliseconds since 1970."""

    began_ms: int
    passed_s: float = 0.0

    def now_ms(self) -> int:
        return self.began_ms + int(self.passed_s * 1000)

    def elapsed_s(self) -> float:
        return self.passed_s

    def boot_ms(self) -> int:
        return int(self.passed_s * 1000)


class _Leaps(selectors.SelectSelector):
    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self._hands = hands

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("everybody waits, and nothing is due")
        if timeout > 0:
            self._hands.passed_s += timeout
        return []


class LeapingLoop(asyncio.SelectorEventLoop):
    """asyncio as it is, but for its clock."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        super().__init__(_Leaps(hands))
        self._clock_resolution = _RESOLUTION_S

    def time(self) -> float:
        return self._hands.passed_s
