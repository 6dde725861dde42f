"""The spools an export is of, and how many independent witnesses they are. Never counts one home twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.stored.committed import Committed
from monitor.stored.source import Origin, Source

UNKNOWN = "unknown"  # a cohort nobody wrote down may be the same for all of them


@dataclass(frozen=True, slots=True)
class Box:
    """What one box kept. `name`: of its folder in a sealed export; `line`: equal for boxes that share a home.

    `walks`, `ticks`: where they are read from; None where there are none to be had.
    """

    name: str
    line: str
    identity: Mapping[str, str]
    kept: Source
    walks: Origin | None = Origin.SPOOL
    ticks: Origin | None = Origin.SPOOL

    @property
    def country(self) -> str:
        return self.identity.get("country", "")

    @property
    def network(self) -> str:
        return self.identity.get("network", "")

    @property
    def role(self) -> str:
        return self.identity.get("role", "")


def boxes(folders: Sequence[Path], key: str | None = None) -> list[Box]:
    """`key`: the hub's, to open sealed hours with. Raises Unusable where one cannot be read."""
    found: list[Box] = []
    for folder in folders:
        kept = Committed(folder, key)
        identity = kept.identity()
        found.append(Box(name_of(identity, found), line_of(identity), identity, kept))
    return found


def name_of(identity: Mapping[str, str], others: Sequence[Box]) -> str:
    """Of its folder; no two are alike."""
    name = base = _as_name(identity.get("vantage", ""), len(others) + 1)
    number = 1
    while any(each.name == name for each in others):
        number += 1
        name = f"{base}-{number}"
    return name


def _as_name(vantage: str, number: int) -> str:
    return vantage if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", vantage) else f"box{number}"


def line_of(identity: Mapping[str, str]) -> str:
    if "cohort" not in identity or not identity.get("vantage"):
        return UNKNOWN
    return f"cohort {identity['cohort']}" if identity["cohort"] else f"vantage {identity['vantage']}"
