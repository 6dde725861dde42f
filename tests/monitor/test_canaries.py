"""Canaries tell a service from a line, and are set aside, loudly, when they say nothing."""

from __future__ import annotations

import pytest

from monitor.meaning.canaries import Aside, Canaries, in_scope
from monitor.meaning.surroundings import Surroundings
from probes.facts import Walk
from probes.words import Failure, Scope, Step
from tests.monitor.facts import CONTROL, INSIDE, canary, rounds, target, walk

DAY_S = 86400.0
DAY_MS = 86_400_000


def flock(count: int = 12, scope: Scope = Scope.INTERNATIONAL) -> Canaries:
    targets = [canary(f"c{number}", scope, network=f"AS{number + 1}") for number in range(count)]
    return Canaries(targets, INSIDE, standing_s=DAY_S, day_s=DAY_S)


def sing(canaries: Canaries, name: str, *, alive: bool = True, at_ms: int = 0, rtt_s: float = 0.05) -> bool:
    seen = walk(
        to=f"canaries/{name}",
        step=Step.HANDSHAKE,
        failed=None if alive else Failure.TIMEOUT,
        connect_s=rtt_s,
        started_ms=at_ms,
    )
    return canaries.add(rounds(seen, at_ms=at_ms))


def sing_all(canaries: Canaries, count: int = 12, *, alive: int = 12, at_ms: int = 0) -> None:
    for number in range(count):
        sing(canaries, f"c{number}", alive=number < alive, at_ms=at_ms)


@pytest.mark.parametrize(("alive", "ratio"), [(12, 1.0), (6, 0.5), (0, 0.0)])
def test_the_ratio_is_the_share_that_answered(alive: int, ratio: float) -> None:
    canaries = flock()
    sing_all(canaries)
    sing_all(canaries, alive=alive)
    assert canaries.ratio(Scope.INTERNATIONAL, 0) == ratio


def test_fewer_than_five_give_no_ratio() -> None:
    canaries = flock(4)
    sing_all(canaries, 4)
    assert canaries.ratio(Scope.INTERNATIONAL, 0) is None


def test_a_fresh_box_in_the_dark_says_so() -> None:
    """None of them ever answered here: that is the line, and no reason to set any aside."""
    canaries = flock()
    sing_all(canaries, alive=0)
    assert canaries.ratio(Scope.INTERNATIONAL, 0) == 0.0


def test_one_that_never_answered_while_most_do_is_a_stale_row() -> None:
    canaries = flock()
    sing_all(canaries, alive=10)
    assert canaries.set_aside(Scope.INTERNATIONAL, 0) == {"canaries/c10": Aside.UNSEEN, "canaries/c11": Aside.UNSEEN}
    assert canaries.ratio(Scope.INTERNATIONAL, 0) == 1.0


def test_a_box_that_starts_within_an_allow_list_does_not_take_it_for_peace() -> None:
    canaries = flock()
    sing_all(canaries, alive=3)
    assert canaries.set_aside(Scope.INTERNATIONAL, 0) == {}
    assert canaries.ratio(Scope.INTERNATIONAL, 0) == 0.25


def test_one_dead_for_a_day_while_the_others_live_is_standing() -> None:
    canaries = flock()
    sing_all(canaries)
    sing(canaries, "c3", alive=False, at_ms=0)
    assert canaries.set_aside(Scope.INTERNATIONAL, DAY_MS - 1) == {}
    assert canaries.set_aside(Scope.INTERNATIONAL, DAY_MS) == {"canaries/c3": Aside.STANDING}


def test_in_a_long_shutdown_nothing_becomes_standing() -> None:
    canaries = flock()
    sing_all(canaries)
    sing_all(canaries, alive=0)
    assert canaries.set_aside(Scope.INTERNATIONAL, 30 * DAY_MS) == {}
    assert canaries.ratio(Scope.INTERNATIONAL, 30 * DAY_MS) == 0.0


def test_one_answered_by_somebody_nearer_is_set_aside_for_as_long_as_that_lasts() -> None:
    canaries = flock()
    sing_all(canaries)
    sing_all(canaries, at_ms=DAY_MS)
    sing(canaries, "c1", at_ms=2 * DAY_MS, rtt_s=0.02)
    assert canaries.set_aside(Scope.INTERNATIONAL, 2 * DAY_MS) == {"canaries/c1": Aside.NEAR}
    sing(canaries, "c1", at_ms=20 * DAY_MS, rtt_s=0.02)
    assert canaries.set_aside(Scope.INTERNATIONAL, 20 * DAY_MS) == {"canaries/c1": Aside.NEAR}, "it never becomes usual"
    sing(canaries, "c1", at_ms=20 * DAY_MS, rtt_s=0.05)
    assert canaries.set_aside(Scope.INTERNATIONAL, 20 * DAY_MS) == {}


@pytest.mark.parametrize(
    "first_ms", [DAY_MS, -20_000 * DAY_MS, 20_000 * DAY_MS], ids=["the evening before", "1970", "ahead"]
)
def test_a_few_walks_before_midnight_or_before_the_clock_was_set_are_no_usual_distance(first_ms: int) -> None:
    canaries = flock()
    for number in range(12):
        sing(canaries, f"c{number}", at_ms=first_ms, rtt_s=0.4)
        sing(canaries, f"c{number}", at_ms=2 * DAY_MS)
    assert canaries.set_aside(Scope.INTERNATIONAL, 2 * DAY_MS) == {}


