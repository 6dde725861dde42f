"""Reads rounds of ours: what `didban export --format jsonl` writes, and what the spool keeps. Judges nothing.

A line is a record of an export: a walk, the number of its round, what a responder told of it. One `probes.facts.Round`
in its own field names and a `Walk`, as the spool keeps it, are read too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from probes.facts import Account, Round, Walk

_DAY_S = 86400.0
_LATEST_MS = 253_402_300_800_000  # the year 10000


class Unreadable(ValueError):
    """A line is no round of ours; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A round and the line it stood at."""

    line: int
    done: Round
    whole: bool = True  # False: one walk of a round whose other walks stand on other lines
    numbered: bool = False  # and it says of which


def is_one(value: Mapping[str, object]) -> bool:
    of_an_export = "walk" in value and "round" in value
    return of_an_export or ("target" in value and ("walks" in value or "steps" in value) and "state" not in value)


def read(value: Mapping[str, object], line: int) -> Kept:
    """Raises Unreadable."""
    try:
        if "walk" in value:
            walk, number = msgspec.convert(value["walk"], Walk), msgspec.convert(value["round"], int)
            began_ms = msgspec.convert(value.get("started_ms", walk.started_ms), int)
            walk = replace(walk, told=msgspec.convert(value.get("told"), Account | None), started_ms=began_ms)
            done = Round(walk.target, number, walk.reason, walk.started_ms, (walk,))
            kept = Kept(line, done, whole=False, numbered=True)
        elif "walks" in value:
            kept = Kept(line, msgspec.convert(value, Round))
        else:
            walk = msgspec.convert(value, Walk)
            kept = Kept(line, Round(walk.target, 0, walk.reason, walk.started_ms, (walk,)), whole=False)
    except msgspec.ValidationError as error:
        raise Unreadable(f"it is no round of ours: {error}") from None
    _check(kept.done)
    return kept


def _check(done: Round) -> None:
    """What the types do not say."""
    if not done.walks or not all(walk.steps for walk in done.walks):
        raise Unreadable("it is no round of ours: a round has a walk, and a walk a step")
    if any(walk.target != done.target for walk in done.walks):
        raise Unreadable("it is no round of ours: a walk in it is of another target")
    service, _, id = done.target.partition("/")
    if not service or not id:
        raise Unreadable("it is no round of ours: a target is named service/id")
    times = [done.started_ms, *(walk.started_ms for walk in done.walks)]
    if not all(0 <= at_ms < _LATEST_MS for at_ms in times):
        raise Unreadable("it is no round of ours: a time in it is none")
    lengths = [seen.took_s for walk in done.walks for seen in walk.steps]
    if not all(math.isfinite(took_s) and 0 <= took_s <= _DAY_S for took_s in lengths):
        raise Unreadable("it is no round of ours: a length in it is none")
