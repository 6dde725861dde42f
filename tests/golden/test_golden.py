"""Golden walks: from what was seen to the one word a vantage may say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.judge import judge
from monitor.meaning.evidence import Record
from monitor.meaning.line import Line
from probes.doors.yamlfile import read
from probes.facts import Walk
from probes.words import Failure, Finding, Step
from tests.monitor.facts import rounds, target, walk

CASES: Any = read(Path(__file__).with_name("walks.yml")).value


def _walk(text: str, at_ms: int) -> Walk:
    """`STEP FAILURE ADDRESS [FINDING ...]`, or `reached ADDRESS [FINDING ...]`."""
    first, *rest = text.split()
    if first == "reached":
        address, *found = rest
        return walk(address=address, findings=tuple(map(Finding, found)), started_ms=at_ms)
    failure, address, *found = rest
    return walk(
        address=address,
        failed=Failure(failure),
        step=Step(first),
        findings=tuple(map(Finding, found)),
        started_ms=at_ms,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["title"]))
def test_what_was_seen_is_judged_as_it_was(case: dict[str, Any]) -> None:
    line = Line(**{"names_dead": False, **case["line"]})
    record = Record(target(endpoints=case.get("endpoints", 3)))
    for number, walks in enumerate(case["rounds"]):
        at_ms = number * 15_000
        record.add(rounds(*(_walk(each, at_ms) for each in walks), number=number, at_ms=at_ms), line, at_ms)
    judgement = judge(record.evidence(line, len(case["rounds"]) * 15_000, stale_after_s=180))
    step, failure = record.failure() or (None, None)
    assert [judgement.state, judgement.rule_id, step, failure] == case["says"]
