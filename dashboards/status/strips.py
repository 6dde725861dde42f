"""History strips: a row of letters as one small drawing, and the same in words. Trouble stands taller than peace."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from dashboards.status.tongue import Tongue
from dashboards.status.words import BRIEF

Json = Mapping[str, Any]

# of eight: told apart by their height where there is no colour
_HEIGHTS = {
    **{"ok": 3, "insufficient": 1, "slow": 5, "refused": 6, "broken": 8, "interfered": 8, "cut_off": 8},
    **{"unknown": 1, "throttled": 5, "mixed": 6, "down": 8, "blocked": 8},
}
_CALM = ("ok", "insufficient")
_MOST_RUNS = 48  # of a strip that flickers: it is drawn more coarsely, so that a page stays small
_SHOWN = {"day": 96, "month": 240}


def strip(tongue: Tongue, history: Json, which: str, service: str, *, coarse: bool = False) -> str:
    """The drawing of one service's day or month; nothing where nobody reads the past."""
    row = history.get(which, {}).get("services", {}).get(service)
    if not row:
        return ""
    states = [history["letters"].get(letter, "") for letter in row]
    said = _said(tongue, which, states)
    look = "strip" if which == "day" else "strip long"
    inner = drawn(_fitting(states, _SHOWN[which], _MOST_RUNS // 4 if coarse else _MOST_RUNS))
    return f'<svg class="{look}" role=img aria-label="{said}" {inner}</svg>'


def swatch(state: str) -> str:
    """What a strip draws for a state, for the legend."""
    return f"<svg class=swatch aria-hidden=true {drawn([state])}</svg>"


def _said(tongue: Tongue, which: str, states: list[str]) -> str:
    """`The last 24 hours: reached 83%, cut off 17%.`"""
    counts, when = Counter(states), tongue.say(f"last_{which}")
    nothing = counts.pop("", 0) / len(states)
    parts = [
        tongue.say("strip_part", state=tongue.word(BRIEF, state), share=tongue.percent(count / len(states)))
        for state, count in counts.most_common()
    ]
    if nothing == 1:
        parts = [tongue.say("nothing_kept")]
    elif nothing:
        parts.append(tongue.say("not_known_share", share=tongue.percent(nothing)))
    return tongue.say("strip", when=when, parts=tongue.listed(parts)).replace('"', "")


def _fitting(states: list[str], most: int, most_runs: int) -> list[str]:
    """So many cells at most, and so few changes that it can be drawn in few bytes."""
    while len(states) > most or sum(1 for _ in itertools.groupby(states)) > most_runs:
        width = max(2, -(-len(states) // most))
        states = [_together(states[at : at + width]) for at in range(0, len(states), width)]
    return states


def _together(states: list[str]) -> str:
    """Trouble is seen also where it was short, and what is known beside what is not; of two troubles the longer one."""
    counts = Counter(each for each in states if each) or Counter(states)
    troubles = [each for each in counts if each not in _CALM]
    return max(troubles or counts, key=lambda each: (counts[each], each))


def drawn(states: list[str]) -> str:
    """The inside of the drawing, one path for each word."""
    paths: dict[str, str] = {}
    for state, start, length in _runs(states):
        height = _HEIGHTS.get(state, 8)
        paths[state] = paths.get(state, "") + f"M{start} 8v-{height}h{length}v{height}z"
    inner = "".join(f'<path class=f-{state} d="{path}"/>' for state, path in paths.items())
    return f'viewBox="0 0 {len(states)} 8" preserveAspectRatio=none>{inner}'


def _runs(states: list[str]) -> Iterator[tuple[str, int, int]]:
    start = 0
    for state, group in itertools.groupby(states):
        length = len(list(group))
        if state:
            yield state, start, length
        start += length
