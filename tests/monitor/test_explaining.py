"""`didban explain`: its rows are held to the rules, and what it says of a world is what the rules made of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitor import metrics
from monitor.beside.rulefiles import RULES
from monitor.explaining import boxes, muted, table
from monitor.explaining.rows import Condition, Place, Subject, Test, Unit
from monitor.explaining.table import TABLE
from monitor.explaining.weighed import explain, judge
from monitor.home.vectors import Found
from tests.monitor.test_rulefiles import RECORDS, TOLD

RECORDED = {rule["record"] for rule in RECORDS}
EXPLAINED = {rule["alert"] for rule in TOLD if rule["labels"]["family"] in ("shutdown", "service")}
NAMES = re.compile(r"\bdidban[:_][a-z0-9_:]+")
SUBJECT = Subject("IR", "AS197207", "whatsapp")


def queries() -> Iterable[str]:
    for each in TABLE:
        for condition in each.conditions():
            yield condition.query
            if isinstance(condition.needed, str):
                yield condition.needed
    yield from boxes.QUERIES.values()


def test_every_series_an_explanation_names_is_recorded_by_a_rule() -> None:
    raw = {family.name for family in metrics.FAMILIES}
    named = {name for query in queries() for name in NAMES.findall(query)}
    assert len(named) > 30
    assert named <= RECORDED | raw, named - RECORDED - raw


def test_every_alert_of_a_shutdown_or_a_service_has_an_explanation() -> None:
    assert {each.alert for each in TABLE} >= EXPLAINED, "a row is missing in monitor/explaining"
    assert {each.alert for each in TABLE} <= {rule["alert"] for rule in TOLD}, "of an alert nobody sends any more"


def test_an_alert_of_two_severities_says_what_makes_a_page_of_it() -> None:
    for each in TABLE:
        severities = {rule["labels"]["severity"] for rule in TOLD if rule["alert"] == each.alert}
        assert bool(each.page) == (severities == {"page", "ticket"}), each.alert


@pytest.mark.parametrize("query", sorted(set(queries())))
def test_every_question_is_promql(query: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    asked = SUBJECT.query(query)
    done = subprocess.run(["promtool", "promql", "format", asked], capture_output=True, text=True, check=False)
    if "expected command" in done.stderr:
        pytest.skip("this promtool formats nothing")
    assert done.returncode == 0, done.stderr
