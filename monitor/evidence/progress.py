"""Says on a terminal how far something long has come, once it has taken a second. Silent everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from probes.ports import Clock

T = TypeVar("T")

_AFTER_S, _EVERY_S = 1.0, 0.2
_WIDTH = 60


class Progress:
    """One line that is written over."""

    def __init__(self, clock: Clock, out: TextIO | None = None) -> None:
        self._clock, self._out = clock, out or sys.stderr
        self._next_s = clock.elapsed_s() + _AFTER_S
        self._shown = False

    def over(self, items: Iterable[T], what: str, of: int) -> Iterator[T]:
        """`of`: how many there will be, about; 0 where nobody knows."""
        for count, item in enumerate(items, 1):
            if self._clock.elapsed_s() >= self._next_s:
                self._say(f"{what}: {count:,}" + (f" of {of:,}, {min(1.0, count / of):.0%}" if of else ""))
            yield item

    def _say(self, text: str) -> None:
        self._next_s = self._clock.elapsed_s() + _EVERY_S
        if self._out.isatty():
            self._out.write(f"\r{text:<{_WIDTH}}")
            self._out.flush()
            self._shown = True

    def done(self) -> None:
        if self._shown:
            self._out.write("\r" + " " * _WIDTH + "\r")
