"""What the database has of a country and of the controls, a piece at a time: raw samples with their own times.

A range selector in an instant query gives them back (monitor/home/querying.py). VictoriaMetrics (1.79, seen) gives
staleness markers among them, as NaN; Prometheus (2.42, seen) leaves them out: there a series that ended is seen for up
to five minutes longer, and rules that count its samples do not believe it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from monitor.home import querying, vectors
from monitor.home.querying import Far, Unanswered
from monitor.home.remotewrite import STALE, Labels
from monitor.hub.looking.again import Samples

_PATIENCE_S = 120.0


async def samples(
    database: Far, names: list[str], country: str, from_ms: int, until_ms: int
) -> list[Samples] | Unanswered:
    """Everything the rules read that concerns a country, after `from_ms` and up to `until_ms`."""
    found: dict[Labels, Samples] = {}
    for selector in _selectors(names, country):
        part = await _raw(database, selector, from_ms, until_ms)
        if isinstance(part, Unanswered):
            return part
        found |= {each[0]: each for each in part}
    return list(found.values())


async def memory(database: Far, written_ms: Mapping[str, int], country: str, at_ms: int) -> list[Samples] | Unanswered:
    """What the rules had recorded by then, as one sample each, of that moment.

    `written_ms`: by name, how often it is written. A series that was not written twice had ended.
    """
    found: dict[Labels, Samples] = {}
    for every_ms in sorted(set(written_ms.values())):
        names = [name for name, each_ms in written_ms.items() if each_ms == every_ms]
        for selector in _selectors(names, country):
            asked = f"last_over_time({selector}[{math.ceil(2 * every_ms / 1000)}s])"
            part = await vectors.at(database, asked, at_ms)
            if isinstance(part, Unanswered):
                return part
            for each in part:
                labels = tuple(sorted(each.labels.items()))
                found[labels] = labels, [at_ms], [each.value]
    return list(found.values())


def _selectors(names: Sequence[str], country: str) -> list[str]:
    """Of the country, of the controls, and of what has no place."""
    said = "|".join(names)
    return [f'{{__name__=~"{said}",{of}}}' for of in (f'country="{country}"', 'role="control"', 'country="",role=""')]


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
    found = await querying.raw(database, selector, until_ms - from_ms, until_ms, _PATIENCE_S)
    if isinstance(found, Unanswered):
        return found
    try:
        return [_samples(each, from_ms, until_ms) for each in found]
    except ValueError:
        return querying.NOT_PROMETHEUS


def _samples(series: querying.Raw, from_ms: int, until_ms: int) -> Samples:
    """Raises ValueError for a value that is no number. What is none to begin with is an end: no box states NaN."""
    points = [(round(at_s * 1000), STALE if text == "NaN" else float(text)) for at_s, text in series.values]
    points = [each for each in points if from_ms < each[0] <= until_ms]
    return tuple(sorted(series.metric.items())), [at_ms for at_ms, _ in points], [value for _, value in points]
