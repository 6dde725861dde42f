"""Where to compare on a line on which too few canaries live to frame a comparison: does a name pass that may be listed?

On an SNI allow-list (Iran, the ends of 2022 and of 2026) canaries are dead by their names, not by their addresses: a
listed name, said to a host abroad, brings that host's own certificate. It is the name of a canary that still lives, or
of a host at home. On a line that is cut no name does, and then nothing is shown. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from probes.compare import Ground
from probes.facts import Endpoint, Target, Walk
from probes.words import Cell, Step

Strangers = Callable[[Sequence[Target]], list[Endpoint]]


@dataclass(slots=True)
class Listed:
    """`passed`: the name from home that framed the last comparison; `tried`: how many have not."""

    passed: str = ""
    tried: int = 0

    def ground(
        self, here: Endpoint, alive: Sequence[Target], dead: Sequence[Target], home: Sequence[str], strangers: Strangers
    ) -> Ground | None:
        """None where no name is left to try, or no address to say it to.

        Args:
            alive, dead: canaries abroad.
            home: names of hosts at home that answer.
            strangers: rested addresses beside `here`, the operator's own first, then of these canaries.
        """
        frame, other = self._frame(alive, dead, home)
        if frame is None:
            return None
        taken = frame.endpoints[0].address
        found = strangers([each for each in dead if each.endpoints[0].address != taken])
        if not found:
            return None
        instead = found[1] if len(found) > 1 else None
        return Ground(here, found[0], other, frame, frame, instead=instead)

    def _frame(self, alive: Sequence[Target], dead: Sequence[Target], home: Sequence[str]) -> tuple[Target | None, str]:
        """What must answer before and after, and the name by which: a canary by its own, or a dead one by another."""
        if alive:
            return alive[0], alive[0].endpoints[0].host
        if not home or not dead:
            return None, ""
        name = self.passed if self.passed in home else sorted(home)[self.tried % len(home)]
        return replace(dead[0], options={**dead[0].options, "says": name}), name

    def learn(self, ground: Ground, walks: Sequence[Walk]) -> bool:
        """Which name passed, so that the next comparison begins with it; True where another may be tried at once.

        Only silence behind an open connection is about the name: where none opens, no other name would pass either.
        """
        if "says" not in ground.before.options:
            return False
        before = next(each for each in walks if each.cell is Cell.BEFORE)
        self.passed = ground.other if before.reached else ""
        self.tried += not before.reached
        return not before.reached and before.last.step is Step.HANDSHAKE
