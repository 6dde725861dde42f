"""PromQL text into a plan that can be evaluated. What it does not know it refuses by name."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import timedelta

import promql_parser as ql

from monitor.promql import rates, windows
from monitor.promql.aggregating import OPERATORS, Aggregate, Extremes, Grouping, Quantile
from monitor.promql.elementwise import (
    CALENDAR,
    FUNCTIONS,
    Each,
    MinusScalar,
    Number,
    OfScalars,
    ScalarOf,
    Time,
    VectorOf,
    WhenLooked,
)
from monitor.promql.labelsets import NAME
from monitor.promql.matching import Binary, Matching, Set, WithScalar
from monitor.promql.naming import AbsentOf, Joined, Replaced
from monitor.promql.selecting import Absent, Count, Instant, Last, Matcher, Over, SampleTime, Selector, said
from monitor.promql.understood import NotUnderstood, Scalars, Vectors

OVER = {**windows.FUNCTIONS, **rates.FUNCTIONS}


@functools.lru_cache(maxsize=4096)
def vector(text: str) -> Vectors:
    """The plan of a rule's expression; a number is a vector without labels. Raises NotUnderstood."""
    try:
        parsed = ql.parse(text)
    except ValueError as error:
        raise NotUnderstood(f"no PromQL: {error}: {text}") from error
    return VectorOf(_scalar(parsed)) if _is_scalar(parsed) else _vector(parsed)


def _bare(node: ql.Expr) -> ql.Expr:
    while isinstance(node, ql.ParenExpr):
        node = node.expr
    return node


def _is_scalar(node: ql.Expr) -> bool:
    node = _bare(node)
    if isinstance(node, ql.Call):
        return node.func.name in ("time", "scalar", "pi")
    if isinstance(node, ql.BinaryExpr):
        return _is_scalar(node.lhs) and _is_scalar(node.rhs)
    return isinstance(node, ql.NumberLiteral) or (isinstance(node, ql.UnaryExpr) and _is_scalar(node.expr))


def _scalar(node: ql.Expr) -> Scalars:
    node = _bare(node)
    if isinstance(node, ql.NumberLiteral):
        return Number(node.val)
    if isinstance(node, ql.UnaryExpr):
        return MinusScalar(_scalar(node.expr))
    if isinstance(node, ql.BinaryExpr):
        return OfScalars(str(node.op), _scalar(node.lhs), _scalar(node.rhs))
    if isinstance(node, ql.Call) and node.func.name == "scalar":
        return ScalarOf(_vector(node.args[0]))
    if isinstance(node, ql.Call) and node.func.name == "time":
        return Time()
    raise NotUnderstood(f"not a number that is understood: {node.prettify()}")


def _text(node: ql.Expr) -> str:
    node = _bare(node)
    if not isinstance(node, ql.StringLiteral):
        raise NotUnderstood(f"a text is expected: {node.prettify()}")
    return node.val


def _vector(node: ql.Expr) -> Vectors:
    node = _bare(node)
    if isinstance(node, ql.VectorSelector):
        return Instant(_selector(node))
    if isinstance(node, ql.AggregateExpr):
        return _aggregate(node)
    if isinstance(node, ql.BinaryExpr):
        return _binary(node)
    if isinstance(node, ql.UnaryExpr):
        return Each(_vector(node.expr), "minus")
    if isinstance(node, ql.Call):
        return _call(node)
    raise NotUnderstood(f"not understood: {node.prettify()}")


# ---------------------------------------------------------------- selectors


def milliseconds(length: timedelta | None) -> int:
    return 0 if length is None else round(length.total_seconds() * 1000)


def _selector(node: ql.VectorSelector) -> Selector:
    if node.at is not None or node.matchers.or_matchers:
        raise NotUnderstood(f"neither @ nor `or` in a selector: {node.prettify()}")
    matchers = [_matcher(each) for each in node.matchers.matchers]
    names = [each.text for each in matchers if each.name == NAME and each.wanted and each.pattern is None]
    if node.name is None and len(names) != 1:
        raise NotUnderstood(f"a selector without a name: {node.prettify()}")
    rest = tuple(each for each in matchers if each.name != NAME or node.name is not None)
    return Selector(node.name or names[0], rest, milliseconds(node.offset))


def _matcher(node: ql.Matcher) -> Matcher:
    pattern = _pattern(node.value) if node.op in (ql.MatchOp.Re, ql.MatchOp.NotRe) else None
    return Matcher(node.name, node.value, pattern, node.op in (ql.MatchOp.Equal, ql.MatchOp.Re))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise NotUnderstood(f"not a pattern that is understood: {text}: {error}") from error


def _range(node: ql.Expr) -> tuple[Selector, int]:
    node = _bare(node)
    if not isinstance(node, ql.MatrixSelector):
        raise NotUnderstood(f"only a range of a selector, no subquery: {node.prettify()}")
    return _selector(node.vector_selector), milliseconds(node.range)


