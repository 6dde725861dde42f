"""One colour for each word everywhere, told apart by people who do not see red and green (Okabe and Ito, 2008)."""

from __future__ import annotations

# verdict -> (the number a panel draws it as, colour); the order of the numbers is the order of concern
VERDICTS = {
    "ok": (0, "#009E73"),
    "throttled": (1, "#0072B2"),
    "mixed": (2, "#F0E442"),
    "unknown": (3, "#999999"),
    "refused": (4, "#56B4E9"),
    "down": (5, "#E69F00"),
    "blocked": (6, "#D55E00"),
    "cut_off": (7, "#CC79A7"),
}
