"""Memory is looked through when it has grown, after a tick; whatever is held in hand meanwhile is left alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from monitor import garbage
from monitor.garbage import Garbage


class Knot:
    """Refers to itself: only the collector lets it go."""

    def __init__(self, weight: int = 0) -> None:
        self.itself, self.weight = self, [object() for _ in range(weight)]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    gc.enable()


def a_knot_that_is_old() -> weakref.ref[Knot]:
    knot = Knot()
    gc.collect()
    return weakref.ref(knot)


def test_nothing_is_looked_through_while_a_tick_is_taken() -> None:
    with Garbage().left_alone():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_tick_that_fails_leaves_the_collector_at_work() -> None:
    with pytest.raises(OSError, match="disk"), Garbage().left_alone():
        raise OSError("disk")
    assert gc.isenabled()


def test_who_lets_go_first_does_not_let_go_for_the_other() -> None:
    with garbage.held():
        with garbage.held():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_old_knots_are_untied_once_there_is_more_than_there_was_and_not_before() -> None:
    garbage.only_when_grown()
    of_ours = Garbage()
    of_ours.settle()
    gone = a_knot_that_is_old()
    with of_ours.left_alone():
        some = [[number] for number in range(10_000)]
    assert gone() is not None, "as much as before: nobody looked"
    with of_ours.left_alone():
        more = [object() for _ in range(4_000_000)]
    assert gone() is None
    assert len(some) < len(more)


def test_what_has_settled_is_not_looked_at_again_and_goes_all_the_same() -> None:
    kept = [Knot()]
    Garbage().settle()
    assert gc.get_freeze_count() > 1_000
    kept[0].itself, gone = Knot(), weakref.ref(kept[0])
    kept.clear()
    assert gone() is None, "nobody refers to it"
