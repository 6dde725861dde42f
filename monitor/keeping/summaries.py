"""What of every hour stays readable: per target walks, reached, how it failed, its states; the line's own ratios. Pure.

It holds names of targets and words of ours: no address, no host, no time but the hour.
"""

from __future__ import annotations

import statistics
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

import msgspec

from monitor import metrics
from monitor.decoding import Undecodable, from_json, inflated
from monitor.keeping import records
from monitor.keeping.pieces import Hour
from probes.facts import Walk

_MOST_BYTES = 64 * 1024 * 1024  # unpacked; of ten thousand targets it is 2
_MOST_FAILURES = 3  # of one target: the most frequent

Name = Callable[[int], tuple[str, dict[str, str]] | None]


class OfTarget(msgspec.Struct, omit_defaults=True):
    """`states`: in how many ticks it stood in each."""

    walks: int = 0
    reached: int = 0
    failures: dict[str, int] = {}
    findings: dict[str, int] = {}
    states: dict[str, int] = {}


class Summary(msgspec.Struct, omit_defaults=True):
    """Of one hour. `connectivity`: by scope, the mean over its ticks."""

    walks: int = 0
    ticks: int = 0
    targets: dict[str, OfTarget] = {}
    connectivity: dict[str, float] = {}

    @property
    def weight(self) -> int:
        """Of two summaries of one hour the one that rests on more stands: the other saw a part of it."""
        return self.walks + self.ticks


def summary(hour: Hour, name: Name) -> Summary:
    """`name`: of a series by its number."""
    walks: defaultdict[str, list[Walk]] = defaultdict(list)
    for (blob,) in hour.rows("walks").of("walk"):
        assert isinstance(blob, bytes)
        if (walk := records.legible(blob)) is not None:
            walks[walk.target].append(walk)
    states: defaultdict[str, Counter[str]] = defaultdict(Counter)
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    ticks = 0
    for tick in hour.ticks:
        ticks += 1
        for number, value in tick.samples:
            match name(number):
                case metrics.TARGET_STATE.name, {"service": service, "target": target, "state": state} if value:
                    states[f"{service}/{target}"][state] += 1
                case metrics.CONNECTIVITY.name, {"scope": scope}:
                    ratios[scope].append(value)
    return Summary(
        sum(map(len, walks.values())),
        ticks,
        {target: _of(walks.get(target, []), states.get(target, {})) for target in sorted({*walks, *states})},
        {scope: round(statistics.fmean(found), 3) for scope, found in ratios.items()},
    )


def _of(walks: list[Walk], states: Mapping[str, int]) -> OfTarget:
    failures = Counter(walk.failure.value for walk in walks if walk.failure is not None)
    findings = Counter(finding.value for walk in walks for finding in walk.findings)
    reached = sum(walk.reached for walk in walks)
    return OfTarget(len(walks), reached, dict(failures.most_common(_MOST_FAILURES)), dict(findings), dict(states))


def encode(given: Summary) -> bytes:
    """Compressed: some 60 targets an hour, 720 hours of a month."""
    return zlib.compress(msgspec.json.encode(given))


def decode(blob: bytes) -> Summary:
    """Raises Undecodable."""
    return from_json(inflated(blob, _MOST_BYTES), type=Summary)


def legible(blob: bytes) -> Summary | None:
    """None for what a dying card gave back as something else."""
    try:
        return decode(blob)
    except (Undecodable, TypeError):
        return None