def test_most_of_them_nearer_at_once_is_a_line_that_became_faster() -> None:
    """From a satellite to a cable: nobody moved a dozen hosts, and a box that set all of them aside would be blind."""
    canaries = flock()
    sing_all(canaries)
    sing_all(canaries, at_ms=DAY_MS)
    for number in range(12):
        sing(canaries, f"c{number}", at_ms=2 * DAY_MS, rtt_s=0.01)
    assert canaries.set_aside(Scope.INTERNATIONAL, 2 * DAY_MS) == {}
    for day in (3, 4):
        for number in range(12):
            sing(canaries, f"c{number}", at_ms=day * DAY_MS, rtt_s=0.012)
    sing(canaries, "c1", at_ms=5 * DAY_MS, rtt_s=0.0051)
    assert canaries.set_aside(Scope.INTERNATIONAL, 5 * DAY_MS) == {"canaries/c1": Aside.NEAR}, "and watched anew"


def test_a_domestic_canary_in_our_own_network_is_no_second_witness() -> None:
    targets = [canary(f"d{n}", Scope.DOMESTIC, "IR", network) for n, network in enumerate(["AS197207", "AS1", "AS2"])]
    canaries = Canaries(targets, INSIDE, standing_s=DAY_S, day_s=DAY_S)
    assert canaries.set_aside(Scope.DOMESTIC, 0) == {"canaries/d0": Aside.OWN_NETWORK}


def test_one_that_falls_silent_is_news_once() -> None:
    canaries = flock()
    assert not sing(canaries, "c1", alive=False), "never heard: no news"
    sing(canaries, "c1")
    assert sing(canaries, "c1", alive=False)
    assert not sing(canaries, "c1", alive=False)


def test_nothing_foreign_is_seen_after_two_empty_rounds_and_at_once_again_after_one() -> None:
    canaries = flock()
    canaries.turn_ended(foreign_reached=False)
    assert canaries.foreign_seen
    canaries.turn_ended(foreign_reached=False)
    assert not canaries.foreign_seen
    assert canaries.foreign_was_reached(), "the first light in the dark: what canaries said in it is to be asked anew"
    assert canaries.foreign_seen
    assert not canaries.foreign_was_reached()


def test_a_restart_forgets_nothing_that_matters() -> None:
    before, after = flock(), flock()
    sing_all(before, at_ms=-DAY_MS)
    sing_all(before)
    sing(before, "c3", alive=False, at_ms=5)
    after.recall(before.memory())
    sing_all(after, alive=12, at_ms=DAY_MS)
    sing(after, "c3", alive=False, at_ms=DAY_MS)
    sing(after, "c1", at_ms=DAY_MS, rtt_s=0.01)
    assert after.set_aside(Scope.INTERNATIONAL, DAY_MS + 10) == {"canaries/c1": Aside.NEAR}
    assert before.memory()["canaries/c3"]["dead_since_ms"] == 5


def test_canaries_are_domestic_at_home_and_international_elsewhere() -> None:
    iranian, dutch = canary("a", Scope.DOMESTIC, "IR"), canary("b", Scope.INTERNATIONAL, "NL")
    german = canary("c", Scope.INTERNATIONAL, "DE")
    assert [in_scope(each, INSIDE) for each in (iranian, dutch, german)] == [True, True, True]
    assert [in_scope(each, CONTROL) for each in (iranian, dutch, german)] == [False, True, False]


def test_what_nobody_has_looked_at_for_three_turns_makes_no_ratio() -> None:
    targets = [canary(f"c{number}", network=f"AS{number + 1}") for number in range(12)]
    canaries = Canaries(targets, INSIDE, standing_s=DAY_S, day_s=DAY_S, turn_s={each.name: 180.0 for each in targets})
    sing_all(canaries)
    assert canaries.ratio(Scope.INTERNATIONAL, 540_000) == 1.0
    assert canaries.ratio(Scope.INTERNATIONAL, 540_001) is None


def test_since_when_a_line_is_not_well_is_known_afterwards() -> None:
    """Between are the minutes nobody can judge: from before it was last well until it was last not."""
    canaries = flock()
    nobody: dict[Scope, list[Walk]] = {scope: [] for scope in Scope}
    around = Surroundings(canaries)
    unwell = []
    for minute, alive in enumerate((3, 12, 12, 12, 12, 10, 9, 2, 12, 7)):
        sing_all(canaries, alive=alive, at_ms=minute * 60_000)
        list(around.looking(nobody, (), minute * 60_000))
        unwell.append(around.line(target(), minute * 60_000).unwell_ms)
    begun, fallen = (-240_000, 0), [(60_000, 360_000), (60_000, 420_000)]
    assert unwell == [begun] * 6 + [*fallen, fallen[1], (240_000, 540_000)]
    reloaded = Surroundings(flock())
    reloaded.inherit(around)
    assert reloaded.unwell_ms == (240_000, 540_000)


def test_what_failed_while_a_line_was_not_known_is_judged_by_what_is_known_after() -> None:
    """A box is switched on in the dark: its canaries have said nothing yet, and the first services fail."""
    around = Surroundings(flock())
    assert around.line(target(), 0).well
    sing_all(around.canaries, alive=3, at_ms=60_000)
    list(around.looking({scope: [] for scope in Scope}, (), 60_000))
    assert around.line(target(), 60_000).was_unwell(10_000)
