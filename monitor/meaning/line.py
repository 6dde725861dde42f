"""What is known of the line itself while a target is judged: whose fault is what fails on it? Pure."""

from __future__ import annotations

from dataclasses import dataclass

from probes.facts import Round
from probes.words import INTERFERENCE, Finding

_POOR = 0.5  # share of canaries below which a failure is the line's: a week at 90 % loss in bursts (test_weeks.py)
WELL = 0.8  # above it the rules take a line for a witness, and nobody's word for a block rests on a worse one


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of the line itself at the moment of judging, from everything but the target in question."""

    foreign_seen: bool
    canaries: int
    names_dead: bool
    house: frozenset[Finding] = frozenset()  # what this house does to it
    spoilt: frozenset[Finding] = frozenset()  # the part of it that spoils what is reached as well
    known: frozenset[Finding] = frozenset()  # what is wrong here and spoils nothing: it is allowed for
    reach: float | None = None  # share of the usable international canaries that answered when last walked
    unwell_ms: tuple[int, int] | None = None  # from when, and until when, it was last not known to be well
    named_ms: int | None = None  # when another service's name last resolved here; None where none is asked for

    @property
    def poor(self) -> bool:
        return self.reach is not None and self.reach < _POOR

    @property
    def well(self) -> bool:
        """As far as is known: with too few canaries the judge has his own word."""
        return self.reach is None or self.reach >= WELL

    def was_unwell(self, at_ms: int) -> bool:
        """What failed then says nothing, though at that moment no canary said so yet."""
        return self.unwell_ms is not None and self.unwell_ms[0] <= at_ms <= self.unwell_ms[1]

    @property
    def carries(self) -> bool:
        """A failure on a line that carries next to nothing says nothing of the target."""
        return self.foreign_seen and not self.names_dead and not self.poor and not self.house

    @property
    def dark(self) -> bool:
        """Next to nothing abroad answers, and it is not this house: a cut, a bad line, or only listed names pass."""
        return (self.poor or not self.foreign_seen) and not self.names_dead and not self.house

    def blames(self, done: Round, *, proven: bool = False) -> bool:
        """Whether a failed round speaks of its target; one with a proof of interference does on a poor line too.

        `proven`: comparisons have named the cause.
        """
        proven = proven or any(not INTERFERENCE.isdisjoint(walk.findings) for walk in done.walks)
        return self.carries or (proven and self.foreign_seen and not self.house)
