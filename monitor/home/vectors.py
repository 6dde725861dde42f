"""Asks a database one question of PromQL for one moment. Only reads; silence and a No are values.

Prometheus, "HTTP API: Instant queries" (prometheus.io/docs/prometheus/latest/querying/api); VictoriaMetrics too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from monitor.decoding import from_json
from monitor.home.querying import Far, Unanswered

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Found:
    """One series at that moment."""

    labels: Mapping[str, str]
    value: float


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    data: _Data


async def at(database: Far, query: str, at_ms: int) -> list[Found] | Unanswered:
    """An instant vector, in the order of its labels."""
    asked = {"query": query, "time": f"{at_ms / 1000:.3f}", "nocache": "1"}  # the last is VictoriaMetrics's own
    said = await database.ask("/api/v1/query", asked, _PATIENCE_S)
    if isinstance(said, Unanswered):
        return said
    try:
        rows = from_json(said, type=_Answer).data.result
        return sorted((Found(each.metric, float(each.value[1])) for each in rows), key=_by_labels)
    except (msgspec.DecodeError, ValueError):
        return Unanswered("it says nothing that Prometheus would")


def _by_labels(found: Found) -> list[tuple[str, str]]:
    return sorted(found.labels.items())
