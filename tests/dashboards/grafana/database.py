"""A real Prometheus or VictoriaMetrics that holds the night of September 2022, as it came in, and what can be asked of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.home.remotewrite import STALE, Labels, TimeSeries, encode, value
from tests.dashboards.grafana.september import Sample

_AT_ONCE = 60_000

# of Prometheus's command line: the night stays in its head. While 2.42 turns a head into blocks, what came out of order may
# be missing from an answer for some seconds
ONE_HEAD = ("--storage.tsdb.min-block-duration=2d", "--storage.tsdb.max-block-duration=2d")


@dataclass(frozen=True, slots=True)
class Found:
    """One series of an answer: (seconds, value) in order."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        return self.points[-1][1]

    def at(self, at_ms: int) -> float | None:
        return next((value for at_s, value in self.points if at_s == at_ms / 1000), None)


class Database:
    def __init__(self, base: str) -> None:
        self._base = base

    def write(self, samples: Iterable[Sample]) -> None:
        """In the order given: as they came in."""
        for part in _parts(samples, _AT_ONCE):
            by: defaultdict[Labels, list[tuple[int, bytes]]] = defaultdict(list)
            for each in part:
                by[each.series].append((each.time_ms, value(STALE if each.value is None else each.value)))
            body = encode(TimeSeries(labels, tuple(sorted(of))) for labels, of in by.items())
            asked = urllib.request.Request(
                f"{self._base}/api/v1/write",
                data=body,
                headers={"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"},
            )
            urllib.request.urlopen(asked, timeout=30).close()

    def settle(self) -> None:
        """VictoriaMetrics shows what was written, and forgets what it had answered; Prometheus does so by itself."""
        with contextlib.suppress(urllib.error.HTTPError):
            for each in ("force_flush", "resetRollupResultCache"):
                urllib.request.urlopen(f"{self._base}/internal/{each}", timeout=30).close()

    def instant(self, expr: str, at_ms: int) -> list[Found]:
        found = self._asked("query", {"query": expr, "time": at_ms / 1000})
        return [Found(each["metric"], _points([each["value"]])) for each in found]

    def over(self, expr: str, from_ms: int, until_ms: int, step_s: int = 60) -> list[Found]:
        span = {"start": from_ms / 1000, "end": until_ms / 1000, "step": step_s}
        found = self._asked("query_range", {"query": expr, **span})
        return [Found(each["metric"], _points(each["values"])) for each in found]

    def _asked(self, way: str, given: Mapping[str, object]) -> list[dict[str, Any]]:
        body = urllib.parse.urlencode(given).encode()
        with urllib.request.urlopen(f"{self._base}/api/v1/{way}", data=body, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found


def _points(values: Iterable[tuple[float, str]]) -> tuple[tuple[float, float], ...]:
    return tuple((at_s, float(text)) for at_s, text in values if not math.isnan(float(text)))


def _parts(samples: Iterable[Sample], many: int) -> Iterator[list[Sample]]:
    left = iter(samples)
    while part := list(itertools.islice(left, many)):
        yield part
