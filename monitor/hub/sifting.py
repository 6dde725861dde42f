"""Of samples that are not taken together: finds by halving which are to blame. Asks, and knows nothing of who is asked.

The vantage's way home does the same with its ticks (monitor/ship.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from monitor.hub.batch import Sample
from monitor.hub.forward import Outcome

MOST_QUESTIONS = 64  # about one batch: what is refused after them is set aside whole

Ask = Callable[[Sequence[Sample]], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Sifted:
    """`done`: every sample is delivered or in `refused`; otherwise nobody answered, and it should come again whole."""

    done: bool
    refused: tuple[Sample, ...] = ()
    questions: int = 0


async def sift(samples: Sequence[Sample], ask: Ask, *, most: int = MOST_QUESTIONS) -> Sifted:
    """`samples` were not taken as they are; delivers what can be."""
    refused: list[Sample] = []
    pieces, questions = _halved(samples), 0
    refused += samples if not pieces else ()
    while pieces:
        piece = pieces.pop()
        questions += 1
        match await ask(piece):
            case Outcome.UNDELIVERED:
                return Sifted(False, questions=questions)
            case Outcome.DELIVERED:
                continue
            case Outcome.REFUSED | Outcome.FAULT:
                halves = _halved(piece) if questions < most else []
                pieces += halves
                refused += piece if not halves else ()
    return Sifted(True, tuple(refused), questions)


def _halved(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    """Nothing where there is only one."""
    middle = len(samples) // 2
    return [samples[:middle], samples[middle:]] if middle else []
