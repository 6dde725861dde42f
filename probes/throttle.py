"""What pairs of transfers prove: slower by name, stalled at the same place, or nothing. Pure statistics over facts.

A pair is three fetches in a row, A-B-A: the tested name, a neutral one, the tested name again. What slows a whole line,
or comes in bursts, meets both. One slow pair proves nothing: it is why ten more are made.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from probes.facts import Observation, Walk
from probes.words import Failure, Step

SLOW_RATIO = 2.0  # from here on a pair is worth repeating
THROTTLED_RATIO = 3.0
PAIRS = 10
_MOST_CHANCE = 0.01
_ON_THE_LINE = 1.06  # headers and records
_STALLS_AT = range(14_000, 20_481)  # Russia 2025: some 16 KB, counted at the body or with the handshake before it


class Settled(Enum):
    """What the repeated pairs have come to."""

    OPEN = auto()  # more of them may still show it
    NOTHING = auto()  # no number of further ones would
    SLOWER = auto()
    STALLS = auto()


@dataclass(frozen=True, slots=True)
class Pair:
    """Both walks of the tested name, and the neutral one between them."""

    tested: tuple[Walk, Walk]
    neutral: Walk

    @property
    def ratio(self) -> float | None:
        """Goodput, neutral / the better of the tested; None where either has none. 3 is three times slower.

        The better one, so that a burst which meets one fetch of three is no sign.
        """
        speeds = [goodput(walk) for walk in self.tested]
        neutral = goodput(self.neutral)
        if neutral is None or self.neutral.failure is not None or None in speeds:
            return None
        return neutral / max(speed for speed in speeds if speed is not None)

    @property
    def stalls(self) -> int:
        """How many of the tested stood still at the known place, while the neutral one came whole."""
        return sum(map(stalled, self.tested)) if self.neutral.failure is None else 0

    @property
    def slow(self) -> bool:
        return self.stalls > 0 or (self.ratio or 0.0) >= SLOW_RATIO

    @property
    def same_address(self) -> bool:
        """Nothing but the name was another."""
        return len({walk.address for walk in (*self.tested, self.neutral)}) == 1


def pair(walks: Sequence[Walk], target: str) -> Pair | None:
    """The walks of one round as a pair: two to `target`, one between them that is not. None if it broke off before."""
    if len(walks) != 3 or [walk.target == target for walk in walks] != [True, False, True]:
        return None
    return Pair((walks[0], walks[2]), walks[1])


def goodput(walk: Walk) -> float | None:
    """Bytes of the body a second, up to where it ended; None if none came."""
    seen = _transfer(walk)
    if seen is None or not seen.bytes_received or seen.took_s <= 0:
        return None
    return seen.bytes_received / seen.took_s


def stalled(walk: Walk) -> bool:
    """It stood still at some 16 KB, and stayed so for most of its time.

    Of the body nothing need have come: many servers send TLS records of 16 KB, and none is read before it is whole.
    """
    seen = _transfer(walk)
    if seen is None or seen.failure is not Failure.TIMEOUT:
        return False
    at_the_place = seen.bytes_received in _STALLS_AT or walk.bytes_received in _STALLS_AT
    stood = seen.waited_at_byte == seen.bytes_received and (seen.longest_wait_s or 0.0) > seen.took_s / 2
    return at_the_place and stood and not _went_on(seen)


def _went_on(seen: Observation) -> bool:
    """Whether more came than makes up the place, or came late: a trickle stands still as well, between two records."""
    beyond = seen.line_bytes is not None and seen.line_bytes > _STALLS_AT.stop * _ON_THE_LINE
    return beyond or (seen.quiet_s is not None and seen.quiet_s <= seen.took_s / 2)


def settle(first: Pair, repeated: Sequence[Pair | None]) -> Settled:
    """What the pairs made after a slow one come to; None among them is one that broke off.

    The first was chosen for being slow or for standing still: it is no evidence of either.
    """
    if stall_test([each for each in repeated if each is not None]) < _MOST_CHANCE:
        return Settled.STALLS
    whole = [each for each in (first, *repeated) if each is not None]
    stalls = sum(each.stalls for each in whole)
    passed = sum(walk.failure is None for each in whole for walk in each.tested)
    ratios = [each.ratio if each is not None else None for each in repeated]
    known = [ratio for ratio in ratios if ratio is not None]
    left = PAIRS - len(ratios)
    if not left:
        return Settled.SLOWER if len(known) == PAIRS and _slower(known) else Settled.NOTHING
    if stalls and not passed:
        return Settled.OPEN
    hopeless = len(known) < len(ratios) or not _slower([*known, *[math.inf] * left])
    return Settled.NOTHING if hopeless else Settled.OPEN


def _slower(ratios: Sequence[float]) -> bool:
    return statistics.median(ratios) >= THROTTLED_RATIO and sign_test(ratios) < _MOST_CHANCE


def sign_test(ratios: Sequence[float]) -> float:
    """The chance of so many above 1 or more, if above and below were equally likely. One-sided."""
    count, above = len(ratios), sum(ratio > 1 for ratio in ratios)
    return float(sum(math.comb(count, each) for each in range(above, count + 1)) / 2**count)


def stall_test(pairs: Sequence[Pair]) -> float:
    """The chance that so many of the stalls meet the tested name, if names had no part in it. Fisher's, one-sided.

    Only what came whole or stood still at the place is counted: another failure says nothing of either.
    """
    tested = [stalled(walk) for each in pairs for walk in each.tested if stalled(walk) or walk.failure is None]
    neutral = [stalled(n) for n in (each.neutral for each in pairs) if stalled(n) or n.failure is None]
    stalls, most = sum(tested) + sum(neutral), len(tested)
    ways = (math.comb(most, n) * math.comb(len(neutral), stalls - n) for n in range(sum(tested), min(stalls, most) + 1))
    return float(sum(ways) / math.comb(most + len(neutral), stalls))


def _transfer(walk: Walk) -> Observation | None:
    return walk.last if walk.last.step is Step.TRANSFER else None
