"""Of samples that are not taken together: finds by halving which are to blame. Asks, and knows nothing of who is asked.

It can be put down and taken up again, so that whoever else has something to send is not kept waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from typing import Generic, TypeVar

from monitor.home.answers import Outcome

MOST_QUESTIONS = 64  # about one batch: what is refused after them is set aside whole

Sample = TypeVar("Sample")
Ask = Callable[[Sequence[Sample]], Awaitable[Outcome]]


class Progress(Enum):
    DONE = auto()  # every sample is delivered or in `refused`
    OPEN = auto()
    NOBODY = auto()  # answered: the same piece should come again


class Sifting(Generic[Sample]):
    """Of samples that were not taken as they are.

    Attributes:
        refused: those to blame, as far as they are known.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._pieces = _halved(samples)
        self._questions = 0
        self.refused: list[Sample] = [] if self._pieces else [*samples]

    async def go_on(self, ask: Ask[Sample], *, most: int = MOST_QUESTIONS) -> Progress:
        """Asks so many questions more, and delivers what can be."""
        for _ in range(most):
            if not self._pieces:
                break
            piece = self._pieces[-1]
            outcome = await ask(piece)
            if outcome is Outcome.LATER:
                return Progress.NOBODY
            self._pieces.pop()
            self._questions += 1
            if outcome is not Outcome.TAKEN:
                halves = _halved(piece) if self._questions < MOST_QUESTIONS else []
                self._pieces += halves
                self.refused += piece if not halves else ()
        return Progress.OPEN if self._pieces else Progress.DONE


def _halved(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    """Nothing where there is only one."""
    middle = len(samples) // 2
    return [samples[:middle], samples[middle:]] if middle else []
