"""What every part of an expression can do: be evaluated at many moments. And what is not understood."""

from __future__ import annotations

from typing import Protocol

from monitor.promql.now import Now
from monitor.promql.vector import Floats, Vector


class NotUnderstood(ValueError):
    """PromQL that this evaluator does not know, or no PromQL at all. Says which."""


class Vectors(Protocol):
    """An instant vector."""

    def evaluate(self, now: Now) -> Vector: ...


class Scalars(Protocol):
    """A number a moment."""

    def evaluate(self, now: Now) -> Floats: ...
