"""Who does the walking for the rounds: the probes, on a real line; or a world that is only told (monitor/backtest)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from probes.compare import Ground, compare
from probes.facts import Endpoint, Target, Walk
from probes.place import Tools
from probes.walk import walk
from probes.words import Reason


class OneWalk(Protocol):
    def __call__(
        self, target: Target, endpoint: Endpoint, tools: Tools, *, reason: Reason, turn: int, avoid: frozenset[str]
    ) -> Awaitable[Walk]: ...


class OneComparison(Protocol):
    def __call__(
        self, target: Target, ground: Ground, tools: Tools, *, booked: bool
    ) -> Awaitable[tuple[Walk, ...]]: ...


@dataclass(frozen=True, slots=True)
class Walker:
    walk: OneWalk
    compare: OneComparison


PROBES = Walker(walk, compare)
