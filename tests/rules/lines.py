"""One series of a world, minute by minute: as promtool reads it, and as numbers. A long world is mostly sameness."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from monitor.home.remotewrite import STALE
from monitor.promql.labelsets import Floats, Ints

Steps = Mapping[int, float | None]  # from this minute on: this value; None: no sample; STALE: it is ended
STEP_MS = 60_000
_NONE, _ENDED = "_", "stale"


@dataclass(frozen=True, slots=True)
class Line:
    """`runs`: what it says, and for how many minutes."""

    series: str
    runs: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, series: str, steps: Steps, minutes: int, away: Sequence[tuple[int, int]] = ()) -> Line:
        """One value a minute; a heartbeat's, which has no steps, is its own time."""
        changes = [*(steps or range(minutes + 1)), *(minute for span in away for minute in span)]
        edges = sorted({0, minutes + 1, *(each for each in changes if 0 < each <= minutes)})
        runs = tuple((_said(steps, since, away), until - since) for since, until in pairwise(edges))
        return cls(series, runs)

    def written(self) -> dict[str, str]:
        """As an input series of promtool's."""
        return {"series": self.series, "values": "".join(f"{text} " * count for text, count in self.runs)[:-1]}

    def samples(self) -> tuple[Ints, Floats]:
        """Their times, and what they say."""
        counts = [count for _, count in self.runs]
        there = np.repeat([text != _NONE for text, _ in self.runs], counts)
        values = np.repeat([_value(text) for text, _ in self.runs], counts)
        return np.flatnonzero(there) * STEP_MS, values[there]


def _said(steps: Steps, minute: int, away: Sequence[tuple[int, int]]) -> str:
    value = at(steps, minute) if steps else 60.0 * minute
    if value is None or any(since <= minute < until for since, until in away):
        return _NONE
    return _ENDED if math.isnan(value) else f"{value:g}"


def _value(text: str) -> float:
    value: float = STALE if text == _ENDED else 0.0 if text == _NONE else float(text)
    return value


def at(steps: Steps, minute: int) -> float | None:
    return steps[max(since for since in steps if since <= minute)] if min(steps) <= minute else None
