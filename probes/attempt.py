"""The only try/except round the network: runs one action, times it, names its failure."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from probes.deadline import Deadline
from probes.facts import Observation
from probes.failure import Refusal, classify
from probes.ports import Clock
from probes.words import Step

T = TypeVar("T")


async def attempt(action: Awaitable[T], step: Step, clock: Clock, timeout_s: float) -> tuple[T | None, Observation]:
    """The action's value and its observation; no value goes with a failure. Our own faults fly on."""
    began_s = clock.elapsed_s()
    value, failure = None, None
    try:
        with Deadline(timeout_s):
            value = await action
    except (OSError, EOFError, Refusal) as error:
        failure = classify(error)
        if failure is None:
            raise
    return value, Observation(step, took_s=clock.elapsed_s() - began_s, failure=failure)
