"""When memory is looked through for garbage: when there is more than there was, and never in the middle of a tick.

What nobody refers to any more goes at once; the collector is there for knots of things that refer to each other, of
which walks leave none. It looks through all that lives each time a quarter of it is new: with ten thousand targets a
tenth of a second and more, while starts waited, several times a minute, and it found nothing. A leak of knots would be
growth, and growth is looked into.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Iterator

_GROWN = 1.25  # times what lived after the last look: the collector's own quarter, but of what is there to stay
_NEVER = 1_000_000  # collections of the young between two of the old

_lock = threading.Lock()
_holding = 0


def only_when_grown() -> None:
    """From now on nobody looks through what is old but who says so here; the young are looked through as ever."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """For whoever has a hundred thousand things in hand for a moment, on whatever thread: none of them is looked at."""
    global _holding
    with _lock:
        _holding += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _holding -= 1
            if not _holding:
                gc.enable()


class Garbage:
    """Of this process, which has one collector."""

    def __init__(self) -> None:
        self._blocks = sys.getallocatedblocks()

    def settle(self) -> None:
        """Looks through everything. What lives now, code and catalogue, stays, and is not looked at again."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._blocks = sys.getallocatedblocks()

    @contextlib.contextmanager
    def left_alone(self) -> Iterator[None]:
        """A tick holds everything in its hands. After it is the time to look, if there is more than there was."""
        with held():
            yield
        if sys.getallocatedblocks() > self._blocks * _GROWN:
            gc.collect()
            self._blocks = sys.getallocatedblocks()
