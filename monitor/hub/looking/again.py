"""The shipped rules lived through once more over a stretch of the past. Pure: asks nobody, tells nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from monitor import metrics
from monitor.beside.rulefiles import RULES, scaled
from monitor.home.remotewrite import Labels
from monitor.promql import reading
from monitor.promql.alerting import Change
from monitor.promql.evaluation import Evaluation
from monitor.promql.needing import needs

_FAMILIES = ("shutdown", "service")
_NAMED = ("country", "network", "service", "extent")
_LONGEST_ONSET_MS = 24 * 3_600_000  # an alert's value is its onset where it has one; no rule looks further back for it
_MEMORY_EVERY_MS = 300_000  # groups as slow as this keep memory (monitor/rules/memory.yml); others find out anew
_APART_MS = 120_000  # an alert that ends and begins again within this is one incident: a ticket that became a page

Samples = tuple[Labels, Sequence[int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Incident:
    """What a rule says of a place, from when to when.

    Attributes:
        labels: `alert`, and of country, network, service, extent what applies.
        onset_ms: when it began, by the evidence; `fired_ms`: when the rule would have said so.
        ended_ms: when it said so no longer; the end of what was looked at, where `over` is false.
    """

    labels: tuple[tuple[str, str], ...]
    severity: str
    onset_ms: int
    fired_ms: int
    ended_ms: int
    over: bool

    @property
    def key(self) -> str:
        return " ".join(text for _, text in self.labels)

    def as_alert(self) -> dict[str, str]:
        """Labels as the alert has them, for whoever compares alerts."""
        found = dict(self.labels)
        return {"alertname": found.pop("alert"), **found}


def read_names(times: float = 1) -> list[str]:
    """The raw series the rules read."""
    sent = {family.name for family in metrics.FAMILIES}
    text = " ".join(rule.expr for group in groups(times) for rule in group.rules)
    return sorted(sent & set(re.findall(r"\bdidban_[a-z0-9_]+", text)))


def remembered(times: float = 1) -> dict[str, int]:
    """The recorded series in which the rules keep what is older than what they look at, and how often each is written.

    Only those of which nobody asks but what was said last: a count over what was given and what is written would be of
    two series. Raises NotUnderstood.
    """
    known = groups(times)
    counted = {
        need.name
        for group in known
        for rule in group.rules
        for need in needs(rule.plan)
        if need.carried_ms == need.back_ms
    }
    slow = (group for group in known if group.interval_ms >= _MEMORY_EVERY_MS / times)
    return {
        rule.record: group.interval_ms
        for group in slow
        for rule in group.rules
        if rule.record and rule.record not in counted
    }


def groups(times: float = 1) -> list[reading.Group]:
    """The shipped rules; `times`: in a laboratory every duration is divided. Raises NotUnderstood."""
    if times == 1:
        return reading.shipped(RULES)
    found = []
    for path in sorted(RULES.glob("*.yml"), key=lambda each: (each.stem != "didban", each.stem != "memory", each.stem)):
        found += reading.parsed(scaled(path.read_text(encoding="utf-8"), times))
    return found


class Again:
    """One stretch: `live` through it piece by piece, each with its samples; then ask for `incidents`.

    `memory`: what the rules had recorded by then of the time before.
    """

    def __init__(self, since_ms: int, *, times: float = 1, memory: Iterable[Samples] = ()) -> None:
        self._evaluation = Evaluation(groups(times), since_ms=since_ms)
        self._take(memory)
        self._changes: list[Change] = []
        self._until_ms = since_ms

    def live(self, samples: Iterable[Samples], until_ms: int) -> None:
        self._take(samples)
        self._changes += (each for each in self._evaluation.until(until_ms) if _counts(each))
        self._until_ms = until_ms

    def _take(self, samples: Iterable[Samples]) -> None:
        for labels, times_ms, values in samples:
            self._evaluation.take(labels, np.array(times_ms, dtype=np.int64), np.array(values, dtype=np.float64))

    def incidents(self, country: str) -> list[Incident]:
        """Those of a country, in order of onset: a service that is down for everyone is no country's."""
        open_: dict[Labels, Change] = {}
        found: list[Incident] = []
        for change in self._changes:
            if change.fires:
                open_[change.labels] = change
            elif (began := open_.pop(change.labels, None)) is not None:
                found.append(_incident(began, change.at_ms, over=True))
        found += (_incident(began, self._until_ms, over=False) for began in open_.values())
        mine = (each for each in found if dict(each.labels).get("country") == country)
        return _joined(sorted(mine, key=lambda each: each.fired_ms))


def _counts(change: Change) -> bool:
    labels = dict(change.labels)
    return labels.get("family") in _FAMILIES and labels.get("severity") in ("page", "ticket")


def _incident(began: Change, ended_ms: int, *, over: bool) -> Incident:
    labels = dict(began.labels)
    named = (("alert", began.alert), *((key, labels[key]) for key in _NAMED if labels.get(key)))
    onset_ms = int(began.value * 1000) if np.isfinite(began.value) else 0
    if not began.at_ms - _LONGEST_ONSET_MS <= onset_ms <= began.at_ms:
        onset_ms = began.at_ms
    return Incident(named, labels["severity"], onset_ms, began.at_ms, ended_ms, over)


def _joined(found: Sequence[Incident]) -> list[Incident]:
    """A ticket that became a page is one incident, and a page."""
    joined: dict[str, list[Incident]] = {}
    for each in found:
        mine = joined.setdefault(each.key, [])
        if mine and each.fired_ms <= mine[-1].ended_ms + _APART_MS:
            last = mine.pop()
            severity = "page" if "page" in (last.severity, each.severity) else "ticket"
            later = max((last, each), key=lambda one: one.ended_ms)
            onset_ms, fired_ms = min(last.onset_ms, each.onset_ms), min(last.fired_ms, each.fired_ms)
            each = Incident(each.labels, severity, onset_ms, fired_ms, later.ended_ms, later.over)
        mine.append(each)
    return sorted((each for mine in joined.values() for each in mine), key=lambda each: (each.onset_ms, each.key))
