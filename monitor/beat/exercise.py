"""An exercise under way at this vantage: a moment that ticks state for a while. Nothing is measured for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

LASTS_S = 600.0


class Destination(Protocol):
    """A way home."""

    last_success_ms: int

    @property
    def name(self) -> str: ...


@dataclass(slots=True)
class Exercise:
    """Ends by itself, and with the process.

    Attributes:
        began_ms: when somebody asked for it; 0 for never.
        stated_ms: the first tick that said so; 0 before it.
        ahead_ms: by how much later the last of them has it began, for that is what others say of our clock.
    """

    lasts_s: float = LASTS_S
    began_ms: int = 0
    stated_ms: int = 0
    ahead_ms: int = 0
    _taken_ms: dict[str, int] = field(default_factory=dict)

    def begin(self, now_ms: int) -> bool:
        """False while another one is under way: two would be one to everybody else."""
        if self.under_way(now_ms):
            return False
        self.end()
        self.began_ms = now_ms
        return True

    def under_way(self, now_ms: int) -> bool:
        return self.began_ms > 0 and 0 <= now_ms - self.began_ms < self.lasts_s * 1000

    def end(self) -> None:
        self.began_ms = self.stated_ms = 0
        self._taken_ms.clear()

    def was_stated(self, now_ms: int, ahead_ms: int = 0) -> None:
        """A tick was stated and kept, with a time that is so much ahead of ours."""
        self.ahead_ms = ahead_ms
        if self.under_way(now_ms) and not self.stated_ms:
            self.stated_ms = now_ms

    def as_json(self, vantage: str, destinations: Iterable[Destination]) -> dict[str, object]:
        """`taken_ms`: when a receiver first took something after that tick, by its name; 0 for not yet."""
        for each in destinations:
            self._taken_ms.setdefault(each.name, 0)
            if self.stated_ms and each.last_success_ms >= self.stated_ms:
                self._taken_ms[each.name] = self._taken_ms[each.name] or each.last_success_ms
        stated = {"vantage": vantage, "began_ms": self.began_ms, "stated_ms": self.stated_ms}
        return {**stated, "ahead_ms": self.ahead_ms, "taken_ms": dict(self._taken_ms)}

    def said(self, now_ms: int) -> float | None:
        """What a tick states of it, in seconds since 1970; None without one."""
        return self.began_ms / 1000 if self.under_way(now_ms) else None
