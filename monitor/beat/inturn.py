"""Whose turn it is in an errand of several targets: the next of them each time, all of them at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from monitor.beat.errands import Errand
from monitor.beat.turns import Turns
from monitor.meaning.view import View
from probes.facts import Target


class InTurn:
    """Of one vantage. `turns`: of each target, whose endpoints are walked in turn as well."""

    def __init__(self, view: View, turns: Mapping[str, Turns]) -> None:
        self._view, self._turns = view, turns
        self._next = Counter[str]()

    def chosen(self, errand: Errand, spared: frozenset[str]) -> list[Target]:
        """The next of them; all, as long as one was never walked, so that a fresh start knows its line at once."""
        if len(errand.targets) > errand.a_round:
            never = [t for t in errand.targets if self._view.standings[t.name].record.last is None]
            if never:
                return list(errand.targets)
        here = self.free(errand, spared)
        first = self._next[errand.name]
        self._next[errand.name] += errand.a_round
        return [here[(first + step) % len(here)] for step in range(min(errand.a_round, len(here)))]

    def free(self, errand: Errand, spared: frozenset[str]) -> list[Target]:
        """All but the canaries whose addresses are left alone; those as well where there is no other."""
        here = [t for t in errand.targets if t.scope is None or t.endpoints[0].address not in spared]
        return here or list(errand.targets)

    def pass_over(self, errand: Errand, rounds: int) -> None:
        """Goes on as if so many rounds had been walked, where nothing would have come of them (monitor/backtest)."""
        self._next[errand.name] += errand.a_round * rounds
        if len(errand.targets) == 1:
            self._turns[errand.targets[0].name].count += rounds
