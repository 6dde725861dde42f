"""The full counts of the rules, in simulation: what `make long` notes, what the README says, which goals they must meet.

How many of each: DIDBAN_ONSETS, DIDBAN_NETWORK_WEEKS, DIDBAN_PLACED, where somebody has less time than it takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import pytest

from monitor.backtest import many
from monitor.backtest.hearing import Rules
from monitor.backtest.told import asjson
from monitor.backtest.told.summary import Summary, summed
from monitor.backtest.trial import Trial
from monitor.backtest.worlds import drawn
from monitor.backtest.worlds.world import World
from tests.figures import noted

QUICK = many.How(later=False, shuffled=False)
Figure = Callable[[str, float], None]


def asked(name: str, otherwise: int) -> int:
    return int(os.environ.get(name, otherwise))


def tried(worlds: Iterable[World], option: str, count: int) -> tuple[list[Trial], Summary]:
    """Tried, and noted in results/backtest.json with the command that does the same."""
    jobs = asked("DIDBAN_JOBS", os.cpu_count() or 1)
    trials = many.every(list(worlds), QUICK, jobs=jobs)
    found = asjson.as_json(trials, Rules.shipped().digest)
    noted(option, f"didban backtest --quick --{option} {count}", found)
    return trials, summed([each.score for each in trials])


@pytest.mark.long
def test_what_happens_at_random_is_told_rightly_and_within_minutes(figure: Figure) -> None:
    count = asked("DIDBAN_ONSETS", 310)
    trials, found = tried(drawn.onsets(count), "random", count)
    figure("expected alerts at random onsets", found.recall.n)
    figure("of them told", found.recall.hits)
    figure("false pages", found.false_pages.events)
    assert found.recall.hits == found.recall.n == count - found.unobservable
    assert found.wrong_class == 0
    assert (found.precision.value or 0) >= 0.99
    delays = asjson.delays([each.score for each in trials])
    assert delays["ServiceBlocked"]["median_s"] <= 180
    assert delays["ServiceBlocked"]["p95_s"] <= 300
    assert delays["NetworkSilent"]["p95_s"] <= 300


@pytest.mark.long
def test_nothing_wakes_anybody_in_quiet_weeks(figure: Figure) -> None:
    count = asked("DIDBAN_NETWORK_WEEKS", 400)
    _, found = tried(drawn.weeks(count), "weeks", count)
    figure("simulated network-weeks", found.network_weeks)
    figure("false pages", found.false_pages.events)
    assert found.network_weeks >= count
    assert found.wrong_class == 0
    assert (found.false_pages.value or 0) <= 0.02


@pytest.mark.long
def test_whatever_our_lines_can_see_is_told_wherever_they_stand(figure: Figure) -> None:
    count = asked("DIDBAN_PLACED", 300)
    _, found = tried(drawn.covered(count), "placed", count)
    figure("observable", found.recall.n)
    figure("unobservable", found.unobservable)
    assert found.recall.n + found.unobservable == count
    assert found.recall.hits == found.recall.n
    assert found.wrong_class == 0
