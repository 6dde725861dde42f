"""What lines do without meaning anything by it: loss, latency, congestion, and packets too big to pass."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.lab.lies.lie import DROP, PASS, Fate, Lie, Prefixes
from tests.lab.packets import Packet


@dataclass
class BurstyLoss(Lie):
    """Gilbert and Elliott's two states: a good line that now and then turns bad. `share` is lost in the long run."""

    share: float = 0.2
    burst_packets: float = 8.0
    seed: int = 1
    name = "bursty_loss"

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._bad = False

    def answer(self, packet: Packet) -> Fate | None:
        leave = 1 / self.burst_packets
        enter = leave * self.share / (1 - self.share)
        self._bad = self._dice.random() >= leave if self._bad else self._dice.random() < enter
        return DROP if self._bad else PASS


@dataclass
class Latency(Lie):
    """Every packet waits `delay_s` and up to `jitter_s` more, each way; none overtakes another.

    Between `domestic` addresses nothing waits.
    """

    delay_s: float = 0.4
    jitter_s: float = 0.0
    domestic: Prefixes = field(default_factory=Prefixes)
    seed: int = 1
    name = "latency"

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._last_s = {True: 0.0, False: 0.0}

    def answer(self, packet: Packet) -> Fate | None:
        if packet.source in self.domestic and packet.destination in self.domestic:
            return PASS
        way = self.outward(packet)
        due_s = max(self._last_s[way], packet.at_s + self.delay_s + self._dice.random() * self.jitter_s)
        self._last_s[way] = due_s
        return Fate(passes=True, after_s=due_s - packet.at_s)


@dataclass
class Congestion(Lie):
    """The evening: a queue of `most_s` at `bytes_per_s` each way, which strangers fill with `load` times that.

    Packets wait behind theirs, and those that find it full are dropped.
    """

    bytes_per_s: float = 250_000.0
    most_s: float = 1.0
    load: float = 1.0
    seed: int = 1
    name = "congestion"

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._waiting = {True: self.bytes_per_s * self.most_s, False: self.bytes_per_s * self.most_s}
        self._last_s: dict[bool, float] = {}

    def answer(self, packet: Packet) -> Fate | None:
        way, most = self.outward(packet), self.bytes_per_s * self.most_s
        waiting = self._grown(way, packet.at_s)
        if waiting + len(packet.raw) > most:
            self._waiting[way] = waiting
            return DROP
        self._waiting[way] = waiting + len(packet.raw)
        return Fate(passes=True, after_s=self._waiting[way] / self.bytes_per_s)

    def _grown(self, way: bool, at_s: float) -> float:
        """What waits now: what strangers sent since, in packets of 1500 bytes that come at random, less what left."""
        passed_s = at_s - self._last_s.get(way, at_s)
        self._last_s[way] = at_s
        packets = passed_s * self.bytes_per_s * self.load / 1500
        came = self._dice.gauss(packets, packets**0.5) * 1500  # below zero now and then, or short steps would add up
        left = passed_s * self.bytes_per_s
        return min(max(0.0, self._waiting[way] + came - left), self.bytes_per_s * self.most_s)


@dataclass
class BigPacketsLost(Lie):
    """A PMTU black hole: what is bigger than that and comes in is dropped, and nobody is told (RFC 2923)."""

    most_bytes: int = 1280
    sees: str = "inward"
    name = "big_packets_lost"

    def answer(self, packet: Packet) -> Fate | None:
        return DROP if len(packet.raw) > self.most_bytes else PASS
