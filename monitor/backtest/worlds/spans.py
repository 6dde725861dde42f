"""The spans of a cause: from when until when it stands, and each time again. Arithmetic only."""

from __future__ import annotations

import itertools

from monitor.backtest.worlds.shape import CauseRow
from monitor.backtest.worlds.world import Span


def spans(row: CauseRow, world_until_ms: int) -> tuple[Span, ...]:
    """In order. One without an end lasts until the world ends."""
    until_ms = world_until_ms if row.until_ms is None else row.until_ms
    long_ms = until_ms - row.from_ms
    return tuple(Span(at_ms, at_ms + long_ms) for at_ms in sorted({row.from_ms, *_again(row)}))


def _again(row: CauseRow) -> tuple[int, ...]:
    match row.repeats:
        case None:
            return ()
        case repeats if repeats.every_s is not None:
            return tuple(row.from_ms + round(repeats.every_s * 1000) * n for n in range(1, (repeats.times or 0) + 1))
        case repeats:
            return repeats.at


def overlap(found: tuple[Span, ...]) -> bool:
    return any(later.from_ms < earlier.until_ms for earlier, later in itertools.pairwise(found))
