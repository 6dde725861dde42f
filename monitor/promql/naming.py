"""Functions that change labels, and the vector that is there when another is not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.home.remotewrite import Labels
from monitor.promql.labelsets import changed
from monitor.promql.now import Now
from monitor.promql.selecting import missing
from monitor.promql.understood import Vectors
from monitor.promql.vector import Vector, relabelled

_VARIABLE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")  # Go's regexp.Expand: the longest name there is


@dataclass(frozen=True, slots=True, eq=False)
class Replaced:
    """`label_replace(v, to, replacement, source, pattern)`."""

    of: Vectors
    to: str
    replacement: str
    source: str
    pattern: re.Pattern[str]

    def evaluate(self, now: Now) -> Vector:
        what = ("replaced", self.to, self.replacement, self.source, self.pattern)
        return relabelled(self.of.evaluate(now), what, self._changed, now)

    def _changed(self, labels: Labels) -> Labels:
        found = self.pattern.fullmatch(dict(labels).get(self.source, ""))
        return labels if found is None else changed(labels, [(self.to, _expanded(self.replacement, found))])


def _expanded(template: str, found: re.Match[str]) -> str:
    def value(variable: re.Match[str]) -> str:
        name = variable[1] or variable[2]
        if name is None:
            return "$"
        if name.isdigit():
            return (found[int(name)] or "") if int(name) <= (found.re.groups or 0) else ""
        return found.groupdict().get(name) or ""

    return _VARIABLE.sub(value, template)


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """`label_join(v, to, separator, source...)`."""

    of: Vectors
    to: str
    separator: str
    sources: tuple[str, ...]

    def evaluate(self, now: Now) -> Vector:
        what = ("joined", self.to, self.separator, self.sources)
        return relabelled(self.of.evaluate(now), what, self._changed, now)

    def _changed(self, labels: Labels) -> Labels:
        texts = dict(labels)
        return changed(labels, [(self.to, self.separator.join(texts.get(name, "") for name in self.sources))])


@dataclass(frozen=True, slots=True, eq=False)
class AbsentOf:
    """`absent` of what is no selector: no labels to say."""

    of: Vectors

    def evaluate(self, now: Now) -> Vector:
        return missing(self.of.evaluate(now), ())
