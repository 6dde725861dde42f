"""One look for each word of a state or a verdict, on every wall, page and dossier; it never says what a word means.

Colours after Okabe and Ito (2008), told apart by people who do not see red and green, or blue and yellow; the grey is
darker than theirs, which is one colour with the purple to a deuteranope. Nobody needs the colour: each look has a sign.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a word is drawn.

    Args:
        sign: one character that stands for it where there is no colour.
        fill: of an area; the same on light and dark.
        on_fill: of text on that area (4.5:1 and more).
        ink: of text on a light ground (4.5:1 and more).
        ink_dark: of text on a dark ground (4.5:1 and more).
    """

    sign: str
    fill: str
    on_fill: str
    ink: str
    ink_dark: str


_WELL = Look("●", "#009E73", "#000000", "#007857", "#17A780")
_SLOW = Look("◐", "#0072B2", "#FFFFFF", "#006DAB", "#4D9CC9")
_MIXED = Look("◇", "#F0E442", "#000000", "#716B1F", "#F0E442")
_NOBODY_KNOWS = Look("○", "#666666", "#FFFFFF", "#666666", "#949494")
_REFUSED = Look("■", "#56B4E9", "#000000", "#346E8E", "#56B4E9")
_NOT_REACHED = Look("▲", "#E69F00", "#000000", "#8C6100", "#E69F00")
_HELD_BACK = Look("◆", "#D55E00", "#000000", "#AD4C00", "#DD7B2E")
_CUT = Look("✕", "#D07FAD", "#000000", "#915677", "#CC79A7")

# what one vantage can say; the order is the order of concern, and its place the number a panel draws a word as
STATES = {
    "ok": _WELL,
    "insufficient": _NOBODY_KNOWS,
    "slow": _SLOW,
    "refused": _REFUSED,
    "broken": _NOT_REACHED,
    "interfered": _HELD_BACK,
    "cut_off": _CUT,
}

# what the comparison of vantages says; likewise
VERDICTS = {
    "ok": _WELL,
    "throttled": _SLOW,
    "mixed": _MIXED,
    "unknown": _NOBODY_KNOWS,
    "refused": _REFUSED,
    "down": _NOT_REACHED,
    "blocked": _HELD_BACK,
    "cut_off": _CUT,
}

# how loud an alert is
SEVERITIES = {"info": _REFUSED, "ticket": _NOT_REACHED, "page": _HELD_BACK}
