"""Lies about how much may come: a trickle for some names, or a stop after the first kilobytes."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.lies.hellos import Following
from tests.lab.lies.lie import DROP, PASS, Fate
from tests.lab.packets import TCP, Flow, Packet


@dataclass
class Throttle(Following):
    """A policer on each connection it is about: what comes faster than `bytes_per_s` after `burst` bytes is dropped."""

    bytes_per_s: float = 16_000.0
    burst: int = 8_000
    name = "throttle"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._left: dict[Flow, tuple[float, float]] = {}

    def answer(self, packet: Packet) -> Fate | None:
        if not self.follows(packet) or not packet.payload:
            return PASS
        left, at_s = self._left.get(packet.flow, (float(self.burst), packet.at_s))
        left = min(float(self.burst), left + (packet.at_s - at_s) * self.bytes_per_s)
        passes = left >= len(packet.payload)
        self._left[packet.flow] = left - (len(packet.payload) if passes else 0), packet.at_s
        return PASS if passes else DROP


@dataclass
class Stall(Following):
    """After so many bytes from the far end the rest of the connection never comes (Russia 2025: about 16 KB)."""

    after_bytes: int = 16_384
    name = "stall"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._first: dict[Flow, int] = {}

    def answer(self, packet: Packet) -> Fate | None:
        if packet.protocol != TCP or not self.follows(packet) or not packet.payload:
            return PASS
        first = self._first.setdefault(packet.flow, packet.sequence)
        return DROP if (packet.sequence - first) % 2**32 >= self.after_bytes else PASS
