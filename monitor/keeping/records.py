"""A walk as bytes on disk, and back, with what the responder told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from probes.facts import Account, Walk


def encode(walk: Walk) -> bytes:
    """JSON without what is unknown or empty: `probes.facts` has the same defaults."""
    record = msgspec.to_builtins(walk)
    if walk.told is None:
        del record["told"]
    record["steps"] = [
        {key: value for key, value in seen.items() if value not in (None, [])} for seen in record["steps"]
    ]
    return msgspec.json.encode(record)


def decode(blob: bytes) -> Walk:
    return msgspec.json.decode(blob, type=Walk)


def with_account(walk: Walk, told: Mapping[str, bytes]) -> Walk:
    """The walk, and beside it what the responder told of it, if it did. `told`: by a walk's first mark."""
    blob = told.get(walk.marks[0]) if told and walk.marks else None
    return walk if blob is None else replace(walk, told=msgspec.json.decode(blob, type=Account))
