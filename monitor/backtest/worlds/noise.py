"""What happens to lines when nobody does anything: one profile a file, each figure with its source.

No figure here is a measurement of ours. A profile says what is drawn (by a keyed hash, so that a run repeats); it never
says what a box would make of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bursts:
    """Loss in two states, after Gilbert (1960) and Elliott (1963), lengths drawn exponentially about their means.

    Attributes:
        good_s, bad_s: mean lengths of the two states. lost_good, lost_bad: share of packets lost in each.
        in_common: share of the bad times that a whole network has at the same moment.
    """

    good_s: float
    bad_s: float
    lost_good: float
    lost_bad: float
    source: str
    in_common: float = 0.0


@dataclass(frozen=True, slots=True)
class Evening:
    """The neighbours are at home: every day between two hours of local time, as the time zone database has them."""

    from_hour: int
    until_hour: int
    lost: float
    delay_ms: float
    slower: float
    source: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A service that answers `status` for that share of the time, half an hour on end: it did answer."""

    service: str
    status: int
    share: float
    source: str


@dataclass(frozen=True, slots=True)
class Away:
    """A box that is gone for a while, and back by itself.

    Attributes:
        per_week: how often, drawn evenly over the week.
        for_s: mean length, drawn exponentially. farewell: share of them that begin with the last word of a clean stop.
        in_common: share of them that all boxes of one network have together (power of a district, an upgrade).
    """

    per_week: float
    for_s: float
    farewell: float
    source: str
    in_common: float = 0.0


@dataclass(frozen=True, slots=True)
class Card:
    """A dying disk: writes stall, more often every day, until it takes none.

    `after_s`: from the beginning of the world; `stalls_per_day`, each `for_s` long, until it is dead at `dead_after_s`.
    """

    after_s: float
    stalls_per_day: float
    for_s: float
    dead_after_s: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Noise:
    """One profile; what it does not name does not happen. `name` is that of its file."""

    name: str
    title: str
    bursts: Bursts | None = None
    evening: Evening | None = None
    limits: tuple[RateLimit, ...] = ()
    away: tuple[Away, ...] = ()
    card: Card | None = None