# ---------------------------------------------------------------- operators


def _matching(modifier: ql.BinModifier | None) -> Matching:
    if modifier is None or modifier.matching is None:
        return Matching(False, frozenset(), ())
    on = modifier.matching.type == ql.LabelModifierType.Include
    return Matching(on, frozenset(modifier.matching.labels), tuple(modifier.group_labels or ()))


def _binary(node: ql.BinaryExpr) -> Vectors:
    operator, modifier = str(node.op), node.modifier
    as_bool = modifier is not None and modifier.return_bool
    if modifier is not None and (modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None):
        raise NotUnderstood(f"no fill: {node.prettify()}")
    if operator in ("and", "or", "unless"):
        return Set(operator, _vector(node.lhs), _vector(node.rhs), _matching(modifier))
    if _is_scalar(node.rhs):
        return WithScalar(operator, _vector(node.lhs), _scalar(node.rhs), as_bool=as_bool)
    if _is_scalar(node.lhs):
        return WithScalar(operator, _vector(node.rhs), _scalar(node.lhs), swapped=True, as_bool=as_bool)
    grouped = ""
    if modifier is not None and modifier.card == ql.VectorMatchCardinality.ManyToOne:
        grouped = "left"
    if modifier is not None and modifier.card == ql.VectorMatchCardinality.OneToMany:
        grouped = "right"
    return Binary(operator, _vector(node.lhs), _vector(node.rhs), _matching(modifier), grouped, as_bool)


def _aggregate(node: ql.AggregateExpr) -> Vectors:
    operator = str(node.op)
    grouping = Grouping(True, frozenset())
    if node.modifier is not None:
        by = node.modifier.type == ql.AggModifierType.By
        grouping = Grouping(by, frozenset(node.modifier.labels))
    if operator in OPERATORS:
        return Aggregate(operator, _vector(node.expr), grouping)
    if node.param is not None and operator in ("topk", "bottomk"):
        return Extremes(operator == "topk", _scalar(node.param), _vector(node.expr), grouping)
    if node.param is not None and operator == "quantile":
        return Quantile(_scalar(node.param), _vector(node.expr), grouping)
    raise NotUnderstood(f"no such aggregation here: {operator}")


# ---------------------------------------------------------------- functions


def _call(node: ql.Call) -> Vectors:
    name, args = node.func.name, node.args
    if name in OVER:
        return _over(name, args)
    if name in FUNCTIONS:
        rest = args[1:] or [Number(1.0)] if name == "round" else args[1:]
        return Each(_vector(args[0]), name, tuple(e if isinstance(e, Number) else _scalar(e) for e in rest))
    if name in CALENDAR:
        return Each(_vector(args[0]) if args else VectorOf(Time()), name)
    if name in _CALLS:
        return _CALLS[name](args)
    raise NotUnderstood(f"no such function here: {name}")


def _over(name: str, args: list[ql.Expr]) -> Vectors:
    """The range is the last argument, but for `predict_linear`, which has it first."""
    selector, range_ms = _range(args[0] if name == "predict_linear" else args[-1])
    asked = args[1:] if name == "predict_linear" else args[:-1]
    return Over(selector, range_ms, OVER[name], tuple(_scalar(each) for each in asked))


def _timestamp(args: list[ql.Expr]) -> Vectors:
    bare = _bare(args[0])
    return SampleTime(_selector(bare)) if isinstance(bare, ql.VectorSelector) else WhenLooked(_vector(bare))


def _absent(args: list[ql.Expr]) -> Vectors:
    bare = _bare(args[0])
    if not isinstance(bare, ql.VectorSelector):
        return AbsentOf(_vector(bare))
    selector = _selector(bare)
    return Absent(Instant(selector), said(selector))


def _absent_over_time(args: list[ql.Expr]) -> Vectors:
    selector, range_ms = _range(args[0])
    return Absent(Count(selector, range_ms), said(selector))


def _replaced(args: list[ql.Expr]) -> Vectors:
    to, replacement, source, pattern = (_text(each) for each in args[1:])
    return Replaced(_vector(args[0]), to, replacement, source, _pattern(pattern))


def _joined(args: list[ql.Expr]) -> Vectors:
    to, separator, *sources = (_text(each) for each in args[1:])
    return Joined(_vector(args[0]), to, separator, tuple(sources))


_CALLS: dict[str, Callable[[list[ql.Expr]], Vectors]] = {
    "vector": lambda args: VectorOf(_scalar(args[0])),
    "timestamp": _timestamp,
    "absent": _absent,
    "absent_over_time": _absent_over_time,
    "label_replace": _replaced,
    "label_join": _joined,
    "last_over_time": lambda args: Last(*_range(args[0])),
    "count_over_time": lambda args: Count(*_range(args[0])),
    "present_over_time": lambda args: Count(*_range(args[0]), most=1),
    "sort": lambda args: _vector(args[0]),  # an order is for readers
    "sort_desc": lambda args: _vector(args[0]),
}
