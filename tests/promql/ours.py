"""What our evaluator says to the same questions, and whether two answers are the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from monitor.home.remotewrite import Labels
from monitor.promql import compiling
from monitor.promql.evaluation import Evaluation
from monitor.promql.now import Now
from monitor.promql.understood import evaluated
from tests.promql.promtool import Answer, Told


def answers(told: Sequence[Told], interval_s: int, expr: str, moments_s: Sequence[int]) -> list[Answer]:
    """Of one expression at all moments at once."""
    looking = Evaluation((), asked=(expr,), since_ms=0)  # however late the first sample is
    for each in told:
        looking.take(each.series, *each.samples(interval_s))
    assert list(looking.until(0)) == []
    now = Now(np.array(moments_s, dtype=np.int64) * 1000, 1, looking)
    found = evaluated(compiling.vector(expr), now)
    assert len(set(found.labels.rows)) == len(found.labels)
    said: list[Answer] = []
    for column in range(len(moments_s)):
        if now.failed is not None and now.failed[column]:
            said.append("; ".join(now.why))
        else:
            rows = np.flatnonzero(found.there[:, column])
            said.append({found.labels.rows[row]: float(found.values[row, column]) for row in rows})
    return said


def same(one: Answer, other: Answer) -> bool:
    """Both failed, or the same series with nearly the same numbers."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str)
    return one.keys() == other.keys() and all(_near(one[key], other[key]) for key in one)


def _near(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def unnamed(answer: Mapping[Labels, float]) -> dict[Labels, float]:
    return {tuple(pair for pair in key if pair[0] != "__name__"): value for key, value in answer.items()}
