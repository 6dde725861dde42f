"""The spools an export is of, and how many independent witnesses they are. Never counts one home twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.stored.committed import Committed

_UNKNOWN = "unknown"  # a cohort nobody wrote down may be the same for all of them


@dataclass(frozen=True, slots=True)
class Box:
    """One spool. `name`: of its folder in a sealed export; `line`: equal for boxes that share a home."""

    name: str
    line: str
    identity: Mapping[str, str]
    kept: Committed

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
        name = base = _as_name(identity.get("vantage", ""), len(found) + 1)
        number = 1
        while any(each.name == name for each in found):
            number += 1
            name = f"{base}-{number}"
        found.append(Box(name, _line(identity), identity, kept))
    return found


def _as_name(vantage: str, number: int) -> str:
    return vantage if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", vantage) else f"box{number}"


def _line(identity: Mapping[str, str]) -> str:
    if "cohort" not in identity or not identity.get("vantage"):
        return _UNKNOWN
    return f"cohort {identity['cohort']}" if identity["cohort"] else f"vantage {identity['vantage']}"
