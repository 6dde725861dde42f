"""Shipped expressions asked of a real VictoriaMetrics over what our evaluator recorded: each says what ours said then."""

from __future__ import annotations

import json
import math
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from monitor.home.remotewrite import Labels
from monitor.promql import reading
from monitor.promql.needing import needs
from monitor.promql.reading import Group, Rule
from tests.monitor.home.receivers import victoria
from tests.monitor.hub.hubs import until
from tests.monitor.hub.late import MINUTE
from tests.monitor.told.past import past
from tests.monitor.told.test_explain_lived import given
from tests.rules.peace import dark, world
from tests.rules.test_early import spoken
from tests.rules.test_slowed import fetched, named
from tests.rules.world import RULES, World

_MINUTES = 45
_ASKED = (12, 26, 30, 44)  # minutes: in peace, as it goes dark, dark, and back again
# 1.79 gives what stands right of `or on (...)` the labels of a series on its left that has just ended; 1.145 does not
_OTHERWISE = {"didban:service_verdict"}
_OFTEN_MS = MINUTE  # groups that write at every minute


def lived() -> World:
    """Something of everything: a cut, protocols that stop, names forged, transfers slowed."""
    made = dark(spoken(world(), "doh", ("f1", "f2"), {0: 1, 25: 0}), "m1", "m2", since=22, until=36)
    return fetched(named(made, "f1", since=20), {0: 1.0, 20: 4.0})


def compared(groups: list[Group]) -> Iterator[Rule]:
    """Those that read nothing of a moment ago, and whose series are theirs alone."""
    names = Counter((rule.record, rule.labels) for group in groups for rule in group.rules)
    for group in groups:
        for place, rule in enumerate(group.rules):
            later = {each.record for each in group.rules[place:]}
            alone = names[rule.record, rule.labels] == 1 and names[rule.record, ()] <= 1
            if (
                rule.record
                and alone
                and group.interval_ms <= _OFTEN_MS
                and not later & {n.name for n in needs(rule.plan)}
            ):
                yield rule


def asked(base: str, expr: str, at_ms: int) -> dict[Labels, float]:
    """As vmalert asks: with a step of five minutes, and no cache."""
    words = urllib.parse.urlencode({"query": expr, "time": at_ms / 1000, "step": "5m", "nocache": "1"}).encode()
    with urllib.request.urlopen(f"{base}/api/v1/query", data=words, timeout=10) as answer:
        found = json.load(answer)["data"]["result"]
    return {_of(each["metric"]): float(each["value"][1]) for each in found}


def _of(labels: dict[str, str]) -> Labels:
    return tuple(sorted((key, text) for key, text in labels.items() if key != "__name__" and text))


async def test_a_shipped_rule_says_in_metricsql_what_our_evaluator_says(tmp_path: Path) -> None:
    # no moment that is asked about is one in which groups of five minutes write: who reads first then is chance
    now_ms = int(time.time()) // 300 * 5 * MINUTE - 3 * MINUTE
    moments = [now_ms - (_MINUTES - each) * MINUTE for each in _ASKED]
    samples, groups = past(lived(), _MINUTES, now_ms), reading.shipped(RULES)
    ours: dict[tuple[str, int], dict[Labels, float]] = {}
    for labels, at_ms, value in samples:
        if at_ms in moments and not math.isnan(value):
            ours.setdefault((dict(labels)["__name__"], at_ms), {})[_of(dict(labels))] = value
    said, otherwise = 0, []
    with victoria(tmp_path / "victoria") as base:
        await given(base, samples)
        await until(lambda: asked(base, "count(didban:hub_hears:bool)", now_ms), 30)
        for rule in (each for each in compared(groups) if each.record not in _OTHERWISE):
            for at_ms in moments:
                found = {
                    _of(dict(key) | dict(rule.labels)): each for key, each in asked(base, rule.expr, at_ms).items()
                }
                wanted = ours.get((rule.record, at_ms), {})
                mine = {key: each for key, each in wanted.items() if set(rule.labels) <= set(key)}
                said += bool(mine)
                if found.keys() != mine.keys() or not all(math.isclose(found[key], mine[key]) for key in mine):
                    otherwise.append((rule.record, rule.labels, at_ms - now_ms, found, mine))
    assert not otherwise, otherwise
    assert said > 300, "most of them say something"
