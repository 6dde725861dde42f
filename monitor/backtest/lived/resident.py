"""Lives in one box: starts it, takes it away when the world does, starts it anew with what a restart remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from monitor import metrics
from monitor.backtest.lived.box import Box
from monitor.backtest.lived.leaping import Hands
from monitor.backtest.lived.line import Line
from monitor.engine import Crew
from monitor.metrics import Series
from monitor.tick import Tick

Build = Callable[[Callable[[Coroutine[Any, Any, None]], object], Callable[[Tick], None]], Box]


class Resident:
    """`stated`: told of every tick that is kept, and whether it was the last word of a stop."""

    def __init__(
        self, build: Build, line: Line, hands: Hands, start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        stated: Callable[[Tick], None],
    ) -> None:  # fmt: skip
        self._build, self._line, self._hands, self._stated = build, line, hands, stated
        self._crew = Crew(start)
        self.box = build(self._crew.take_on, stated)

    async def live(self) -> None:
        self.box.start()
        for absence in self._line.absences():
            await self._sleep_until(absence.from_ms)
            if absence.until_ms <= self._hands.now_ms():
                continue
            memory, last = self.box.memory(), self.box.last
            self._crew.send_home()
            if absence.farewell:
                word = Tick(self._hands.now_ms(), {Series(metrics.STOPPING, ()): 1.0}).after(last)
                self._stated(word)
            await self._sleep_until(absence.until_ms)
            self.box = self._build(self._crew.take_on, self._stated)
            self.box.recall(memory)
            self.box.start()

    def send_home(self) -> None:
        self._crew.send_home()

    async def _sleep_until(self, at_ms: int) -> None:
        await asyncio.sleep(max(0.0, (at_ms - self._hands.now_ms()) / 1000))
