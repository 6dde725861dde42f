"""What every part of an expression can do: be evaluated at many moments. And what is not understood."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from monitor.promql.labelsets import Floats
from monitor.promql.now import Now
from monitor.promql.vector import Vector


class NotUnderstood(ValueError):
    """PromQL that this evaluator does not know, or no PromQL at all. Says which."""


class Vectors(Protocol):
    """An instant vector. Known by identity, so that what follows from a plan is worked out once."""

    def __hash__(self) -> int: ...

    def evaluate(self, now: Now) -> Vector: ...


class Scalars(Protocol):
    """A number a moment."""

    def evaluate(self, now: Now) -> Floats: ...


def evaluated(plan: Vectors, now: Now) -> Vector:
    """At all moments. NaN and infinity are values like others here, and no reason to warn."""
    with np.errstate(all="ignore"):
        return plan.evaluate(now)
