"""What the hub keeps of one request until the database has it: bytes ready to go on, and what must be known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.home import remotewrite
from monitor.home.remotewrite import Labels, Most, TimeSeries

ROW_BYTES = 200  # what a batch takes beside its body

_MOST = Most(unfolded_bytes=64 * 1024 * 1024)  # what was taken has grown by the identity: it must still be read here

Sample = tuple[Labels, int, bytes]


@dataclass(frozen=True, slots=True)
class Batch:
    """`newest_ms`, `oldest_ms`: the times of its samples; `id`: 0 before it is on the disk."""

    id: int
    vantage: str
    received_ms: int
    newest_ms: int
    samples: int
    body: bytes
    oldest_ms: int

    @classmethod
    def of(cls, vantage: str, received_ms: int, series: Sequence[TimeSeries]) -> Batch:
        times = [at_ms for each in series for at_ms, _ in each.samples]
        body, newest_ms, oldest_ms = remotewrite.encode(series), max(times, default=0), min(times, default=0)
        return cls(0, vantage, received_ms, newest_ms, len(times), body, oldest_ms)

    @property
    def bytes(self) -> int:
        return len(self.body) + ROW_BYTES

    def loose(self) -> list[Sample]:
        """Its samples one by one, each as it came. Raises Malformed: a disk gave back something else."""
        return [
            (series.labels, at_ms, packed)
            for series in remotewrite.decode(self.body, _MOST)
            for at_ms, packed in series.samples
        ]

    def aside(self, refused: Sequence[Sample], reason: str) -> Aside:
        """Part of it."""
        return Aside(self.vantage, self.received_ms, reason, len(refused), body_of(refused))

    def aside_whole(self, reason: str) -> Aside:
        return Aside(self.vantage, self.received_ms, reason, self.samples, self.body)


@dataclass(frozen=True, slots=True)
class Aside:
    """Samples the database will not take, as the body of a request."""

    vantage: str
    received_ms: int
    reason: str
    samples: int
    body: bytes


def body_of(samples: Iterable[Sample]) -> bytes:
    return remotewrite.encode(remotewrite.gather(samples))


def together(batches: Sequence[Batch]) -> bytes:
    """One request of several."""
    if len(batches) == 1:
        return batches[0].body
    return body_of(sample for batch in batches for sample in batch.loose())
