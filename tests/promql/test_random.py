"""Expressions and rules nobody thought of, over series with gaps and markers: promtool says what they mean."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.home.remotewrite import Labels
from monitor.promql import reading
from monitor.promql.evaluation import Evaluation
from monitor.promql.told import is_marker
from tests.promql import ours
from tests.promql.promtool import Answer, Promtool, Told

MOMENTS_S = (0, 15, 60, 75, 120, 240, 300, 330, 465, 480, 600, 900)
_COUNT = settings.default.max_examples // 5 if settings.default is not None else 20  # each calls promtool once
RULED_S = tuple(range(0, 901, 15))

# ---------------------------------------------------------------- series

_VALUE = st.sampled_from(("_", "_", "stale", "0", "1", "2", "3", "5", "-1", "0.5", "NaN", "+Inf"))
_VALUES = st.lists(_VALUE, min_size=1, max_size=31).map(tuple)
_IDS = (
    ("m", {"a": "x", "b": "1"}), ("m", {"a": "x", "b": "2"}), ("m", {"a": "y"}), ("m", {"a": "y", "b": "2"}),
    ("n", {"a": "x"}), ("n", {"a": "y", "b": "1"}), ("n", {"b": "2"}),
)  # fmt: skip
SERIES = st.lists(
    st.tuples(st.sampled_from(_IDS), _VALUES), min_size=1, max_size=6, unique_by=lambda each: str(each[0])
).map(lambda found: [Told(name, labels, values) for (name, labels), values in found])

# ---------------------------------------------------------------- expressions

_SELECTOR = st.sampled_from(("m", "n", 'm{a="x"}', 'm{b!="2"}', 'n{a=~"x|"}', 'm{b=""}'))
_OFFSET = st.sampled_from(("", "", " offset 30s", " offset 1m", " offset 25s"))
_RANGE = st.sampled_from(("15s", "1m", "2m30s", "5m", "10m"))
_BY = st.sampled_from(("", " by (a)", " by (b)", " by (a, b)", " without (a)", " without (b)", " by (c)"))
_NUMBER = st.sampled_from(("0", "1", "2", "0.5", "time()", "scalar(n)", "-1", 'scalar(m{a="y"})'))
_COMPARE = st.sampled_from(("==", "!=", ">", "<", ">=", "<=", "> bool", "== bool"))
_EXACT = st.sampled_from(("+", "-", "*", "%"))
_MATCH = st.sampled_from(("", " on (a)", " on (b)", " on ()", " ignoring (a)", " ignoring (b)", " on (a, b)"))
_GROUPED = st.sampled_from(
    (" on (a) group_left ()", " on (b) group_left (a)", " ignoring (b) group_left ()", " on (a) group_right ()")
)
_OVER = st.sampled_from(("last", "count", "max", "min", "sum", "present", "absent")).map(
    lambda word: word + "_over_time"
)
_INEXACT = st.sampled_from(
    ("avg_over_time", "stddev_over_time", "rate", "increase", "delta", "changes", "resets", "idelta", "irate", "deriv")
)


def _over(functions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{}({}[{}]{})".format, functions, _SELECTOR, _RANGE, _OFFSET)


_LEAF = st.one_of(
    st.builds("{}{}".format, _SELECTOR, _OFFSET), _over(_OVER), st.builds("timestamp({})".format, _SELECTOR)
)


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    words = st.sampled_from(("sum", "min", "max", "count", "group"))
    functions = st.sampled_from(
        ("-({})", "abs({})", "absent({})", "clamp_max({}, 2)", 'label_replace({}, "c", "$1", "a", "(x)")')
    )
    return st.one_of(
        st.builds("{}{} ({})".format, words, _BY, inner),
        st.builds("quantile{} (0.5, {})".format, _BY, inner),
        st.builds("({} {}{} {})".format, inner, st.sampled_from(("and", "or", "unless")), _MATCH, inner),
        st.builds("({} {}{} {})".format, inner, st.one_of(_COMPARE, _EXACT), st.one_of(_MATCH, _GROUPED), inner),
        st.builds("({} {} {})".format, inner, st.one_of(_COMPARE, _EXACT), _NUMBER),
        st.builds("({} {} {})".format, st.sampled_from(("1", "time()")), st.one_of(_COMPARE, _EXACT), inner),
        st.builds(lambda function, of: function.format(of), functions, inner),
    )


_ANY = st.recursive(_LEAF, _deeper, max_leaves=5)
EXPRESSIONS = st.lists(st.one_of(_ANY, _over(_INEXACT)), min_size=6, max_size=12)


@settings(max_examples=_COUNT, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=SERIES, expressions=EXPRESSIONS)
def test_any_expression_means_what_promtool_says(told: list[Told], expressions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asked = [(expr, at_s) for expr in expressions for at_s in MOMENTS_S]
        judged = iter(Promtool(told, asked=asked).answers(Path(folder)))
    for expr in expressions:
        for at_s, said in zip(MOMENTS_S, ours.answers(told, 30, expr, MOMENTS_S), strict=True):
            theirs = next(judged)
            assert ours.same(said, theirs), f"{expr} at {at_s} s: {said}, and promtool says {theirs}"


# ---------------------------------------------------------------- rules that read one another, upwards and downwards

_NAMES = ("r0", "r1", "r2", "r3", "r4")
_READ = st.sampled_from((*_NAMES, "m", "n", 'r0{a="x"}', 'm{b="2"}'))


def _term() -> st.SearchStrategy[str]:
    number = st.sampled_from(("0", "1", "2"))
    over = st.sampled_from(("last_over_time", "count_over_time", "max_over_time", "min_over_time", "sum_over_time"))
    return st.one_of(
        st.builds("{}{}".format, _READ, _OFFSET),
        st.builds("({} {} {})".format, _READ, st.sampled_from((">", "<", "==", "!=")), number),
        st.builds("{}({}[{}]{})".format, over, _READ, _RANGE, _OFFSET),
        st.builds("timestamp({})".format, _READ),
        st.builds("({} * 0 + time())".format, _READ),
    )


_RULE = st.builds(
    "max by (a, b) ({}) {}{} max by (a, b) ({})".format,
    _term(), st.sampled_from(("and", "or", "unless")), st.sampled_from((" on (a)", "", " on (a, b)")), _term(),
)  # fmt: skip


@settings(max_examples=_COUNT, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=SERIES, expressions=st.tuples(_RULE, _RULE, _RULE, _RULE, _RULE))
def test_rules_that_read_one_another_write_what_they_write_under_promtool(
    told: list[Told], expressions: tuple[str, ...]
) -> None:
    rules: list[dict[str, object]] = [
        {"record": name, "expr": f"max by (a, b) ({expr})"} for name, expr in zip(_NAMES, expressions, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        asked = [(name, at_s) for name in _NAMES for at_s in RULED_S]
        judged = Promtool(told, rules=rules, asked=asked).answers(Path(folder))
    written = _written(told, rules)
    for (name, at_s), theirs in zip(asked, judged, strict=True):
        said = written[name].get(at_s, {})
        assert ours.same(said, theirs), f"{name} at {at_s} s of {rules}: {said}, and promtool says {theirs}"


def _written(told: list[Told], rules: list[dict[str, object]]) -> dict[str, dict[int, dict[Labels, float]]]:
    """By name and second; all of a quarter of an hour in one go."""
    group = {"name": "one", "interval": "15s", "rules": rules}
    looking = Evaluation(reading.parsed(json.dumps({"groups": [group]})), keep=_NAMES, since_ms=0)
    for each in told:
        looking.take(each.series, *each.samples(30))
    assert list(looking.until(RULED_S[-1] * 1000)) == []
    assert looking.failures() == []
    found: dict[str, dict[int, dict[Labels, float]]] = {name: {} for name in _NAMES}
    for piece in looking.recorded():
        there = ~is_marker(np.asarray(piece.values))
        for at_ms, value in zip(piece.times_ms[there], piece.values[there], strict=True):
            found[dict(piece.series)["__name__"]].setdefault(int(at_ms) // 1000, {})[piece.series] = float(value)
    return found


def test_two_answers_that_differ_are_seen() -> None:
    key: Labels = (("a", "x"),)
    pairs: list[tuple[Answer, Answer]] = [
        ({key: 1.0}, {key: 1.1}),
        ({key: 1.0}, {}),
        ({}, "no"),
        ({(): 1.0}, {key: 1.0}),
    ]
    assert not any(ours.same(one, other) or ours.same(other, one) for one, other in pairs)
