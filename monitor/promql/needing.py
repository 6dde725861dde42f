"""Which series a plan reads, and how far back it looks. Walks plans, evaluates nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from monitor.promql.selecting import Count, Instant, Last, Over, SampleTime, Selector
from monitor.promql.sources import LOOKBACK_MS
from monitor.promql.understood import Vectors


@dataclass(frozen=True, slots=True)
class Need:
    """Samples of `name` up to `back_ms` old, the last of them from no later than `offset_ms` ago.

    `carried_ms`: how far back a recorded series must be kept for it; what it said last is carried along anyway.
    """

    name: str
    offset_ms: int
    back_ms: int
    carried_ms: int


@functools.lru_cache(
    maxsize=4096
)  # plans are known by identity, and the shipped ones are lived through again and again
def needs(plan: Vectors) -> tuple[Need, ...]:
    """Every selector in it."""
    return tuple(_walked(plan))


def _walked(node: object) -> Iterator[Need]:
    match node:
        case Instant(selector) | SampleTime(selector):
            yield _need(selector, LOOKBACK_MS, carried=True)
        case Last(selector, range_ms):
            yield _need(selector, range_ms, carried=True)
        case Count(selector, range_ms, _) | Over(selector, range_ms):
            yield _need(selector, range_ms, carried=False)
        case _:
            for child in _children(node):
                yield from _walked(child)


def _need(selector: Selector, range_ms: int, *, carried: bool) -> Need:
    offset_ms = max(selector.offset_ms, 0)
    back_ms = offset_ms + range_ms
    return Need(selector.name, selector.offset_ms, back_ms, offset_ms if carried else back_ms)


def _children(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        yield from node
    elif is_dataclass(node):
        yield from (getattr(node, each.name) for each in fields(node))
