"""Pairs of transfers: a name that is slowed is found, and a week of bad line is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from probes import throttle
from probes.facts import Endpoint, Observation, Walk
from probes.throttle import PAIRS, Pair, Settled, settle
from probes.words import Failure, Reason, Step, Transport

BODY = 65_536
TESTED, NEUTRAL = "transfers/instagram", "transfers/instagram.neutral"


def fetch(
    speed: float | None, *, target: str = TESTED, stood_at: int | None = None, failure: Failure | None = None
) -> Walk:
    """A transfer at that many bytes a second; one that stood still waited for the rest of its ten seconds."""
    count = BODY if stood_at is None else stood_at
    took_s = 10.0 if stood_at is not None or speed is None else count / speed
    seen = Observation(
        Step.TRANSFER,
        took_s,
        failure or (Failure.TIMEOUT if stood_at is not None else None),
        bytes_received=count if speed is not None or stood_at is not None else 0,
        longest_wait_s=9.0 if stood_at is not None else 0.05,
        waited_at_byte=count if stood_at is not None else 0,
    )
    return Walk(
        target, Endpoint("r.example", 443, Transport.TCP), "203.0.113.7", 0, Reason.DUE, (seen,), 700, count + 6_000
    )


def pair(first: float | None, neutral: float | None, last: float | None) -> Pair:
    return Pair((fetch(first), fetch(last)), fetch(neutral, target=NEUTRAL))


def stall(at: int = 16_000, neutral: float = 1e5) -> Pair:
    return Pair((fetch(None, stood_at=at), fetch(None, stood_at=at)), fetch(neutral, target=NEUTRAL))


SLOW, FINE = pair(1e4, 5e4, 1e4), pair(5e4, 5e4, 5e4)


# ---------------------------------------------------------------- one pair


def test_a_ratio_is_neutral_over_the_better_of_the_tested() -> None:
    assert pair(1e4, 6e4, 2e4).ratio == pytest.approx(3)
    assert pair(1e4, None, 2e4).ratio is None
    assert pair(None, 6e4, 2e4).ratio is None


def test_a_neutral_fetch_that_failed_is_the_line() -> None:
    broken = Pair(SLOW.tested, fetch(5e4, target=NEUTRAL, failure=Failure.TIMEOUT))
    assert (broken.ratio, broken.stalls, broken.slow) == (None, 0, False)


@pytest.mark.parametrize(
    ("order", "whole"),
    [("ABA", True), ("AB", False), ("A", False), ("AAB", False), ("BAB", False), ("ABAB", False), ("", False)],
)
def test_a_pair_is_three_walks_in_their_order(order: str, whole: bool) -> None:
    walks = [fetch(5e4, target=TESTED if each == "A" else NEUTRAL) for each in order]
    assert (throttle.pair(walks, TESTED) is not None) == whole


# ---------------------------------------------------------------- many


def test_one_slow_pair_proves_nothing_and_ten_more_do() -> None:
    found = [settle(SLOW, [SLOW] * count) for count in range(PAIRS + 1)]
    assert found == [*[Settled.OPEN] * PAIRS, Settled.SLOWER]


@pytest.mark.parametrize(
    "pairs",
    [
        [FINE],
        [SLOW] * 4 + [pair(6e4, 5e4, 6e4)],
        [pair(1e4, 1.5e4, 1e4)] * 6,
        [SLOW, None],
        [SLOW] * 9 + [pair(1e4, 9e3, 1e4)],
    ],
    ids=["as fast", "once faster", "half as fast again", "one broke off", "nine of ten"],
)
def test_what_can_no_longer_prove_it_is_given_up_at_once(pairs: list[Pair | None]) -> None:
    assert settle(SLOW, pairs) is Settled.NOTHING
    assert all(settle(SLOW, pairs[:count]) is Settled.OPEN for count in range(len(pairs)))


def test_four_more_pairs_that_stall_at_the_same_place_prove_it() -> None:
    assert [settle(stall(), [stall()] * count) for count in range(4)] == [Settled.OPEN] * 4
    assert settle(stall(), [stall()] * 4) is Settled.STALLS
    assert settle(SLOW, [stall()] * 4) is Settled.STALLS, "whatever set them off"


def test_the_stall_test_is_fishers() -> None:
    """Of n pairs the 2n tested stood still and the n neutral came: one way among all of choosing 2n from 3n."""
    assert throttle.stall_test([stall()] * 4) == pytest.approx(1 / 495)
    assert throttle.stall_test([FINE] * 4) == 1.0
    assert throttle.stall_test([]) == 1.0
    both = Pair(stall().tested, fetch(None, target=NEUTRAL, stood_at=16_000))
    assert throttle.stall_test([both] * 9) == 1.0
    one_of_two = Pair((fetch(5e4), fetch(None, stood_at=16_000)), fetch(5e4, target=NEUTRAL))
    assert throttle.stall_test([one_of_two] * 4) == pytest.approx(70 / 495)


@pytest.mark.parametrize(
    "pairs",
    [
        [stall(40_000)] * PAIRS,
        [stall(2_000)] * PAIRS,
        [Pair(stall().tested, fetch(None, target=NEUTRAL, stood_at=16_000))] * PAIRS,
        [Pair((fetch(5e4), fetch(None, stood_at=16_000)), fetch(5e4, target=NEUTRAL))] * 3,
    ],
    ids=["later", "earlier", "the neutral one as well", "as many pass"],
)
def test_stalls_elsewhere_or_of_everything_prove_nothing(pairs: list[Pair | None]) -> None:
    first = pairs[0]
    assert first is not None
    assert settle(first, pairs) is not Settled.STALLS


def test_a_stall_may_be_counted_with_the_handshake_before_it() -> None:
    """The body stood at 11 KB, and 17 KB had come on the connection."""
    assert throttle.stalled(fetch(None, stood_at=11_000))
    assert throttle.stalled(replace(fetch(None, stood_at=0), bytes_received=16_600)), "in the midst of the first record"
    assert not throttle.stalled(fetch(None, stood_at=0))
    assert not throttle.stalled(fetch(None, stood_at=6_000))


def test_what_went_on_is_no_stall() -> None:
    """Of records of 16 KB only whole ones are read: the body may stand where the connection does not."""
    walk = fetch(None, stood_at=16_126)
    seen = replace(walk.last, line_bytes=17_000, quiet_s=9.0)
    assert throttle.stalled(replace(walk, steps=(seen,)))
    for later in (replace(seen, line_bytes=28_000), replace(seen, quiet_s=0.3)):
        assert not throttle.stalled(replace(walk, steps=(later,)))


def test_the_sign_test_is_the_binomial_tail() -> None:
    assert throttle.sign_test([2.0] * 10) == pytest.approx(2**-10)
    assert throttle.sign_test([2.0] * 9 + [0.5]) == pytest.approx(11 / 1024)
    assert throttle.sign_test([]) == 1.0


SPEED = st.floats(1.0, 1e9) | st.none()


@given(st.lists(st.tuples(SPEED, SPEED, SPEED), min_size=1, max_size=PAIRS + 1))
def test_whatever_comes_is_settled_by_ten(speeds: list[tuple[float | None, float | None, float | None]]) -> None:
    first, *rest = [pair(*each) for each in speeds]
    found = settle(first, rest)
    assert found is not Settled.OPEN or len(rest) < PAIRS
    if found is Settled.SLOWER:
        assert all(each.ratio is not None and each.ratio > 1 for each in rest)


# ---------------------------------------------------------------- bad lines


Line = Callable[[random.Random], Iterator[float | None]]  # the speed of one fetch after the other


def noisy(spread: float) -> Line:
    def line(dice: random.Random) -> Iterator[float | None]:
        while True:
            yield 5e4 * dice.lognormvariate(0, spread)

    return line


def bursty(stay: float, bad: float) -> Line:
    """Gilbert and Elliott's two states, a fetch long each at least: in the bad one a tenth, or nothing at all."""

    def line(dice: random.Random) -> Iterator[float | None]:
        good = True
        while True:
            good = dice.random() < (1 - bad if good else 1 - stay)
            if good:
                yield 5e4 * dice.lognormvariate(0, 0.4)
            else:
                yield None if dice.random() < 0.3 else 5e3 * dice.lognormvariate(0, 0.8)

    return line


