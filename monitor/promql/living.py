"""One rule through time: evaluates its plan, writes what it records, says which of its alerts change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.home.remotewrite import STALE, Labels
from monitor.promql.alerting import Alerting, Change
from monitor.promql.labelsets import NAME, changed
from monitor.promql.now import Now
from monitor.promql.order import ALERTS, Step
from monitor.promql.recorded import Recorded
from monitor.promql.understood import evaluated
from monitor.promql.vector import Vector, relabelled


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What a rule recorded of one series; a STALE value marks where it ended."""

    series: Labels
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that Prometheus would refuse at so many moments, the first of them, and why. It wrote nothing there."""

    at_ms: int
    rule: str
    moments: int
    why: str


Words = tuple[list[Change], list[Piece], list[Failure]]


@dataclass(frozen=True, slots=True, eq=False)
class Living:
    """`recorded`: None where nobody reads it. `kept`: whether it is handed back."""

    step: Step
    recorded: Recorded | None
    alerting: Alerting | None
    kept: bool

    def live(self, now: Now) -> Words:
        found = self.found(now)
        self.write(now, found)
        return self.told(now, found)

    def found(self, now: Now) -> Vector:
        """What its expression says, by the labels of what it yields."""
        return relabelled(evaluated(self.step.rule.plan, now), self, self._named, now)

    def recording(self, now: Now, found: Vector) -> Vector:
        """What is written of that: of an alert, that it fires."""
        if self.alerting is None:
            return found
        return relabelled(Vector(found.labels, np.ones_like(found.values), found.there), ALERTS, _firing, now)

    def write(self, now: Now, found: Vector) -> None:
        if self.recorded is not None:
            self.recorded.write(now.at_ms, self.recording(now, found), now.failed)

    def told(self, now: Now, found: Vector) -> Words:
        """Once it is written: what changes, what was recorded last, and where it failed."""
        changes = list(self.alerting.changes(now.at_ms, found, now.failed)) if self.alerting is not None else []
        pieces = list(self._pieces(now)) if self.kept else []
        return changes, pieces, list(self._failed(now))

    def _named(self, labels: Labels) -> Labels:
        rule = self.step.rule
        named = [(NAME, ""), ("alertname", rule.alert)] if rule.alert else [(NAME, rule.record)]
        return changed(labels, [*rule.labels, *named])

    def _pieces(self, now: Now) -> Iterator[Piece]:
        if self.recorded is not None:
            for labels, values, there, ended in self.recorded.newest(len(now.at_ms)):
                told = there | ended
                if told.any():
                    yield Piece(labels, now.at_ms[told], np.where(ended, STALE, values)[told])

    def _failed(self, now: Now) -> Iterator[Failure]:
        if now.failed is not None:
            moments = np.flatnonzero(now.failed)
            why = "; ".join(dict.fromkeys(now.why))
            yield Failure(int(now.at_ms[moments[0]]), self.step.rule.name, len(moments), why)


def _firing(labels: Labels) -> Labels:
    return changed(labels, [(NAME, ALERTS), ("alertstate", "firing")])
