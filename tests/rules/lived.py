"""The same worlds lived through by our own evaluator: it must say what promtool says."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor.home.remotewrite import Labels, labels
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from monitor.promql.reading import Group

_RULES = Path(__file__).parents[2] / "monitor" / "rules"
_STEP_MS = 60_000
_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@functools.cache
def _groups() -> list[Group]:
    return reading.shipped(_RULES)


def otherwise(told: Sequence[Mapping[str, str]], wanted: Sequence[Mapping[str, object]], evaluation: str) -> list[str]:
    """What it answers otherwise. As promtool does, it evaluates all groups at the same moments."""
    every_s = reading.duration_ms(evaluation) / 1000
    asked = sorted({str(each["expr"]) for each in wanted})
    looking = Evaluation([group.every(every_s) for group in _groups()], keep=("ALERTS",), asked=asked, since_ms=0)
    for each in told:
        take(looking, each["series"], each["values"].split())
    found = []
    for question in sorted(wanted, key=lambda question: reading.duration_ms(str(question["eval_time"]))):
        list(looking.until(reading.duration_ms(str(question["eval_time"]))))
        said, expected = dict(looking.ask(str(question["expr"]))), _expected(question["exp_samples"])
        if said.keys() != expected.keys() or not all(math.isclose(said[key], expected[key]) for key in said):
            found.append(f"{question['expr']} at {question['eval_time']}: {said}, not {expected}")
    return found + [str(failure) for failure in looking.failures()]


def take(looking: Evaluation, written: str, values: Sequence[str]) -> None:
    some = [(_STEP_MS * step, float(text)) for step, text in enumerate(values) if text != "_"]
    looking.take(_labels(written), [at_ms for at_ms, _ in some], [value for _, value in some])


def _labels(written: str) -> Labels:
    name, _, rest = written.partition("{")
    pairs = {key: json.loads(f'"{text}"') for key, text in _PAIR.findall(rest)}
    return tuple(pair for pair in labels(name, pairs) if pair[1])


def _expected(samples: object) -> dict[Labels, float]:
    assert isinstance(samples, list)
    return {_labels(str(each["labels"])): float(each["value"]) for each in samples}
