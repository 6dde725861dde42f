"""Rule files as groups of plans. Every expression is understood, or the file is refused with what is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML

from monitor.promql import compiling
from monitor.promql.understood import NotUnderstood, Vectors

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_LONGEST_WORD = 40  # of a duration
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")


@dataclass(frozen=True, slots=True)
class Rule:
    """`record` or `alert` is its name, the other is empty. `labels` are set on what it yields."""

    record: str
    alert: str
    expr: str
    plan: Vectors
    labels: tuple[tuple[str, str], ...] = ()
    for_ms: int = 0

    @property
    def name(self) -> str:
        return self.record or self.alert


@dataclass(frozen=True, slots=True)
class Group:
    """Rules in order, each of which sees what those above it found in the same moment."""

    name: str
    interval_ms: int
    rules: tuple[Rule, ...]

    def every(self, interval_s: float) -> Group:
        """The same, evaluated as often as this: promtool evaluates all groups alike."""
        return replace(self, interval_ms=round(interval_s * 1000))


def groups(paths: Iterable[Path]) -> list[Group]:
    """The groups of these files, in the order given. Raises NotUnderstood, OSError or YAMLError."""
    found: list[Group] = []
    for path in paths:
        found += parsed(path.read_text(encoding="utf-8"))
    return found


def shipped(folder: Path) -> list[Group]:
    """The rule files of a folder: `didban.yml`, then `memory.yml`, then the others by name.

    Prometheus evaluates groups side by side, each at moments of its own; here those of one moment stand in a row.
    """
    first = ("didban.yml", "memory.yml")
    paths = sorted(
        folder.glob("*.yml"), key=lambda path: (first.index(path.name) if path.name in first else 9, path.name)
    )
    return groups(paths)


def parsed(text: str) -> list[Group]:
    """Of one file's text."""
    document = YAML(typ="safe").load(text)
    return [_group(each) for each in document["groups"]]


def _group(node: Mapping[str, object]) -> Group:
    rules = cast(list[Mapping[str, object]], node["rules"])
    return Group(str(node["name"]), duration_ms(str(node.get("interval", "1m"))), tuple(_rule(each) for each in rules))


def _rule(node: Mapping[str, object]) -> Rule:
    record, alert = str(node.get("record", "")), str(node.get("alert", ""))
    if "keep_firing_for" in node:
        raise NotUnderstood(f"{alert}: keep_firing_for is hidden state")
    labels = cast(Mapping[str, object], node.get("labels") or {})
    fixed = tuple(sorted((str(name), str(text)) for name, text in labels.items()))
    if any("{{" in text for _, text in fixed):
        raise NotUnderstood(f"{record or alert}: a label that is a template")
    expr = str(node["expr"])
    try:
        plan = compiling.vector(expr)
    except NotUnderstood as error:
        raise NotUnderstood(f"{record or alert}: {error}") from error
    return Rule(record, alert, expr, plan, fixed, duration_ms(str(node.get("for", "0s"))))


def duration_ms(text: str) -> int:
    """`15s`, `5m`, `1h30m`. Raises NotUnderstood."""
    parts = _DURATION.findall(text) if len(text) <= _LONGEST_WORD else []
    if "".join(number + unit for number, unit in parts) != text or not text:
        raise NotUnderstood(f"no duration: {text[:_LONGEST_WORD]}")
    return sum(int(number) * _UNITS_MS[unit] for number, unit in parts)
