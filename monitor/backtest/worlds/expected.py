"""Who should hear of what in a world, as frozen values: what is right, what may come, what never may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.backtest.worlds.alerts import Severity
from monitor.backtest.worlds.words import At, Known, Precision


@dataclass(frozen=True, slots=True)
class Needs:
    """Which of our lines an expectation presupposes; where they do not stand it is unobservable, and nobody missed it.

    All count independent lines (boxes of one cohort are one) among those that this span of the cause touches: of the
    row's own network where it has one, else of its country; operators always of the country. A line *gets out* if a
    way home of it passes meanwhile.

    Attributes:
        lines, lines_at_most: how many there are.
        ways_out, ways_out_at_most: how many of them get out.
        operators: how many operators have such a line. operators_out: ... one that gets out.
        operators_silent, operators_silent_at_most: ... such lines, and none of them gets out.
        landmarks: whether landmarks that fall with the cause stand in that network.
        others: how many lines of ours in the same country the cause does not touch.
    """

    lines: int = 0
    lines_at_most: int | None = None
    ways_out: int = 0
    ways_out_at_most: int | None = None
    operators: int = 0
    operators_out: int = 0
    operators_silent: int = 0
    operators_silent_at_most: int | None = None
    landmarks: bool = False
    others: int = 0


@dataclass(frozen=True, slots=True)
class Expect:
    """One alert that should reach somebody, once, because of one span of one cause.

    Attributes:
        labels: those it must have; others it may have.
        severity: this or a higher one: on a single line with a finding in hand a ticket may well be a page.
        onset_ms: what it speaks of: the beginning of that span, or its end (`at`).
        until_ms: by when it no longer counts as found: the end of the span, or `within` after the onset.
        known: LATER is for the late look: written when the backlog came, never held against the live rules.
        why: what makes it the honest expectation, where that is not plain.
    """

    alert: str
    labels: Mapping[str, str]
    severity: Severity
    onset_ms: int
    until_ms: int
    precision: Precision
    assumed: bool
    cause: str
    at: At = At.ONSET
    known: Known = Known.LIVE
    needs: Needs = Needs()
    why: str = ""

    @property
    def timed(self) -> bool:
        """Whether a delay may be told of it; else it is found, missed or of the wrong class."""
        return self.precision is Precision.MINUTE and not self.assumed


@dataclass(frozen=True, slots=True)
class Allowed:
    """An alert that may come, or never may, and why. Labels that are not named may be anything."""

    alert: str
    labels: Mapping[str, str]
    severity: Severity | None
    why: str
