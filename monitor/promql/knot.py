"""Rules that read what they are read by, lived through together: supposes that nothing changes, and finds where it did.

Each looks up at what others wrote a moment ago. While all of them write again what they wrote last, hours can be taken
in one go; the first moment at which one writes otherwise is itself right, for all it read was, and so is everything up
to the moment at which somebody has to see it. What comes after is supposed anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.promql.labelsets import Ints
from monitor.promql.living import Living, Words
from monitor.promql.now import Now
from monitor.promql.order import Stage, Step
from monitor.promql.recorded import Recorded
from monitor.promql.sources import Database
from monitor.promql.vector import Vector


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    step: Step
    living: Living
    now: Now
    vector: Vector


class Knot:
    """`livings`: of every step, by its place."""

    def __init__(self, stage: Stage, livings: Mapping[int, Living], database: Database) -> None:
        self._stage, self._database = stage, database
        self._livings = [livings[step.place] for step in stage.steps]
        self._looked_up_at = {back.writer.place for back in stage.backs}

    def lived(self, first_ms: int, last_ms: int) -> Iterator[tuple[Step, Words]]:
        """All of that time; each step's words in the order of time."""
        ahead_ms = last_ms + 1 - first_ms
        while first_ms <= last_ms:
            end_ms = min(first_ms + ahead_ms - 1, last_ms)
            reached_ms, found = self._supposed(first_ms, end_ms)
            if reached_ms < first_ms:  # a rule failed, and says so moment by moment
                yield from self._segments(first_ms, end_ms)
                reached_ms = end_ms
            for each in found:
                yield each.step, each.living.told(each.now, each.vector)
            ahead_ms = 2 * (reached_ms + 1 - first_ms)
            first_ms = reached_ms + 1

    def _segments(self, since_ms: int, until_ms: int) -> Iterator[tuple[Step, Words]]:
        """Without supposing anything."""
        for first_ms, last_ms in self._stage.segments(since_ms, until_ms):
            for living in self._livings:
                if moments := living.step.moments(first_ms, last_ms):
                    yield living.step, living.live(Now(_array(moments), living.step.place, self._database))

    def _supposed(self, first_ms: int, last_ms: int) -> tuple[int, Sequence[_Found]]:
        """Until when it is right, and what was found till then; before `first_ms` and nothing, where a rule failed."""
        marked = self._suppose(first_ms, last_ms)
        found: dict[int, _Found] = {}
        for living in self._livings:
            moments = living.step.moments(first_ms, last_ms)
            if not moments:
                continue
            now = Now(_array(moments), living.step.place, self._database)
            vector = living.found(now)
            last_ms = self._until(living, now, vector, last_ms)
            if now.failed is not None:
                last_ms, found = first_ms - 1, {}
                break
            found[living.step.place] = _written(_Found(living.step, living, now, vector), last_ms)
        for recorded in (recorded for place, recorded in marked.items() if place not in found):
            recorded.take_back()
        kept = [_written(each, last_ms) for each in found.values()]
        return last_ms, [each for each in kept if each.now.moments]

    def _suppose(self, first_ms: int, last_ms: int) -> dict[int, Recorded]:
        """Who may have to take something back, by place."""
        marked: dict[int, Recorded] = {}
        for living in self._livings:
            step, recorded = living.step, living.recorded
            if recorded is not None and (moments := step.moments(first_ms, last_ms)):
                recorded.mark(len(moments))
                marked[step.place] = recorded
                if step.place in self._looked_up_at:
                    recorded.suppose(_array(moments))
        return marked

    def _until(self, living: Living, now: Now, vector: Vector, last_ms: int) -> int:
        """Until when nobody sees that it did not write what was supposed."""
        if living.recorded is None or living.step.place not in self._looked_up_at:
            return last_ms
        other = living.recorded.otherwise(living.recording(now, vector))
        if not other.any():
            return last_ms
        return int(min(last_ms, self._stage.seen_after(living.step, int(now.at_ms[other.argmax()]))))


def _written(found: _Found, last_ms: int) -> _Found:
    """It, up to then, in the place of what was supposed or written."""
    kept = int(np.searchsorted(found.now.at_ms, last_ms, "right"))
    if kept < found.now.moments:
        now = Now(found.now.at_ms[:kept], found.now.place, found.now.database)
        vector = Vector(found.vector.labels, found.vector.values[:, :kept], found.vector.there[:, :kept])
        found = _Found(found.step, found.living, now, vector)
    if found.living.recorded is not None:
        found.living.recorded.take_back()
        if kept:
            found.living.write(found.now, found.vector)
    return found


def _array(moments: range) -> Ints:
    return np.arange(moments.start, moments.stop, moments.step)
