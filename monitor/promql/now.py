"""The moments an expression is evaluated at, what it may read there, and at which of them it failed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monitor.promql.labelsets import Bools, Ints, Rows
from monitor.promql.sources import Database, Sight


@dataclass(slots=True)
class Now:
    """`place`: of the rule in the order of all rules; it sees what stands before it has written in the same moment."""

    at_ms: Ints
    place: int
    database: Database
    failed: Bools | None = None
    why: list[str] = field(default_factory=list)

    @property
    def moments(self) -> int:
        return len(self.at_ms)

    def sight(self, offset_ms: int = 0) -> Sight:
        return Sight(self.at_ms, offset_ms, self.place)

    def once_at_most(self, counts: Rows, why: str) -> None:
        """`counts`: row by moment."""
        self.fails(np.asarray((counts > 1).any(axis=0)), why)

    def fails(self, columns: Bools, why: str) -> None:
        """As Prometheus refuses the whole expression at such a moment, so what it gives there does not count."""
        if columns.any():
            self.failed = columns if self.failed is None else self.failed | columns
            self.why.append(why)