def evening(dice: random.Random) -> Iterator[float | None]:
    """Congestion that comes and goes over many fetches, and carries all of them along."""
    level = 0.0
    while True:
        level = 0.9 * level + dice.gauss(0, 0.5)
        yield 5e4 * 2.718 ** (level + dice.gauss(0, 0.4))


def convictions(line: Line, *, slowed: float, pairs: int, seed: int) -> tuple[int, int, int]:
    """How many pairs were slow enough to be repeated, how many series convicted, and how many pairs those series took."""
    speeds = line(random.Random(seed))
    series = found = repeated = 0

    def one() -> Pair:
        first, neutral, last = next(speeds), next(speeds), next(speeds)
        return pair(first and first / slowed, neutral, last and last / slowed)

    for _ in range(pairs):
        first = one()
        if not first.slow:
            continue
        series += 1
        rest: list[Pair | None] = []
        while settle(first, rest) is Settled.OPEN:
            rest.append(one())
        repeated += len(rest)
        found += settle(first, rest) is not Settled.NOTHING
    return series, found, repeated


LINES = {
    "noisy": noisy(0.6),
    "very noisy": noisy(1.2),
    "bursts": bursty(0.5, 0.15),
    "long bursts": bursty(0.9, 0.1),
    "evening": evening,
}


