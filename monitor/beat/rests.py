"""When a round that is due is better left out: what fails for long is asked for less, and a quiet box keeps still."""

from __future__ import annotations

from monitor.beat.errands import Errand
from monitor.judge import State
from monitor.meaning.view import View
from monitor.pace import Pace
from probes.ports import Clock
from probes.words import Scope

_FAILING = (State.BROKEN, State.INTERFERED)


class Rests:
    """Of one box.

    What is not essential and has failed for a day is walked every other round: whoever must not reach it is not to be
    seen knocking for ever. Where its keeper chose so (`quiet:`), a box that reaches nothing abroad asks four canaries
    twice an hour and sends nothing else at all: on a line where all else is dark it would stand out.
    """

    def __init__(self, view: View, pace: Pace, *, quiet: bool = False) -> None:
        self._view, self._pace, self._quiet = view, pace, quiet
        self._asked_s = float("-inf")

    @property
    def hushed(self) -> bool:
        """Nothing but those canaries is to leave this box now."""
        return self._quiet and not self._view.canaries.foreign_seen

    def leaves_out(self, errand: Errand, number: int, clock: Clock) -> bool:
        elapsed_s = clock.elapsed_s()
        if self.hushed:
            if errand.scope is not Scope.INTERNATIONAL or elapsed_s - self._asked_s < self._pace.quiet_s:
                return True
            self._asked_s = elapsed_s
            return False
        return number % 2 == 1 and not errand.essential and self._fails_for_long(errand, clock.now_ms())

    def _fails_for_long(self, errand: Errand, now_ms: int) -> bool:
        standings = [self._view.standings[target.name] for target in errand.targets]
        long_ms = self._pace.standing_s * 1000
        return all(each.judgement.state in _FAILING and now_ms - each.since_ms >= long_ms for each in standings)
