"""What a rule would say, moment by moment: an alert begins to fire, an alert ends. Knows nobody who hears it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.home.remotewrite import Labels
from monitor.promql.labelsets import Bools, Floats, Ints, Labelsets, Rows
from monitor.promql.vector import Vector


@dataclass(frozen=True, slots=True)
class Change:
    """`labels`: as Alertmanager would get them, `alertname` among them. `value`: of its expression then, or last."""

    at_ms: int
    alert: str
    labels: Labels
    fires: bool
    value: float


@dataclass(slots=True)
class _Known:
    since_ms: float | None = None  # there without a break since
    fires: bool = False
    value: float = np.nan


class Alerting:
    """The state of one alerting rule: who is pending, who fires."""

    def __init__(self, alert: str, for_ms: int) -> None:
        self._alert = alert
        self._for_ms = for_ms
        self._known: dict[Labels, _Known] = {}

    def changes(self, at_ms: Ints, vector: Vector, failed: Bools | None) -> Iterator[Change]:
        """In order of rows. Where the rule failed, everything stays as it was."""
        fine = np.arange(len(at_ms)) if failed is None else np.flatnonzero(~failed)
        there, values, times = vector.there[:, fine], vector.values[:, fine], at_ms[fine]
        met = {vector.labels.rows[row]: int(row) for row in _some(vector.labels, there)}
        for labels in met.keys() | self._known.keys():
            row = met.get(labels)
            known = self._known.setdefault(labels, _Known())
            if row is None:
                yield from self._gone(labels, known, times)
            else:
                yield from self._lived(labels, known, times, there[row], values[row])
        self._known = {labels: known for labels, known in self._known.items() if known.since_ms is not None}

    def _gone(self, labels: Labels, known: _Known, times: Ints) -> Iterator[Change]:
        if len(times):
            if known.fires:
                yield Change(int(times[0]), self._alert, labels, False, known.value)
            known.since_ms, known.fires = None, False

    def _lived(
        self,
        labels: Labels,
        known: _Known,
        times: Ints,
        there: Bools,
        values: Floats,
    ) -> Iterator[Change]:
        """From one edge to the next."""
        edges = np.flatnonzero(np.diff(there)) + 1
        for first, end in zip([0, *edges], [*edges, len(times)], strict=True):
            if not there[first]:
                yield from self._gone(labels, known, times[first:])
                continue
            if known.since_ms is None:
                known.since_ms = float(times[first])
            ripe = first + int(np.searchsorted(times[first:end], known.since_ms + self._for_ms))
            if not known.fires and ripe < end:
                known.fires = True
                yield Change(int(times[ripe]), self._alert, labels, True, float(values[ripe]))
            known.value = float(values[end - 1])


def _some(labels: Labelsets, there: Bools) -> Rows:
    return np.flatnonzero(there.any(axis=1))
