"""What the shipped rules make of these spools, as known now: what they record of networks and services, by time.

Every tick counts at its own time, as if it had come home at once. Who is expected is who kept these spools.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor import metrics
from monitor.backtest.hearing import Rules, stated
from monitor.backtest.replay import columns
from monitor.evidence.lines import UNKNOWN, Box
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from monitor.home.remotewrite import Labels
from monitor.hub.registry import Registry
from monitor.promql.evaluation import Evaluation
from monitor.promql.told import is_marker
from probes import catalogue
from probes.facts import Vantage
from probes.words import Access, Role

REACH = "didban:network_reach:ratio"
SHUTDOWN, SURE = "didban:network_shutdown:timestamp", "didban:network_shutdown_sure:timestamp"
OUTAGE, SILENCE = "didban:network_outage:timestamp", "didban:network_silence:timestamp"
LANDMARKS = "didban:network_landmarks_silent:bool"
CUT_LINES, SILENT_LINES = "didban:network_cut:lines", "didban:network_silent:lines"
VERDICT, VERDICT_LINES = "didban:service_verdict", "didban:service_verdict:lines"
SPEAKING = "didban:service_speaking:lines"
PROOF, BLOCK_SURE = "didban:vantage_service_proof:max", "didban:service_block_sure:timestamp"
CONTROL_OK, CONTROL_FAILS = "didban:service_control_ok:count", "didban:service_control_fails:count"
_KEPT = (
    REACH, SHUTDOWN, SURE, OUTAGE, SILENCE, LANDMARKS, CUT_LINES, SILENT_LINES, VERDICT, VERDICT_LINES, SPEAKING, PROOF,
    BLOCK_SURE, CONTROL_OK, CONTROL_FAILS,
)  # fmt: skip
CONNECTIVITY, FINDING = metrics.CONNECTIVITY.name, metrics.TARGET_FINDING.name
_RAW = frozenset({CONNECTIVITY, FINDING})
TURN_MS = 15_000  # as often as the rules are evaluated
_BEFORE_MS = 2 * 3_600_000  # what rules remember of lines when the window begins; of longer memory nothing is shown
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One series: what it said when."""

    labels: Mapping[str, str]
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]

    def within(self, since_ms: int, until_ms: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.values[self._between(since_ms, until_ms)]
        return found

    def _between(self, since_ms: int, until_ms: int) -> slice:
        low, high = np.searchsorted(self.times_ms, [since_ms, until_ms], "left")
        return slice(int(low), int(high))

    def runs(self, since_ms: int, until_ms: int, gap_ms: int) -> Iterator[tuple[int, int]]:
        """From when until when it was there, holes shorter than `gap_ms` closed; the end is a turn after the last."""
        times = self.times_ms[self._between(since_ms, until_ms)]
        if not len(times):
            return
        breaks = np.flatnonzero(np.diff(times) > gap_ms)
        firsts = np.concatenate(([0], breaks + 1))
        lasts = np.concatenate((breaks, [len(times) - 1]))
        for first, last in zip(firsts, lasts, strict=True):
            yield int(times[first]), min(int(times[last]) + TURN_MS, until_ms)


@dataclass(frozen=True, slots=True)
class Played:
    """Series by name: of rules, and the raw ones that are shown themselves. `rules`: the digest of the rule files."""

    series: Mapping[str, Sequence[Told]]
    rules: str

    def of(self, name: str, **labels: str) -> Iterator[Told]:
        for each in self.series.get(name, ()):
            if all(each.labels.get(key, "") == value for key, value in labels.items()):
                yield each


def wanted() -> frozenset[str]:
    """Names of the series that boxes state and rules read, and of those that are shown themselves."""
    return (Rules.shipped().names | _RAW) - {each.name for each in metrics.FROM_THE_HUB}


def played(boxes: Sequence[Box], window: Window, progress: Progress) -> Played:
    rules = Rules.shipped()
    since_ms = window.since_ms - _BEFORE_MS
    evaluation = Evaluation(rules.groups, keep=_KEPT, since_ms=since_ms)
    speak = [each for each in boxes if each.ticks is not None]  # of who kept none nobody can say that they fell silent
    hub, spools = registry(speak), [each.kept for each in speak]
    parts: defaultdict[Labels, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = defaultdict(list)
    hours = range(since_ms, window.until_ms, _HOUR_MS)
    for from_ms in progress.over(hours, "rules, hours", len(hours)):
        end_ms = min(from_ms + _HOUR_MS, window.until_ms)
        for column in (*columns(spools, rules.names | _RAW, from_ms, end_ms), *stated(hub, from_ms, end_ms)):
            evaluation.take(column.labels, column.times_ms, column.values)
            if dict(column.labels)["__name__"] in _RAW:
                parts[column.labels].append((np.array(column.times_ms), np.array(column.values)))
        for _ in evaluation.until(end_ms - 1):
            pass  # who would have been told is `didban backtest SPOOL`'s to say
        for piece in evaluation.recorded():
            parts[piece.series].append((piece.times_ms, piece.values))
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for labels in sorted(parts):
        named = dict(labels)
        found[named.pop("__name__")].append(_told(named, parts[labels]))
    return Played(found, rules.digest)


def _told(labels: Mapping[str, str], parts: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> Told:
    times, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    real = ~is_marker(values)
    return Told(labels, times[real], values[real])


def registry(boxes: Sequence[Box]) -> Registry:
    """Whoever kept these spools, and every service that is shipped."""
    vantages = {each.identity.get("vantage", each.name): _vantage(each) for each in boxes}
    services, _ = catalogue.load(list(catalogue.shipped()), beside=Path(), responder="responder.invalid")
    return Registry(vantages, frozenset(), (), (), services)


def _vantage(box: Box) -> Vantage:
    who = box.identity
    return Vantage(
        who.get("vantage", box.name), who.get("country", "ZZ"), Role(who.get("role", "inside")),
        Access(who.get("access", "fixed")), who.get("network", ""), who.get("cohort", UNKNOWN),
    )  # fmt: skip
