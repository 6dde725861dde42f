"""Ticks as OpenMetrics text (version 1.0), every sample at its own time, for `promtool tsdb create-blocks-from`.

The format wants every metric's samples together, the disk has them tick by tick: so each metric gathers in a file of
its own on the way, and no more than a few lines of each are in memory. A series that ended just ends: the format has
no staleness marker.
"""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from monitor import metrics
from monitor.decoding import from_json
from monitor.metrics import Family, Shape
from monitor.stored.kept import Named, Stated

_GATHERED = 400  # lines of one metric in memory
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Gathering:
    """Lines by family and metric, in a folder that is gone when it is closed.

    Args:
        beside: on the disk that takes the export, too: what is sealed leaves no copy elsewhere.
    """

    def __init__(self, beside: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=".gathering-", dir=beside)
        self._waiting: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._files: dict[tuple[str, str], Path] = {}
        self.samples = 0

    def add(self, family: str, metric: str, line: str) -> None:
        waiting = self._waiting[(family, metric)]
        waiting.append(line)
        self.samples += 1
        if len(waiting) >= _GATHERED:
            self._flush((family, metric))

    def _flush(self, key: tuple[str, str]) -> None:
        path = self._files.setdefault(key, Path(self._folder.name) / str(len(self._files)))
        with path.open("a", encoding="utf-8") as file:
            file.writelines(self._waiting.pop(key))

    def write(self, out: BinaryIO, heads: Mapping[str, str]) -> None:
        """`heads`: TYPE and HELP of each family."""
        for key in list(self._waiting):
            self._flush(key)
        last = ""
        for (family, _), path in sorted(self._files.items()):
            if family != last:
                out.write(heads[family].encode())
                last = family
            with path.open("rb") as file:
                while part := file.read(1024 * 1024):
                    out.write(part)
        out.write(b"# EOF\n")

    def close(self) -> None:
        self._folder.cleanup()


def ticks(gathering: Gathering, stated: Iterable[Stated]) -> tuple[dict[str, str], int]:
    """Gathers every sample; returns what stands before each family, and how many samples no name is left of."""
    known: dict[Named, _Metric] = {}
    nameless = 0
    for tick in stated:
        at = f"{tick.at_ms // 1000}.{tick.at_ms % 1000:03}"
        nameless += tick.nameless
        for named, value in tick.samples:
            if (metric := known.get(named)) is None:
                metric = known[named] = _Metric(named[0], from_json(named[1], type=dict[str, str]))
            gathering.add(metric.family, metric.group, f"{metric.text} {number(value)} {at}\n")
    return {metric.family: metric.head for metric in known.values()}, nameless


class _Metric:
    """A series as text, made once."""

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        found = metrics.read(name, labels)
        family = found.family if found is not None else None
        self.text = series(name, labels)
        self.family = _family(name, family)
        self.head = head(self.family, _SHAPES[family.shape] if family else "unknown", family.help if family else "")
        apart = {key: value for key, value in labels.items() if key != "le"}
        self.group = series("", apart)  # buckets, sum and count of one histogram stand together


_SHAPES = {Shape.GAUGE: "gauge", Shape.COUNTER: "counter", Shape.HISTOGRAM: "histogram"}


def _family(name: str, family: Family | None) -> str:
    """A counter's family is named without `_total`."""
    if family is None:
        return name
    return family.name.removesuffix("_total") if family.shape is Shape.COUNTER else family.name


def head(family: str, kind: str, text: str) -> str:
    about = f"# HELP {family} {text.translate(_ESCAPES)}\n" if text else ""
    return f"# TYPE {family} {kind}\n{about}"


def series(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in labels.items())
    return f"{name}{{{inside}}}"


def number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))