@pytest.mark.parametrize("name", LINES)
def test_no_bad_line_is_a_throttled_name(name: str, figure: Callable[[str, float], None]) -> None:
    """A month of half-hourly pairs on such a line: not one conviction, and few pairs for nothing."""
    pairs = 30 * 48
    series, found, repeated = convictions(LINES[name], slowed=1, pairs=pairs, seed=7)
    figure(f"throttle_series_{name}", series / pairs)
    assert found == 0
    assert repeated < 0.6 * pairs


@pytest.mark.parametrize("share", [0.03, 0.1])
def test_a_line_on_which_fetches_stand_at_the_place_is_no_stall(
    share: float, figure: Callable[[str, float], None]
) -> None:
    """The first flight of TCP ends at 14 KB: what is lost there, and not repeated for five seconds, looks like it.

    A month of half-hourly pairs; another fetch in six is reset.
    """
    dice, found = random.Random(7), 0

    def one(target: str) -> Walk:
        luck = dice.random()
        if luck < share:
            return fetch(None, stood_at=14_600, target=target)
        return fetch(5e4, target=target, failure=Failure.CONNECTION_RESET if luck < share + 1 / 6 else None)

    def made() -> Pair:
        first, neutral, last = one(TESTED), one(NEUTRAL), one(TESTED)
        return Pair((first, last), neutral)

    for _ in range(30 * 48):
        first = made()
        rest: list[Pair | None] = []
        while first.slow and settle(first, rest) is Settled.OPEN:
            rest.append(made())
        found += first.slow and settle(first, rest) is Settled.STALLS
    figure(f"stalls_found_where_{round(100 * share)}_of_100_stand", found)
    assert found == 0


@pytest.mark.parametrize(("name", "fewest"), [("noisy", 0.9), ("evening", 0.9), ("bursts", 0.02)])
def test_a_name_slowed_to_a_tenth_is_found_also_on_a_bad_line(name: str, fewest: float) -> None:
    series, found, _ = convictions(LINES[name], slowed=10, pairs=100, seed=7)
    assert found >= fewest * series


def test_a_name_slowed_by_half_is_no_finding() -> None:
    assert convictions(noisy(0.2), slowed=2, pairs=100, seed=7)[1] == 0
