"""What is usual is learnt by the hour, in UTC, from good days only."""

from __future__ import annotations

import pytest

from monitor.meaning.baseline import Baselines
from probes.words import Step
from tests.monitor.facts import walk

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def learnt(days: int, connect_s: float = 0.05) -> Baselines:
    baselines = Baselines(day_s=86400)
    for hour in range(24 * days + 1):
        baselines.learn(walk(connect_s=connect_s), hour * HOUR_MS)
    return baselines


def test_nothing_is_usual_before_there_was_one_such_hour() -> None:
    baselines = Baselines(day_s=86400)
    baselines.learn(walk(), 0)
    assert baselines.usual_s("instagram/web", Step.CONNECT, 0) is None
    assert not baselines.is_slow(walk(connect_s=9.0), 0)


def test_the_same_hour_of_the_last_seven_days_is_what_counts() -> None:
    baselines = Baselines(day_s=86400)
    for day in range(8):
        baselines.learn(walk(connect_s=1.0 if day == 0 else 0.1), day * DAY_MS)
        baselines.learn(walk(connect_s=5.0), day * DAY_MS + HOUR_MS)
    baselines.learn(walk(connect_s=0.1), 8 * DAY_MS)
    assert baselines.usual_s("instagram/web", Step.CONNECT, 8 * DAY_MS) == pytest.approx(0.1)
    assert baselines.usual_s("instagram/web", Step.CONNECT, 8 * DAY_MS + HOUR_MS) == pytest.approx(5.0)


@pytest.mark.parametrize(("took_s", "slow"), [(0.05, False), (0.29, False), (0.31, True), (3.0, True)])
def test_slow_is_three_times_the_usual_and_noticeable(took_s: float, slow: bool) -> None:
    assert learnt(2).is_slow(walk(connect_s=took_s), DAY_MS) is slow


def test_a_slow_line_must_be_three_times_as_slow() -> None:
    baselines = learnt(2, connect_s=0.8)
    assert not baselines.is_slow(walk(connect_s=2.3), DAY_MS)
    assert baselines.is_slow(walk(connect_s=2.5), DAY_MS)


def test_a_restart_remembers_whole_hours() -> None:
    before, after = learnt(2), Baselines(day_s=86400)
    after.recall(before.memory())
    assert after.usual_s("instagram/web", Step.CONNECT, DAY_MS) == pytest.approx(0.05)
