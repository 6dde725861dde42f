"""Every rule that is shipped is understood, and what is not understood is refused by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.promql import compiling, reading
from monitor.promql.evaluation import Evaluation
from monitor.promql.understood import NotUnderstood
from tests.rules.world import RULES


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yml")), ids=lambda path: path.name)
def test_every_rule_of_a_shipped_file_is_understood(path: Path) -> None:
    assert sum(len(group.rules) for group in reading.groups([path])) > 0


def test_all_shipped_groups_can_be_lived_through_together() -> None:
    groups = reading.shipped(RULES)
    assert [group.name for group in groups][:2] == ["didban", "didban-memory"]
    fired = {change.alert for change in Evaluation(groups, since_ms=0).until(0)}
    assert "Watchdog" in fired


@pytest.mark.parametrize(
    ("expr", "what"),
    [
        ("rate(m[5m", "no PromQL"),
        ("holt_winters(m[5m], 0.5, 0.5)", "holt_winters"),
        ("max_over_time(m[5m:1m])", "no subquery"),
        ("m @ 1600000000", "neither @"),
        ('{__name__=~"m|n"}', "without a name"),
        ('count_values("a", m)', "count_values"),
        ("pi()", "not a number"),
    ],
)
def test_what_is_not_understood_is_refused(expr: str, what: str) -> None:
    with pytest.raises(NotUnderstood, match=what):
        compiling.vector(expr)


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("{alert: A, expr: m, keep_firing_for: 5m}", "hidden state"),
        ('{alert: A, expr: m, labels: {a: "{{ $value }}"}}', "template"),
        ("{alert: A, expr: 'm @ 5'}", "A: neither @"),
        ("{alert: A, expr: m, for: soon}", "no duration: soon"),
    ],
)
def test_a_rule_that_is_not_understood_is_refused(rule: str, what: str) -> None:
    with pytest.raises(NotUnderstood, match=what):
        reading.parsed(f"groups: [{{name: g, interval: 15s, rules: [{rule}]}}]")


def test_a_box_that_runs_loads_no_arrays() -> None:
    """The command line of a board costs no numpy."""
    code = "import sys, monitor.__main__; sys.exit(any(name in sys.modules for name in ('numpy', 'promql_parser')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
