"""How often an outage of a service for everybody would be paged as a block: drawn from the arithmetic of starts alone.

`python -m tests.bench.outages`: for ticks once a minute, and for ticks that come early (monitor/beat/early.py), how long a block
takes to be told, and the share of outages in which two lines of some network are sure before any control has told its
doubt. What is drawn: phases, moved starts and ticks, confirming walks, the moments of rules. No packet, no daemon.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]

DRAWN, NETWORKS, LINES = 40_000, 4, 2
PERIOD_S, MOVED, TICK_MOVED, RULES_S, REST_S, WAIT_S = 60.0, 0.25, 0.05, 15.0, 15.0, 10.0
CONFIRM_S, FAILURES = (15.0, 30.0, 45.0), 4
NEVER_S = 1e9


@dataclass(frozen=True, slots=True)
class Told:
    """Of one box in each drawn world: when it told that it is no longer sure, and that the service fails."""

    unsure_s: Seconds
    fails_s: Seconds


def starts(dice: np.random.Generator, moved: float) -> Seconds:
    """Of rounds after the onset, which is at zero."""
    numbers = np.arange(-1, 12)
    moves = (2 * dice.random((DRAWN, len(numbers))) - 1) * moved
    found = (numbers + dice.random((DRAWN, 1)) + moves) * PERIOD_S
    return np.sort(np.where(found >= 0, found, NEVER_S), axis=1)


def next_of(moments: Seconds, after_s: Seconds) -> Seconds:
    found: Seconds = np.where(moments >= after_s[:, None], moments, NEVER_S).min(axis=1)
    return found


def box(dice: np.random.Generator, walk_s: float, *, early: bool) -> Told:
    due = starts(dice, MOVED)
    first_s = due[:, 0] + walk_s
    spread = 1 + (2 * dice.random((DRAWN, len(CONFIRM_S))) - 1) * MOVED
    confirming = first_s[:, None] + np.array(CONFIRM_S) * spread + walk_s
    ends = np.sort(np.concatenate([due[:, :5] + walk_s, confirming], axis=1), axis=1)
    ticks = starts(dice, TICK_MOVED)
    unsure_s, fails_s = next_of(ticks, first_s), next_of(ticks, ends[:, FAILURES - 1])
    if early:
        unsure_s = np.minimum(unsure_s, first_s)
        fails_s = np.minimum(fails_s, np.maximum(ends[:, FAILURES - 1], unsure_s + REST_S))
    return Told(unsure_s + 1, fails_s + 1)


def tried(walk_s: float, agreed_s: float, controls: int, *, early: bool) -> tuple[float, float, float]:
    """Median and 95th of a page's delay, and the share of outages that are paged as blocks."""
    dice = np.random.default_rng(1)
    phase = dice.random(DRAWN) * RULES_S

    def seen(told_s: Seconds) -> Seconds:
        found: Seconds = np.ceil((told_s - phase) / RULES_S) * RULES_S + phase
        return found

    pages = []
    for _ in range(NETWORKS):
        lines = [box(dice, walk_s, early=early) for _ in range(LINES)]
        unsure_s = np.max([seen(each.unsure_s) for each in lines], axis=0)
        fails_s = [seen(each.fails_s) for each in lines]
        agreed = np.maximum(np.min(fails_s, axis=0), unsure_s) + agreed_s
        pages.append(np.maximum(agreed, np.max(fails_s, axis=0)))
    doubt_s = np.min([seen(box(dice, walk_s, early=early).unsure_s) for _ in range(controls)], axis=0)
    delays_s = pages[0] + WAIT_S
    wrong = float((np.min(pages, axis=0) < doubt_s).mean())
    return float(np.median(delays_s)), float(np.percentile(delays_s, 95)), wrong


def main() -> None:
    for early in (False, True):
        for walk_s in (0.3, 10.0):
            for agreed_s in (60.0, 30.0):
                for controls in (3, 2):
                    median_s, late_s, wrong = tried(walk_s, agreed_s, controls, early=early)
                    sys.stdout.write(
                        f"early={early} walk={walk_s:g}s agreed={agreed_s:g}s controls={controls}:"
                        f" median {median_s:.0f} s, p95 {late_s:.0f} s, outages paged as blocks {wrong:.5f}\n"
                    )


if __name__ == "__main__":
    main()
