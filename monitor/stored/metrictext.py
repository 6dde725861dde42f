"""Reads the OpenMetrics text an export writes (monitor/evidence/forms/openmetrics.py): samples at their own times.

OpenMetrics 1.0: `name{label="text"} value seconds`. Only lines of the wanted names are kept, as numbers.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator
from pathlib import Path

from monitor.stored.kept import Named

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


class Told:
    """One series, in the order it was written, which is that of time."""

    __slots__ = ("times_ms", "values")

    def __init__(self) -> None:
        self.times_ms, self.values = array("q"), array("d")

    def within(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, float]]:
        first, last = bisect_left(self.times_ms, since_ms), bisect_left(self.times_ms, until_ms)
        return zip(self.times_ms[first:last], self.values[first:last], strict=True)


def read(path: Path, names: Collection[str]) -> dict[Named, Told]:
    """Raises ValueError for a line that is none."""
    found: dict[str, Told] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or line.partition("{")[0] not in names:
                continue
            series, value, seconds = line.rstrip("\n").rsplit(" ", 2)
            told = found.setdefault(series, Told())
            told.times_ms.append(round(float(seconds) * 1000))
            told.values.append(float(value))
    return {_named(series): told for series, told in found.items()}


def _named(series: str) -> Named:
    name, _, rest = series.partition("{")
    labels = {key: _ESCAPED.sub(_plain, text) for key, text in _LABEL.findall(rest)}
    return name, json.dumps(labels, sort_keys=True)


def _plain(escaped: re.Match[str]) -> str:
    return "\n" if escaped[1] == "n" else escaped[1]
