"""Closed words as the numbers a panel draws, and numbers as words, signs and colours (dashboards/palette.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from grafana_foundation_sdk.models import dashboard as model

from dashboards.palette import SEVERITIES, STATES, VERDICTS, Look

Table = Mapping[str, Look]

# how much of what lies abroad a network reaches: above 0.8, between, under 0.2; and nobody was heard
REACHES: Table = {
    "reaches abroad": VERDICTS["ok"],
    "in part": VERDICTS["mixed"],
    "silent": VERDICTS["unknown"],
    "cut off": VERDICTS["cut_off"],
}
WELL, IN_PART, SILENT, CUT = range(4)

# on how many networks of a country
SHARES = (
    (None, "none", VERDICTS["ok"]),
    (0.001, "some", VERDICTS["mixed"]),
    (0.5, "half and more", VERDICTS["down"]),
    (0.999, "all", VERDICTS["blocked"]),
)

# what is known of a service by what was recorded, in order of concern: measured, and home too late for anybody to say
# anything; then what was said, and the same where boxes measured that were not heard at the time
SAID: Table = {
    "came_late": replace(VERDICTS["unknown"], sign="◌", fill="#7B8087"),
    **{key: look for word, look in VERDICTS.items() for key in (word, f"{word}, more since")},
}

PASSES: Table = {"fails": VERDICTS["blocked"], "passes": VERDICTS["ok"]}
LIVES: Table = {"broken": VERDICTS["blocked"], "well": VERDICTS["ok"]}
TOLD: Table = {"": VERDICTS["unknown"], **SEVERITIES}

__all__ = ["LIVES", "PASSES", "REACHES", "SAID", "SHARES", "STATES", "TOLD", "VERDICTS", "as_values", "number"]


def number(table: Table, word: str) -> int:
    """The place of a word in its table."""
    return list(table).index(word)


def as_values(table: Table) -> list[model.ValueMapping]:
    """Every number of a table as its sign and word, in its colour."""
    options = {
        str(place): model.ValueMappingResult(
            text=f"{look.sign} {word.replace('_', ' ')}".strip(), color=look.fill, index=place
        )
        for place, (word, look) in enumerate(table.items())
    }
    return [model.ValueMap(options=options)]


def as_words(table: Table) -> list[model.ValueMapping]:
    """Every word of a table as its sign and itself, in its colour: for tables whose cells hold words."""
    options = {
        word: model.ValueMappingResult(
            text=f"{look.sign} {word.replace('_', ' ')}".strip(), color=look.fill, index=place
        )
        for place, (word, look) in enumerate(table.items())
    }
    return [model.ValueMap(options=options)]
