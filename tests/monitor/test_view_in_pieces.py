"""A large view is judged and stated in pieces: rounds that come in between find the loop free, and spoil nothing."""

from __future__ import annotations

from collections import defaultdict

from monitor import metrics
from monitor.metrics import Series
from probes.words import Failure, Step
from tests.bench import vantage
from tests.monitor import facts

NOW_MS = vantage.NOW_MS
LATER_MS = NOW_MS + 1_000


def test_a_thousand_targets_are_judged_with_breaths_between() -> None:
    assert sum(1 for _ in vantage.view(1_000).beating(LATER_MS)) >= 40


def test_in_pieces_it_says_what_it_says_at_once() -> None:
    at_once, in_pieces = vantage.view(500), vantage.view(500)
    at_once.beat(LATER_MS)
    for _ in in_pieces.beating(LATER_MS):
        pass
    assert dict(at_once.samples(LATER_MS)) == dict(in_pieces.samples(LATER_MS))


def test_rounds_that_come_in_while_it_is_stated_leave_each_target_of_one_moment() -> None:
    """Up with a failure beside it, or two states at once, would be a lie of ours."""
    view = vantage.view(60)
    names = [target.name for target in view.targets()]
    said: defaultdict[tuple[str, ...], dict[Series, float]] = defaultdict(dict)
    for number, (series, value) in enumerate(view.samples(LATER_MS)):
        said[series.values[:2]][series] = value
        down = facts.walk(to=names[number % 60], failed=Failure.TIMEOUT, step=Step.CONNECT, started_ms=LATER_MS)
        view.add(facts.rounds(down, at_ms=LATER_MS), LATER_MS)
    for key in (tuple(name.split("/")) for name in names):
        failures = [each for each in said[key] if each.family is metrics.TARGET_FAILURE]
        assert said[key][Series(metrics.TARGET_UP, key)] == float(not failures)
        states = [value for each, value in said[key].items() if each.family is metrics.TARGET_STATE]
        assert sum(states) == 1
