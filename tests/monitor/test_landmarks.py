"""Landmarks are measured against what each usually does; one that never answered says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.meaning.landmarks import Landmarks
from probes.facts import Landmark, Target
from probes.words import LandmarkKind
from tests.monitor.facts import target

DAY_MS = 86_400_000
MCI = Landmark("IR", "AS197207", LandmarkKind.ACCESS)


def landmark(number: int) -> Target:
    return replace(target(f"landmarks/l{number}"), about=MCI)


def ratios(landmarks: Landmarks) -> dict[str, float]:
    return {about.network: round(ratio, 3) for about, ratio in landmarks.ratios()}


@pytest.fixture
def two() -> Landmarks:
    both = Landmarks(day_s=86400)
    for number in (1, 2):
        both.add(landmark(number), reached=True, at_ms=0)
    return both


def test_all_answer(two: Landmarks) -> None:
    assert ratios(two) == {"AS197207": 1.0}


def test_none_answers(two: Landmarks) -> None:
    for number in (1, 2):
        two.add(landmark(number), reached=False, at_ms=1)
    assert ratios(two) == {"AS197207": 0.0}


def test_one_that_never_answered_is_left_out(two: Landmarks) -> None:
    two.add(landmark(3), reached=False, at_ms=1)
    assert ratios(two) == {"AS197207": 1.0}


def test_one_that_never_answered_is_named_as_set_aside(two: Landmarks) -> None:
    two.add(landmark(1), reached=False, at_ms=1)
    assert two.set_aside() == (), "silent now is no geo-fence: that is what landmarks are for"
    two.add(landmark(3), reached=False, at_ms=1)
    assert two.set_aside() == ("landmarks/l3",)
    two.add(landmark(3), reached=True, at_ms=DAY_MS)
    assert two.set_aside() == ()


def test_a_geo_fence_is_learned_from_the_neighbour_that_goes_on_answering(two: Landmarks) -> None:
    for day in range(1, 8):
        assert two.set_aside() == ()
        two.add(landmark(1), reached=False, at_ms=day * DAY_MS)
        two.add(landmark(2), reached=True, at_ms=day * DAY_MS)
    assert two.set_aside() == ("landmarks/l1",)
    assert ratios(two) == {"AS197207": 1.0}
    two.add(landmark(2), reached=False, at_ms=8 * DAY_MS)
    assert ratios(two) == {"AS197207": 0.0}, "and the one that is left still tells of a shutdown"
    assert two.set_aside() == ("landmarks/l1",)


def test_the_first_to_come_back_after_a_cut_does_not_make_fences_of_the_others(two: Landmarks) -> None:
    for day in range(1, 30):
        for number in (1, 2):
            two.add(landmark(number), reached=number == 2 and day > 20, at_ms=day * DAY_MS)
        assert (two.set_aside() == ()) is (day < 27)
    assert two.set_aside() == ("landmarks/l1",)


def test_a_shutdown_of_months_is_not_its_own_measure(two: Landmarks) -> None:
    for day in range(1, 90):
        for number in (1, 2):
            two.add(landmark(number), reached=False, at_ms=day * DAY_MS)
    assert ratios(two) == {"AS197207": 0.0}


def test_one_that_answers_half_the_time_is_worth_half() -> None:
    flaky = Landmarks(day_s=86400)
    for at in range(10):
        flaky.add(landmark(1), reached=at % 2 == 0, at_ms=at)
        flaky.add(landmark(2), reached=True, at_ms=at)
    assert ratios(flaky) == {"AS197207": 0.667}


def test_after_a_restart_nothing_is_said_before_a_walk(two: Landmarks) -> None:
    again = Landmarks(day_s=86400)
    again.recall(two.memory(), {landmark(n).name: landmark(n) for n in (1, 2)})
    assert ratios(again) == {}
    again.add(landmark(1), reached=False, at_ms=2)
    assert ratios(again) == {"AS197207": 0.0}
