"""The same worlds lived through by our own evaluator: it must say what promtool says."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from monitor.home.remotewrite import Labels, labels
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from monitor.promql.reading import Group
from tests.rules.lines import Line

_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def otherwise(
    groups: Sequence[Group],
    told: Sequence[Line],
    wanted: Sequence[Mapping[str, object]],
    evaluation: str,
) -> list[str]:
    """What it answers otherwise. As promtool does, it evaluates all groups at the same moments."""
    every_s = reading.duration_ms(evaluation) / 1000
    asked = sorted({str(each["expr"]) for each in wanted})
    looking = Evaluation([group.every(every_s) for group in groups], keep=("ALERTS",), asked=asked, since_ms=0)
    for each in told:
        take(looking, each)
    found = []
    for question in sorted(wanted, key=lambda question: reading.duration_ms(str(question["eval_time"]))):
        list(looking.until(reading.duration_ms(str(question["eval_time"]))))
        said, expected = dict(looking.ask(str(question["expr"]))), _expected(question["exp_samples"])
        if said.keys() != expected.keys() or not all(math.isclose(said[key], expected[key]) for key in said):
            found.append(f"{question['expr']} at {question['eval_time']}: {said}, not {expected}")
    return found + [str(failure) for failure in looking.failures()]


def take(looking: Evaluation, line: Line) -> None:
    looking.take(_labels(line.series), *line.samples())


def _labels(written: str) -> Labels:
    name, _, rest = written.partition("{")
    pairs = {key: json.loads(f'"{text}"') for key, text in _PAIR.findall(rest)}
    return tuple(pair for pair in labels(name, pairs) if pair[1])


def _expected(samples: object) -> dict[Labels, float]:
    assert isinstance(samples, list)
    return {_labels(str(each["labels"])): float(each["value"]) for each in samples}
