"""A queue on the disk with a database behind it, both in this process, for tests of what lies between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from monitor.home.answers import Outcome
from monitor.home.remotewrite import Labels, Malformed, Most, TimeSeries, decode, labels, value
from monitor.hub.batch import Batch, Sample
from monitor.hub.courier import Courier
from monitor.hub.queue import Queue

NOW_MS = 1_800_000_000_000
MINUTE_MS = 60_000


@dataclass
class Clock:
    at_ms: int = NOW_MS

    def now_ms(self) -> int:
        return self.at_ms

    def elapsed_s(self) -> float:
        return self.at_ms / 1000

    def boot_ms(self) -> int:
        return self.at_ms


@dataclass
class Database:
    """Takes a request whole or not at all, as Prometheus does. `bad`: what it says to a request with such a sample."""

    asked_to_wait_s: float = 0.0
    there: bool = True
    bad: dict[Outcome, Callable[[Sample], bool]] = field(default_factory=dict)
    taken: dict[tuple[Labels, int], bytes] = field(default_factory=dict)
    order: list[list[int]] = field(default_factory=list)
    requests: int = 0
    changed: int = 0

    async def send_on(self, body: bytes, *, doubted: bool = False) -> Outcome:
        self.requests += 1
        if not self.there:
            return Outcome.LATER
        try:
            found = decode(body, Most(unfolded_bytes=2**26))
        except Malformed:
            return Outcome.REFUSED
        samples = [(each.labels, at_ms, packed) for each in found for at_ms, packed in each.samples]
        for outcome, is_bad in self.bad.items():
            if any(is_bad(sample) for sample in samples):
                return outcome
        for key, at_ms, packed in samples:
            self.changed += self.taken.setdefault((key, at_ms), packed) != packed
        self.order.append(sorted({at_ms for _, at_ms, _ in samples}))
        return Outcome.TAKEN

    async def lives(self) -> bool:
        return self.there

    def of(self, vantage: str) -> set[int]:
        return {at_ms for key, at_ms in self.taken if dict(key)["vantage"] == vantage}


def batch(vantage: str = "v1", at_ms: int = NOW_MS, *, series: int = 3) -> Batch:
    rows = [
        TimeSeries(labels("didban_target_up", {"vantage": vantage, "target": f"t{n}"}), ((at_ms, value(1.0)),))
        for n in range(series)
    ]
    return Batch.of(vantage, NOW_MS, rows)


def minutes(*ago: int) -> list[int]:
    return [NOW_MS - each * MINUTE_MS for each in ago]


def made(folder: Path, *, most_bytes: int = 10**9, sharers: int = 2) -> Queue:
    return Queue(folder / "q" / "queue.db", most_bytes=most_bytes, sharers=lambda: sharers, now_ms=lambda: NOW_MS)


def courier(queue: Queue, database: Database, *, live: bool, clock: Clock | None = None) -> Courier:
    return Courier(queue, database, live=live, lives=database.lives, clock=clock or Clock(), time_scale=1)


async def carried(*couriers: Courier) -> None:
    """Until none of them has anything to carry."""
    while any([await each.carry() for each in couriers]):
        pass
