"""Recall by coverage: how much is found where so many lines of ours stand in the network it happens to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.backtest.told.score import Found, Score
from monitor.backtest.told.stats import Share


@dataclass(frozen=True, slots=True)
class Covered:
    """`recall`: of what could be seen. `unseen`: what was lacking -> how often nobody could have seen it."""

    lines: int
    recall: Share
    unseen: Mapping[str, int]


def covered(scores: Sequence[Score]) -> Iterator[Covered]:
    """One row for each number of lines, in their order; only of what is expected of one network."""
    rows: dict[int, list[Found]] = {}
    for score in scores:
        for each in score.found:
            if (network := each.expect.labels.get("network")) is not None:
                here = {line.cohort or line.id for line in score.world.lines if line.network == network}
                rows.setdefault(len(here), []).append(each)
    for lines, found in sorted(rows.items()):
        seen = [each for each in found if each.unobservable is None]
        unseen = Counter(f"{each.expect.alert}, {each.unobservable}" for each in found if each.unobservable)
        yield Covered(
            lines, Share(sum(each.fired_ms is not None for each in seen), len(seen)), dict(sorted(unseen.items()))
        )
