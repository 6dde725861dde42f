"""What the database has of a country and of the controls, a piece at a time: raw samples with their own times.

A range selector in an instant query gives them back (monitor/home/querying.py). It gives no staleness markers: a series
that ended is seen for up to five minutes longer, and rules that count its samples do not believe it.
"""

from __future__ import annotations

import math
from collections import defaultdict

import msgspec

from monitor.home.querying import Far, Unanswered
from monitor.home.remotewrite import Labels
from monitor.hub.looking.again import Samples

_PATIENCE_S = 120.0


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    data: _Data


async def samples(
    database: Far, names: list[str], country: str, from_ms: int, until_ms: int
) -> list[Samples] | Unanswered:
    """Everything the rules read that concerns a country, after `from_ms` and up to `until_ms`."""
    said = "|".join(names)
    found: dict[Labels, Samples] = {}
    for of in (f'country="{country}"', 'role="control"', 'country="",role=""'):
        part = await _raw(database, f'{{__name__=~"{said}",{of}}}', from_ms, until_ms)
        if isinstance(part, Unanswered):
            return part
        found |= {each[0]: each for each in part}
    return list(found.values())


async def firing(database: Far, country: str, from_ms: int, until_ms: int) -> dict[Labels, list[int]] | Unanswered:
    """What the rules said of the country live: when each alert was seen firing."""
    query = f'ALERTS{{alertstate="firing",country="{country}"}}'
    part = await _raw(database, query, from_ms, until_ms)
    if isinstance(part, Unanswered):
        return part
    found: defaultdict[Labels, list[int]] = defaultdict(list)
    for labels, times_ms, _ in part:
        found[labels] += times_ms
    return found


async def _raw(database: Far, selector: str, from_ms: int, until_ms: int) -> list[Samples] | Unanswered:
    range_s = math.ceil((until_ms - from_ms) / 1000)
    asked = {"query": f"{selector}[{range_s}s]", "time": f"{until_ms / 1000:.3f}", "nocache": "1"}
    said = await database.ask("/api/v1/query", asked, _PATIENCE_S)
    if isinstance(said, Unanswered):
        return said
    try:
        return [_samples(each, from_ms, until_ms) for each in msgspec.json.decode(said, type=_Answer).data.result]
    except (msgspec.DecodeError, ValueError):
        return Unanswered("it says nothing that Prometheus would")


def _samples(series: _Series, from_ms: int, until_ms: int) -> Samples:
    """Raises ValueError for a value that is no number."""
    points = [(round(at_s * 1000), float(text)) for at_s, text in series.values]
    points = [each for each in points if from_ms < each[0] <= until_ms]
    return tuple(sorted(series.metric.items())), [at_ms for at_ms, _ in points], [value for _, value in points]
