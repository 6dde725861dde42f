"""What docs/scale.md counts is what was measured, and what it multiplies comes out as it says."""

from __future__ import annotations

import re

import pytest

from monitor import metrics
from monitor.home.remotewrite import STALE, value
from monitor.promql import reading
from monitor.promql.needing import needs
from tests.bench import homeset
from tests.deploy.scale import sums
from tests.deploy.scale.shipped import DOC
from tests.rules.world import RULES


def test_the_tables_are_what_the_results_say() -> None:
    assert DOC.read_text() == sums.written(DOC.read_text()), "python -m tests.deploy.scale.sums"


def test_another_figure_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {key: value * 2 for key, value in sums.figures().items()}
    monkeypatch.setattr(sums, "figures", lambda: other)
    assert DOC.read_text() != sums.written(DOC.read_text())


def test_a_box_has_as_many_series_as_the_page_says_and_rules_read_less_than_half() -> None:
    tick = homeset.spells()["well"].ticks[-1]
    assert f"({len(tick)} series;" in DOC.read_text()
    read = {need.name for group in reading.shipped(RULES) for rule in group.rules for need in needs(rule.plan)}
    unread = sum(dict(name)["__name__"] not in read for name in tick)
    assert unread > len(tick) / 2
    assert {dict(name)["__name__"] for name in tick} <= metrics.NAMES_HOME


def test_a_made_box_says_what_the_recorded_one_said_and_ends_what_it_says_no_longer() -> None:
    box = homeset.Box({"vantage": "v1", "country": "IR"}, 0)
    first = box.tick("well", 0, 60_000)
    assert {dict(each.labels)["vantage"] for each in first} == {"v1"}
    cut = box.tick("cut", 1, 120_000)
    stale = [each for each in cut if each.samples[0][1] == value(STALE)]
    assert stale
    assert {each.labels for each in stale} <= {each.labels for each in first}
    assert len(cut) - len(stale) < len(first)


def test_the_rules_of_one_group_are_as_many_as_the_page_says() -> None:
    most = max(len(group.rules) for group in reading.shipped(RULES))
    assert re.search(rf"\b{most} rules of a group", DOC.read_text())
